"""Our copy of the memberships, and what is written down about location."""

import re
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from kit import config, contract
from kit.config import Settings
from kit.errors import Refusal
from kit.event import new_id
from kit.service import heard_by
from kit.testing import check_models
from location import errors, events, service, shares
from location.settings import LocationSettings

from .conftest import House, feature

ANN, BEN, EVE = new_id(), new_id(), new_id()
HERE = Path(__file__).parents[1]
README = (HERE / "README.md").read_text()
Refused = Callable[..., Refusal]


def test_groups_is_asked_about_who_is_no_member_as_far_as_we_know(house: House, refused: Refused) -> None:
    room, unknown = new_id(), new_id()
    house.groups.put(room, ANN, "staff")
    house.groups.put(room, BEN, None)
    for _ in range(2):
        house.location(ANN).send(group_id=room, feature=feature())
    assert refused(house.location(BEN).shares, group_id=room).code == "not_a_member"
    house.groups.put(room, BEN, None, visible=False)
    assert refused(house.location(BEN).shares, group_id=room).code == "group_not_found"
    assert refused(house.location(BEN).shares, group_id=unknown).code == "group_not_found"
    house.groups.put(room, BEN, "guest", version=2)
    assert house.location(BEN).shares(group_id=room)["items"] == []
    assert house.groups.asked == [(room, ANN), (room, BEN), (room, BEN), (unknown, BEN), (room, BEN)]


def test_members_share_while_groups_is_away_and_strangers_are_told_to_come_again(
    house: House, refused: Refused
) -> None:
    room = house.room(ANN)
    house.groups.away = True
    for _ in range(3):
        assert house.location(ANN).send(group_id=room, feature=feature())
        refusal = refused(house.location(EVE).shares, group_id=room)
        assert (refusal.code, refusal.retry_after) == ("unavailable", 2.0)
    assert len(house.groups.asked) == 1, "it is left alone for a while"
    house.groups.away = False
    service.LocationService._groups_rest_until = 0.0
    house.groups.put(room, EVE, "guest")
    assert house.location(EVE).shares(group_id=room)["items"] == []


def test_the_newest_word_wins_in_whatever_order_the_words_arrive(house: House, refused: Refused) -> None:
    room = new_id()
    joined = house.event(events.MemberJoined, room, user_id=ANN, role="guest")
    role = house.event(events.MemberRoleChanged, room, user_id=ANN, role="staff")
    left = house.event(events.MemberLeft, room, user_id=ANN)
    location = house.location()
    for _ in range(2):
        location.member_left(left)
        location.member_role_changed(role)
        location.member_joined(joined)
    assert refused(house.location(ANN).shares, group_id=room).code == "group_not_found"
    assert [row.role for row in house.rows("members")] == [None]


def test_the_copy_can_be_made_anew_from_its_owner(house: House) -> None:
    left, over, gone = house.room(ANN, BEN), house.room(ANN), house.room(EVE)
    for who, room in ((BEN, left), (ANN, left), (ANN, over), (EVE, gone)):
        house.location(who).share(group_id=room, minutes=15)
    rooms = [new_id() for _ in range(3)]
    for room in rooms:
        house.groups.put(room, ANN, "owner", version=3)
    house.groups.put(left, ANN, "owner", version=0)  # older than what we heard
    house.groups.put(left, BEN, None, version=9)  # we missed that he left
    house.groups.put(over, ANN, "owner", version=9, ended=True)
    location = house.location()
    first = location.memberships(limit=3)
    ours = first["items"] + location.memberships(cursor=first["next_cursor"])["items"]
    kept = {(item["group_id"], item["user_id"]) for item in ours}
    assert kept == {(left, ANN), (left, BEN), (over, ANN), (gone, EVE)}
    lost = {"group_id": gone, "user_id": EVE, "role": None, "version": ours[0]["version"], "ended": True}
    location.keep_memberships(items=[*house.groups.known.values(), lost])
    members = {(r.group_id, r.user_id): r.role for r in house.rows("members") if r.role}
    assert members == {(left, ANN): "staff", **{(room, ANN): "owner" for room in (*rooms, over)}}
    ended = {(e["share"]["group_id"], e["share"]["user_id"]) for e in house.said("share_ended")}
    assert ended == {(left, BEN), (over, ANN), (gone, EVE)}
    with house.db() as tx:
        assert shares.end_of_strangers(tx) == 0


def test_models_and_migrations_agree(kit_config: Path, engine: sa.Engine) -> None:
    check_models(kit_config, engine)


def test_contracts_are_those_of_the_code() -> None:
    assert contract.differences(events, HERE / "contract") == []


def test_every_event_is_heard_and_everything_is_documented(kit_config: Path) -> None:
    assert set(heard_by(service.LocationService)) == set(contract.heard_in(events))
    said = [*contract.said_in(events), *contract.heard_in(events)]
    settings = LocationSettings.model_fields.keys() - Settings.model_fields.keys()
    codes = set(re.findall(r'[a-zA-Z]\(\s*"([a-z_]+)"', Path(errors.__file__).read_text()))
    names = {*(event.event_type for event in said), *settings, *codes, "invalid_share"}
    assert {name for name in names if f"`{name}`" not in README} == set()
    assert len(codes) > 6
    assert LocationSettings.model_fields.keys() <= config.read(kit_config).keys()
