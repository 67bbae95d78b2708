"""Search: any part of what one may read, in Chinese too, and nothing of what one may not."""

import pytest
from client import Connected, Person, Refused, Someone, in_room, new_id, room_of, until


def found(person: Person, q: str, at: int = 0, **options: object) -> list[str]:
    items = person.get("/search", params={"q": q, **options}, at=at)["items"]
    return [item["entry"]["text"] for item in items]


def say(person: Person, group: str, text: str) -> int:
    seq: int = person.post(f"/groups/{group}/messages", {"client_id": new_id(), "text": text})["seq"]
    return seq


def test_a_message_is_found_at_once_by_any_part_of_it(someone: Someone, connected: Connected) -> None:
    ann, bob = someone(), someone(kind="customer")
    group, other = room_of(ann, bob), room_of(ann)
    texts = [
        "The INVOICE is late",
        "\uff21\uff22\uff23\uff11 offer",
        "\u5341\u4e00\u6708\u7684\u6570\u5b57\u5f88\u597d",
    ]
    device = in_room(connected(ann), group)
    for text in texts:
        device.send(group, text)
    say(ann, other, "another invoice")
    for q, text in (
        ("nvoi", texts[0]),
        ("late invoice", texts[0]),
        ("abc1", texts[1]),
        ("\u6570\u5b57", texts[2]),
        ("\u597d", texts[2]),
    ):
        for at in (0, 1):
            assert found(bob, q, at) == [text]
    assert found(ann, "invoice") == ["another invoice", texts[0]]
    assert found(ann, "invoice", group_id=group) == [texts[0]]
    [item] = bob.get("/search", params={"q": "\u6570\u5b57"})["items"]
    assert (item["group_id"], item["snippet"]) == (group, texts[2])
    assert item["entry"] == ann.timeline(group)[-1]


def test_the_newest_come_first_page_by_page(someone: Someone) -> None:
    ann = someone()
    groups = [room_of(ann), room_of(ann)]
    texts = [f"word {n:02}" for n in range(15)]
    for n, text in enumerate(texts):
        say(ann, groups[n % 2], text)
    pages = list(ann.pages("/search", q="word", limit=4))
    assert [item["entry"]["text"] for item in pages] == texts[::-1]


def test_what_one_may_not_read_is_not_found(someone: Someone) -> None:
    ann, bob, eve = someone(), someone(), someone(kind="customer")
    ours, hers = room_of(ann, bob), room_of(ann)
    word = "w" + new_id()
    for group in (ours, hers):
        say(ann, group, word)
    assert (found(bob, word), found(eve, word)) == ([word], [])
    for who in (bob, eve):
        with pytest.raises(Refused) as no:
            found(who, word, group_id=hers)
        assert (no.value.status, no.value.code) == (404, "group_not_found")
    bob.post(f"/groups/{ours}/leave")
    until(lambda: found(bob, word) == [], "left")
    assert len(found(ann, word)) == 2
    ann.post(f"/groups/{ours}/end")
    assert len(found(ann, word)) == 2


def test_search_follows_edits_and_deletions(someone: Someone) -> None:
    ann = someone()
    group = room_of(ann)
    edited, deleted = say(ann, group, "apples"), say(ann, group, "pears")
    ann.patch(f"/groups/{group}/messages/{edited}", {"text": "cherries"})
    ann.delete(f"/groups/{group}/messages/{deleted}")
    assert [found(ann, q) for q in ("apples", "pears", "cherries")] == [[], [], ["cherries"]]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"q": ""},
        {"q": " "},
        {"q": "a"},
        {"q": "x" * 201},
        {"q": "ab", "limit": 0},
        {"q": "ab", "cursor": "x"},
    ],
)
def test_a_query_that_can_not_be_looked_up_is_refused(someone: Someone, params: dict[str, object]) -> None:
    with pytest.raises(Refused) as no:
        someone().get("/search", params=params)
    assert no.value.status == 422
