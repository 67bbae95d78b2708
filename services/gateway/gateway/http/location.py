"""Positions, sent into a room once or shared live for a time."""

from typing import Any, Literal

from flask import Response
from pydantic import Field

from gateway.frames import Feature, Point
from gateway.http.base import Api, Body, Page, Shown, Time, answer, ask, nothing
from gateway.http.chat import Entry
from gateway.wiring import gateway

location = Api("location")


class ShareNew(Body):
    minutes: int = Field(description="From now on. Who shares their position here already gets another end.")


class Share(Shown):
    id: str
    group_id: str
    user_id: str
    started_at: Time
    ends_at: Time
    ended_at: Time | None
    end_reason: str | None = Field(examples=["stopped", "expired", "left", "group_ended", "signed_out"])
    version: int


class SharePage(Shown):
    items: list[Share]
    next_cursor: str | None


class PinProperties(Shown):
    user_id: str
    accuracy_m: float | None
    recorded_at: Time
    age_s: int
    ends_at: Time


class Pin(Shown):
    """The last point of a share, whose id it has."""

    type: Literal["Feature"]
    id: str
    geometry: Point
    properties: PinProperties


class Pins(Shown):
    type: Literal["FeatureCollection"]
    features: list[Pin]
    next_cursor: str | None


@location.route(
    "POST",
    "/groups/<group_id>/positions",
    "Send a position into the room, once",
    body=Feature,
    shows=Entry,
    status=201,
    description="The same as the socket's `position`. If the entry can not be answered at once (503, "
    "`unavailable`) it comes all the same: send the same `id` again to have it.",
)
def send_position(group_id: str, body: Feature) -> Response:
    return answer(ask("location", "send", group_id=group_id, feature=_given(body)), 201)


@location.route(
    "GET",
    "/groups/<group_id>/positions",
    "Where those are who share their position live",
    query=Page,
    shows=Pins,
)
def last_positions(group_id: str, query: Page) -> Response:
    return answer(ask("location", "last_positions", group_id=group_id, **query.model_dump()))


@location.route(
    "POST",
    "/groups/<group_id>/shares",
    "Share my position live for a time",
    body=ShareNew,
    shows=Share,
    status=201,
    description="The points follow as `position` frames with `live`, or over HTTP.",
)
def start_share(group_id: str, body: ShareNew) -> Response:
    return answer(ask("location", "share", group_id=group_id, minutes=body.minutes), 201)


@location.route(
    "GET", "/groups/<group_id>/shares", "Who shares their position live", query=Page, shows=SharePage
)
def shares(group_id: str, query: Page) -> Response:
    return answer(ask("location", "shares", group_id=group_id, **query.model_dump()))


@location.route("GET", "/shares", "Where I share my position live", query=Page, shows=SharePage)
def my_shares(query: Page) -> Response:
    return answer(ask("location", "my_shares", **query.model_dump()))


@location.route("DELETE", "/shares/<share_id>", "Stop sharing my position")
def stop_share(share_id: str) -> Response:
    ask("location", "stop", share_id=share_id)
    return nothing()


@location.route("PUT", "/shares/<share_id>/position", "Where I am now; the last one wins", body=Feature)
def move_share(share_id: str, body: Feature) -> Response:
    told = ask("location", "move_share", share_id=share_id, feature=_given(body))
    if told["feature"]:
        gateway().relay.say({"type": "position", **told})
    return nothing()


def _given(body: Feature) -> dict[str, Any]:
    return body.model_dump(exclude_none=True)
