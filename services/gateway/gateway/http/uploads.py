"""Files on their way between a client and the store. A service decides about them and never carries their
bytes: it is given the key of what came in, and tells the key of what may go out.
"""

import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, NamedTuple
from urllib.parse import quote

from flask import Response, request, stream_with_context
from kit.errors import Invalid
from kit.event import new_id
from werkzeug.exceptions import NotFound, RequestedRangeNotSatisfiable, RequestEntityTooLarge

from gateway.wiring import gateway

INCOMING = "incoming"
# Around a file in a multipart body: boundaries, headers, other fields.
FORM_BYTES = 64 * 1024
CHUNK = 64 * 1024
# Nothing that is shown may run, whatever somebody managed to send.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; sandbox"


class Incoming(NamedTuple):
    """A file that came in: where it lies in the store, and what its sender calls it."""

    key: str
    name: str


@contextmanager
def body(most: int) -> Iterator[Incoming]:
    """The request's body as a file, kept for the service that is asked inside and not longer.

    Args:
        most: bytes.

    Raises:
        RequestEntityTooLarge, Invalid
    """
    _allow(most)
    with tempfile.SpooledTemporaryFile(max_size=CHUNK) as file:
        size = 0
        while piece := request.stream.read(CHUNK):
            size += len(piece)
            if size > most:
                raise RequestEntityTooLarge
            file.write(piece)
        with _kept(file, size, "") as incoming:
            yield incoming


@contextmanager
def part(most: int, field: str = "file") -> Iterator[Incoming]:
    """The file of a multipart form, likewise."""
    _allow(most + FORM_BYTES)
    sent = request.files.get(field)
    if sent is None:
        msg = "A multipart/form-data body with a file is expected."
        raise Invalid("invalid_request", msg, [{"loc": [field], "msg": msg}])
    size = sent.stream.seek(0, 2)
    if size > most:
        raise RequestEntityTooLarge
    with _kept(sent.stream, size, sent.filename or "") as incoming:
        yield incoming


def _allow(most: int) -> None:
    request.max_content_length = most
    if (request.content_length or 0) > most:
        raise RequestEntityTooLarge  # before it has been sent


@contextmanager
def _kept(file: IO[bytes], size: int, name: str) -> Iterator[Incoming]:
    if not size:
        raise Invalid("invalid_request", "The file is empty.", [{"loc": ["file"], "msg": "empty"}])
    key = f"{INCOMING}/{new_id()}"
    file.seek(0)
    files = gateway().files
    files.put(key, file)
    try:
        yield Incoming(key, name)
    finally:
        files.delete(key)  # should we end before this, it is cleared away as too old


def file(told: dict[str, Any]) -> Response:
    """What a service lets the caller have, or a part of it.

    Args:
        told: `key`, `size` in bytes, `content_type`, `etag`; `name` where it is to be saved and not shown;
            `immutable` where the address changes with the content.
    """
    files, size = gateway().files, int(told["size"])
    start, stop, status = 0, size, 200
    wanted = request.range if "If-Range" not in request.headers else None
    if wanted is not None:
        found = wanted.range_for_length(size)
        if found is None:
            raise RequestedRangeNotSatisfiable(size)
        (start, stop), status = found, 206
    pieces = files.stream(told["key"], start, stop)
    try:
        first = next(pieces, b"")  # while it can still be said that it is gone
    except FileNotFoundError:
        raise NotFound from None

    def rest() -> Iterator[bytes]:
        yield first
        yield from pieces

    response = Response(rest(), status, mimetype=told["content_type"], direct_passthrough=True)
    response.content_length = stop - start
    response.accept_ranges = "bytes"
    if status == 206:
        response.content_range.set(start, stop, size)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = (
        "private, max-age=31536000, immutable" if told.get("immutable") else "private, no-cache"
    )
    if name := told.get("name"):
        response.headers["Content-Disposition"] = saved_as(name)
    response.set_etag(told["etag"])
    if status == 200:
        response.make_conditional(request)
    return response


def streamed(pieces: Iterator[bytes], media_type: str, name: str) -> Response:
    """A file to keep, made while it is sent."""
    # Passed through: compressing it would bring all of it together.
    response = Response(
        stream_with_context(pieces), content_type=f"{media_type}; charset=utf-8", direct_passthrough=True
    )
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Content-Disposition"] = saved_as(name)
    return response


def saved_as(name: str) -> str:
    """The Content-Disposition that saves a file under a name in any script (RFC 6266, RFC 8187)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = "".join(c for c in plain if c.isprintable() and c not in '"\\')
    return f"attachment; filename=\"{plain or 'file'}\"; filename*=UTF-8''{quote(name, safe='')}"
