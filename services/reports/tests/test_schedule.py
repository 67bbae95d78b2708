"""Cron lines in time zones, through both changes of the clock."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError
from reports.schedule import Schedule


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(cron: str, timezone: str, start: str, count: int) -> list[str]:
    found = Schedule(cron=cron, timezone=timezone).after(utc(start), count)
    return [f"{time:%Y-%m-%d %H:%M}" for time in found]


def test_a_daily_time_keeps_its_place_on_the_wall_clock() -> None:
    assert times("0 8 * * *", "Europe/Berlin", "2026-03-28", 2) == ["2026-03-28 07:00", "2026-03-29 06:00"]


def test_a_time_the_clock_skips_runs_right_after_the_gap_and_once() -> None:
    found = times("30 2 * * *", "Europe/Berlin", "2026-03-28", 3)
    assert found == ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"]


def test_a_time_the_clock_repeats_runs_once() -> None:
    found = times("30 2 * * *", "Europe/Berlin", "2026-10-24", 3)
    assert found == ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"]


def test_a_line_that_begins_with_a_star_goes_by_elapsed_time() -> None:
    assert times("*/30 * * * *", "Europe/Berlin", "2026-10-24T23:50", 5) == [
        "2026-10-25 00:00",
        "2026-10-25 00:30",
        "2026-10-25 01:00",
        "2026-10-25 01:30",
        "2026-10-25 02:00",
    ]


@pytest.mark.parametrize(
    "cron", ["0 8 * * *", "30 2 * * *", "*/7 * * * *", "0 9 * * MON#1", "0 0 L * *", "15 3 * * 0"]
)
@pytest.mark.parametrize(
    "day", ["2026-03-29T00:45", "2026-10-25T00:45", "2026-10-25T01:45", "2026-06-01T08:00"]
)
def test_the_latest_time_is_never_ahead_and_the_next_never_behind(cron: str, day: str) -> None:
    schedule = Schedule(cron=cron, timezone="Europe/Berlin")
    assert schedule.latest(utc(day)) <= utc(day) < schedule.after(utc(day))[0]


def test_a_time_that_is_now_is_the_latest() -> None:
    schedule = Schedule(cron="0 8 * * *", timezone="Asia/Taipei")
    assert schedule.latest(utc("2026-06-01T00:00")) == utc("2026-06-01T00:00")
    assert schedule.after(utc("2026-06-01T00:00")) == [utc("2026-06-02T00:00")]


@pytest.mark.parametrize(
    ("cron", "timezone"),
    [
        ("0 8 * *", "UTC"),
        ("0 0 8 * * *", "UTC"),
        ("61 * * * *", "UTC"),
        ("0 0 30 2 *", "UTC"),
        ("@daily", "UTC"),
        ("0 8 * * *", "Mars/Olympus"),
        ("0 8 * * *", "../../etc/passwd"),
        ("0 8 * * *", ""),
    ],
)
def test_what_can_never_happen_is_refused(cron: str, timezone: str) -> None:
    with pytest.raises(ValidationError):
        Schedule(cron=cron, timezone=timezone)


# --- working days --------------------------------------------------------------------------------------


def in_berlin(cron: str, **rule: object) -> Schedule:
    return Schedule.model_validate({"cron": cron, "timezone": "Europe/Berlin", "working_days": rule})


def worked(cron: str, start: str, count: int = 3, **rule: object) -> list[str]:
    schedule = in_berlin(cron, **rule)
    zone = schedule.zone
    return [f"{t.astimezone(zone):%Y-%m-%d %H:%M}" for t in schedule.after(utc(start), count)]


def test_a_day_off_moves_to_the_next_or_the_previous_working_day() -> None:
    # 1 and 2 May 2027 are a Saturday and a Sunday, 25 and 26 December 2026 too, and holidays.
    monthly = "0 8 1 * *"
    assert worked(monthly, "2027-04-15", 2, rule="next") == ["2027-05-03 08:00", "2027-06-01 08:00"]
    assert worked(monthly, "2027-04-15", 2, rule="previous") == ["2027-04-30 08:00", "2027-06-01 08:00"]
    assert worked("0 8 25 12 *", "2026-12-01", 1, rule="next", country="DE") == ["2026-12-28 08:00"]
    assert worked("0 8 25 12 *", "2026-12-01", 1, rule="previous", country="DE") == ["2026-12-24 08:00"]


def test_what_is_moved_onto_another_time_is_one_run() -> None:
    daily = worked("0 8,20 * * *", "2026-11-06T12:00", 5, rule="next")
    assert daily == [
        "2026-11-06 20:00",
        "2026-11-09 08:00",
        "2026-11-09 20:00",
        "2026-11-10 08:00",
        "2026-11-10 20:00",
    ]


def test_only_working_days_of_a_country_and_its_parts_count() -> None:
    # 6 January is a holiday in Bavaria and not in Berlin; in Dubai the weekend is Saturday and Sunday.
    daily, start = "0 8 * * *", "2027-01-05T12:00"
    assert worked(daily, start, 1, rule="only", country="DE", subdivision="BY") == ["2027-01-07 08:00"]
    assert worked(daily, start, 1, rule="only", country="DE", subdivision="BE") == ["2027-01-06 08:00"]
    assert worked(daily, "2026-11-26T12:00", 1, rule="only", country="SA") == ["2026-11-29 08:00"]


def test_the_nth_working_day_counts_from_both_ends() -> None:
    daily = "0 8 * * *"
    assert worked(daily, "2026-12-01", 2, rule="nth", nth=3, country="DE") == [
        "2026-12-03 08:00",
        "2027-01-06 08:00",
    ]
    assert worked(daily, "2026-12-01", 2, rule="nth", nth=-1, country="DE") == [
        "2026-12-31 08:00",
        "2027-01-29 08:00",
    ]


def test_the_last_day_of_a_month_is_the_last_of_each() -> None:
    assert times("0 8 L * *", "UTC", "2028-01-30", 3) == [
        "2028-01-31 08:00",
        "2028-02-29 08:00",
        "2028-03-31 08:00",
    ]
    assert worked("0 8 L * *", "2027-01-01", 2, rule="previous") == ["2027-01-29 08:00", "2027-02-26 08:00"]


def test_working_days_keep_the_rules_of_daylight_saving() -> None:
    # 29 March 2027 is Easter Monday in Germany; the clocks change on Sunday the 28th.
    skipped = worked("30 2 * * *", "2027-03-26T12:00", 2, rule="only", country="AE")
    assert skipped == ["2027-03-29 02:30", "2027-03-30 02:30"]
    sunday = {"rule": "only", "country": "SA"}  # Sunday is a working day there
    assert worked("30 2 * * SUN", "2027-03-27", 2, **sunday) == ["2027-03-28 03:00", "2027-04-04 02:30"]
    autumn = in_berlin("30 2 * * SUN", **sunday)
    assert autumn.after(utc("2027-10-30"), 1) == [utc("2027-10-31T00:30")]
    assert autumn.after(utc("2027-10-31T00:30"), 1) == [utc("2027-11-07T01:30")]


@pytest.mark.parametrize("rule", ["next", "previous", "only"])
def test_going_back_finds_the_times_that_going_on_does(rule: str) -> None:
    schedule = in_berlin("0 8,9 */3 * *", rule=rule, country="DE")
    since, until = utc("2026-12-01"), utc("2027-02-01")
    ahead = [*schedule.between(since, until)]
    assert len(ahead) > 20
    assert schedule.missed(since, until, 1000) == ahead[::-1]
    assert schedule.missed(since, until, 3) == ahead[:-4:-1]
    assert schedule.latest(until) == ahead[-1]


def test_how_near_the_times_are() -> None:
    def closest(cron: str) -> float:
        return Schedule(cron=cron, timezone="UTC").closest(utc("2026-11-01")).total_seconds() / 60

    assert [closest(cron) for cron in ("* * * * *", "*/20 * * * *", "0,5 8 * * *", "0 8 * * *")] == [
        1,
        20,
        5,
        1440,
    ]


@pytest.mark.parametrize(
    "rule",
    [
        {"rule": "someday"},
        {"rule": "nth"},
        {"rule": "nth", "nth": 0},
        {"rule": "nth", "nth": 16},
        {"rule": "next", "nth": 1},
        {"rule": "next", "country": "XX"},
        {"rule": "next", "country": "de"},
        {"rule": "next", "country": "DE", "subdivision": "ZZ"},
        {"rule": "next", "subdivision": "BY"},
    ],
)
def test_a_wrong_rule_of_working_days_is_refused(rule: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Schedule.model_validate({"cron": "0 8 * * *", "timezone": "UTC", "working_days": rule})


def test_a_time_that_is_always_a_day_off_can_never_happen() -> None:
    with pytest.raises(ValidationError):
        in_berlin("0 8 25 12 *", rule="only", country="DE")
