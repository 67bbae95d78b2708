"""Appointments of a group: made, changed, withdrawn, one occurrence of a series moved or cancelled."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from groups.models import Appointment, ChangedOccurrence
from kit import clock
from kit.caller import ANONYMOUS
from kit.errors import Refusal
from kit.event import new_id
from kit.testing import said, settings

Refused = Callable[..., Refusal]
WEEKLY = {
    "title": "Numbers",
    "start": "2027-03-22T09:00",
    "end": "2027-03-22T09:30",
    "timezone": "Europe/Berlin",
    "rrule": "FREQ=WEEKLY;BYDAY=MO",
}
SUMMER = "2027-03-29T07:00:00.000Z"


@pytest.fixture
def room(house: Any) -> Any:
    """Mei's room with Tom and the customer Ann; Eva is in another."""
    mei, tom, ann, eva = house.person(), house.person(), house.person("customer"), house.person()
    return mei, tom, ann, eva, house.group(mei, tom, ann)


def told(house: Any) -> list[tuple[str, dict[str, Any], list[str]]]:
    return [event for event in said(house.db) if "appointment" in event[0]]


def kept(house: Any) -> Any:
    """All that a refusal must leave as it was."""
    with house.db() as tx:
        rows = [vars(row) | {"_sa_instance_state": 0} for row in tx.query(Appointment)]
        return rows, tx.query(ChangedOccurrence).count(), told(house)


def test_a_member_makes_an_appointment_and_the_group_is_told(house: Any, room: Any) -> None:
    mei, _, ann, _, group_id = room
    made = house.groups(ann).make_appointment(group_id=group_id, **WEEKLY, place=" Room 4 ")
    assert made["start"] == "2027-03-22T08:00:00.000Z"
    assert (made["local_start"], made["local_end"]) == ("2027-03-22T09:00:00", "2027-03-22T09:30:00")
    assert (made["timezone"], made["rrule"], made["all_day"]) == ("Europe/Berlin", WEEKLY["rrule"], False)
    assert (made["place"], made["remind_minutes"], made["version"]) == ("Room 4", [15], 1)
    assert made["made_by"] == ann.id
    assert made["next"]["start"] >= made["start"]
    [(type, event, audience)] = told(house)
    assert (type, audience, event["by"]) == ("groups.appointment_made", [f"group:{group_id}"], ann.id)
    assert (event["item"]["id"], event["item"]["occurrence"]) == (made["id"], None)
    assert house.groups(mei).appointment(appointment_id=made["id"]) == made
    assert [
        {**item, "changes": []} for item in house.groups(mei).appointments(group_id=group_id)["items"]
    ] == [made]


def test_what_lasts_all_day_has_days(house: Any, room: Any) -> None:
    mei, *_, group_id = room
    day = {"title": "Fair", "start": "2027-03-28", "end": "2027-03-30", "timezone": "Europe/Berlin"}
    made = house.groups(mei).make_appointment(group_id=group_id, **day, all_day=True)
    assert (made["start"], made["end"]) == ("2027-03-27T23:00:00.000Z", "2027-03-29T22:00:00.000Z")
    assert (made["local_start"], made["local_end"], made["remind_minutes"]) == (day["start"], day["end"], [])


def test_a_repeated_request_makes_one_appointment(house: Any, room: Any, refused: Refused) -> None:
    mei, *_, group_id = room
    caller = mei.__class__(user_id=mei.id, idempotency_key="once")
    first, second = (house.groups(caller).make_appointment(group_id=group_id, **WEEKLY) for _ in range(2))
    assert first == second
    assert len(told(house)) == 1
    other = {**WEEKLY, "title": "Other"}
    assert refused(house.groups(caller).make_appointment, group_id=group_id, **other).code == (
        "idempotency_key_reused"
    )


def test_who_is_no_member_sees_and_does_nothing(house: Any, room: Any, refused: Refused) -> None:
    mei, _, ann, eva, group_id = room
    hidden = house.group(mei, visibility="invite")
    ids = [house.groups(mei).make_appointment(group_id=g, **WEEKLY)["id"] for g in (group_id, hidden)]
    before = kept(house)
    for who, group, code in (
        (eva, group_id, "not_a_member"),
        (eva, hidden, "group_not_found"),
        (ann, hidden, "group_not_found"),
        (ANONYMOUS, group_id, "not_signed_in"),
    ):
        groups = house.groups(who)
        assert refused(groups.appointments, group_id=group).code == code
        assert refused(groups.make_appointment, group_id=group, **WEEKLY).code == code
    for who, id in ((eva, ids[0]), (eva, ids[1]), (ann, ids[1]), (eva, new_id()), (mei, "no id")):
        groups = house.groups(who)
        for call in (
            lambda id=id, g=groups: g.appointment(appointment_id=id),
            lambda id=id, g=groups: g.edit_appointment(appointment_id=id, changes={"title": "Mine"}),
            lambda id=id, g=groups: g.withdraw_appointment(appointment_id=id),
            lambda id=id, g=groups: g.cancel_occurrence(appointment_id=id, occurrence=SUMMER),
            lambda id=id, g=groups: g.move_occurrence(appointment_id=id, occurrence=SUMMER, start=SUMMER),
        ):
            assert refused(call).code == "appointment_not_found"
    assert kept(house) == before


def test_who_left_sees_it_no_more(house: Any, room: Any, refused: Refused) -> None:
    _, tom, _, _, group_id = room
    made = house.groups(tom).make_appointment(group_id=group_id, **WEEKLY)
    house.groups(tom).leave(group_id=group_id)
    assert refused(house.groups(tom).appointment, appointment_id=made["id"]).code == "appointment_not_found"
    assert refused(house.groups(tom).withdraw_appointment, appointment_id=made["id"]).code == (
        "appointment_not_found"
    )


def test_its_maker_the_owner_and_coordinators_change_it(house: Any, room: Any, refused: Refused) -> None:
    mei, tom, ann, _, group_id = room
    made = house.groups(ann).make_appointment(group_id=group_id, **WEEKLY)
    change = {"appointment_id": made["id"], "changes": {"title": "Toms"}}
    before = kept(house)
    assert refused(house.groups(tom).edit_appointment, **change).code == "not_the_maker"
    assert refused(house.groups(tom).withdraw_appointment, appointment_id=made["id"]).code == "not_the_maker"
    assert kept(house) == before
    house.groups(mei).set_role(group_id=group_id, user_id=tom.id, role="coordinator")
    for who in (tom, mei, ann):
        change["changes"] = {"title": f"of {who.id[-4:]}"}
        assert house.groups(who).edit_appointment(**change)["title"] == change["changes"]["title"]
    assert [event["version"] for _, event, _ in told(house)] == [1, 2, 3, 4]
    house.groups(tom).withdraw_appointment(appointment_id=made["id"])
    type, event, audience = told(house)[-1]
    assert (type, event["by"], audience) == ("groups.appointment_withdrawn", tom.id, [f"group:{group_id}"])
    assert refused(house.groups(mei).appointment, appointment_id=made["id"]).code == "appointment_not_found"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"title": "Other"}, {"title": "Other", "start": "2027-03-22T08:00:00.000Z"}),
        (
            {"start": "2027-03-22T10:00"},
            {"local_start": "2027-03-22T10:00:00", "local_end": "2027-03-22T10:30:00"},
        ),
        (
            {"end": "2027-03-22T11:00"},
            {"local_start": "2027-03-22T09:00:00", "local_end": "2027-03-22T11:00:00"},
        ),
        # The same on the wall of another place.
        ({"timezone": "Asia/Shanghai"}, {"start": "2027-03-22T01:00:00.000Z"}),
        ({"rrule": None}, {"rrule": None}),
        ({"all_day": True, "start": "2027-03-22", "end": "2027-03-23"}, {"local_end": "2027-03-23"}),
        ({"remind_minutes": [60, 5, 5]}, {"remind_minutes": [60, 5]}),
    ],
)
def test_what_is_changed_is_checked_and_told(
    house: Any, room: Any, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    mei, *_, group_id = room
    made = house.groups(mei).make_appointment(group_id=group_id, **WEEKLY)
    changed = house.groups(mei).edit_appointment(appointment_id=made["id"], changes=changes)
    assert changed.items() >= expected.items()
    assert told(house)[-1][0] == "groups.appointment_changed"
    before = kept(house)
    assert house.groups(mei).edit_appointment(appointment_id=made["id"], changes=changes) == changed
    assert kept(house) == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"start": "2027-03-23T09:00"}, "rrule"),
        ({"rrule": "FREQ=HOURLY"}, "rrule"),
        ({"all_day": True}, "start"),
        ({"end": "2027-03-22T08:00"}, "end"),
        ({"group_id": new_id()}, "group_id"),
    ],
)
def test_a_wrong_change_is_refused_and_changes_nothing(
    house: Any, room: Any, refused: Refused, changes: dict[str, Any], field: str
) -> None:
    mei, *_, group_id = room
    made = house.groups(mei).make_appointment(group_id=group_id, **WEEKLY)
    before = kept(house)
    refusal = refused(house.groups(mei).edit_appointment, appointment_id=made["id"], changes=changes)
    assert refusal.code == "invalid_appointment"
    assert refusal.errors[0]["loc"] == [field]
    assert kept(house) == before


def test_one_occurrence_is_moved_cancelled_and_put_back(house: Any, room: Any, refused: Refused) -> None:
    mei, *_, group_id = room
    made = house.groups(mei).make_appointment(group_id=group_id, **WEEKLY)
    one = {"appointment_id": made["id"], "occurrence": SUMMER}
    moved = house.groups(mei).move_occurrence(**one, start="2027-03-30T14:00")
    [change] = moved["changes"]
    assert (change["occurrence"], change["start"], change["cancelled"]) == (
        SUMMER,
        "2027-03-30T12:00:00.000Z",
        False,
    )
    assert change["local_end"] == "2027-03-30T14:30:00"  # as long as before
    type, event, _ = told(house)[-1]
    assert (type, event["item"]["occurrence"]) == ("groups.appointment_changed", SUMMER)
    assert event["item"]["start"] == "2027-03-30T12:00:00.000Z"

    house.groups(mei).cancel_occurrence(**one)
    type, event, _ = told(house)[-1]
    assert (type, event["item"]["occurrence"], event["item"]["start"]) == (
        "groups.appointment_withdrawn",
        SUMMER,
        "2027-03-30T12:00:00.000Z",
    )
    before = kept(house)
    house.groups(mei).cancel_occurrence(**one)
    assert kept(house) == before

    back = house.groups(mei).move_occurrence(**one, start=SUMMER)
    assert back["changes"] == []
    for wrong in ("2027-03-29T07:01:00.000Z", "2027-03-15T08:00:00.000Z", "monday", "9999-12-31T23:59:59Z"):
        gone = refused(house.groups(mei).cancel_occurrence, appointment_id=made["id"], occurrence=wrong)
        assert gone.code == "occurrence_not_found"
    assert refused(house.groups(mei).move_occurrence, **one, start="never").code == "invalid_appointment"


def test_what_comes_once_has_no_occurrences(house: Any, room: Any, refused: Refused) -> None:
    mei, *_, group_id = room
    made = house.groups(mei).make_appointment(group_id=group_id, **{**WEEKLY, "rrule": None})
    gone = refused(house.groups(mei).cancel_occurrence, appointment_id=made["id"], occurrence=made["start"])
    assert gone.code == "occurrence_not_found"


def test_single_changes_go_with_the_times_they_belong_to(house: Any, room: Any) -> None:
    mei, *_, group_id = room
    groups = house.groups(mei)
    made = groups.make_appointment(group_id=group_id, **WEEKLY)
    groups.cancel_occurrence(appointment_id=made["id"], occurrence=SUMMER)
    kept_one = groups.edit_appointment(appointment_id=made["id"], changes={"title": "Other", "place": "x"})
    assert len(kept_one["changes"]) == 1
    shifted = groups.edit_appointment(appointment_id=made["id"], changes={"start": "2027-03-22T10:00"})
    assert shifted["changes"] == []


def test_an_ended_group_is_read_and_not_changed(house: Any, room: Any, refused: Refused) -> None:
    mei, tom, _, _, group_id = room
    made = house.groups(mei).make_appointment(group_id=group_id, **WEEKLY)
    house.groups(mei).end(group_id=group_id)
    before = kept(house)
    groups = house.groups(mei)
    one = {"appointment_id": made["id"], "occurrence": SUMMER}
    for call in (
        lambda: groups.make_appointment(group_id=group_id, **WEEKLY),
        lambda: groups.edit_appointment(appointment_id=made["id"], changes={"title": "Late"}),
        lambda: groups.withdraw_appointment(appointment_id=made["id"]),
        lambda: groups.move_occurrence(**one, start="2027-03-30T14:00"),
        lambda: groups.cancel_occurrence(**one),
    ):
        assert refused(call).code == "group_ended"
    assert kept(house) == before
    assert house.groups(tom).appointment(appointment_id=made["id"])["next"] is None


def test_appointments_are_paged_and_those_that_are_over_left_out(house: Any, room: Any) -> None:
    mei, *_, group_id = room
    groups = house.groups(mei)
    starts = [f"2027-0{month}-01T09:00" for month in (3, 1, 2, 1)]
    for start in starts:
        groups.make_appointment(
            group_id=group_id, title=start, start=start, end=start[:-5] + "10:00", timezone="UTC"
        )
    groups.make_appointment(
        group_id=group_id, **{**WEEKLY, "start": "2026-01-05T09:00", "end": "2026-01-05T10:00"}
    )
    found, cursor = [], None
    while True:
        page = groups.appointments(group_id=group_id, limit=2, cursor=cursor)
        found += [item["title"] for item in page["items"]]
        if not (cursor := page["next_cursor"]):
            break
    assert found == ["Numbers", *sorted(starts)]
    ahead = groups.appointments(group_id=group_id, since="2027-02-15T00:00:00.000Z")["items"]
    assert [item["title"] for item in ahead] == ["Numbers", starts[0]]


def test_a_group_has_so_many_appointments_ahead_and_a_series_so_many_changes(
    house: Any, room: Any, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    mei, *_, group_id = room
    house.settings = settings(type(house.settings), MOST_APPOINTMENTS=2)
    groups = house.groups(mei)
    past = {**WEEKLY, "start": "2020-03-02T09:00", "end": "2020-03-02T10:00"}
    groups.make_appointment(group_id=group_id, **{**past, "rrule": None})
    for _ in range(2):
        made = groups.make_appointment(group_id=group_id, **past)
    assert refused(groups.make_appointment, group_id=group_id, **WEEKLY).code == "too_many_appointments"
    monkeypatch.setattr("groups.appointments.MOST_CHANGES", 1)
    occurrence = clock.parse(made["start"])
    groups.cancel_occurrence(appointment_id=made["id"], occurrence=clock.rfc3339(occurrence))
    later = clock.rfc3339(occurrence + timedelta(days=7))
    assert refused(groups.cancel_occurrence, appointment_id=made["id"], occurrence=later).code == (
        "too_many_changes"
    )
