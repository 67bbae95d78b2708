"""Devices that are pushed to, what they have got, and how far a message has come."""

from typing import Annotated, Any, Literal

from flask import Response
from kit.errors import NotFound
from pydantic import Field, StringConstraints

from gateway.http.base import Api, Body, Page, Shown, Time, address, answer, ask, nothing
from gateway.http.chat import seq_of
from gateway.http.reports import awaited
from gateway.wiring import gateway

push = Api("push")

DeviceId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class WebPushKeys(Body):
    """In base64url, as the browser's `PushSubscription` gives them."""

    p256dh: Annotated[str, StringConstraints(max_length=200)]
    auth: Annotated[str, StringConstraints(max_length=100)]


class WebPush(Body):
    endpoint: Annotated[str, StringConstraints(max_length=2000)]
    keys: WebPushKeys


class DeviceNew(Body):
    """Either an `fcm_token` or a `web_push`."""

    platform: Literal["android", "ios", "web"]
    fcm_token: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = None
    web_push: WebPush | None = None


class Device(Shown):
    device_id: str
    platform: str
    channel: Literal["fcm", "web_push"]
    on: bool = Field(description="Whether this Bchat can push by this channel: see GET /push.")
    current: bool = Field(description="Registered in the session of this request.")
    registered_at: Time


class DevicePage(Shown):
    items: list[Device]
    next_cursor: str | None


class WebPushOffer(Shown):
    public_key: str = Field(description="The `applicationServerKey` of a subscription.")


class Offers(Shown):
    fcm: bool
    web_push: WebPushOffer | None


class Acknowledged(Body):
    receipts: Annotated[list[Secret], Field(min_length=1, max_length=200)] = Field(
        description="Each the `receipt` of a push."
    )


class MemberReceipt(Shown):
    user_id: str
    state: Literal["stored", "pushed", "received", "read"]
    pushed_at: Time | None
    received_at: Time | None = Field(description="When a device first had it by push, if it did.")


class ReceiptPage(Shown):
    stored_at: Time
    items: list[MemberReceipt]
    next_cursor: str | None


@push.route("GET", "/push", "How devices can be pushed to", shows=Offers)
def offers() -> Response:
    return answer(ask("push", "offers"))


@push.route("GET", "/devices", "My devices", query=Page, shows=DevicePage)
def devices(query: Page) -> Response:
    return answer(ask("push", "devices", **query.model_dump()))


@push.route(
    "PUT",
    "/devices/<device_id>",
    "Push to this device from now on, as long as this session lasts",
    body=DeviceNew,
    shows=Device,
    description="It takes the place of what had this name, or this address, before; whoever had it.",
)
def register(device_id: str, body: DeviceNew) -> Response:
    return answer(ask("push", "register", device_id=device_id, **body.model_dump()))


@push.route("DELETE", "/devices/<device_id>", "Push to this device no more")
def forget(device_id: str) -> Response:
    ask("push", "forget", device_id=device_id)
    return nothing()


@push.route(
    "POST",
    "/receipts",
    "The device has these pushes",
    body=Acknowledged,
    public=True,
    description="Nobody needs to be signed in: who knows a `receipt` has got it by that push.",
)
def acknowledge(body: Acknowledged) -> Response:
    misses = gateway().misses
    misses.check(address())
    told: dict[str, Any] = gateway().backend.call("push", "acknowledge", secrets=body.receipts)
    if not told["known"]:
        misses.count(address())
    return nothing()


@push.route(
    "GET",
    "/pushes/<secret>/picture",
    "The picture of a report that was pushed",
    gives=("image/png",),
    public=True,
    description="Its address came with the push, and is good for a day, while who was pushed to may see it.",
)
def picture(secret: str) -> Response:
    misses = gateway().misses
    misses.check(address())
    try:
        return awaited(lambda: gateway().backend.read("push", "picture", secret=secret))
    except NotFound:
        misses.count(address())
        raise


@push.route(
    "GET",
    "/groups/<group_id>/messages/<seq>/receipts",
    "How far a message of mine has come, with each member",
    query=Page,
    shows=ReceiptPage,
)
def receipts(group_id: str, seq: str, query: Page) -> Response:
    return answer(ask("push", "receipts", group_id=group_id, seq=seq_of(seq), **query.model_dump()))
