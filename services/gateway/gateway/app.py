"""The gateway: it routes, checks who asks, and knows no business."""

import gzip
import re
import time
from typing import Any

import orjson
from apiflask import APIFlask
from flask import Request, Response, current_app, g, request
from flask.json.provider import JSONProvider
from kit.observe import get_logger, span, trace_id
from opentelemetry.trace import SpanKind, StatusCode, get_current_span
from prometheus_client import Histogram
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

from gateway import VERSION
from gateway.http import base, pages, problems, ws
from gateway.http.attachments import attachments
from gateway.http.auth import auth
from gateway.http.calendar import calendar
from gateway.http.chat import chat
from gateway.http.groups import groups
from gateway.http.invites import invites
from gateway.http.location import location
from gateway.http.news import news
from gateway.http.openapi import complete
from gateway.http.operations import operations
from gateway.http.people import people
from gateway.http.push import push
from gateway.http.reports import reports
from gateway.wiring import Gateway

log = get_logger(__name__)

ANSWERED = Histogram(
    "bchat_gateway_http_seconds",
    "Requests answered.",
    ["method", "route", "status"],
    buckets=(0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)
BODY_BYTES = 256 * 1024
WORTH_COMPRESSING = 1024
COMPRESSED = ("application/json", "application/problem+json", "text/html", "text/calendar")
# As long as 256 bits are in base64; an id is shorter.
SECRET = re.compile(r"[\w-]{43,}")
SWITCHING = 101
QUIET = ("/healthz", "/readyz", "/metrics")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=()",
}


def policy(tiles: str) -> str:
    """The content security policy: nothing from elsewhere but the pictures of the map.

    Args:
        tiles: the address of map tiles, with its placeholders; empty where there are none.
    """
    # A label that is a placeholder ({s}) stands for several hosts.
    host = re.sub(r"\{\w+\}", "*", "/".join(tiles.split("/")[:3]))
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",  # BokehJS writes <style> into its shadow roots
            f"img-src 'self' data: blob: {host}".strip(),
            "font-src 'self' data:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class _Json(JSONProvider):
    """orjson: fast, and no NaN, no Infinity, no other encoding than UTF-8."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)


class _Request(Request):
    def get_json(self, *args: Any, **kwargs: Any) -> Any:
        """No body is an empty one: what is missing in it is said as 422."""
        data = self.get_data()
        if self.content_length is None and len(data) >= BODY_BYTES:
            raise RequestEntityTooLarge  # sent in chunks, and cut off at the limit without a word
        return super().get_json(*args, **kwargs) if data else {}


class _Traced:
    """Everything a request does is in its trace. A socket's frames begin traces of their own (talk.py)."""

    def __init__(self, wsgi: Any) -> None:
        self._wsgi = wsgi

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] == ws.PATH:
            return self._wsgi(environ, start_response)
        carried = {"traceparent": environ.get("HTTP_TRACEPARENT", "")}
        with span("http", carried, SpanKind.SERVER):
            return self._wsgi(environ, start_response)


def create_app(gateway: Gateway) -> APIFlask:
    app = APIFlask(
        "gateway",
        title="Bchat",
        version=VERSION,
        docs_path=None,
        openapi_blueprint_url_prefix=base.PREFIX,
        static_folder=None,
    )
    app.json = _Json(app)
    app.request_class = _Request
    app.config.update(
        MAX_CONTENT_LENGTH=BODY_BYTES,
        OPENAPI_VERSION="3.1.0",
        AUTO_VALIDATION_RESPONSE=False,
        AUTO_404_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
        AUTO_OPERATION_ID=True,
    )
    app.extensions["gateway"] = gateway
    app.spec_processor(complete)
    app.before_request(_begin)
    app.after_request(_finish)
    app.config["POLICY"] = policy(gateway.settings.TILES_URL)
    for blueprint in (
        auth,
        people,
        groups,
        invites,
        calendar,
        chat,
        attachments,
        location,
        news,
        reports,
        operations,
        push,
    ):
        app.register_blueprint(blueprint)
    ws.install(app)
    pages.install(app, gateway.settings.CLIENT_DIST)
    problems.install(app)
    app.wsgi_app = _Traced(app.wsgi_app)
    if hops := gateway.settings.PROXY_HOPS:
        app.wsgi_app = ProxyFix(app.wsgi_app, hops, hops, hops)
    return app


def _begin() -> None:
    g.began = time.perf_counter()


def _finish(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", current_app.config["POLICY"])
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    response.headers.setdefault("Cache-Control", "no-store")
    _compress(response)
    seconds = time.perf_counter() - g.began
    route = request.url_rule.rule if request.url_rule else "unknown"
    # A method is any word that a client likes.
    method = request.method if request.url_rule else "any"
    if current := trace_id():
        response.headers["X-Request-Id"] = current
        _tell_span(method, route, response.status_code)
    if route not in QUIET:
        if response.status_code != SWITCHING:  # it took as long as the socket was open
            ANSWERED.labels(method, route, response.status_code).observe(seconds)
        log.info(
            "request",
            method=request.method,
            path=_without_secrets(request.path),  # and without the query: what people search for is theirs
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            address=request.remote_addr,
            user_id=g.caller.user_id if "caller" in g else None,
        )
    return response


def _tell_span(method: str, route: str, status: int) -> None:
    current = get_current_span()
    current.update_name(f"{method} {route}")
    current.set_attributes(
        {"http.request.method": method, "http.route": route, "http.response.status_code": status}
    )
    if status >= 500:
        current.set_status(StatusCode.ERROR)


def _without_secrets(path: str) -> str:
    """A token in a path lets in who reads it."""
    return SECRET.sub("***", path)


def _compress(response: Response) -> None:
    worth = response.mimetype in COMPRESSED and not response.direct_passthrough
    if not worth or response.content_encoding:
        return
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    if len(body) > WORTH_COMPRESSING and request.accept_encodings["gzip"] > 0:
        response.set_data(gzip.compress(body, 5, mtime=0))
        response.content_encoding = "gzip"
