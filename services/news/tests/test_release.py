"""An article is written, planned, released, changed and withdrawn, each said once and to the right people."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from kit import clock
from kit.caller import ANONYMOUS
from kit.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Unauthenticated, Unavailable
from kit.event import new_id
from kit.testing import hear_event, staff
from news.articles import run_due
from news.events import GroupEnded

from .conftest import House, ahead

Refused = Callable[..., Refusal]
Later = Callable[[float], None]
WRITTEN: dict[str, Any] = {
    "title": " Gate 4 ",
    "body": "# From Monday\n\non **gate 4**.",
    "audience": "everyone",
}


def test_a_released_article_is_there_at_once_and_said_to_its_audience(house: House) -> None:
    mei = house.publisher()
    article = house.news(mei).publish(**WRITTEN, must_read=True)
    assert (article["title"], article["status"], article["version"]) == ("Gate 4", "released", 1)
    assert article["html"] == "<h3>From Monday</h3>\n<p>on <strong>gate 4</strong>.</p>\n"
    assert (article["summary"], article["body"]) == ("From Monday on gate 4.", WRITTEN["body"])
    assert article["read_at"], "who wrote it has read it"
    [(type, data, audience)] = house.said()
    assert (type, data["news_id"], audience) == ("news.published", article["id"], ["everyone"])
    assert data["article"] == {name: article[name] for name in data["article"]}
    assert not {"html", "body"} & data["article"].keys()


def test_the_audience_of_what_is_said_is_that_of_the_article(house: House) -> None:
    mei = house.publisher()
    one, two = (house.group({mei: "staff"}) for _ in range(2))
    house.article(mei, "staff")
    house.article(mei, "groups", two, one, two.upper())
    assert [audience for _, _, audience in house.said()] == [
        ["staff"],
        sorted([f"group:{one}", f"group:{two}"]),
    ]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"body": " \n "}, "body"),
        ({"body": "x" * 20_001}, "body"),
        ({"body": "nul\x00"}, "body"),
        ({"audience": "world"}, "audience"),
        ({"audience": "groups"}, "group_ids"),
        ({"audience": "groups", "group_ids": ["no id"]}, "group_ids"),
        ({"audience": "groups", "group_ids": [new_id() for _ in range(21)]}, "group_ids"),
        ({"group_ids": [new_id()]}, "group_ids"),
        ({"must_read": "yes"}, "must_read"),
        ({"draft": 1}, "draft"),
        ({"publish_at": "2001-01-01T00:00:00Z"}, "publish_at"),
        ({"publish_at": "9999-01-01T00:00:00Z"}, "publish_at"),
        ({"publish_at": "2040-01-01T00:00:00"}, "publish_at"),
        ({"publish_at": "soon"}, "publish_at"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"publish_at": "2040-01-02T00:00:00Z", "expires_at": "2040-01-01T00:00:00Z"}, "expires_at"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_happens(
    house: House, refused: Refused, wrong: dict[str, Any], field: str
) -> None:
    refusal = refused(house.news(house.publisher()).publish, **WRITTEN | wrong)
    assert isinstance(refusal, Invalid)
    assert (refusal.code, {error["loc"][0] for error in refusal.errors or []}) == ("invalid_article", {field})
    assert house.state() == ([], [])


def test_only_staff_with_the_right_publish(house: House, refused: Refused) -> None:
    customer = replace(house.person("customer"), permissions=frozenset({"news:publish"}))
    for caller, kind, code in (
        (house.person(), Forbidden, "permission_required"),
        (customer, Forbidden, "customers_may_not_publish"),
        (ANONYMOUS, Unauthenticated, "not_signed_in"),
    ):
        for call, arguments in (("publish", WRITTEN), ("list", {"status": "draft"})):
            refusal = refused(getattr(house.news(caller), call), **arguments)
            assert (type(refusal), refusal.code) == (kind, code)
    assert house.state() == ([], [])
    assert house.article(staff(None, "administrator"))


@pytest.mark.parametrize("heard", [True, False])
def test_for_a_group_publish_its_own_people_in_a_role_for_it(
    house: House, refused: Refused, heard: bool
) -> None:
    mei, root = house.publisher(), house.person("staff", "administrator")
    for role in ("owner", "coordinator", "staff"):
        assert house.article(mei, "groups", house.group({mei: role}, heard=heard))
    assert house.article(root, "groups", house.group({mei: "owner"}, heard=heard))
    mine = house.group({mei: "staff"}, heard=heard)
    before = house.state()
    for other, code in (
        (house.group({mei: "guest"}, heard=heard), "role_required"),
        (house.group({root: "owner"}, heard=heard, open=True), "not_a_member"),
        (house.group({root: "owner"}, heard=heard), "group_not_found"),
        (new_id(), "group_not_found"),
        (house.group({mei: "staff"}, heard=False, ended=True), "group_ended"),
    ):
        assert refused(house.article, mei, "groups", mine, other).code == code
    assert refused(house.article, root, "groups", new_id()).code == "group_not_found"
    assert house.state() == before


def test_groups_is_asked_about_what_was_not_heard_and_its_absence_is_said(
    house: House, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    mei = house.publisher()
    known, unknown = house.group({mei: "staff"}), house.group({mei: "staff"}, heard=False)
    for _ in range(2):
        house.article(mei, "groups", known, unknown)
    assert house.groups.asked == [(unknown, mei.id)]

    def away(**_: Any) -> None:
        raise Unavailable("unavailable", "The service groups is out of reach.", retry_after=1)

    monkeypatch.setattr(house.groups, "membership", away)
    assert house.article(mei, "groups", known, unknown)
    before = house.state()
    unheard = house.group({mei: "staff"}, heard=False)
    assert refused(house.article, mei, "groups", unheard).code == "unavailable"
    assert house.state() == before


def test_a_group_that_has_ended_gets_no_news(house: House, refused: Refused) -> None:
    mei = house.publisher()
    group = house.group({mei: "owner"})
    house.news(mei).note_group_ended(hear_event(GroupEnded, group_id=group))
    refusal = refused(house.article, mei, "groups", group)
    assert (type(refusal), refusal.code) == (Conflict, "group_ended")


def test_the_same_key_releases_one_article(house: House, refused: Refused) -> None:
    mei = replace(house.publisher(), idempotency_key="once")
    group = house.group({mei: "staff"}, heard=False)
    wanted = WRITTEN | {"audience": "groups", "group_ids": [group], "publish_at": ahead(60)}
    first = house.news(mei).publish(**wanted)
    before = house.state()
    house.leave(group, mei)
    assert house.news(mei).publish(**wanted) == first
    assert refused(house.news(mei).publish, **wanted | {"title": "Other"}).code == "idempotency_key_reused"
    assert house.state() == before


def test_a_planned_article_is_released_when_its_time_comes(house: House, later: Later) -> None:
    mei, tom = house.publisher(), house.person()
    id = house.article(mei, publish_at=ahead(60))
    assert house.news(tom).list()["items"] == []
    assert run_due(house.db) == 0
    assert house.said() == []
    later(61)
    assert house.news(tom).list()["items"] == [], "not before it is said"
    assert (run_due(house.db), run_due(house.db)) == (1, 0)
    [(type, data, _)] = house.said()
    assert (type, data["news_id"]) == ("news.published", id)
    [item] = house.news(tom).list()["items"]
    assert (item["id"], item["status"]) == (id, "released")


def test_an_article_expires_when_its_time_comes(house: House, later: Later, refused: Refused) -> None:
    mei, tom = house.publisher(), house.person()
    id = house.article(mei, "staff", expires_at=ahead(60))
    later(61)
    assert refused(house.news(tom).get, article_id=id).code == "article_not_found"
    assert house.news(tom).list()["items"] == [], "even before the clock has come by"
    assert (run_due(house.db), run_due(house.db)) == (1, 0)
    type, data, audience = house.said()[-1]
    assert (type, data["news_id"], data["why"], audience) == ("news.withdrawn", id, "expired", ["staff"])
    assert data["kept_by"] == []
    [trace] = house.news(mei).list(status="expired")["items"]
    assert (trace["id"], bool(trace["ended_at"]), trace["ended_by"]) == (id, True, None)


def test_after_a_long_stop_nobody_is_called_to_what_is_over(house: House, later: Later) -> None:
    mei = house.publisher()
    gone = house.article(mei, publish_at=ahead(60), expires_at=ahead(120))
    late = house.article(mei, publish_at=ahead(60))
    later(600)
    assert run_due(house.db) == 2
    [(type, data, _)] = house.said()
    assert (type, data["news_id"]) == ("news.published", late)
    assert house.news(mei).get(article_id=gone)["status"] == "expired"


def test_two_replicas_release_and_end_each_article_once(real_house: House, later: Later) -> None:
    mei = real_house.publisher()
    planned = {real_house.article(mei, publish_at=ahead(60)) for _ in range(12)}
    ending = {real_house.article(mei, expires_at=ahead(60)) for _ in range(12)}
    later(61)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: run_due(real_house.db), range(4))) == 24
    told = [(type, data["news_id"]) for type, data, _ in real_house.said()]
    assert len(told) == 12 + 24
    assert {id for type, id in told if type == "news.withdrawn"} == ending
    assert {id for type, id in told if type == "news.published"} == planned | ending


def test_a_draft_is_seen_by_publishers_only_and_released_when_they_say(
    house: House, refused: Refused
) -> None:
    mei, ben, tom = house.publisher(), house.publisher(), house.person()
    id = house.article(mei, draft=True)
    assert refused(house.news(tom).get, article_id=id).code == "article_not_found"
    assert [a["id"] for a in house.news(ben).list(status="draft")["items"]] == [id]
    assert house.news(ben).list()["items"] == house.said() == []
    planned = house.news(ben).edit(article_id=id, changes={"draft": False, "publish_at": ahead(60)})
    assert (planned["status"], house.said()) == ("planned", [])
    released = house.news(ben).edit(article_id=id, changes={"publish_at": None, "title": "Now"})
    assert (released["status"], released["author_id"], released["changed_at"]) == ("released", mei.id, None)
    [(type, data, _)] = house.said()
    assert (type, data["article"]["title"]) == ("news.published", "Now")
    assert house.news(tom).get(article_id=id)["title"] == "Now"


def test_a_change_of_what_is_out_is_said_with_a_new_version(house: House, later: Later) -> None:
    mei, tom = house.publisher(), house.person()
    id = house.article(mei)
    later(60)
    answer = house.news(mei).edit(article_id=id, changes={"body": "From *Tuesday* on."})
    assert (answer["version"], answer["html"]) == (2, "<p>From <em>Tuesday</em> on.</p>\n")
    assert clock.parse(answer["changed_at"]) > clock.parse(answer["released_at"])
    type, data, audience = house.said()[-1]
    assert (type, data["changed"], audience) == ("news.changed", ["body"], ["everyone"])
    assert (data["article"]["summary"], data["read_again"]) == ("From Tuesday on.", False)
    assert house.news(tom).get(article_id=id)["html"] == answer["html"]
    before = house.state()
    assert house.news(mei).edit(article_id=id, changes={"body": "From *Tuesday* on."}) == answer
    assert house.state() == before, "nothing changed, nothing said"
    longer = house.news(mei).edit(article_id=id, changes={"expires_at": ahead(60)})
    assert (longer["version"], longer["changed_at"]) == (3, answer["changed_at"])


def test_what_belongs_before_the_release_is_refused_after_it(house: House, refused: Refused) -> None:
    mei = house.publisher()
    id = house.article(mei)
    before = house.state()
    for changes in ({"draft": True}, {"publish_at": ahead(60)}):
        assert refused(house.news(mei).edit, article_id=id, changes=changes).code == "already_released"
    for changes in ({"title": ""}, {"colour": "red"}, {"group_ids": [new_id()]}):
        assert refused(house.news(mei).edit, article_id=id, changes=changes).code == "invalid_article"
    assert house.state() == before


def test_an_end_that_has_passed_is_no_end_for_a_release(house: House, later: Later, refused: Refused) -> None:
    mei = house.publisher()
    id = house.article(mei, draft=True, expires_at=ahead(60))
    later(61)
    refusal = refused(house.news(mei).edit, article_id=id, changes={"draft": False})
    assert (refusal.code, (refusal.errors or [])[0]["loc"]) == ("invalid_article", ["expires_at"])
    changes = {"draft": False, "expires_at": None}
    assert house.news(mei).edit(article_id=id, changes=changes)["status"] == "released"


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ("everyone", "staff", ["everyone"]),
        ("everyone", "A", ["everyone"]),
        ("staff", "everyone", []),
        ("staff", "A", ["staff"]),
        ("A", "staff", ["A"]),
        ("A", "everyone", []),
        ("AB", "B", ["A"]),
        ("A", "AB", []),
        ("A", "B", ["A"]),
    ],
)
def test_who_loses_an_article_is_told_apart_from_who_keeps_it(
    house: House, before: str, after: str, lost: list[str]
) -> None:
    mei = house.publisher()
    groups = {name: house.group({mei: "staff"}) for name in "AB"}

    def audience(of: str) -> dict[str, Any]:
        named = [groups[name] for name in of if name in groups]
        return {"audience": "groups", "group_ids": named} if named else {"audience": of}

    def words(*names: str) -> list[str]:
        return sorted(f"group:{groups[name]}" if name in groups else name for name in names)

    now = words(*after) if after[0] in groups else [after]
    id = house.news(mei).publish(**WRITTEN | audience(before))["id"]
    house.news(mei).edit(article_id=id, changes=audience(after))
    changed, *gone = house.said()[1:]
    assert (changed[0], changed[2]) == ("news.changed", now)
    added = [groups[name] for name in groups if name in after and name not in before]
    assert changed[1]["new_group_ids"] == added
    expected = [("news.withdrawn", "narrowed", words(*lost), now)] if lost else []
    assert [(type, data["why"], to, data["kept_by"]) for type, data, to in gone] == expected
    assert all(data["version"] == changed[1]["article"]["version"] for _, data, _ in gone)


def test_news_may_only_be_widened_to_groups_one_publishes_for(house: House, refused: Refused) -> None:
    mei, tom = house.publisher(), house.publisher()
    mine, other = house.group({mei: "staff"}), house.group({tom: "owner"})
    id = house.article(mei, "groups", mine)
    before = house.state()
    changes = {"group_ids": [mine, other]}
    assert refused(house.news(mei).edit, article_id=id, changes=changes).code == "group_not_found"
    assert house.state() == before


def test_a_withdrawn_article_is_gone_for_readers_and_a_trace_for_publishers(
    house: House, refused: Refused
) -> None:
    mei, ben, tom = house.publisher(), house.publisher(), house.person()
    id = house.article(mei)
    house.news(ben).withdraw(article_id=id)
    type, data, audience = house.said()[-1]
    assert (type, data["why"], data["kept_by"], audience) == ("news.withdrawn", "withdrawn", [], ["everyone"])
    for call in (house.news(tom).get, house.news(tom).read, house.news(tom).picture):
        assert refused(call, article_id=id).code == "article_not_found"
    [trace] = house.news(mei).list(status="withdrawn")["items"]
    assert (trace["id"], trace["ended_by"]) == (id, ben.id)
    assert house.news(mei).get(article_id=id)["body"]
    before = house.state()
    house.news(ben).withdraw(article_id=id)
    assert refused(house.news(ben).edit, article_id=id, changes={"title": "x"}).code == "article_ended"
    assert house.state() == before


def test_what_nobody_could_read_is_withdrawn_in_silence(house: House, later: Later) -> None:
    mei = house.publisher()
    for fields in ({"draft": True}, {"publish_at": ahead(60)}):
        house.news(mei).withdraw(article_id=house.article(mei, **fields))
    later(61)
    assert (run_due(house.db), house.said()) == (0, [])
    assert len(house.news(mei).list(status="withdrawn")["items"]) == 2


def test_who_only_reads_changes_nothing(house: House, refused: Refused) -> None:
    mei = house.publisher()
    group = house.group({mei: "owner"})
    guest, reader, stranger = house.publisher(), house.person(), house.publisher()
    for caller in (guest, reader):
        house.join(group, caller, "guest")
    id = house.article(mei, "groups", group, must_read=True)
    before = house.state()
    for caller, kind, code in (
        (reader, Forbidden, "permission_required"),
        (guest, Forbidden, "role_required"),
        (stranger, NotFound, "article_not_found"),
    ):
        news = house.news(caller)
        for call, arguments in (
            (news.edit, {"changes": {"title": "Mine"}}),
            (news.withdraw, {}),
            (news.reads, {}),
            (news.set_picture, {"incoming_key": "incoming/x"}),
            (news.remove_picture, {}),
        ):
            refusal = refused(call, article_id=id, **arguments)
            assert (type(refusal), refusal.code) == (kind, code)
    assert house.state() == before
