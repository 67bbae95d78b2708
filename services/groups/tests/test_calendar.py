"""What stands in somebody's calendar, and the same as a feed, read by a parser that did not write it."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical
from groups.events import UserChanged
from groups.models import CalendarToken
from ical.calendar import Calendar
from ical.calendar_stream import IcsCalendarStream
from kit import clock
from kit.caller import ANONYMOUS, Caller
from kit.errors import Refusal, Unavailable
from kit.event import new_id
from kit.rpc import RemoteFailure
from kit.testing import hear_event, settings

Refused = Callable[..., Refusal]
Later = Callable[[float], None]
JSON = dict[str, Any]
MARCH = {"since": "2027-03-20T00:00:00.000Z", "until": "2027-04-10T00:00:00.000Z"}


def appoint(house: Any, who: Caller, group_id: str, start: str, end: str, **more: Any) -> JSON:
    asked = {"title": "Numbers", "timezone": "Europe/Berlin", "start": start, "end": end, **more}
    made: JSON = house.groups(who).make_appointment(group_id=group_id, **asked)
    return made


def shown(house: Any, who: Caller, size: int = 2, **window: Any) -> list[JSON]:
    """All pages of a calendar."""
    items, cursor = [], None
    while True:
        page = house.groups(who).calendar(**{**MARCH, **window}, limit=size, cursor=cursor)
        assert len(page["items"]) <= size
        items += page["items"]
        if not (cursor := page["next_cursor"]):
            return items


def report(start: str, id: str | None = None) -> JSON:
    return {
        "id": id or new_id(),
        "kind": "report",
        "group_id": None,
        "title": "Sales",
        "report_type": "sales",
        "start": start,
        "end": None,
        "timezone": "Europe/Berlin",
        "all_day": False,
        "made_at": "2026-11-22T17:26:03.120Z",
    }


@pytest.fixture
def full(house: Any) -> Any:
    """Mei and Ann, a customer, in a room with a series, one of it moved and one cancelled, an appointment and
    a task; Mei's reports."""
    mei, ann = house.person(), house.person("customer")
    room = house.group(mei, ann, name="Sales, Asia")
    weekly = appoint(
        house, mei, room, "2027-03-15T09:00", "2027-03-15T09:30", title="Weekly", rrule="FREQ=WEEKLY;BYDAY=MO"
    )
    one = {"appointment_id": weekly["id"], "occurrence": "2027-03-29T07:00:00.000Z"}
    house.groups(mei).move_occurrence(**one, start="2027-03-30T14:00", end="2027-03-30T15:00")
    gone = "2027-04-05T07:00:00.000Z"
    house.groups(mei).cancel_occurrence(appointment_id=weekly["id"], occurrence=gone)
    appoint(house, mei, room, "2027-03-27", "2027-03-29", title="Fair", all_day=True)
    end = "2027-03-25T17:00:00.000Z"
    task = house.group(mei, ann, name="Stocktaking", catalogue="task", target_end=end)
    house.reports.items = [report("2027-03-22T08:00:00.000Z"), report("2027-03-23T07:00:00.000Z")]
    return mei, ann, room, task, weekly["id"]


def lines(items: list[JSON]) -> list[str]:
    return [f"{item['start'][5:16]} {item['kind']} {item['title']}" for item in items]


WHOLE = [
    "03-22T08:00 appointment Weekly",
    "03-22T08:00 report Sales",
    "03-23T07:00 report Sales",
    "03-25T17:00 task Stocktaking",
    "03-26T23:00 appointment Fair",
    "03-30T12:00 appointment Weekly",
]


def test_a_calendar_shows_all_kinds_in_their_order(house: Any, full: Any) -> None:
    mei, ann, room, task, weekly = full
    items = shown(house, mei)
    assert lines(items) == WHOLE
    first, _, _, due, fair, moved = items
    assert (first["id"], first["occurrence"], first["group_id"]) == (weekly, "2027-03-22T08:00:00.000Z", room)
    assert (first["timezone"], first["local_start"]) == ("Europe/Berlin", "2027-03-22T09:00:00")
    assert (due["id"], due["state"], due["overdue"], due["end"]) == (task, "open", False, None)
    assert (fair["all_day"], fair["local_start"], fair["local_end"]) == (True, "2027-03-27", "2027-03-29")
    assert (moved["occurrence"], moved["end"]) == ("2027-03-29T07:00:00.000Z", "2027-03-30T13:00:00.000Z")
    house.reports.items = []
    assert lines(shown(house, ann)) == [line for line in WHOLE if "report" not in line]


def test_a_window_shows_what_lies_at_least_partly_in_it(house: Any, full: Any) -> None:
    mei, *_ = full
    house.reports.items = []
    during = {"since": "2027-03-28T10:00:00.000Z", "until": "2027-03-28T11:00:00.000Z"}
    assert lines(shown(house, mei, **during)) == ["03-26T23:00 appointment Fair"]
    at_its_end = {"since": "2027-03-22T08:30:00.000Z", "until": "2027-03-22T08:31:00.000Z"}
    assert shown(house, mei, **at_its_end) == []
    at_its_start = {"since": "2027-03-22T07:00:00.000Z", "until": "2027-03-22T08:00:00.000Z"}
    assert shown(house, mei, **at_its_start) == []
    moved_from = {"since": "2027-03-29T00:00:00.000Z", "until": "2027-03-29T22:00:00.000Z"}
    assert shown(house, mei, **moved_from) == []


def test_many_at_the_same_time_are_paged_without_a_hole(house: Any) -> None:
    mei = house.person()
    room = house.group(mei)
    for _ in range(5):
        appoint(house, mei, room, "2027-03-22T09:00", "2027-03-22T10:00", rrule="FREQ=DAILY;COUNT=2")
    at_once = sorted((report("2027-03-22T08:00:00.000Z") for _ in range(5)), key=lambda item: item["id"])
    house.reports.items = [*at_once, report("2027-03-23T08:00:00.000Z")]
    items = shown(house, mei)
    assert len({(item["id"], item["start"]) for item in items}) == len(items) == 16
    assert [item["start"] for item in items] == sorted(item["start"] for item in items)


def test_a_calendar_is_its_members_and_nobody_elses(house: Any, full: Any, refused: Refused) -> None:
    mei, ann, room, _, _ = full
    house.reports.items = []
    for stranger in (house.person(), house.person("customer")):
        assert shown(house, stranger) == []
    house.groups(ann).leave(group_id=room)
    assert lines(shown(house, ann)) == ["03-25T17:00 task Stocktaking"]
    assert refused(house.groups(ANONYMOUS).calendar, **MARCH).code == "not_signed_in"
    assert len(shown(house, mei)) == 4


def test_what_would_be_after_the_end_of_the_group_is_not_shown(house: Any, full: Any, later: Later) -> None:
    mei, _, room, task, _ = full
    house.reports.items = []
    later((datetime(2027, 3, 23, tzinfo=UTC) - clock.now()).total_seconds())
    house.groups(mei).end(group_id=room)
    house.groups(mei).end(group_id=task)
    assert lines(shown(house, mei)) == WHOLE[:1]


@pytest.mark.parametrize("problem", [Unavailable("timeout", "", retry_after=1), RemoteFailure("old")])
def test_without_reports_the_rest_is_shown_and_what_is_missing_said(
    house: Any, full: Any, problem: Exception
) -> None:
    mei, *_ = full
    assert house.groups(mei).calendar(**MARCH)["missing"] == []
    house.reports.problem = problem
    answer = house.groups(mei).calendar(**MARCH)
    assert answer["missing"] == ["report"]
    assert lines(answer["items"]) == [line for line in WHOLE if "report" not in line]


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [
        ("x", "2027-01-01T00:00:00Z", "from"),
        ("2027-01-01T00:00:00", "2027-01-02T00:00:00Z", "from"),
        ("0001-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "from"),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "to"),
        ("2027-01-02T00:00:00Z", "2027-01-01T00:00:00Z", "to"),
        ("2027-01-01T00:00:00Z", "2028-03-01T00:00:00Z", "to"),
        ("2027-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "to"),
    ],
)
def test_a_wrong_window_is_refused(house: Any, refused: Refused, since: str, until: str, field: str) -> None:
    refusal = refused(house.groups(house.person()).calendar, since=since, until=until)
    assert (refusal.code, refusal.errors[0]["loc"]) == ("invalid_window", [field])


def test_a_wrong_cursor_is_refused_and_a_strange_one_harmless(
    house: Any, full: Any, refused: Refused
) -> None:
    mei, *_ = full
    for cursor in ("x", "WyJhIl0"):
        assert refused(house.groups(mei).calendar, **MARCH, cursor=cursor).code == "invalid_cursor"
    far = "WyI5OTk5LTEyLTMxVDIzOjU5OjU5WiIsIiIsIjAxOTM2ZjVlLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwMDBhYSIsIiJd"
    assert house.groups(mei).calendar(**MARCH, cursor=far)["items"] == []


def test_too_full_a_window_is_refused(house: Any, refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    mei = house.person()
    room = house.group(mei)
    for _ in range(3):
        appoint(house, mei, room, "2027-03-22T09:00", "2027-03-22T10:00")
    monkeypatch.setattr("groups.calendar.MOST_IN_WINDOW", 2)
    assert refused(house.groups(mei).calendar, **MARCH).code == "window_too_full"


# --- the feed


def feed(house: Any, who: Caller) -> str:
    token = house.groups(who).rotate_calendar_token()["token"]
    found: str = house.groups(ANONYMOUS).calendar_feed(token=token)["calendar"]
    return found


def parsed(text: str) -> Calendar:
    return IcsCalendarStream.calendar_from_ics(text)


def read(calendar: Calendar, since: datetime, until: datetime) -> list[str]:
    """What an application shows in there, in UTC; of what lasts all day the day."""
    return [
        (
            e.start.astimezone(UTC).strftime("%m-%dT%H:%M ")
            if isinstance(e.start, datetime)
            else f"{e.start:%m-%d} "
        )
        + str(e.summary)
        for e in calendar.timeline_tz(UTC).overlapping(since, until)
    ]


def test_an_independent_parser_reads_what_the_calendar_shows(house: Any, full: Any, later: Later) -> None:
    mei, *_ = full
    later((datetime(2027, 3, 20, tzinfo=UTC) - clock.now()).total_seconds())
    calendar = parsed(feed(house, mei))
    assert calendar.method == "PUBLISH"
    since, until = datetime(2027, 3, 20, tzinfo=UTC), datetime(2027, 4, 10, tzinfo=UTC)
    assert sorted(read(calendar, since, until)) == [
        "03-22T08:00 Sales",
        "03-22T08:00 Weekly",
        "03-23T07:00 Sales",
        "03-25T17:00 Stocktaking",
        "03-27 Fair",
        "03-30T12:00 Weekly",
    ]
    fair = next(event for event in calendar.events if event.summary == "Fair")
    assert (fair.start, fair.end) == (date(2027, 3, 27), date(2027, 3, 29))


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
@pytest.mark.parametrize("rule", ["FREQ=WEEKLY", "FREQ=DAILY;COUNT=300", "FREQ=MONTHLY;BYDAY=1SU,-1SU"])
def test_through_both_changes_of_the_clocks_the_feed_says_what_the_calendar_says(
    house: Any, name: str, rule: str
) -> None:
    mei = house.person()
    room = house.group(mei)
    # A Sunday, at a time at which clocks change.
    for start, end in (("2027-02-07T02:15", "2027-02-07T04:00"), ("2027-02-07T22:00", "2027-02-08T06:00")):
        appoint(house, mei, room, start, end, timezone=name, rrule=rule)
    calendar = parsed(feed(house, mei))
    for begin in (datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 9, 20, tzinfo=UTC)):
        window = {"since": clock.rfc3339(begin), "until": clock.rfc3339(begin + timedelta(days=60))}
        ours = [(item["start"], item["end"]) for item in shown(house, mei, 100, **window)]
        theirs = [
            (clock.rfc3339(e.start), clock.rfc3339(e.end))  # type: ignore[arg-type]
            for e in calendar.timeline_tz(UTC).overlapping(begin, begin + timedelta(days=60))
        ]
        assert ours == theirs
        assert len(ours) > 3


@pytest.mark.parametrize(
    "name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai"]
)
def test_the_zones_in_the_feed_say_by_themselves_when_the_clocks_change(house: Any, name: str) -> None:
    """For applications that do not know a zone by its name."""
    mei = house.person()
    room = house.group(mei)
    appoint(house, mei, room, "2027-03-01T09:00", "2027-03-01T10:00", timezone=name)
    text = feed(house, mei).replace("\r\n ", "")
    written = tzical(StringIO(text)).get(name)
    begin, known = datetime(2027, 1, 1, tzinfo=UTC), ZoneInfo(name)
    for quarters in range(0, 2 * 366 * 96, 5):
        time = begin + timedelta(minutes=15 * quarters)
        assert str(time.astimezone(written)) == str(time.astimezone(known))


def test_a_feed_is_what_applications_accept(house: Any, full: Any) -> None:
    mei, _, room, _, weekly = full
    appoint(
        house,
        mei,
        room,
        "2027-05-01T09:00",
        "2027-05-01T10:00",
        title="a;b,c\\d: " + "ü" * 80,
        description='first\r\nsecond\rX-EVIL:1\x0b\x1b\u2028"quoted"',
        place="Room 4",
        remind_minutes=[60, 0],
    )
    text = feed(house, mei)
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert text.endswith("END:VCALENDAR\r\n")
    assert not re.search(r"(?<!\r)\n|\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f]", text)
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    assert "\r\nX-EVIL" not in text
    unfolded = text.replace("\r\n ", "")
    for line in (
        "METHOD:PUBLISH",
        "REFRESH-INTERVAL;VALUE=DURATION:PT30M",
        "DTSTART;TZID=Europe/Berlin:20270315T090000",
        "RRULE:FREQ=WEEKLY;BYDAY=MO",
        "EXDATE;TZID=Europe/Berlin:20270405T090000",
        "RECURRENCE-ID;TZID=Europe/Berlin:20270329T090000",
        "DTSTART;VALUE=DATE:20270327",
        "DTSTART:20270325T170000Z",
        "SEQUENCE:2",
        "TRIGGER:-PT1H",
        "CATEGORIES:Sales\\, Asia",
        f"UID:appointment-{weekly}@bchat",
    ):
        assert f"\r\n{line}\r\n" in unfolded, line
    odd = next(e for e in parsed(text).events if (e.summary or "").startswith("a;b"))
    assert odd.summary == "a;b,c\\d: " + "ü" * 80
    assert (odd.description or "").startswith("first\nsecond")
    assert odd.location == "Room 4"


def test_the_same_calendar_is_the_same_text_and_a_change_another(house: Any, full: Any, later: Later) -> None:
    mei, _, _, _, weekly = full
    first = feed(house, mei)
    later(60)
    assert feed(house, mei) == first
    house.groups(mei).edit_appointment(appointment_id=weekly, changes={"title": "Other"})
    second = feed(house, mei)
    assert "SEQUENCE:3" in second
    uids = [re.findall(r"UID:(\S+)", text) for text in (first, second)]
    assert uids[0] == uids[1]


def test_a_feed_ends_with_its_group_and_forgets_what_is_long_over(
    house: Any, full: Any, later: Later
) -> None:
    mei, _, room, task, _ = full
    house.reports.items = []
    until = datetime(2027, 12, 1, tzinfo=UTC)
    later((datetime(2027, 3, 23, tzinfo=UTC) - clock.now()).total_seconds())
    house.groups(mei).end(group_id=room)
    house.groups(mei).set_task(group_id=task, changes={"state": "done"})
    calendar = parsed(feed(house, mei))
    assert read(calendar, datetime(2027, 1, 1, tzinfo=UTC), until) == [
        "03-15T08:00 Weekly",
        "03-22T08:00 Weekly",
    ]
    later(100 * 86400)
    appoint(house, mei, house.group(mei), "2020-03-15T09:00", "2020-03-15T09:30")
    assert "Fair" not in feed(house, mei)


def test_a_token_opens_one_calendar_until_it_is_rotated_or_revoked(
    house: Any, full: Any, refused: Refused
) -> None:
    mei, ann, *_ = full
    nothing = {"exists": False, "made_at": None, "read_at": None}
    assert house.groups(mei).calendar_token() == nothing
    first = house.groups(mei).rotate_calendar_token()["token"]
    assert len(first) == 43
    with house.db() as tx:
        assert first.encode() not in tx.get_one(CalendarToken, mei.id).digest
    read_feed = house.groups(ANONYMOUS).calendar_feed
    assert house.groups(mei).calendar_token()["read_at"] is None
    assert "Weekly" in read_feed(token=first)["calendar"]
    assert house.groups(mei).calendar_token()["read_at"]
    second = house.groups(mei).rotate_calendar_token()["token"]
    hers = house.groups(ann).rotate_calendar_token()["token"]
    house.groups(mei).revoke_calendar_token()
    house.groups(mei).revoke_calendar_token()
    assert house.groups(mei).calendar_token() == nothing
    problems = [
        refused(read_feed, token=token).as_dict()
        for token in (first, second, "x" * 43, "", "ü" * 43, "x" * 5000, "nul\0" + "x" * 39)
    ]
    assert {problem["code"] for problem in problems} == {"calendar_not_found"}
    assert all(problem == problems[0] for problem in problems)
    assert "Weekly" in read_feed(token=hers)["calendar"]


def test_rights_are_looked_at_at_each_reading(house: Any, full: Any, refused: Refused) -> None:
    _, ann, room, _, _ = full
    house.reports.items = []
    token = house.groups(ann).rotate_calendar_token()["token"]
    read_feed = house.groups(ANONYMOUS).calendar_feed
    assert "Weekly" in read_feed(token=token)["calendar"]
    house.groups(ann).leave(group_id=room)
    left = read_feed(token=token)["calendar"]
    assert "Weekly" not in left
    assert "Stocktaking" in left
    user = {"id": ann.id, "display_name": "Ann", "kind": "customer", "active": False, "version": 2}
    house.groups(ANONYMOUS).note_person(hear_event(UserChanged, user=user))
    assert refused(read_feed, token=token).as_dict() == refused(read_feed, token="x" * 43).as_dict()


def test_a_calendar_that_is_read_too_often_is_refused_for_a_while(
    house: Any, refused: Refused, later: Later
) -> None:
    mei = house.person()
    house.settings = settings(type(house.settings), FEED_READS=2, FEED_WINDOW_SECONDS=60)
    token = house.groups(mei).rotate_calendar_token()["token"]
    read_feed = house.groups(ANONYMOUS).calendar_feed
    for _ in range(2):
        assert read_feed(token=token)["calendar"]
    refusal = refused(read_feed, token=token)
    assert refusal.code == "too_many_reads"
    assert 0 < (refusal.retry_after or 0) <= 60
    later(61)
    assert read_feed(token=token)["calendar"]


def test_without_reports_the_feed_has_the_rest(house: Any, full: Any) -> None:
    mei, *_ = full
    house.reports.problem = Unavailable("timeout", "", retry_after=1)
    text = feed(house, mei)
    assert "Weekly" in text
    assert "SUMMARY:Sales" not in text
