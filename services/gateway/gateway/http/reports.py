"""Reports, who gets them when, and the sources they come from."""

import random
import time
from base64 import b64encode
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


class Schedule(Body):
    cron: Text = Field(examples=["0 8 * * 1"])
    timezone: Text = Field(examples=["Europe/Berlin"])


class SubscriptionNew(Body):
    type: Text
    target: Target | Literal["me"]
    schedule: Schedule
    source: Text | None = None
    period: Json | Text | None = None
    filters: Json = Field(default={})
    locale: Text | None = None


class SubscriptionChanges(Body):
    target: Target | Literal["me"] = "me"
    schedule: Schedule | None = None
    period: Json | Text | None = None
    filters: Json = Field(default={})
    active: bool = True
    locale: Text = ""


class TypesOf(Query):
    source: Text | None = None
    locale: Text | None = None


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
    schedule: Any
    filters: Any


@reports.route("GET", "/reports/types", "The types of report I may see", query=TypesOf, shows=Items)
def types(query: TypesOf) -> Response:
    return answer(ask("reports", "types", **query.model_dump()))


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
    """The file, for which is waited: a link that is followed can't ask again."""
    wanted = {"form": form, **query.model_dump(exclude_none=True)}
    until, pause = time.monotonic() + gateway().settings.FILE_WAIT_SECONDS, FILE_PAUSES[0]
    while True:
        told = ask("reports", "file", report_id=report_id, wanted=wanted)
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


@reports.route("DELETE", "/subscriptions/<subscription_id>", "Unsubscribe")
def unsubscribe(subscription_id: str) -> Response:
    ask("reports", "unsubscribe", subscription_id=subscription_id)
    return nothing()


@reports.route("POST", "/subscriptions/<subscription_id>/run", "Run it now, once", shows=ReportId, status=202)
def run_subscription(subscription_id: str) -> Response:
    return answer(ask("reports", "run_subscription", subscription_id=subscription_id), 202)


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
