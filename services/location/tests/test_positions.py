"""A position goes into a room once: verified, stored, told to its sender and to the others."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.clock import now, rfc3339
from kit.errors import Invalid, Refusal
from kit.event import new_id
from kit.testing import said, staff
from location.geojson import Feature

from .conftest import PARIS, House, feature

ANN, BEN, EVE = new_id(), new_id(), new_id()
Refused = Callable[..., Refusal]


def test_a_position_is_stored_and_said_and_its_sender_gets_the_entry(house: House) -> None:
    room, id = house.room(ANN, BEN), new_id()
    at = rfc3339(now() - timedelta(minutes=3))
    sent = feature([*PARIS, 35], id, accuracy_m=12, recorded_at=at)
    entry = house.location(ANN).send(group_id=room.upper(), feature=sent)
    shown = {**sent, "properties": {"accuracy_m": 12.0, "recorded_at": at}}
    assert (entry["sender_id"], entry["client_id"], entry["feature"]) == (ANN, id, shown)
    [(type, data, audience)] = said(house.db)
    assert (type, audience) == ("location.position_shared", [f"group:{room}"])
    assert data == {
        "position_id": id,
        "group_id": room,
        "user_id": ANN,
        "feature": shown,
        "at": entry["at"],
    }
    assert [row.feature for row in house.rows("positions")] == [shown]


def test_the_same_id_is_the_same_position_whatever_happened_since(house: House) -> None:
    room, id = house.room(ANN, BEN), new_id()
    entry = house.location(ANN).send(group_id=room, feature=feature(id=id))
    house.end(room)
    house.leave(room, ANN)
    again = house.location(ANN).send(group_id=room, feature=feature([0, 0], id.upper()))
    assert again == entry
    assert len(house.said("position_shared")) == 1


def test_somebody_elses_id_is_another_position(house: House) -> None:
    room, other, id = house.room(ANN, BEN), house.room(ANN), new_id()
    for who, where in ((ANN, room), (BEN, room), (ANN, other)):
        house.location(who).send(group_id=where, feature=feature(id=id))
    assert len(house.chat.entries) == len(house.said("position_shared")) == 3


def test_without_an_id_the_key_of_the_request_makes_it_one(house: House, refused: Refused) -> None:
    room = house.room(ANN)
    location = house.location(staff(ANN, idempotency_key="k"))
    entry = location.send(group_id=room, feature=feature())
    assert location.send(group_id=room, feature=feature()) == entry
    assert refused(location.send, group_id=room, feature=feature([0, 0])).code == "idempotency_key_reused"
    house.location(ANN).send(group_id=room, feature=feature())
    assert len(house.said("position_shared")) == 2


def test_while_chat_is_away_nothing_is_lost_and_the_same_entry_comes_later(
    house: House, refused: Refused
) -> None:
    room, id = house.room(ANN), new_id()
    house.chat.away = True
    refusal = refused(house.location(ANN).send, group_id=room, feature=feature(id=id))
    assert (refusal.code, refusal.retry_after) == ("unavailable", 1.0)
    [told] = house.said("position_shared")
    house.chat.away = False
    heard = house.chat.position_entry(**told)["entry"]  # as chat does when it hears of it
    assert house.location(ANN).send(group_id=room, feature=feature(id=id)) == heard
    assert len(house.said("position_shared")) == 1


def test_an_end_that_chat_heard_of_first_is_refused(house: House, refused: Refused) -> None:
    room = house.room(ANN)
    house.chat.ended = True
    assert refused(house.location(ANN).send, group_id=room, feature=feature()).code == "group_ended"


def test_our_clock_decides_when_it_was(house: House, refused: Refused) -> None:
    room = house.room(ANN)
    location = house.location(ANN, OLDEST_SECONDS=60)

    def recorded(**ago: float) -> str:
        sent = feature(recorded_at=rfc3339(now() - timedelta(**ago)))
        entry = location.send(group_id=room, feature=sent)
        assert entry["feature"]["properties"]["recorded_at"] <= entry["at"]
        return str(entry["feature"]["properties"]["recorded_at"])

    assert recorded(seconds=50) < house.chat.entries[-1]["at"]
    assert recorded(hours=-5) == house.chat.entries[-1]["at"], "a phone whose clock is ahead means now"
    before = house.state()
    refusal = refused(recorded, seconds=61)
    assert (refusal.code, refusal.errors and refusal.errors[0]["loc"]) == (
        "invalid_position",
        ["properties", "recorded_at"],
    )
    assert house.state() == before


@pytest.mark.parametrize(
    ("wrong", "loc"),
    [
        ({"type": "Point"}, ["type"]),
        ({"id": "mine"}, ["id"]),
        ({"id": 7}, ["id"]),
        ({"bbox": [1, 2, 3, 4]}, ["bbox"]),
        ({"geometry": None}, ["geometry"]),
        ({"geometry": {"type": "LineString", "coordinates": PARIS}}, ["geometry", "type"]),
        ({"geometry": {"type": "Point"}}, ["geometry", "coordinates"]),
        ({"geometry": {"type": "Point", "coordinates": PARIS, "crs": "x"}}, ["geometry", "crs"]),
        ({"properties": {"accuracy_m": -1}}, ["properties", "accuracy_m"]),
        ({"properties": {"accuracy_m": 100_001}}, ["properties", "accuracy_m"]),
        ({"properties": {"accuracy_m": "12"}}, ["properties", "accuracy_m"]),
        ({"properties": {"accuracy_m": True}}, ["properties", "accuracy_m"]),
        ({"properties": {"recorded_at": "yesterday"}}, ["properties", "recorded_at"]),
        ({"properties": {"recorded_at": "2026-11-22T17:26:03"}}, ["properties", "recorded_at"]),
        ({"properties": {"recorded_at": 1_764_000_000}}, ["properties", "recorded_at"]),
        ({"properties": {"recorded_at": "0001-01-01T00:00:00Z"}}, ["properties", "recorded_at"]),
        ({"properties": {"speed": 3}}, ["properties", "speed"]),
    ],
)
def test_what_is_no_position_is_refused_and_named(
    house: House, refused: Refused, wrong: dict[str, Any], loc: list[str]
) -> None:
    room = house.room(ANN)
    location = house.location(staff(ANN, idempotency_key="k"))
    before = house.state()
    refusal = refused(location.send, group_id=room, feature=feature() | wrong)
    assert refusal.code == "invalid_position"
    assert refusal.errors
    assert [error["loc"] for error in refusal.errors] == [loc]
    assert house.state() == before


numbers = st.floats(-1e6, 1e6)
anything = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=5),
    st.integers(),
    st.floats(),
    st.lists(st.floats(), max_size=2),
)


@given(st.floats(-180, 180), st.floats(-90, 90), st.none() | st.floats(-12_000, 100_000))
def test_every_place_on_earth_is_taken_to_a_decimetre(
    longitude: float, latitude: float, altitude: float | None
) -> None:
    sent = [longitude, latitude, *([] if altitude is None else [altitude])]
    taken = Feature.read(feature(sent)).geometry.coordinates
    assert len(taken) == len(sent)
    assert all(abs(a - b) <= 0.6e-6 for a, b in zip(taken, sent, strict=True))


@given(st.one_of(anything, st.lists(numbers | anything, max_size=5)))
def test_no_other_coordinates_are_taken(coordinates: Any) -> None:
    def good(value: Any, most: float, least: float) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most

    earth = ((180, -180), (90, -90), (100_000, -12_000))
    on_earth = (
        isinstance(coordinates, list)
        and len(coordinates) in (2, 3)
        and all(good(c, *limits) for c, limits in zip(coordinates, earth, strict=False))
    )
    sent = feature()
    sent["geometry"]["coordinates"] = coordinates
    if on_earth:
        Feature.read(sent)
        return
    with pytest.raises(Invalid) as refusal:
        Feature.read(sent)
    assert refusal.value.errors
    assert refusal.value.errors[0]["loc"][:2] == ["geometry", "coordinates"]


def test_who_is_no_member_sends_nothing(house: House, refused: Refused) -> None:
    room = house.room(ANN, BEN)
    house.leave(room, BEN)
    house.groups.put(room, EVE, None, visible=False)
    before = house.state()
    for who, where, code in (
        (BEN, room, "not_a_member"),
        (EVE, room, "group_not_found"),
        (ANN, new_id(), "group_not_found"),
        (ANN, "no id", "group_not_found"),
        (ANN, "\x00", "group_not_found"),
    ):
        assert refused(house.location(who).send, group_id=where, feature=feature()).code == code
    assert refused(house.location().send, group_id=room, feature=feature()).code == "not_signed_in"
    house.end(room)
    assert refused(house.location(ANN).send, group_id=room, feature=feature()).code == "group_ended"
    assert house.state() == before
    assert house.chat.entries == []
