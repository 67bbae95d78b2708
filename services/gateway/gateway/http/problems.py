"""Every error as RFC 9457 problem+json, and the one table from refusals to statuses."""

import math
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import orjson
from apiflask import APIFlask, HTTPError
from flask import Response
from kit.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unreadable,
)
from kit.observe import get_logger, trace_id
from pydantic import BaseModel, Field, ValidationError

from gateway.frames import wrong_fields

log = get_logger(__name__)

STATUS: dict[type[Refusal], int] = {
    Unreadable: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    Invalid: 422,
    TooMany: 429,
    Unavailable: 503,
}
CODES = {
    400: "unreadable",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
}
DETAILS = {
    400: "The request can not be read; a JSON body is expected where there is one.",
    404: "There is nothing at this address.",
    405: "This address does not answer to this method.",
    413: "The body is larger than what is taken here.",
    422: "The request is readable, but not as it has to be.",
}
MIMETYPE = "application/problem+json"


class FieldProblem(BaseModel):
    loc: list[str | int]
    msg: str


class Problem(BaseModel):
    """RFC 9457. `code` is contract; `detail` is for people."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["The group has ended; it can be read, nothing else."])
    code: str = Field(examples=["group_ended"])
    errors: list[FieldProblem] | None = Field(default=None, description="With 422: what is wrong, and where.")
    trace_id: str | None = Field(default=None, description="With 500: name it when you report the failure.")


def problem(status: int, code: str, detail: str, **more: Any) -> Response:
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **{name: value for name, value in more.items() if value is not None},
    }
    return Response(orjson.dumps(body), status, mimetype=MIMETYPE)


def of_refusal(refusal: Refusal) -> Response:
    status = STATUS.get(type(refusal), 500)
    response = problem(status, refusal.code, refusal.detail, errors=refusal.errors)
    if status in (429, 503):
        response.headers["Retry-After"] = str(max(1, math.ceil(refusal.retry_after or 1)))
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="bchat"'
    return response


def of_http_error(error: HTTPError) -> Response:
    """What Flask, Werkzeug and APIFlask refuse by themselves."""
    status = error.status_code
    cause = error.__cause__
    errors = list(_wrong(cause)) if isinstance(cause, ValidationError) else None
    code = CODES.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "_")
    response = problem(status, code, DETAILS.get(status, HTTPStatus(status).description), errors=errors)
    for name in ("Allow", "Retry-After"):
        if name in error.headers:
            response.headers[name] = dict(error.headers)[name]
    if status == 413:
        response.headers["Connection"] = "close"  # nobody reads the rest of the body
    return response


def of_failure(failure: Exception) -> Response:
    log.exception("request_failed", exc_info=failure)
    return problem(500, "internal_error", "Something went wrong here; it is logged.", trace_id=trace_id())


def _wrong(cause: ValidationError) -> Iterator[dict[str, Any]]:
    for error in wrong_fields(cause):
        yield {**error, "loc": [part for part in error["loc"] if isinstance(part, str | int)]}


def install(app: APIFlask) -> None:
    app.error_processor(of_http_error)
    app.register_error_handler(Refusal, of_refusal)
    app.register_error_handler(Exception, of_failure)
