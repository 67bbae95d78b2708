"""When something happens that is at a local time: rules, and what the clocks do to them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from groups.calendar_fields import AppointmentFields
from groups.recurrence import Series, instant, last_of, read_rule, wall, zone
from hypothesis import given, settings, strategies
from kit.errors import Invalid
from kit.fields import checked

BERLIN = zone("Europe/Berlin")
MONDAY = datetime(2027, 1, 4, 9)  # noqa: DTZ001 - a wall time


def series(start: str, end: str, rule: str | None = None, name: str = "Europe/Berlin") -> Series:
    starts, ends = datetime.fromisoformat(start), datetime.fromisoformat(end)
    last = rule and last_of(rule, starts, zone(name))
    return Series(starts, ends, zone(name), rule, last or None)


def times(found: Series, since: str, until: str) -> list[str]:
    span = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (since, until))
    return [f"{o.start:%d %H:%M}-{o.end:%H:%M}" for o in found.between(*span)]


@pytest.mark.parametrize(
    ("start", "rule", "name", "since", "until", "expected"),
    [
        # Weekly at nine stays at nine: an hour earlier in UTC in summer.
        (
            "2027-03-22T09:00",
            "FREQ=WEEKLY",
            "Europe/Berlin",
            "03-22",
            "04-06",
            "22 08:00, 29 07:00, 05 07:00",
        ),
        ("2027-10-25T09:00", "FREQ=WEEKLY", "Europe/Berlin", "10-25", "11-02", "25 07:00, 01 08:00"),
        # In the gap: with the offset from before it, so 03:30 on that day, and 02:30 again after it.
        ("2027-03-27T02:30", "FREQ=DAILY", "Europe/Berlin", "03-27", "03-30", "27 01:30, 28 01:30, 29 00:30"),
        # Twice in autumn: the first of the two, once.
        ("2027-10-30T02:30", "FREQ=DAILY", "Europe/Berlin", "10-30", "11-01", "30 00:30, 31 00:30"),
        # By half an hour on the other half of the earth; and where there is no summer time.
        (
            "2027-04-03T03:00",
            "FREQ=DAILY",
            "Australia/Lord_Howe",
            "04-02",
            "04-05",
            "02 16:00, 03 16:30, 04 16:30",
        ),
        ("2027-03-27T09:00", "FREQ=DAILY", "Asia/Shanghai", "03-27", "03-29", "27 01:00, 28 01:00"),
    ],
)
def test_a_series_keeps_its_wall_time(
    start: str, rule: str, name: str, since: str, until: str, expected: str
) -> None:
    found = series(start, start[:-2] + "45", rule, name)
    starts = [time.partition("-")[0] for time in times(found, f"2027-{since}", f"2027-{until}")]
    assert ", ".join(starts) == expected


def test_a_night_ends_by_the_clock_and_what_begins_in_the_gap_keeps_its_length() -> None:
    night = series("2027-03-26T22:00", "2027-03-27T06:00", "FREQ=DAILY")
    assert times(night, "2027-03-26T12:00", "2027-03-28T12:00") == ["26 21:00-05:00", "27 21:00-04:00"]
    assert times(night, "2027-03-28T03:59", "2027-03-28T04:00") == ["27 21:00-04:00"]
    odd = series("2027-03-27T02:30", "2027-03-27T03:15", "FREQ=DAILY")
    assert times(odd, "2027-03-27", "2027-03-29") == ["27 01:30-02:15", "28 01:30-02:15"]


def test_an_occurrence_is_named_by_when_it_would_be_even_in_the_gap() -> None:
    found = series("2027-03-27T02:30", "2027-03-27T03:15", "FREQ=DAILY")
    named = found.named(datetime(2027, 3, 28, 1, 30, tzinfo=UTC))
    assert named == datetime(2027, 3, 28, 2, 30)  # noqa: DTZ001
    assert found.named(datetime(2027, 3, 28, 1, 31, tzinfo=UTC)) is None
    assert found.named(datetime(2027, 3, 26, 1, 30, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("text", "kept", "last"),
    [
        ("freq=weekly;byday=mo,we", "FREQ=WEEKLY;BYDAY=MO,WE", None),
        ("FREQ=MONTHLY;BYDAY=1MO", "FREQ=MONTHLY;BYDAY=1MO", None),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1", "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1", None),
        ("FREQ=YEARLY;BYMONTH=1;BYDAY=1MO", "FREQ=YEARLY;BYDAY=1MO;BYMONTH=1", None),
        ("FREQ=DAILY;INTERVAL=2;COUNT=3", "FREQ=DAILY;COUNT=3;INTERVAL=2", "2027-01-08T09:00:00"),
        # UNTIL in UTC is what RFC 5545 wants; a day means all of it.
        (
            "FREQ=DAILY;UNTIL=20270106T080000Z",
            "FREQ=DAILY;UNTIL=20270106T080000Z",
            "2027-01-06T09:00:00",
        ),
        ("FREQ=DAILY;UNTIL=20270106", "FREQ=DAILY;UNTIL=20270106T225959Z", "2027-01-06T23:59:59"),
    ],
)
def test_a_rule_is_kept_as_everybody_reads_it(text: str, kept: str, last: str | None) -> None:
    rule = read_rule(text, MONDAY, BERLIN, all_day=False)
    assert rule == kept
    found = last_of(rule, MONDAY, BERLIN)
    assert (found and found.isoformat()) == last


@pytest.mark.parametrize(
    "text",
    [
        "",
        "FREQ=HOURLY",
        "FREQ=MINUTELY",
        "FREQ=SECONDLY",
        "FREQ=FORTNIGHTLY",
        "BYDAY=MO",
        "x",
        "=;=",
        "FREQ=DAILY;BYHOUR=9",
        "FREQ=DAILY;BYMINUTE=0",
        "FREQ=DAILY;BYEASTER=1",
        "FREQ=DAILY;X-WHAT=1",
        "FREQ=DAILY;RSCALE=CHINESE",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=1000",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=1000",
        "FREQ=DAILY;COUNT=2;COUNT=3",
        "FREQ=DAILY;COUNT=2,3",
        "FREQ=DAILY;COUNT=2;UNTIL=20270201",
        "FREQ=DAILY;UNTIL=20260101",
        "FREQ=DAILY;UNTIL=99991231",
        "FREQ=DAILY;UNTIL=P1D",
        "FREQ=DAILY;UNTIL=080000",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYMONTH=5L",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=WEEKLY;BYMONTHDAY=4",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=XX",
        "FREQ=YEARLY;BYYEARDAY=4",
        "FREQ=DAILY;BYMONTH=1;BYMONTHDAY=4",
        "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO",
        "FREQ=WEEKLY;BYSETPOS=1",
        "FREQ=WEEKLY;BYDAY=TU",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "RRULE:FREQ=DAILY",
        "FREQ=DAILY\nDTSTART:20270101",
    ],
)
def test_what_is_no_rule_for_an_appointment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_rule(text, MONDAY, BERLIN, all_day=False)


RULES = strategies.builds(
    "FREQ={};INTERVAL={}{}{}".format,
    strategies.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    strategies.integers(1, 40),
    strategies.sampled_from(["", ";COUNT=30", ";UNTIL=20310101T000000Z"]),
    strategies.sampled_from(["", ";BYDAY=SU,WE;WKST=SU", ";BYDAY=SU,WE;BYSETPOS=-1", ";BYMONTH=1,3,7"]),
)


@settings(max_examples=60, deadline=None)
@given(RULES, strategies.integers(0, 5000), strategies.integers(1, 400))
def test_a_window_shows_what_a_walk_from_the_first_time_shows(rule: str, days: int, width: int) -> None:
    found = series("2027-01-31T02:30", "2027-01-31T04:00", rule)
    begin = datetime(2027, 1, 1, tzinfo=UTC)
    since = begin + timedelta(days=days)
    until = since + timedelta(days=width)
    walked = [o for o in found.between(begin, until) if o.end > since]
    assert [*found.between(since, until)] == walked
    assert all(a.start < b.start for a, b in pairwise(walked))


def fields(**changes: object) -> AppointmentFields:
    usual = {"title": "Numbers", "description": "", "place": "", "rrule": None, "remind_minutes": [15]}
    times = {
        "timezone": "Europe/Berlin",
        "all_day": False,
        "start": "2027-01-04T09:00",
        "end": "2027-01-04T10:00",
    }
    return checked(AppointmentFields, "invalid_appointment", {**usual, **times, **changes})


@pytest.mark.parametrize(
    ("start", "zone_name", "all_day", "kept"),
    [
        ("2027-01-04T08:00:00.000Z", "Europe/Berlin", False, "2027-01-04T09:00:00"),
        ("2027-01-04T03:00:00-05:00", "Europe/Berlin", False, "2027-01-04T09:00:00"),
        ("2027-01-04T09:00", "America/New_York", False, "2027-01-04T09:00:00"),
        ("2027-03-28T02:30", "Europe/Berlin", False, "2027-03-28T02:30:00"),
        ("2027-10-31T00:30:00Z", "Europe/Berlin", False, "2027-10-31T02:30:00"),
        ("2027-01-04", "Europe/Berlin", True, "2027-01-04T00:00:00"),
        ("2027-01-03T23:00:00.000Z", "Europe/Berlin", True, "2027-01-04T00:00:00"),
        # The clocks skip midnight there: the day begins at one.
        ("2027-03-27T22:00:00.000Z", "Asia/Beirut", True, "2027-03-28T00:00:00"),
    ],
)
def test_a_time_is_an_instant_or_the_zones_own(start: str, zone_name: str, all_day: bool, kept: str) -> None:
    end = "2027-12-01"
    found = fields(start=start, end=end, timezone=zone_name, all_day=all_day)
    assert found.start.isoformat() == kept


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"description": "x" * 5001}, "description"),
        ({"description": "nul\0"}, "description"),
        ({"place": "x" * 301}, "place"),
        ({"timezone": "Mars/Phobos"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"timezone": "localtime"}, "timezone"),
        ({"start": "tomorrow"}, "start"),
        ({"start": 5}, "start"),
        ({"start": "1999-12-31T00:00Z"}, "start"),
        ({"end": "2100-01-01T00:00Z"}, "end"),
        ({"end": None}, "end"),
        ({"end": "2027-01-04T09:00"}, "end"),
        ({"end": "2028-01-06T09:00"}, "end"),
        ({"all_day": True}, "start"),
        ({"start": "2027-10-31T01:30:00Z", "end": "2027-11-01"}, "start"),
        ({"rrule": "FREQ=HOURLY"}, "rrule"),
        ({"rrule": "FREQ=DAILY;" + "BYMONTH=1;" * 60}, "rrule"),
        ({"remind_minutes": [1, 2, 3, 4, 5, 6]}, "remind_minutes"),
        ({"remind_minutes": [-1]}, "remind_minutes"),
        ({"remind_minutes": [50_000]}, "remind_minutes"),
        ({"remind_minutes": "soon"}, "remind_minutes"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_field_of_an_appointment_is_named(changes: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        fields(**changes)
    assert field in {part for error in refused.value.errors or [] for part in error["loc"]}


@given(strategies.datetimes(datetime(2000, 1, 2), datetime(2099, 1, 1)))  # noqa: DTZ001
def test_every_wall_time_is_an_instant_and_back_unless_it_is_skipped(time: datetime) -> None:
    shown = wall(instant(time, BERLIN), BERLIN)
    assert shown - time in (timedelta(), timedelta(hours=1))
