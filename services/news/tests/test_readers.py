"""Who may see an article sees it everywhere, and nobody else anywhere; and who has read it is known."""

from collections.abc import Callable
from typing import Any

import pytest
from kit.caller import ANONYMOUS, Caller
from kit.errors import NotFound, Refusal
from kit.event import new_id
from kit.testing import customer, hear_event, staff
from news.events import UserChanged
from news.models import Member, Person

from .conftest import House

Refused = Callable[..., Refusal]


def ids(answer: dict[str, Any]) -> list[str]:
    return [item["id"] for item in answer["items"]]


def sees(house: House, caller: Caller, article_id: str) -> bool:
    """Whether it is there for them; fails where the ways to it don't agree."""
    news = house.news(caller)
    listed = article_id in ids(news.list())
    for call, code in ((news.get, None), (news.read, None), (news.picture, "no_picture")):
        try:
            call(article_id=article_id)
            found = None
        except NotFound as refusal:
            found = refusal.code
        assert found == (code if listed else "article_not_found")
    return listed


def test_each_audience_sees_its_own(house: House) -> None:
    mei = house.publisher()
    member, other, guest, shopper = house.person(), house.person(), house.person("customer"), customer()
    group = house.group({mei: "owner", member: "staff", guest: "guest"})
    people = {"member": member, "other": other, "guest": guest, "shopper": shopper}
    for audience, groups, readers in (
        ("everyone", (), {"member", "other", "guest", "shopper"}),
        ("staff", (), {"member", "other"}),
        ("groups", (group,), {"member", "guest"}),
    ):
        id = house.article(mei, audience, *groups)
        assert {name for name, caller in people.items() if sees(house, caller, id)} == readers, audience


def test_who_leaves_the_group_sees_its_news_no_more_and_who_comes_does(house: House) -> None:
    mei, tom, eva = house.publisher(), house.person(), house.person("customer")
    group = house.group({mei: "owner", tom: "staff"})
    id = house.article(mei, "groups", group)
    assert (sees(house, tom, id), sees(house, eva, id)) == (True, False)
    house.leave(group, tom, version=3)
    house.join(group, eva, "guest", version=4)
    house.join(group, tom, "staff", version=2)  # late, and older
    assert (sees(house, tom, id), sees(house, eva, id)) == (False, True)


def test_who_was_not_heard_of_is_asked_about_once(house: House) -> None:
    mei, tom, eve = house.publisher(), house.person(), house.person()
    group = house.group({mei: "owner"})
    house.groups.known[group]["roles"][tom.id] = "staff"  # said, and not heard yet
    id = house.article(mei, "groups", group)
    assert house.news(tom).get(article_id=id)["id"] == id
    for _ in range(2):
        with pytest.raises(NotFound):
            house.news(eve).get(article_id=id)
    assert house.groups.asked == [(group, tom.id), (group, eve.id)]


def test_a_reader_of_one_group_learns_of_no_other(house: House) -> None:
    mei, tom = house.publisher(), house.person()
    mine, secret = house.group({mei: "owner", tom: "guest"}), house.group({mei: "owner"})
    id = house.article(mei, "groups", mine, secret)
    assert house.news(tom).get(article_id=id)["group_ids"] == [mine]
    assert [item["group_ids"] for item in house.news(tom).list()["items"]] == [[mine]]
    assert house.news(mei).get(article_id=id)["group_ids"] == sorted([mine, secret])
    assert secret not in str([house.news(tom).get(article_id=id), house.news(tom).list()])


def test_readers_get_neither_the_source_nor_the_plan(house: House) -> None:
    mei, tom = house.publisher(), house.person()
    id = house.article(mei, body="[//]: # (not for readers)\n\nHello")
    whole = house.news(tom).get(article_id=id)
    assert "not for readers" not in str(whole)
    assert [ids(house.news(tom).list(q=q)) for q in ("Hello", "readers")] == [[id], []]
    assert not {"body", "publish_at", "ended_by"} & whole.keys()
    assert (whole["may_change"], house.news(mei).get(article_id=id)["may_change"]) == (False, True)


@pytest.mark.parametrize("id", ["", "x", "\x00", "019ad8c6", "' OR 1=1 --"])
def test_what_is_no_id_is_not_found(house: House, refused: Refused, id: str) -> None:
    news = house.news(house.publisher())
    for call, arguments in (
        (news.get, {}),
        (news.read, {}),
        (news.picture, {}),
        (news.reads, {}),
        (news.withdraw, {}),
        (news.edit, {"changes": {}}),
    ):
        assert refused(call, article_id=id, **arguments).code == "article_not_found"


def test_the_list_is_newest_first_in_pages_and_can_be_searched(house: House) -> None:
    mei, tom = house.publisher(), house.person()
    made = [house.article(mei, title=f"No. {n}", body=f"100% about {n}") for n in range(5)]
    first = house.news(tom).list(limit=2)
    second = house.news(tom).list(limit=2, cursor=first["next_cursor"])
    third = house.news(tom).list(limit=2, cursor=second["next_cursor"])
    assert ids(first) + ids(second) + ids(third) == made[::-1]
    assert third["next_cursor"] is None
    assert ids(house.news(tom).list(q="no. 3")) == ids(house.news(tom).list(q="t 3")) == [made[3]]
    assert len(ids(house.news(tom).list(q="100%"))) == 5
    assert ids(house.news(tom).list(q="1_0")) == []
    assert not {"html", "body"} & first["items"][0].keys()


def test_what_is_unread_is_counted_and_can_be_asked_for(house: House) -> None:
    mei, tom = house.publisher(), house.person("customer")
    one, two = (house.article(mei) for _ in range(2))
    house.article(mei, "staff")
    assert house.news(tom).list(limit=1)["unread"] == 2
    house.news(tom).read(article_id=one)
    answer = house.news(tom).list(unread=True)
    assert (ids(answer), answer["unread"]) == ([two], 1)
    assert ids(house.news(tom).list(unread=False)) == [one]
    assert house.news(mei).list()["unread"] == 0, "who wrote them has read them"


def test_publishers_see_by_status_what_they_could_publish(house: House) -> None:
    mei, ben, root = house.publisher(), house.publisher(), staff(None, "administrator")
    mine, shared = house.group({mei: "owner", ben: "guest"}), house.group({mei: "owner", ben: "staff"})
    drafts = {
        "everyone": house.article(mei, draft=True),
        "mine": house.article(mei, "groups", mine, draft=True),
        "shared": house.article(mei, "groups", shared, draft=True),
        "both": house.article(mei, "groups", mine, shared, draft=True),
    }

    def changes(caller: Caller, id: str) -> bool:
        try:
            return bool(house.news(caller).edit(article_id=id, changes={})["may_change"])
        except NotFound:
            return False

    for caller, names in ((mei, set(drafts)), (root, set(drafts)), (ben, {"everyone", "shared"})):
        listed = ids(house.news(caller).list(status="draft"))
        assert {name for name, id in drafts.items() if id in listed} == names
        assert {name for name, id in drafts.items() if changes(caller, id)} == names


# Who has read


def reads(house: House, caller: Caller, id: str, **more: Any) -> list[tuple[str, bool]]:
    items = house.news(caller).reads(article_id=id, **more)["items"]
    return [(item["display_name"], bool(item["read_at"])) for item in items]


def test_publishers_see_who_has_read_and_who_not_yet(house: House) -> None:
    mei = house.publisher("Mei")
    house.person(name="ann"), house.person(name="Gone", active=False)
    bob, cas = house.person(name="Bob"), house.person("customer", name="Cas")
    group = house.group({mei: "owner", bob: "staff", cas: "guest"})
    for audience, groups, people in (
        ("everyone", (), ["ann", "Bob", "Cas", "Mei"]),
        ("staff", (), ["ann", "Bob", "Mei"]),
        ("groups", (group,), ["Bob", "Cas", "Mei"]),
    ):
        id = house.article(mei, audience, *groups, must_read=True)
        house.news(bob).read(article_id=id)
        told = [(name, name in ("Bob", "Mei")) for name in people]
        assert reads(house, mei, id) == told
        for read in (True, False):
            assert reads(house, mei, id, read=read) == [row for row in told if row[1] is read]
        answer = house.news(mei).reads(article_id=id, limit=2)
        assert (answer["read"], answer["unread"]) == (2, len(people) - 2)
        rest = house.news(mei).reads(article_id=id, limit=2, cursor=answer["next_cursor"])
        assert [p["display_name"] for p in answer["items"] + rest["items"]] == people


def test_who_has_read_is_told_of_must_reads_only(house: House, refused: Refused) -> None:
    mei = house.publisher()
    assert refused(house.news(mei).reads, article_id=house.article(mei)).code == "not_a_must_read"


def test_marks_outlive_a_change_unless_it_is_to_be_read_again(house: House) -> None:
    mei, tom = house.publisher("Mei"), house.person(name="Tom")
    id = house.article(mei, must_read=True)
    house.news(tom).read(article_id=id)
    read_at = house.news(tom).get(article_id=id)["read_at"]
    house.news(mei).edit(article_id=id, changes={"body": "A comma, more."})
    assert house.news(tom).get(article_id=id)["read_at"] == read_at
    house.news(mei).edit(article_id=id, changes={"body": "The contrary.", "read_again": True})
    assert house.said()[-1][1]["read_again"] is True
    assert house.news(tom).get(article_id=id)["read_at"] is None
    assert house.news(tom).list()["unread"] == 1
    assert reads(house, mei, id) == [("Mei", True), ("Tom", False)]
    house.news(tom).read(article_id=id, version=2)  # what was on the screen, and is no longer so
    assert reads(house, mei, id, read=True) == [("Mei", True)]
    house.news(tom).read(article_id=id, version=3)
    house.news(tom).read(article_id=id, version=2)
    house.news(mei).edit(article_id=id, changes={"title": "Later"})
    assert reads(house, mei, id, read=True) == [("Mei", True), ("Tom", True)]


# Our copies


def test_of_people_the_newest_word_counts(house: House) -> None:
    mei, tom = house.publisher("Mei"), house.person(name="Tom")
    id = house.article(mei, "staff", must_read=True)
    user = {"id": tom.id, "display_name": "Thomas", "kind": "staff", "active": True, "version": 3}
    news = house.news(mei)
    for changed in (user, {**user, "display_name": "Tommy", "version": 2}):
        news.note_person(hear_event(UserChanged, user=changed))
    assert [name for name, _ in reads(house, mei, id)] == ["Mei", "Thomas"]
    news.note_person(hear_event(UserChanged, user={**user, "kind": "customer", "version": 4}))
    assert [name for name, _ in reads(house, mei, id)] == ["Mei"]


def test_the_copies_are_made_anew_from_their_owners(house: House) -> None:
    mei, gone = house.publisher(), house.person()
    group, left = house.group({mei: "owner"}), house.group({gone: "staff"})
    house.groups.known[left] |= {"roles": {}, "version": 5}  # and we did not hear of it
    missed = house.group({gone: "guest"}, heard=False)
    news = house.news(ANONYMOUS)
    ours = {(item["group_id"], item["user_id"]) for item in news.memberships()["items"]}
    assert ours == {(group, mei.id), (left, gone.id)}
    first = news.memberships(limit=1)
    assert len(news.memberships(limit=1, cursor=first["next_cursor"])["items"]) == 1
    known = [(group, mei.id), (left, gone.id), (missed, gone.id)]
    news.keep_memberships(items=[house.groups.membership(group_id=g, user_id=u) for g, u in known])
    people = [
        {"id": id, "display_name": "New", "kind": "staff", "active": True, "version": 2}
        for id in (new_id(), mei.id)
    ]
    news.keep_people(items=people)
    with house.db() as tx:
        rows = {(m.group_id, m.user_id): m.role for m in tx.query(Member)}
        names = {p.id: p.display_name for p in tx.query(Person)}
    assert rows == {(group, mei.id): "owner", (left, gone.id): None, (missed, gone.id): "guest"}
    assert [names[str(person["id"])] for person in people] == ["New", "New"]
