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
