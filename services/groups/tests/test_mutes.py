"""A member mutes a group, and nobody else learns of it."""

from datetime import timedelta
from typing import Any

import pytest
from kit import clock
from kit.errors import Conflict, Forbidden, Invalid, NotFound
from kit.testing import said


def told(house: Any) -> list[Any]:
    return [(data, audience) for type, data, audience in said(house.db) if type == "groups.member_muted"]


def test_a_mute_is_for_good_or_until_a_time_and_only_ones_own(house: Any) -> None:
    mei, tom = house.person(), house.person()
    group_id = house.group(mei, tom)
    before = house.groups(mei).get(group_id=group_id)
    row = house.groups(tom).mute(group_id=group_id, muted=True)
    assert (row["muted"], row["muted_until"]) == (True, None)
    hers = house.groups(mei).get(group_id=group_id)
    assert (hers["muted"], hers["muted_until"]) == (False, None)
    until = clock.rfc3339(clock.now() + timedelta(hours=1))
    house.groups(tom).mute(group_id=group_id, muted=True, until=until)
    # Once more is the same, and not said again.
    house.groups(tom).mute(group_id=group_id, muted=True, until=until)
    (listed,) = house.groups(tom).list()["items"]
    assert (listed["muted"], listed["muted_until"]) == (True, until)
    (told_,) = house.groups(tom).memberships(user_id=tom.id)["items"]
    assert told_["muted"] is True
    house.groups(tom).mute(group_id=group_id, muted=False)
    assert [(data["muted"], data["muted_until"]) for data, _ in told(house)] == [
        (True, None),
        (True, until),
        (False, None),
    ]
    assert {tuple(audience) for _, audience in told(house)} == {(f"user:{tom.id}",)}
    versions = [data["version"] for data, _ in told(house)]
    assert versions == sorted(set(versions))
    assert versions[0] > before["version"]


def test_a_mute_that_is_over_is_none(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mei = house.person()
    group_id = house.group(mei)
    house.groups(mei).mute(
        group_id=group_id, muted=True, until=clock.rfc3339(clock.now() + timedelta(hours=1))
    )
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert house.groups(mei).get(group_id=group_id)["muted"] is False


def test_what_can_not_be_muted_is_refused_and_changes_nothing(house: Any) -> None:
    mei, tom, customer = house.person(), house.person(), house.person(kind="customer")
    group_id = house.group(mei)
    for until in ("2020-01-01T00:00:00.000Z", "tomorrow", "2099-01-01T00:00:00"):
        with pytest.raises(Invalid):
            house.groups(mei).mute(group_id=group_id, muted=True, until=until)
    with pytest.raises(Forbidden):
        house.groups(tom).mute(group_id=group_id, muted=True)
    with pytest.raises(NotFound):
        house.groups(customer).mute(group_id=group_id, muted=True)
    house.groups(mei).end(group_id=group_id)
    with pytest.raises(Conflict):
        house.groups(mei).mute(group_id=group_id, muted=True)
    assert told(house) == []
