"""A group is told when an appointment is near: once, in time, and not after its end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from groups.models import Appointment, Group, Reminder
from kit import clock
from kit.caller import Caller
from kit.testing import said

Later = Callable[[float], None]
MINUTE = 60


def soon(house: Any, who: Caller, group_id: str, minutes: float, **more: Any) -> dict[str, Any]:
    """An appointment that begins in so many minutes."""
    start = clock.now().replace(microsecond=0) + timedelta(minutes=minutes)
    times = {"start": clock.rfc3339(start), "end": clock.rfc3339(start + timedelta(minutes=30))}
    made: dict[str, Any] = house.groups(who).make_appointment(
        **{"group_id": group_id, "title": "Numbers", "timezone": "UTC", **times, **more}
    )
    return made


def near(house: Any) -> list[tuple[str, int]]:
    """Looks once, and returns what has been said: the start and the minutes."""
    house.groups(Caller()).say_near()
    return [
        (event["item"]["start"], event["minutes"])
        for type, event, _ in said(house.db)
        if type == "groups.appointment_near"
    ]


@pytest.fixture
def room(house: Any) -> tuple[Caller, str]:
    mei = house.person()
    return mei, house.group(mei)


def test_each_reminder_is_said_once_when_it_is_due(house: Any, room: Any, later: Later) -> None:
    mei, group_id = room
    made = soon(house, mei, group_id, 61, remind_minutes=[60, 15, 0])
    assert near(house) == []
    due = []
    for wait, minutes in ((1.1, 60), (45, 15), (15, 0)):
        later(wait * MINUTE)
        due.append((made["start"], minutes))
        assert near(house) == near(house) == due
    later(60 * MINUTE)
    assert near(house) == due
    type, event, audience = said(house.db)[-1]
    assert (type, audience) == ("groups.appointment_near", [f"group:{group_id}"])
    assert (event["item"]["id"], event["item"]["occurrence"]) == (made["id"], None)


def test_every_occurrence_of_a_series_has_its_reminder(house: Any, room: Any, later: Later) -> None:
    mei, group_id = room
    made = soon(house, mei, group_id, 30, rrule="FREQ=DAILY;COUNT=3")
    starts = [clock.parse(made["start"]) + timedelta(days=day) for day in range(3)]
    later(16 * MINUTE)
    for number, start in enumerate(starts, 1):
        assert near(house)[-1] == (clock.rfc3339(start), 15)
        assert len(near(house)) == number
        later(24 * 60 * MINUTE)
    assert len(near(house)) == 3
    _, event, _ = said(house.db)[-1]
    assert event["item"]["occurrence"] == clock.rfc3339(starts[-1])
    with house.db() as tx:
        assert tx.get_one(Appointment, made["id"]).next_near_at is None
        # What is over for a day needs no memory.
        assert tx.query(Reminder).count() == 2


def test_what_a_stop_kept_from_being_said_is_made_up_until_it_begins(
    house: Any, room: Any, later: Later
) -> None:
    mei, group_id = room
    made = soon(house, mei, group_id, 120, remind_minutes=[90, 60, 30])
    over = soon(house, mei, group_id, 60)
    series = soon(house, mei, group_id, 20, rrule="FREQ=DAILY")
    later(70 * MINUTE)  # nobody looked meanwhile
    # Of 90 and 60 only the last; what has begun is past; the series goes on.
    assert near(house) == [(made["start"], 60)]
    assert over["start"] < clock.rfc3339(clock.now())
    later((24 * 60 - 70 + 10) * MINUTE)
    assert near(house)[-1] == (clock.rfc3339(clock.parse(series["start"]) + timedelta(days=1)), 15)


def test_a_reminder_that_was_past_when_asked_for_is_not_said(house: Any, room: Any, later: Later) -> None:
    mei, group_id = room
    made = soon(house, mei, group_id, 10)
    later(1)
    assert near(house) == []
    house.groups(mei).edit_appointment(appointment_id=made["id"], changes={"remind_minutes": [60, 5]})
    assert near(house) == []
    later(5 * MINUTE)
    assert near(house) == [(made["start"], 5)]


def test_what_moves_is_near_anew_and_a_new_title_says_nothing_twice(
    house: Any, room: Any, later: Later
) -> None:
    mei, group_id = room
    made = soon(house, mei, group_id, 20)
    later(6 * MINUTE)
    assert len(near(house)) == 1
    edit = house.groups(mei).edit_appointment
    edit(appointment_id=made["id"], changes={"title": "Other", "remind_minutes": [15, 16]})
    assert len(near(house)) == 1
    moved = clock.rfc3339(clock.parse(made["start"]) + timedelta(hours=1))
    edit(appointment_id=made["id"], changes={"start": moved})
    later(60 * MINUTE)
    assert near(house)[-1] == (moved, 15)
    assert len(near(house)) == 2


def test_what_is_due_is_not_forgotten_by_a_change(house: Any, room: Any, later: Later) -> None:
    mei, group_id = room
    made = soon(house, mei, group_id, 20)
    later(6 * MINUTE)
    house.groups(mei).edit_appointment(appointment_id=made["id"], changes={"title": "Other"})
    assert near(house) == [(made["start"], 15)]


def test_a_moved_occurrence_is_near_where_it_is_and_a_cancelled_one_never(
    house: Any, room: Any, later: Later
) -> None:
    mei, group_id = room
    made = soon(house, mei, group_id, 60, rrule="FREQ=DAILY;COUNT=2")
    first = clock.parse(made["start"])
    second = clock.rfc3339(first + timedelta(days=1))
    moved = clock.rfc3339(first + timedelta(hours=3))
    house.groups(mei).move_occurrence(appointment_id=made["id"], occurrence=made["start"], start=moved)
    house.groups(mei).cancel_occurrence(appointment_id=made["id"], occurrence=second)
    later(50 * MINUTE)
    assert near(house) == []
    later(180 * MINUTE)
    assert near(house) == [(moved, 15)]
    later(24 * 60 * MINUTE)
    assert len(near(house)) == 1


def test_nothing_is_near_after_the_end_of_the_group_or_the_appointment(
    house: Any, room: Any, later: Later
) -> None:
    mei, group_id = room
    other = house.group(mei)
    soon(house, mei, group_id, 20)
    gone = soon(house, mei, other, 20)
    house.groups(mei).withdraw_appointment(appointment_id=gone["id"])
    house.groups(mei).end(group_id=group_id)
    later(10 * MINUTE)
    assert near(house) == []
    with house.db() as tx:
        assert [row.next_near_at for row in tx.query(Appointment)] == [None]


def test_what_is_years_away_is_looked_at_again(house: Any, room: Any, later: Later) -> None:
    mei, group_id = room
    made = soon(house, mei, group_id, 3 * 366 * 24 * 60)
    for _ in range(3):
        later(365 * 24 * 3600)
        assert near(house) == []
    later((clock.parse(made["start"]) - clock.now()).total_seconds() - 5 * MINUTE)
    assert near(house) == [(made["start"], 15)]


def test_of_many_that_look_at_once_one_says_it(real_house: Any, later: Later) -> None:
    mei = real_house.person()
    group_id = real_house.group(mei)
    for _ in range(10):
        soon(real_house, mei, group_id, 20)
    later(6 * MINUTE)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: near(real_house), range(4)))
    assert len(near(real_house)) == 10


def test_a_group_that_is_being_changed_is_reminded_at_the_next_look(real_house: Any, later: Later) -> None:
    mei = real_house.person()
    group_id = real_house.group(mei)
    soon(real_house, mei, group_id, 20)
    later(6 * MINUTE)
    with real_house.db() as tx:
        tx.get_one(Group, group_id, with_for_update=True)
        assert near(real_house) == []
    assert len(near(real_house)) == 1
