"""All that is kept of a person, to take along: asked of one service after the other, page by page."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import orjson
from flask import Response, g
from kit.clock import now, rfc3339

from gateway.http import uploads
from gateway.http.base import ask
from gateway.http.exports import patiently

MEDIA_TYPE = "application/jsonl"
SERVICES = ("auth", "groups", "chat", "news", "location", "reports", "push")

Json = dict[str, Any]


def answer(user_id: str) -> Response:
    """The person's export.

    Raises:
        Refusal: before anything was sent.
    """
    user = ask("auth", "user", user_id=user_id)
    first = ask(SERVICES[0], "kept", user_id=user_id)
    return uploads.streamed(_lines(user, first), MEDIA_TYPE, f"{user['username']}.jsonl")


def _lines(user: Json, page: Json) -> Iterator[bytes]:
    head = {"type": "export", "user_id": user["id"], "by": g.caller.id, "at": rfc3339(now())}
    yield orjson.dumps(head) + b"\n"
    count = 0
    for service in SERVICES:
        if service != SERVICES[0]:
            page = patiently(partial(ask, service, "kept", user_id=user["id"]))
        while True:
            for item in page["items"]:
                count += 1
                yield orjson.dumps({"type": "kept", "service": service, **item}) + b"\n"
            if page["next_cursor"] is None:
                break
            page = patiently(partial(ask, service, "kept", user_id=user["id"], cursor=page["next_cursor"]))
    yield orjson.dumps({"type": "end", "kept": count}) + b"\n"
