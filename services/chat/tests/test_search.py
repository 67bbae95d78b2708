"""Search finds what I may read, by any part of it, the newest first."""

from typing import Any

import pytest
import sqlalchemy as sa
from chat import search
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.errors import Forbidden, Invalid, NotFound, Unauthenticated
from kit.event import new_id
from kit.fields import page as page_of

from .conftest import House, message
from .test_attachments import picture

ANN, BEN, EVE = new_id(), new_id(), new_id()


def found(house: House, user_id: str, q: str, **options: Any) -> list[str]:
    return [i["entry"].get("text", "") for i in house.chat(user_id).search(q=q, **options)["items"]]


@pytest.mark.parametrize(
    ("text", "q"),
    [
        ("The invoice is late", "nvoi"),
        ("The invoice is late", "INVOICE"),
        ("The invoice is late", "late invoice"),
        ("Straße und STRASSE", "strasse"),
        ("ＡＢＣ１２３", "abc123"),
        ("abc123", "ｃ１２"),
        ("ｶﾀｶﾅ", "カタ"),
        ("十一月的数字比我们想的好", "数字"),
        ("十一月的数字比我们想的好", "好"),
        ("十一月的数字比我们想的好", "十一月的数字比我们想的好"),
        ("Ελληνικά", "ΕΛΛΗΝ"),
        ("Привет", "п"),
        ("Room 7", "7"),
        ("Thanks 👍🏽!", "👍"),
        ("100%_sure\\", "0%_s"),
        ("100%_sure\\", "re\\"),
        ("two\n\nlines", "two lines"),
        ("e\u0301te\u0301", "été"),
        ("a, b", ","),
    ],
)
def test_a_message_is_found_by_any_part_of_it(house: House, text: str, q: str) -> None:
    room = house.room(ANN)
    house.send(message(ANN, room, text), message(ANN, room, "Something else"))
    assert found(house, ANN, q) == [text]
    assert found(house, ANN, q, group_id=room) == [text]


@pytest.mark.parametrize("q", ["invoices", "ecio", "nv oi x9", "数月", "numberz", "%", "_", "in%ice"])
def test_what_does_not_occur_is_not_found(house: House, q: str) -> None:
    room = house.room(ANN)
    house.send(message(ANN, room, "The invoice is late"), message(ANN, room, "十一月的数字"))
    assert found(house, ANN, q) == []


@pytest.mark.parametrize("q", ["", " ", "a", "Z", "x y", "x" * 201, "\x00", None, 5])
def test_a_query_that_can_not_be_looked_up_is_refused(house: House, q: Any) -> None:
    with pytest.raises(Invalid):
        house.chat(ANN).search(q=q)


def test_only_rooms_one_is_in_now_are_searched(house: House) -> None:
    ours, hers, left = house.room(ANN, BEN), house.room(ANN), house.room(ANN, BEN)
    for room in (ours, hers, left):
        house.send(message(ANN, room, f"word {room}"))
    house.leave(left, BEN)
    house.end(ours, ANN)
    for hidden in (hers, left):
        house.groups.put(hidden, BEN, None, visible=False, version=99)
        house.groups.put(hidden, EVE, None, visible=True, version=99)
    assert found(house, BEN, "word") == [f"word {ours}"]
    assert found(house, EVE, "word") == []
    assert found(house, ANN, "word", group_id=hers) == [f"word {hers}"]
    for who, room, no in ((BEN, new_id(), NotFound), (BEN, "no id", NotFound), (EVE, hers, Forbidden)):
        with pytest.raises(no):
            house.chat(who).search(q="word", group_id=room)
    with pytest.raises(Unauthenticated):
        house.chat().search(q="word")


def test_the_newest_come_first_and_pages_follow_each_other(house: House) -> None:
    rooms = [house.room(ANN), house.room(ANN)]
    texts = [f"No. {n:02} word" for n in range(30)]
    for n, text in enumerate(texts):
        house.send(message(ANN, rooms[n % 2], text))
    with house.db() as tx:  # sent in one millisecond, they still have one order
        tx.execute(sa.text("UPDATE findable SET at = date_trunc('hour', at)"))
    seen, cursor = [], None
    while True:
        page = house.chat(ANN).search(q="word", limit=7, cursor=cursor)
        seen += [(item["group_id"], item["entry"]["seq"]) for item in page["items"]]
        if not (cursor := page["next_cursor"]):
            break
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 30
    forged = page_of(["", ""], 1, str, lambda _: ["2026-11-22T17:26:03.120Z", ANN, str(2**70)])["next_cursor"]
    for wrong in ("nonsense", forged):
        with pytest.raises(Invalid):
            house.chat(ANN).search(q="word", cursor=wrong)


def test_what_occurs_often_is_found_by_walking_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    often, seldom = house.room(ANN), house.room(ANN)
    house.send(*(message(ANN, often, f"word {n}") for n in range(12)), message(ANN, seldom, "word"))
    usual = house.chat(ANN).search(q="word", limit=5)
    monkeypatch.setattr(search, "MANY", 6)
    walked = house.chat(ANN).search(q="word", limit=5)
    assert walked == usual
    second = house.chat(ANN).search(q="word", limit=5, cursor=walked["next_cursor"])
    third = house.chat(ANN).search(q="word", limit=5, cursor=second["next_cursor"])
    items = [item["entry"]["id"] for page in (walked, second, third) for item in page["items"]]
    assert len(set(items)) == 13


def test_search_follows_what_a_message_says_now(house: House) -> None:
    room = house.room(ANN)
    seqs = [r["entry"]["seq"] for r in house.send(message(ANN, room, "apples"), message(ANN, room, "pears"))]
    house.chat(ANN).edit(group_id=room, seq=seqs[0], text="cherries")
    house.chat(ANN).remove(group_id=room, seq=seqs[1])
    assert (found(house, ANN, "apples"), found(house, ANN, "pears")) == ([], [])
    assert found(house, ANN, "cherr") == ["cherries"]


def test_a_file_is_found_by_its_name(house: House) -> None:
    room = house.room(ANN)
    ids = [house.bring(ANN, picture(), "站台.png")["id"], house.bring(ANN, name="Offer 2027.pdf")["id"]]
    house.send(*(message(ANN, room, "", attachment_ids=[id]) for id in ids))
    [item] = house.chat(ANN).search(q="offer")["items"]
    assert (item["entry"]["kind"], item["snippet"]) == ("file", "Offer 2027.pdf")
    assert house.chat(ANN).search(q="站台")["items"][0]["entry"]["kind"] == "photo"


def test_a_snippet_shows_where_it_was_found(house: House) -> None:
    room = house.room(ANN)
    house.send(message(ANN, room, "x" * 500 + "\nSTRAẞE 你好 " + "y" * 500))
    [item] = house.chat(ANN).search(q="strasse")["items"]
    assert "STRAẞE 你好" in item["snippet"]
    assert item["snippet"].startswith("…x")
    assert item["snippet"].endswith("y…")
    assert len(item["snippet"]) < 200


def test_no_page_is_larger_than_the_broker_takes(house: House) -> None:
    room = house.room(ANN)
    house.send(*(message(ANN, room, "word" + "\N{GRINNING FACE}" * 9000) for _ in range(60)))
    seen, cursor = 0, None
    while True:
        page = house.chat(ANN).search(q="word", limit=200, cursor=cursor)
        assert sum(len(item["entry"]["text"]) for item in page["items"]) <= 500_000
        seen += len(page["items"])
        if not (cursor := page["next_cursor"]):
            break
    assert seen == 60


def test_what_search_keeps_can_be_made_anew(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.timeline.INDEXED_AT_ONCE", 5)
    rooms = [house.room(ANN, BEN) for _ in range(2)]
    house.send(*(message(ANN, room, f"No. {n}") for room in rooms for n in range(6)))
    house.chat(ANN).remove(group_id=rooms[0], seq=4)
    rows = house.rows("findable")
    with house.db() as tx:
        tx.execute(sa.text("DELETE FROM findable WHERE seq % 2 = 0"))
        tx.execute(sa.text("UPDATE findable SET text = 'wrong', grams = '{}'"))
    entries = house.rows("entries")
    indexed, cursor = 0, None
    while True:
        told = house.chat().index_again(cursor=cursor)
        indexed += told["indexed"]
        if not (cursor := told["next_cursor"]):
            break
    assert indexed == len(entries)
    assert [tuple(row) for row in house.rows("findable")] == [tuple(row) for row in rows]
    assert len(rows) == 11
    assert house.rows("entries") == entries


def test_waiting_grams_are_put_away_by_one_replica(real_house: House, engine: sa.Engine) -> None:
    room = real_house.room(ANN)
    real_house.send(message(ANN, room, "some words"))

    def waiting() -> int:
        with engine.connect() as connection:
            return connection.scalar(
                sa.text(
                    "SELECT sum(gin_clean_pending_list(relid)) "
                    "FROM pg_partition_tree('findable_grams') WHERE isleaf"
                )
            )

    with engine.begin() as other:
        other.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('findable_grams'))"))
        real_house.chat().tidy_search()
    assert waiting() > 0
    real_house.send(message(ANN, room, "other words"))
    real_house.chat().tidy_search()
    assert waiting() == 0
    assert found(real_house, ANN, "words") == ["other words", "some words"]


@given(st.text(max_size=40), st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_grams_of_a_part_are_among_those_of_the_whole(text: str, data: st.DataObject) -> None:
    words = search.fold(text).split()
    if not words:
        return
    word = data.draw(st.sampled_from(words))
    start = data.draw(st.integers(0, len(word) - 1))
    part = word[start : data.draw(st.integers(start + 1, len(word)))]
    assert search.sought([part]) <= search.grams(" ".join(words))
