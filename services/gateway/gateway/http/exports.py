"""A room to take along: page by page from chat, so that it never has to fit into memory.

An answer whose beginning has been sent can only break off where something fails. So both forms say at their
end that it is the end.
"""

import base64
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import gevent
import orjson
from flask import Response, current_app
from kit.clock import now, parse, rfc3339
from kit.errors import NotFound, Unavailable
from kit.store import Store
from markupsafe import Markup

from gateway.http import uploads
from gateway.http.base import ask
from gateway.wiring import gateway

MEDIA_TYPES = {"html": "text/html", "jsonl": "application/jsonl"}
# A service that is away for a moment should not cost somebody the whole export.
AGAIN_SECONDS = (0.5, 2.0, 5.0)

Json = dict[str, Any]


class Export(NamedTuple):
    """A room, its entries in order, and what their ids are called."""

    group: Json
    by: Json
    at: datetime
    entries: Iterator[Json]
    names: "Names"


class Names:
    """What people are called; somebody the caller can not see is nobody special."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def __call__(self, user_id: str | None) -> str:
        if user_id is None:
            return ""
        if user_id not in self.known:
            try:
                user = patiently(partial(ask, "auth", "user", user_id=user_id))
            except NotFound:
                user = {"display_name": "Someone"}
            self.known[user_id] = user["display_name"]
        return self.known[user_id]


def answer(group_id: str, form: str) -> Response:
    """The room in one of the forms of `MEDIA_TYPES`.

    Raises:
        Refusal: before anything was sent.
    """
    first = ask("chat", "export", group_id=group_id)
    group, me = ask("groups", "get", group_id=group_id), ask("auth", "me")
    export = Export(group, me, now(), _entries(group_id, first), Names())
    pieces = _html(export, gateway().files) if form == "html" else _lines(export)
    return uploads.streamed(pieces, MEDIA_TYPES[form], f"{group['name']}.{form}")


def _entries(group_id: str, page: Json) -> Iterator[Json]:
    while True:
        yield from page["items"]
        if page["next_cursor"] is None:
            return
        page = patiently(
            partial(ask, "chat", "export", group_id=group_id, after_seq=int(page["next_cursor"]))
        )


def patiently(work: Callable[[], Json]) -> Json:
    """What a call answers that may be repeated, though its service is away for a moment."""
    for seconds in AGAIN_SECONDS:
        try:
            return work()
        except Unavailable:
            gevent.sleep(seconds)
    return work()


def _lines(export: Export) -> Iterator[bytes]:
    count = 0
    head = {"type": "export", "group": export.group, "by": export.by["id"], "at": rfc3339(export.at)}
    yield orjson.dumps(head) + b"\n"
    for entry in export.entries:
        for user_id in (entry["sender_id"], entry.get("user_id"), entry.get("by")):
            export.names(user_id)
        count += 1
        yield orjson.dumps({"type": "entry", "entry": entry}) + b"\n"
    yield orjson.dumps({"type": "end", "entries": count, "people": export.names.known}) + b"\n"


def _html(export: Export, files: Store) -> Iterator[bytes]:
    zone = _zone(export.by.get("timezone"))

    def local(time: str | datetime) -> str:
        return (parse(time) if isinstance(time, str) else time).astimezone(zone).strftime("%Y-%m-%d %H:%M")

    page = current_app.jinja_env.get_template("export.html").stream(
        export=export,
        zone=zone.key,
        local=local,
        happened=lambda entry: _happened(entry, export.names),
        thumbnail=lambda attachment: _thumbnail(attachment, files),
    )
    page.enable_buffering(40)
    for piece in page:
        yield piece.encode()


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _thumbnail(attachment: Json, files: Store) -> Markup | None:
    """A photo's small picture as the address of an image; None where it is gone by now."""
    if attachment["kind"] != "photo":
        return None
    try:
        told = patiently(partial(ask, "chat", "attachment", attachment_id=attachment["id"], thumbnail=True))
        content = files.get(told["key"])
    except (NotFound, FileNotFoundError):
        return None
    return Markup("data:{};base64,{}").format(told["content_type"], base64.b64encode(content).decode())


def _happened(entry: Json, names: Names) -> str:
    """What an entry that is no message tells, in a sentence."""
    by = names(entry.get("by") or entry["sender_id"])
    match entry["kind"], entry.get("change"):
        case "edit", _:
            return f"{by} edited message {entry['target_seq']}."
        case "delete", _:
            return f"{by} deleted message {entry['target_seq']}."
        case "report", _:
            return f"Report: {entry['title']}"
        case "news", _:
            return f"News: {entry['title']}"
        case "position", _:
            longitude, latitude = entry["feature"]["geometry"]["coordinates"][:2]
            return f"{by} was at {latitude}, {longitude} (latitude, longitude)."
        case "member", "role":
            return f"{names(entry['user_id'])} became {entry['role']}."
        case "member", change:
            return f"{names(entry['user_id'])} {'was removed' if change == 'removed' else change}."
        case "group", "changed":
            return f"{by} changed the group: {', '.join(entry.get('changed', ()))}."
        case "group", change:
            return f"{by} {change} the group."
        case kind, change:
            rest = {k: v for k, v in entry.items() if k in ("old", "new", "minutes", "target_end")}
            told = ", ".join(f"{k} {v}" for k, v in rest.items() if v is not None)
            return f"{kind} {change or ''} {told}".strip() + "."
