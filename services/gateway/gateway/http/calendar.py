"""Appointments, the calendar, and the feed that calendar applications subscribe to."""

from typing import Annotated, Literal

from flask import Response, request, url_for
from kit.errors import NotFound
from pydantic import Field, StringConstraints

from gateway.http.base import Api, Body, Page, Shown, Time, address, answer, ask, nothing
from gateway.wiring import gateway

calendar = Api("calendar")

Text = Annotated[str, StringConstraints(max_length=10000)]
When = Annotated[
    str,
    StringConstraints(max_length=40),
    Field(
        examples=["2026-11-23T08:00:00.000Z", "2026-11-23T09:00", "2026-11-23"],
        description="RFC 3339; without an offset a time of the time zone; for what lasts all day a day.",
    ),
]
Zone = Annotated[str, StringConstraints(max_length=60), Field(examples=["Europe/Berlin"])]
Rule = Annotated[str, StringConstraints(max_length=500), Field(examples=["FREQ=WEEKLY;BYDAY=MO"])]
Minutes = Annotated[list[int], Field(max_length=20)]
Kind = Literal["appointment", "task", "report"]
Local = Annotated[str, Field(description="What the clocks of its time zone show; for all day the day.")]


class AppointmentNew(Body):
    title: Text
    description: Text = ""
    place: Text = ""
    start: When
    end: When = Field(description="Likewise; what lasts all day ends with the beginning of the day after.")
    timezone: Zone
    all_day: bool = False
    rrule: Rule | None = Field(default=None, description="RFC 5545; its first time is `start`.")
    remind_minutes: Minutes | None = Field(
        default=None, description="Before each occurrence; left out: 15, or never for what lasts all day."
    )


class AppointmentChanges(Body):
    """What is left out stays as it is; with a new `start` alone, it lasts as long as before."""

    title: Text = ""
    description: Text = ""
    place: Text = ""
    start: When = ""
    end: When = ""
    timezone: Zone = ""
    all_day: bool = False
    rrule: Rule | None = None
    remind_minutes: Minutes = Field(default=[])


class Moved(Body):
    start: When
    end: When | None = Field(default=None, description="Left out: it lasts as long as before.")


class AppointmentQuery(Page):
    since: Time | None = Field(
        default=None, alias="from", description="Leaves out what was over by then, to the day."
    )


class CalendarQuery(Page):
    since: Time = Field(alias="from")
    until: Time = Field(alias="to", description="400 days after `from` at most.")


class Span(Shown):
    start: Time
    end: Time
    local_start: Local
    local_end: Local


class ChangedOccurrence(Shown):
    occurrence: Time = Field(description="Where it would start if nobody had moved it: its name.")
    cancelled: bool
    start: Time | None
    end: Time | None
    local_start: str | None
    local_end: str | None


class Appointment(Span):
    id: str
    group_id: str
    made_by: str
    title: str
    description: str
    place: str
    timezone: str
    all_day: bool
    rrule: str | None
    remind_minutes: list[int]
    next: Span | None = Field(description="The next occurrence that is not over.")
    changes: list[ChangedOccurrence] = Field(
        default=[], description="Single occurrences that are elsewhere or cancelled; not in lists."
    )
    made_at: Time
    changed_at: Time
    version: int


class AppointmentPage(Shown):
    items: list[Appointment]
    next_cursor: str | None


class CalendarItem(Shown):
    """Each kind has fields of its own beside these; the id of a task is its group's, that of a report its
    subscription's."""

    id: str
    kind: Kind
    group_id: str | None
    title: str
    start: Time
    end: Time | None
    timezone: str | None
    all_day: bool
    place: str | None = Field(default=None, description="Of an appointment, like the next three.")
    local_start: str | None = None
    local_end: str | None = None
    occurrence: Time | None = Field(default=None, description="Which one of a series.")
    state: str | None = Field(default=None, description="Of a task, like the next two.")
    assignee_id: str | None = None
    overdue: bool | None = None
    report_type: str | None = None


class CalendarPage(Shown):
    items: list[CalendarItem]
    next_cursor: str | None
    missing: list[Kind] = Field(description="What could not be asked for now and would stand here, too.")


class CalendarToken(Shown):
    token: str
    url: str = Field(description="For calendar applications. Whoever has it reads the calendar.")


class CalendarTokenState(Shown):
    exists: bool
    made_at: Time | None
    read_at: Time | None = Field(description="When a calendar application last read it.")


# --- appointments


@calendar.route(
    "POST",
    "/groups/<group_id>/appointments",
    "Make an appointment (members)",
    body=AppointmentNew,
    shows=Appointment,
    status=201,
)
def make_appointment(group_id: str, body: AppointmentNew) -> Response:
    return answer(ask("groups", "make_appointment", group_id=group_id, **body.model_dump()), 201)


@calendar.route(
    "GET",
    "/groups/<group_id>/appointments",
    "Appointments of a group, by their first time (members)",
    query=AppointmentQuery,
    shows=AppointmentPage,
)
def list_appointments(group_id: str, query: AppointmentQuery) -> Response:
    return answer(ask("groups", "appointments", group_id=group_id, **query.model_dump()))


@calendar.route("GET", "/appointments/<appointment_id>", "One appointment", shows=Appointment)
def appointment(appointment_id: str) -> Response:
    return answer(ask("groups", "appointment", appointment_id=appointment_id))


@calendar.route(
    "PATCH",
    "/appointments/<appointment_id>",
    "Change an appointment (its maker, the owner, coordinators)",
    body=AppointmentChanges,
    shows=Appointment,
    description="With other times, the single changes of its occurrences are gone.",
)
def edit_appointment(appointment_id: str, body: AppointmentChanges) -> Response:
    changes = body.given()
    return answer(ask("groups", "edit_appointment", appointment_id=appointment_id, changes=changes))


@calendar.route("DELETE", "/appointments/<appointment_id>", "Withdraw an appointment (likewise)")
def withdraw_appointment(appointment_id: str) -> Response:
    ask("groups", "withdraw_appointment", appointment_id=appointment_id)
    return nothing()


@calendar.route(
    "PUT",
    "/appointments/<appointment_id>/occurrences/<occurrence>",
    "Move one occurrence of a series, or put it back (likewise)",
    body=Moved,
    shows=Appointment,
    description="`occurrence` is the time at which it would start if nobody had moved it.",
)
def move_occurrence(appointment_id: str, occurrence: str, body: Moved) -> Response:
    named = {"appointment_id": appointment_id, "occurrence": occurrence}
    return answer(ask("groups", "move_occurrence", **named, **body.model_dump()))


@calendar.route(
    "DELETE", "/appointments/<appointment_id>/occurrences/<occurrence>", "Cancel one occurrence (likewise)"
)
def cancel_occurrence(appointment_id: str, occurrence: str) -> Response:
    ask("groups", "cancel_occurrence", appointment_id=appointment_id, occurrence=occurrence)
    return nothing()


# --- the calendar


@calendar.route(
    "GET",
    "/calendar",
    "Appointments, tasks and report times of mine, by their start",
    query=CalendarQuery,
    shows=CalendarPage,
)
def my_calendar(query: CalendarQuery) -> Response:
    return answer(ask("groups", "calendar", **query.model_dump()))


@calendar.route("GET", "/calendar/token", "Whether my calendar is subscribed to", shows=CalendarTokenState)
def calendar_token() -> Response:
    return answer(ask("groups", "calendar_token"))


@calendar.route(
    "POST",
    "/calendar/token",
    "Make the address at which applications read my calendar; the one before ends",
    shows=CalendarToken,
    status=201,
    description="It can not be told again: asking again makes another.",
)
def rotate_calendar_token() -> Response:
    token = ask("groups", "rotate_calendar_token")["token"]
    return answer({"token": token, "url": url_for("calendar.feed", token=token, _external=True)}, 201)


@calendar.route("DELETE", "/calendar/token", "End it")
def revoke_calendar_token() -> Response:
    ask("groups", "revoke_calendar_token")
    return nothing()


@calendar.route(
    "GET",
    "/calendar/<token>.ics",
    "My calendar for calendar applications (iCalendar)",
    public=True,
    gives=("text/calendar",),
)
def feed(token: str) -> Response:
    misses = gateway().misses
    misses.check(address())
    try:
        text = gateway().backend.read("groups", "calendar_feed", token=token)["calendar"]
    except NotFound:
        misses.count(address())
        raise
    response = Response(text, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="bchat.ics"'
    response.headers["Cache-Control"] = "private, no-cache"  # to be kept, and asked for whether it is another
    response.add_etag(weak=True)  # it may be compressed on its way
    response.make_conditional(request)
    return response
