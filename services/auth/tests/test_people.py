"""Who people are, who may see them, who may change them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from auth.events import MemberJoined, MemberLeft
from auth.models import User
from kit import clock
from kit.caller import ANONYMOUS, Caller
from kit.db import REPLIES
from kit.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from kit.event import new_id
from kit.testing import hear_event, said, staff

Refused = Callable[..., Refusal]
# Of the commonest, one made harder as everybody does, a row of keys, a repetition, the username and more.
GUESSED = ("1234567890", "P@ssw0rd2026", "qwertyuiop", "aaaaaaaaaaaa", "mei.lin.2026!")
NEW = {"username": "mei", "password": "correct horse battery", "kind": "staff"}


@pytest.fixture
def root(house: Any) -> Caller:
    caller: Caller = house.person("root", "staff", "administrator")
    return caller


def share(house: Any, *people: Caller, version: int = 2) -> str:
    """A group that these people are in."""
    group = new_id()
    for person in people:
        event = hear_event(MemberJoined, group_id=group, user_id=person.id, version=version)
        house.auth().note_joined(event)
    return group


def wrong_fields(refusal: Refusal) -> list[Any]:
    assert isinstance(refusal, Invalid)
    return [error["loc"] for error in refusal.errors or []]


def test_an_administrator_creates_a_person_and_it_is_said(house: Any, root: Caller) -> None:
    before = len(said(house.db))
    user = house.auth(root).create_user(**NEW, display_name=" Mei Lin ", permissions=["reports:sales"])
    assert (user["display_name"], user["active"], user["version"]) == ("Mei Lin", True, 1)
    assert (user["locale"], user["timezone"]) == ("en", "UTC")
    public = {
        k: user[k] for k in ("id", "username", "display_name", "kind", "avatar_url", "active", "version")
    }
    rights = {k: user[k] for k in ("kind", "permissions", "active", "version")}
    own = house.auth().person(user_id=user["id"])
    assert said(house.db)[before:] == [
        ("auth.user_created", {"user": public}, ["staff", f"user:{user['id']}"]),
        ("auth.permissions_changed", {"user_id": user["id"], **rights}, []),
        ("auth.settings_changed", {"user": own}, [f"user:{user['id']}"]),
    ]
    assert house.login("mei")


def test_only_an_administrator_of_now_creates_and_changes_people(
    house: Any, root: Caller, refused: Refused
) -> None:
    other = house.person("other", "staff", "administrator")
    house.auth(root).update_user(user_id=other.user_id, changes={"permissions": []})
    before = house.count(User), said(house.db)
    # The token of the last one still says administrator.
    for caller in (house.person("tom"), staff(None, "administrator"), other):
        before = house.count(User), said(house.db)
        for call in (
            lambda c=caller: house.auth(c).create_user(**NEW),
            lambda c=caller: house.auth(c).update_user(user_id=root.id, changes={"display_name": "x"}),
        ):
            refusal = refused(call)
            assert isinstance(refusal, Forbidden)
            assert refusal.code == "permission_required"
        assert (house.count(User), said(house.db)) == before
    assert refused(house.auth(ANONYMOUS).create_user, **NEW).code == "not_signed_in"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"username": "me"}, ["username"]),
        ({"username": "m" * 65}, ["username"]),
        ({"username": "me i"}, ["username"]),
        ({"username": "me\u200bi"}, ["username"]),
        ({"username": "me\x00i"}, ["username"]),
        ({"password": "too short"}, ["password"]),
        ({"password": "x" * 257}, ["password"]),
        ({"username": "mei.lin.2026", "password": "MEI.lin.2026"}, ["password"]),
        *(({"username": "mei.lin.2026", "password": guessed}, ["password"]) for guessed in GUESSED),
        ({"display_name": "x" * 101}, ["display_name"]),
        ({"display_name": "Mei\nLin"}, ["display_name"]),
        ({"kind": "robot"}, ["kind"]),
        ({"permissions": ["reports:secrets"]}, ["permissions"]),
        ({"kind": "customer", "permissions": ["administrator"]}, ["permissions"]),
    ],
)
def test_a_person_with_a_wrong_field_is_refused(
    house: Any, root: Caller, refused: Refused, fields: dict[str, Any], wrong: list[str]
) -> None:
    before = house.count(User), said(house.db)
    refusal = refused(house.auth(root).create_user, **{**NEW, **fields})
    assert (refusal.code, wrong_fields(refusal)) == ("invalid_user", [wrong])
    assert str(fields.get("password", "\0")) not in f"{refusal} {refusal.errors}"
    assert (house.count(User), said(house.db)) == before


def test_a_username_is_taken_in_every_case_and_composition(
    house: Any, root: Caller, refused: Refused
) -> None:
    house.auth(root).create_user(**{**NEW, "username": "Zoë"})
    refusal = refused(house.auth(root).create_user, **{**NEW, "username": "ZOE\u0308"})
    assert isinstance(refusal, Conflict)
    assert refusal.code == "username_taken"


def test_the_same_idempotency_key_makes_one_person(house: Any, root: Caller, refused: Refused) -> None:
    keyed = Caller(**{**vars(root), "idempotency_key": "k1"})
    first = house.auth(keyed).create_user(**NEW)
    before = house.count(User), said(house.db)
    assert house.auth(keyed).create_user(**NEW) == first
    other = refused(house.auth(keyed).create_user, **{**NEW, "username": "another"})
    assert other.code == "idempotency_key_reused"
    assert (house.count(User), said(house.db)) == before
    with house.db() as tx:
        assert NEW["password"] not in str(tx.execute(sa.select(REPLIES)).all())


def test_an_administrator_changes_a_person(house: Any, root: Caller, refused: Refused) -> None:
    mei = house.person("mei")
    group = share(house, mei)
    before = len(said(house.db))
    changes = {"display_name": "Mei Lin", "permissions": ["news:publish", "news:publish"]}
    user = house.auth(root).update_user(user_id=mei.id, changes=changes)
    assert (user["display_name"], user["permissions"], user["version"]) == ("Mei Lin", ["news:publish"], 2)
    (changed, data, audience), (rights, rights_data, nobody), (settings, own, me) = said(house.db)[before:]
    assert (changed, data["user"]["display_name"]) == ("auth.user_changed", "Mei Lin")
    assert audience == ["staff", f"user:{mei.id}", f"group:{group}"]
    assert (rights, rights_data["permissions"], nobody) == ("auth.permissions_changed", ["news:publish"], [])
    assert (settings, own["user"]["permissions"]) == ("auth.settings_changed", ["news:publish"])
    assert me == [f"user:{mei.id}"]
    # Nothing new is nothing said.
    assert house.auth(root).update_user(user_id=mei.id, changes=changes)["version"] == 2
    house.auth(root).update_user(user_id=mei.id, changes={"password": "another password"})
    assert len(said(house.db)) == before + 3
    assert refused(house.login, "mei").code == "invalid_credentials"
    assert house.login("mei", "another password")


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"username": "other"}, ["username"]),
        ({"id": "other"}, ["id"]),
        ({"active": "no"}, ["active"]),
        ({"password": "short"}, ["password"]),
        ({"password": "ten.letters"}, ["password"]),
        ({"kind": None}, ["kind"]),
        ({"display_name": "  "}, ["display_name"]),
    ],
)
def test_a_wrong_change_is_refused_and_changes_nothing(
    house: Any, root: Caller, refused: Refused, changes: dict[str, Any], wrong: list[str]
) -> None:
    mei = house.person("ten.letters")
    before = house.auth(root).user(user_id=mei.id), said(house.db)
    refusal = refused(house.auth(root).update_user, user_id=mei.id, changes={"display_name": "x", **changes})
    assert (refusal.code, wrong_fields(refusal)) == ("invalid_user", [wrong])
    assert (house.auth(root).user(user_id=mei.id), said(house.db)) == before


@pytest.mark.parametrize("user_id", [new_id(), "", "me", "'; drop table users"])
def test_an_unknown_person_is_not_found(house: Any, root: Caller, refused: Refused, user_id: str) -> None:
    for refusal in (
        refused(house.auth(root).update_user, user_id=user_id, changes={}),
        refused(house.auth(root).user, user_id=user_id),
    ):
        assert isinstance(refusal, NotFound)
        assert refusal.code == "user_not_found"
    assert house.auth().person(user_id=user_id) is None


@pytest.mark.parametrize("changes", [{"active": False}, {"permissions": ["news:publish"]}])
def test_administrators_do_not_take_their_own_right(
    house: Any, root: Caller, refused: Refused, changes: dict[str, Any]
) -> None:
    refusal = refused(house.auth(root).update_user, user_id=root.id, changes=changes)
    assert isinstance(refusal, Conflict)
    assert refusal.code == "own_administration"
    assert house.login("root")["user"]["permissions"] == ["administrator"]


def test_the_operator_changes_anybody_but_leaves_an_administrator(
    house: Any, root: Caller, refused: Refused
) -> None:
    for changes in ({"active": False}, {"permissions": []}, {"kind": "customer", "permissions": []}):
        refusal = refused(house.auth().administer, username="ROOT", changes=changes)
        assert isinstance(refusal, Conflict)
        assert refusal.code == "last_administrator"
    house.person("other", "staff", "administrator")
    assert house.auth().administer(username="root", changes={"active": False})["active"] is False
    assert refused(house.auth().administer, username="nobody", changes={}).code == "user_not_found"
    house.auth().administer(username="other", changes={"password": "another password"})
    assert house.login("other", "another password")


def test_a_gateway_that_starts_is_told_whose_rights_have_changed(
    house: Any, root: Caller, later: Callable[[float], None]
) -> None:
    mei, tom = house.person("mei", "staff", "news:publish"), house.person("tom")
    house.auth(root).update_user(user_id=tom.id, changes={"permissions": ["reports:sales"]})
    later(3600)
    since = clock.rfc3339(clock.now())
    house.auth(root).update_user(user_id=mei.id, changes={"permissions": []})
    house.auth(root).update_user(user_id=root.id, changes={"display_name": "The Root"})
    assert house.auth().changed_rights(since=since)["items"] == [
        {"user_id": mei.id, "kind": "staff", "permissions": [], "active": True, "version": 2}
    ]
    # Who is new has no older token.
    told = house.auth().changed_rights(since="2020-01-01T00:00:00Z")["items"]
    assert [row["user_id"] for row in told] == [mei.id, tom.id]


def test_two_administrators_who_remove_each_other_leave_one(real_house: Any) -> None:
    for _ in range(5):
        one, other = (real_house.person(f"root-{new_id()}", "staff", "administrator") for _ in range(2))

        def remove(caller: Caller, target: Caller) -> str:
            try:
                real_house.auth(caller).update_user(user_id=target.id, changes={"permissions": []})
            except Forbidden as refusal:
                return refusal.code
            return "removed"

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(remove, (one, other), (other, one)))
        assert sorted(answers) == ["permission_required", "removed"]
        with real_house.db() as tx:
            for user in tx.scalars(sa.select(User)):
                user.permissions = []


def test_of_two_who_take_one_username_at_once_one_gets_it(real_house: Any) -> None:
    root = real_house.person("root", "staff", "administrator")

    def create(_: int) -> str:
        try:
            return str(real_house.auth(root).create_user(**NEW)["username"])
        except Conflict as refusal:
            return refusal.code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(create, range(4))) == ["mei", *["username_taken"] * 3]


def test_who_was_deactivated_has_no_account_to_see_or_change(
    house: Any, root: Caller, refused: Refused
) -> None:
    mei = house.person("mei")
    house.auth(root).update_user(user_id=mei.id, changes={"active": False})
    assert refused(house.auth(mei).me).code == "session_ended"
    assert refused(house.auth(mei).update_me, changes={"display_name": "x"}).code == "session_ended"


def test_staff_see_everyone_and_administrators_see_more(house: Any, root: Caller) -> None:
    mei, gone = house.person("mei"), house.person("gone")
    house.person("ann", "customer")
    house.auth(root).update_user(user_id=gone.id, changes={"active": False})
    shown = house.auth(mei).users()["items"]
    assert [user["username"] for user in shown] == ["ann", "mei", "root"]
    assert set(shown[0]) == {"id", "username", "display_name", "kind", "avatar_url"}
    assert shown[1]["permissions"] == []
    assert [user["username"] for user in house.auth(root).users()["items"]] == ["ann", "gone", "mei", "root"]
    assert all("permissions" in user for user in house.auth(root).users()["items"])
    narrowed = lambda **by: [u["username"] for u in house.auth(root).users(**by)["items"]]  # noqa: E731
    assert narrowed(active=False) == ["gone"]
    assert narrowed(kind="customer") == ["ann"]
    assert narrowed(q="o", active=True, kind="staff") == ["root"]
    assert house.auth(mei).users(active=False)["items"] == []
    assert [user["username"] for user in house.auth().all_people(active=False)["items"]] == ["gone"]
    # Old messages still have a sender.
    assert set(house.auth(mei).user(user_id=gone.id)) == set(shown[0])


def test_a_customer_sees_only_people_of_shared_groups(house: Any, refused: Refused) -> None:
    mei, tom = house.person("mei"), house.person("tom")
    ann, bob = house.person("ann", "customer"), house.person("bob", "customer")
    group = share(house, mei, ann)
    share(house, tom, bob)
    assert [user["username"] for user in house.auth(ann).users()["items"]] == ["ann", "mei"]
    assert house.auth(ann).user(user_id=mei.id)["username"] == "mei"
    for hidden in (tom, bob):
        assert refused(house.auth(ann).user, user_id=hidden.id).code == "user_not_found"
    house.auth().note_left(hear_event(MemberLeft, group_id=group, user_id=mei.id, version=4))
    assert refused(house.auth(ann).user, user_id=mei.id).code == "user_not_found"
    assert refused(house.auth(ANONYMOUS).users).code == "not_signed_in"


def test_customers_are_told_of_whom_they_may_see_from_now_on(house: Any, root: Caller) -> None:
    mei = house.person("mei")
    ann, bob, gone = (house.person(name, "customer") for name in ("ann", "bob", "gone"))
    house.auth(root).update_user(user_id=gone.id, changes={"active": False})
    group, other = share(house, mei, ann, gone), share(house, ann, bob)
    assert introduced(house)[-1] == (bob.id, {ann.id})

    def join(person: Caller, group: str, version: int) -> None:
        event = hear_event(MemberJoined, group_id=group, user_id=person.id, version=version)
        house.auth().note_joined(event)
        house.auth().note_joined(event)

    join(mei, other, 7)
    assert introduced(house)[-1] == (mei.id, {bob.id})
    # Bob comes to where only Ann sees him anew, and she knew him.
    told = len(said(house.db))
    join(bob, group, 8)
    assert len(said(house.db)) == told
    # Older news than what is known is none.
    house.auth().note_left(hear_event(MemberLeft, group_id=other, user_id=mei.id, version=20))
    join(mei, other, 19)
    assert len(said(house.db)) == told


def introduced(house: Any) -> list[tuple[str, set[str]]]:
    return [
        (data["user"]["id"], {name.removeprefix("user:") for name in audience})
        for type, data, audience in said(house.db)
        if type == "auth.user_introduced"
    ]


def test_what_there_is_to_permit_is_said_in_words(house: Any, refused: Refused) -> None:
    items = house.auth(house.person("mei")).permissions()["items"]
    assert {"administrator", "news:publish", "reports:human_resources"} <= {
        row["permission"] for row in items
    }
    assert all(row["description"].endswith(".") for row in items)
    assert refused(house.auth(ANONYMOUS).permissions).code == "not_signed_in"


def test_people_are_found_by_a_part_of_their_name_taken_literally(house: Any) -> None:
    mei = house.person("mei")
    house.person("100%_sure")
    names = lambda q: [user["username"] for user in house.auth(mei).users(q=q)["items"]]  # noqa: E731
    assert names("EI") == ["mei"]
    assert names("%_") == ["100%_sure"]
    assert names("_ei") == names("\\") == names("x\x00\ud800") == []


def test_people_are_paged_without_a_hole(house: Any, refused: Refused) -> None:
    mei = house.person("mei")
    for n in range(7):
        house.person(f"same{n}")
    seen, cursor = [], None
    while True:
        page = house.auth(mei).users(limit=3, cursor=cursor)
        seen += [user["username"] for user in page["items"]]
        if not (cursor := page["next_cursor"]):
            break
    assert seen == ["mei", *(f"same{n}" for n in range(7))]
    for wrong in ("x", "WyJhIl0", "é", "WyJhIiwgIm5vdCBhbiBpZCJd"):
        assert refused(house.auth(mei).users, cursor=wrong).code == "invalid_cursor"


def test_an_event_heard_twice_or_late_changes_nothing(house: Any) -> None:
    mei, ann = house.person("mei"), house.person("ann", "customer")
    group = share(house, mei, ann, version=5)
    left = hear_event(MemberLeft, group_id=group, user_id=mei.id, version=3)
    house.auth().note_left(left)
    assert house.auth(ann).user(user_id=mei.id)
    back = hear_event(MemberJoined, group_id=group, user_id=mei.id, version=9)
    house.auth().note_left(hear_event(MemberLeft, group_id=group, user_id=mei.id, version=7))
    house.auth().note_joined(back)
    house.auth().note_left(hear_event(MemberLeft, group_id=group, user_id=mei.id, version=10))
    house.auth().note_joined(back)
    assert [user["username"] for user in house.auth(ann).users()["items"]] == ["ann"]


def test_a_service_that_misses_its_copy_asks_for_a_person(house: Any) -> None:
    mei = house.person("mei", "staff", "reports:sales")
    assert house.auth().person(user_id=mei.id) == house.auth(mei).me()


def newcomer(house: Any, username: str = "ann", **more: Any) -> dict[str, Any]:
    limits = {name: more.pop(name) for name in list(more) if name.isupper()}
    asked = {"user_id": new_id(), "password": house.password, "address": "192.0.2.9", **more}
    made: dict[str, Any] = house.auth(**limits).create_customer(username=username, **asked)
    return made


def test_who_accepts_an_invitation_becomes_a_customer_once(house: Any, refused: Refused) -> None:
    user_id = new_id()
    made = newcomer(house, user_id=user_id, display_name="Ann", password="ｃorrect horse battery")
    assert (made["id"], made["kind"], made["display_name"]) == (user_id, "customer", "Ann")
    before = said(house.db)
    assert [(type, data["user"]["id"]) for type, data, _ in before[:1]] == [("auth.user_created", user_id)]
    assert newcomer(house, user_id=user_id, display_name="Ann") == made
    assert refused(newcomer, house, "ANN").code == "username_taken"
    assert wrong_fields(refused(newcomer, house, "ben", password="short")) == [["password"]]
    assert wrong_fields(refused(newcomer, house, "x", display_name="a\nb")) == [
        ["username"],
        ["display_name"],
    ]
    assert said(house.db) == before
    assert house.login("ann")["user"]["permissions"] == []


def test_the_same_newcomer_asked_for_twice_at_once_is_one_person(real_house: Any) -> None:
    user_id = new_id()
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: newcomer(real_house, user_id=user_id), range(4)))
    assert {person["id"] for person in made} == {user_id}
    assert real_house.count(User) == 1


def test_newcomers_are_throttled_by_address_whether_or_not_their_name_is_taken(
    house: Any, refused: Refused, later: Callable[[float], None]
) -> None:
    newcomer(house)
    for _ in range(2):
        assert refused(newcomer, house).code == "username_taken"
    refusal = refused(newcomer, house, "ben", NEWCOMERS_ADDRESS_LIMIT=3)
    assert (refusal.code, 3500 < (refusal.retry_after or 0) <= 3600) == ("too_many_newcomers", True)
    assert newcomer(house, "ben", address="192.0.2.10", NEWCOMERS_ADDRESS_LIMIT=3)
    later(3600)
    assert newcomer(house, "cal", NEWCOMERS_ADDRESS_LIMIT=3)


def test_a_service_makes_its_copy_of_all_people_anew_page_by_page(house: Any) -> None:
    made = [house.person(name).id for name in ("mei", "ann", "bob")]
    first = house.auth().all_people(limit=2)
    rest = house.auth().all_people(limit=2, cursor=first["next_cursor"])
    people = first["items"] + rest["items"]
    assert ([person["id"] for person in people], rest["next_cursor"]) == (sorted(made), None)
    assert people == [house.auth().person(user_id=person["id"]) for person in people]
