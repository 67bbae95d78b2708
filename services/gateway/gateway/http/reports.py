"""Reports, who gets them when, and the sources they come from."""

import random
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Annotated, Any, Literal

import gevent
from flask import Response, request
from kit.errors import TooLarge, Unavailable
from pydantic import BeforeValidator, Field, JsonValue, StringConstraints

from gateway.http import uploads
from gateway.http.base import Api, Body, Id, Page, Query, Shown, Time, answer, ask, nothing
from gateway.wiring import gateway

reports = Api("reports")

HOOK_BYTES = 64 * 1024
FILE_PAUSES = (0.2, 1.0)  # seconds between two questions whether a file is made, at first and at last
Text = Annotated[str, StringConstraints(max_length=200)]
Json = dict[str, JsonValue]
# A choice of numbers: behind the question mark all is text.
Counted = BeforeValidator(lambda text: int(text) if str(text).isdecimal() else text)


class ReportRequest(Body):
    type: Text
    source: Text | None = None
    period: Json | Text | None = None
    filters: Json = Field(default={})
    group_id: Id | None = Field(default=None, description="Posts the finished report into this room.")
    locale: Text | None = None


class Target(Body):
    group_id: Id


class WorkingDays(Body):
    rule: Literal["next", "previous", "only", "nth"] = Field(
        description="A time on a day off moves to the `next` or `previous` working day; or `only` those on"
        " working days count; or only those on the `nth` working day of the month."
    )
    nth: int | None = Field(default=None, description="1 is the first working day, -1 the last.")
    country: Text | None = Field(default=None, examples=["DE"], description="Whose holidays are days off.")
    subdivision: Text | None = Field(default=None, examples=["BY"])


class Schedule(Body):
    cron: Text = Field(
        examples=["0 8 * * 1", "0 7 L * *"], description="Five fields; `L` is the last day of a month."
    )
    timezone: Text = Field(examples=["Europe/Berlin"])
    working_days: WorkingDays | None = None
    await_load: bool = Field(
        default=False,
        description="The times are the latest: the report comes as soon as the source was read that day.",
    )


class EscalationStep(Body):
    after_minutes: int = Field(description="After the alert was raised.")
    to: Literal["staff", "coordinator", "owner"] | dict[Literal["user_id", "group_id"], Id] = Field(
        description="Members of the room with that role or a higher one, a person, or another room."
    )


Trigger = Annotated[
    Json,
    Field(
        description=(
            "Instead of a schedule. By `kind`: `kpi` {kpi, direction: above|below, threshold, of?:"
            " value|change|change_pct, comparison?, hysteresis?, rearm_minutes?}; `order_over` {amount};"
            " `invoice_overdue` {days?, amount?}; `stock_below` {qty, product_id?}; `load_failed`;"
            " `group_ended` {group_id?}; `task_overdue` {group_id?}."
        ),
        examples=[{"kind": "kpi", "kpi": "overdue", "direction": "above", "threshold": "10000"}],
    ),
]


class SubscriptionNew(Body):
    type: Text
    target: Target | Literal["me"]
    schedule: Schedule | None = Field(default=None, description="Either this or a trigger.")
    trigger: Trigger | None = None
    escalation: list[EscalationStep] | None = Field(
        default=None, description="Of the alerts of a trigger, while nobody acknowledges them."
    )
    source: Text | None = None
    period: Json | Text | None = None
    filters: Json = Field(default={})
    locale: Text | None = None


class SubscriptionChanges(Body):
    target: Target | Literal["me"] = "me"
    schedule: Schedule | None = None
    trigger: Trigger | None = None
    escalation: list[EscalationStep] | None = None
    period: Json | Text | None = None
    filters: Json = Field(default={})
    active: bool = True
    locale: Text = ""


class AlertsOf(Page):
    state: Literal["open", "firing", "acknowledged", "recovered"] | None = Field(
        default=None, description="`open` is firing or acknowledged."
    )
    group_id: Id | None = None


class CustomerParty(Body):
    party_id: Text


class TypesOf(Query):
    source: Text | None = None
    locale: Text | None = None


class ChoicesOf(Query):
    filter: Text = Field(description="Of a type of report: one with `more` has others than it lists.")
    q: Annotated[Text, StringConstraints(max_length=200)] | None = Field(
        default=None, description="A part of the name, or the value."
    )
    source: Text | None = None


class ReportsOf(Page):
    type: Text | None = None


class RowsOf(Page):
    chart: Text
    point: Annotated[str, StringConstraints(max_length=300)]


class Picture(Query):
    chart: Text | None = Field(default=None, description="A chart; without it the whole report as a card.")
    width: Annotated[Literal[360, 480, 720, 960, 1280], Counted] = Field(
        default=720, description="In CSS pixels; a card is half as high."
    )
    theme: Literal["light", "dark"] = "light"


class Pixels(Picture):
    scale: Annotated[Literal[1, 2, 3], Counted] = Field(
        default=2, description="Pixels of the file for one of CSS."
    )


class Paper(Query):
    paper: Literal["a4", "letter"] = "a4"


class TableOf(Query):
    table: Text | None = Field(default=None, description="A table of the report; the first unless said.")


class ReportId(Shown):
    report_id: str


class Report(Shown):
    id: str
    type: str
    title: str | None
    status: str = Field(examples=["queued", "running", "ready", "failed"])
    as_of: Time | None
    period: Any
    kpis: list[dict[str, Any]]
    charts: list[dict[str, Any]] = Field(description="`figure` is a Bokeh json_item.")
    tables: list[dict[str, Any]]


class LoadOfSource(Shown):
    id: str
    source: str
    status: str = Field(examples=["queued", "running", "ready", "failed"])
    as_of: Time | None
    seconds: float | None
    rows: dict[str, int] | None
    changed: dict[str, int] | None
    mismatches: int = Field(description="How many of its checks did not agree.")


class Loads(Shown):
    items: list[LoadOfSource]
    next_cursor: str | None


class Called(Shown):
    load_id: str
    status: str


class Items(Shown):
    items: list[dict[str, Any]]
    next_cursor: str | None = None


class Rows(Items):
    chart: str
    point: dict[str, Any]
    columns: list[dict[str, Any]]
    count: int
    total: str | None
    adds_up: bool | None = Field(description="Whether the rows still come to the point's value.")
    moved_on: bool = Field(description="Whether the source was read since the report was made.")
    as_of: Time | None


class Subscription(Shown):
    id: str
    type: str
    target: Any
    schedule: Any = Field(description="Null where there is a trigger.")
    trigger: Json | None
    escalation: list[Json]
    filters: Any
    active: bool
    next: list[Time] = Field(description="Its next five times; none with a trigger.")
    state: Json | None = Field(
        description="What a trigger knows: `state` is waiting, ok, firing, no_data or error; `value` of a key"
        " figure, `since`, `error`."
    )


class Preview(Shown):
    next: list[Time]
    notes: list[str] = Field(description="What one should know before saving it.")
    state: Json | None = Field(
        description="Of a trigger on a key figure: its value now, and whether it fires."
    )


class Run(Shown):
    report_id: str
    reason: str = Field(examples=["schedule", "made_up", "trigger", "by_hand"])
    scheduled_at: Time | None
    missed: int = Field(description="How many runs before it were missed and are not made.")
    as_is: bool = Field(description="Made at the latest time, before the day's load was finished.")
    alert_id: str | None
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    result: str = Field(examples=["queued", "running", "sent", "failed"])
    sent: int | None = Field(description="To how many people.")
    withheld: list[Json] = Field(description="`{reason, count}`: from whom of the room, and why.")
    error: str | None


class Runs(Shown):
    items: list[Run]
    next_cursor: str | None


class Alert(Shown):
    id: str
    subscription_id: str
    group_id: str | None
    type: str
    kind: str
    state: str = Field(examples=["firing", "acknowledged", "recovered"])
    title: str
    text: str
    kpi: Json | None
    items: list[Json] = Field(
        description="The first things it is about: `key`, `label`, `party`, `amount`, `currency`, `qty`,"
        " `due`, `days`. What a task group of one needs to be asked for."
    )
    more: int
    as_of: Time | None
    report_id: str | None
    raised_at: Time
    acknowledged_at: Time | None
    acknowledged_by: str | None
    recovered_at: Time | None


class Alerts(Shown):
    items: list[Alert]
    next_cursor: str | None


class Readers(Shown):
    items: list[dict[str, Any]] = Field(
        description="`user_id`, `sent_at`, `opened_at`, `last_opened_at`, `opened` (how often)."
    )
    next_cursor: str | None


@reports.route("GET", "/reports/types", "The types of report I may see", query=TypesOf, shows=Items)
def types(query: TypesOf) -> Response:
    return answer(ask("reports", "types", **query.model_dump()))


@reports.route(
    "GET", "/reports/types/<type>/choices", "What a filter can be set to", query=ChoicesOf, shows=Items
)
def choices(type: str, query: ChoicesOf) -> Response:
    return answer(ask("reports", "choices", type=type, **query.model_dump()))


@reports.route(
    "POST",
    "/reports",
    "Ask for a report",
    body=ReportRequest,
    shows=ReportId,
    status=202,
    description="It arrives as a `report` frame.",
)
def request_report(body: ReportRequest) -> Response:
    return answer(ask("reports", "request", **body.given()), 202)


@reports.route("GET", "/reports", "Reports I asked for", query=ReportsOf, shows=Items)
def list_reports(query: ReportsOf) -> Response:
    return answer(ask("reports", "reports", **query.model_dump()))


FILE = (
    "The same frozen numbers, in the report's language. Made when it is asked for the first time, which the"
    " answer waits for; what takes longer is 503 `file_not_ready` with `Retry-After`, to be asked for again."
)


@reports.route(
    "GET",
    "/reports/<report_id>.png",
    "A report or one of its charts as a picture",
    query=Pixels,
    gives=("image/png",),
    description=FILE,
)
def report_png(report_id: str, query: Pixels) -> Response:
    return _file(report_id, "png", query)


@reports.route(
    "GET",
    "/reports/<report_id>.svg",
    "A report or one of its charts as a drawing",
    query=Picture,
    gives=("image/svg+xml",),
    description=FILE,
)
def report_svg(report_id: str, query: Picture) -> Response:
    return _file(report_id, "svg", query)


@reports.route(
    "GET",
    "/reports/<report_id>.pdf",
    "A report to print",
    query=Paper,
    gives=("application/pdf",),
    description=FILE,
)
def report_pdf(report_id: str, query: Paper) -> Response:
    return _file(report_id, "pdf", query)


@reports.route(
    "GET",
    "/reports/<report_id>.csv",
    "A table of a report",
    query=TableOf,
    gives=("text/csv",),
    description=f"{FILE} RFC 4180 in UTF-8 with a byte order mark; a text that a spreadsheet would run as a"
    " formula begins with an apostrophe.",
)
def report_csv(report_id: str, query: TableOf) -> Response:
    return _file(report_id, "csv", query)


@reports.route(
    "GET",
    "/reports/<report_id>.xlsx",
    "A report as a workbook",
    query=Query,
    gives=("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",),
    description=FILE,
)
def report_xlsx(report_id: str, query: Query) -> Response:
    return _file(report_id, "xlsx", query)


def _file(report_id: str, form: str, query: Query) -> Response:
    wanted = {"form": form, **query.model_dump(exclude_none=True)}
    return awaited(lambda: ask("reports", "file", report_id=report_id, wanted=wanted))


def awaited(ask_for_it: Callable[[], dict[str, Any]]) -> Response:
    """A file, for which is waited: a link that is followed can't ask again.

    Args:
        ask_for_it: tells where it lies, or that it is being made.
    """
    until, pause = time.monotonic() + gateway().settings.FILE_WAIT_SECONDS, FILE_PAUSES[0]
    while True:
        told = ask_for_it()
        if told["status"] == "ready":
            return uploads.file(told)
        if time.monotonic() + pause > until:
            raise Unavailable("file_not_ready", "The file is still being made; ask again.", retry_after=2)
        gevent.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311  so that who waits doesn't ask in step
        pause = min(pause * 1.5, FILE_PAUSES[1])


@reports.route("GET", "/reports/<report_id>", "A report with its numbers and charts", shows=Report)
def report(report_id: str) -> Response:
    return answer(ask("reports", "report", report_id=report_id))


@reports.route(
    "GET",
    "/reports/<report_id>/rows",
    "The facts behind a point of a chart",
    query=RowsOf,
    shows=Rows,
    description="As they are now: a report keeps its numbers, not what they were made of.",
)
def rows(report_id: str, query: RowsOf) -> Response:
    return answer(ask("reports", "rows", report_id=report_id, **query.model_dump()))


@reports.route(
    "POST",
    "/reports/<report_id>/recompute",
    "The same question on the present facts",
    shows=ReportId,
    status=202,
    description="A new report beside the old one, which its `recompute_of` names; in its room, if in any.",
)
def recompute(report_id: str) -> Response:
    return answer(ask("reports", "recompute", report_id=report_id), 202)


@reports.route(
    "GET",
    "/reports/<report_id>/readers",
    "To whom a report was sent, and who has opened it",
    query=Page,
    shows=Readers,
    description="For who asked for it, and administrators.",
)
def readers(report_id: str, query: Page) -> Response:
    return answer(ask("reports", "readers", report_id=report_id, **query.model_dump()))


@reports.route(
    "GET", "/subscriptions", "My subscriptions, each with its next five times", query=Page, shows=Items
)
def subscriptions(query: Page) -> Response:
    return answer(ask("reports", "subscriptions", **query.model_dump()))


@reports.route("POST", "/subscriptions", "Subscribe", body=SubscriptionNew, shows=Subscription, status=201)
def subscribe(body: SubscriptionNew) -> Response:
    return answer(ask("reports", "subscribe", **body.given()), 201)


@reports.route(
    "PATCH",
    "/subscriptions/<subscription_id>",
    "Change a subscription",
    body=SubscriptionChanges,
    shows=Subscription,
)
def update_subscription(subscription_id: str, body: SubscriptionChanges) -> Response:
    return answer(
        ask("reports", "update_subscription", subscription_id=subscription_id, changes=body.given())
    )


@reports.route(
    "POST",
    "/subscriptions/preview",
    "What a subscription would do, before it is made",
    body=SubscriptionNew,
    shows=Preview,
)
def preview(body: SubscriptionNew) -> Response:
    return answer(ask("reports", "preview", **body.given()))


@reports.route(
    "GET",
    "/subscriptions/countries",
    "Countries whose holidays are known, with their subdivisions",
    shows=Items,
)
def countries() -> Response:
    return answer(ask("reports", "countries"))


@reports.route("GET", "/subscriptions/<subscription_id>", "A subscription of mine", shows=Subscription)
def subscription(subscription_id: str) -> Response:
    return answer(ask("reports", "subscription", subscription_id=subscription_id))


@reports.route(
    "GET",
    "/subscriptions/<subscription_id>/runs",
    "What a subscription has done, newest first",
    query=Page,
    shows=Runs,
)
def runs(subscription_id: str, query: Page) -> Response:
    return answer(ask("reports", "runs", subscription_id=subscription_id, **query.model_dump()))


@reports.route("DELETE", "/subscriptions/<subscription_id>", "Unsubscribe")
def unsubscribe(subscription_id: str) -> Response:
    ask("reports", "unsubscribe", subscription_id=subscription_id)
    return nothing()


@reports.route("POST", "/subscriptions/<subscription_id>/run", "Run it now, once", shows=ReportId, status=202)
def run_subscription(subscription_id: str) -> Response:
    return answer(ask("reports", "run_subscription", subscription_id=subscription_id), 202)


@reports.route("GET", "/alerts", "Alerts that I may see, newest first", query=AlertsOf, shows=Alerts)
def alerts(query: AlertsOf) -> Response:
    return answer(ask("reports", "alerts", **query.model_dump()))


@reports.route("GET", "/alerts/<alert_id>", "An alert", shows=Alert)
def alert(alert_id: str) -> Response:
    return answer(ask("reports", "alert", alert_id=alert_id))


@reports.route(
    "POST",
    "/alerts/<alert_id>/acknowledge",
    "I look after it",
    shows=Alert,
    description="For who may see it. It is escalated no further; said again, the first who said it stays.",
)
def acknowledge(alert_id: str) -> Response:
    return answer(ask("reports", "acknowledge", alert_id=alert_id))


@reports.route(
    "GET",
    "/customers/<user_id>/parties",
    "Which party of each source a customer's account stands for (administrators)",
    shows=Items,
)
def parties(user_id: str) -> Response:
    return answer(ask("reports", "parties", user_id=user_id))


@reports.route(
    "PUT",
    "/customers/<user_id>/parties/<source>",
    "Let a customer's account stand for a party of a source (administrators)",
    body=CustomerParty,
    shows=Shown,
    description=(
        "Reports that the customer sees, and those into their rooms, then hold this party's rows only."
    ),
)
def set_party(user_id: str, source: str, body: CustomerParty) -> Response:
    return answer(ask("reports", "set_party", user_id=user_id, source=source, party_id=body.party_id))


@reports.route("DELETE", "/customers/<user_id>/parties/<source>", "Let it stand for nobody (administrators)")
def unset_party(user_id: str, source: str) -> Response:
    ask("reports", "unset_party", user_id=user_id, source=source)
    return nothing()


@reports.route("GET", "/sources", "The sources and how fresh they are", shows=Items)
def sources() -> Response:
    return answer(ask("reports", "sources"))


@reports.route(
    "GET", "/sources/<name>/loads", "The loads of a source, newest first (staff)", query=Page, shows=Loads
)
def loads(name: str, query: Page) -> Response:
    return answer(ask("reports", "loads", name=name, **query.model_dump()))


@reports.route("POST", "/sources/<name>/acquire", "Acquire now (administrators)", shows=Shown, status=202)
def acquire(name: str) -> Response:
    return answer(ask("reports", "acquire", name=name), 202)


@reports.route(
    "POST",
    "/hooks/<source>",
    "A source says that it has changed",
    shows=Called,
    status=202,
    public=True,
    description=(
        "`X-Bchat-Timestamp` is the time in seconds since 1970, `X-Bchat-Signature` is `sha256=` and the"
        " hex HMAC-SHA256 of the timestamp, a dot, and the body, by the secret of the source. The body"
        " is anything of at most 64 KiB. The same call again is answered the same and does nothing."
    ),
)
def hook(source: str) -> Response:
    if (request.content_length or 0) > HOOK_BYTES or len(body := request.get_data()) > HOOK_BYTES:
        raise TooLarge("too_large", "The body of such a call is at most 64 KiB.")
    said = gateway().backend.call(
        "reports",
        "called",
        name=source[:64],
        timestamp=request.headers.get("X-Bchat-Timestamp", "")[:20],
        signature=request.headers.get("X-Bchat-Signature", "")[:200],
        body=b64encode(body).decode(),
    )
    return answer(said, 202)
