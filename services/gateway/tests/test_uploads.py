"""Files in and out, by routes made here: what a service says of a file is all the gateway knows."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Response
from flask.testing import FlaskClient
from gateway.app import create_app
from gateway.http import uploads
from gateway.http.base import Api, answer
from gateway.wiring import Gateway
from kit.clock import now

MOST = 100_000
CONTENT = bytes(range(256)) * 300


@pytest.fixture
def told() -> dict[str, Any]:
    """What the service says of the file."""
    return {"key": "kept/1", "size": len(CONTENT), "content_type": "application/pdf", "etag": "v1"}


@pytest.fixture
def seen() -> list[bytes]:
    """What the service found under the keys it was given."""
    return []


@pytest.fixture
def http(gateway: Gateway, told: dict[str, Any], seen: list[bytes]) -> FlaskClient:
    api = Api("files")

    def note(incoming: uploads.Incoming) -> Response:
        seen.append(gateway.files.get(incoming.key))
        return answer({"name": incoming.name}, 201)

    @api.route("POST", "/body", "As it is", public=True, takes="image/*")
    def take_body() -> Response:
        with uploads.body(MOST) as incoming:
            return note(incoming)

    @api.route("POST", "/part", "In a form", public=True, takes="multipart/form-data")
    def take_part() -> Response:
        with uploads.part(MOST) as incoming:
            return note(incoming)

    @api.route("GET", "/file", "Out", public=True, gives=("*/*",))
    def give() -> Response:
        return uploads.file(told)

    app = create_app(gateway)
    app.register_blueprint(api)
    gateway.files.put("kept/1", CONTENT)
    return app.test_client()


Send = Callable[[FlaskClient, bytes], Any]


def in_body(http: FlaskClient, content: bytes) -> Any:
    return http.post("/api/v1/body", data=content, content_type="image/png")


def in_form(http: FlaskClient, content: bytes) -> Any:
    return http.post("/api/v1/part", data={"file": (io.BytesIO(content), "été 中.png")})


def in_chunks(http: FlaskClient, content: bytes) -> Any:
    return http.post(
        "/api/v1/body",
        input_stream=io.BytesIO(content),
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )


@pytest.mark.parametrize("send", [in_body, in_form, in_chunks])
def test_a_service_finds_what_came_in_and_nothing_stays_behind(
    http: FlaskClient, gateway: Gateway, seen: list[bytes], send: Send
) -> None:
    response = send(http, CONTENT)
    assert (response.status_code, seen) == (201, [CONTENT])
    assert response.json["name"] == ("été 中.png" if send is in_form else "")
    assert gateway.files.older("incoming", now(), 10) == []


@pytest.mark.parametrize("send", [in_body, in_form, in_chunks])
def test_what_is_too_large_or_empty_reaches_no_service(
    http: FlaskClient, seen: list[bytes], send: Send
) -> None:
    assert send(http, b"x" * (MOST + uploads.FORM_BYTES + 1)).status_code == 413
    assert send(http, b"x" * (MOST + 1)).status_code == 413
    assert send(http, b"").status_code == 422
    assert http.post("/api/v1/part", data={"other": "x"}).status_code == 422
    assert seen == []


def test_a_file_is_served_whole_in_parts_or_not_again(http: FlaskClient, told: dict[str, Any]) -> None:
    whole = http.get("/api/v1/file")
    assert (whole.data, whole.mimetype, whole.headers["ETag"]) == (CONTENT, "application/pdf", '"v1"')
    assert "sandbox" in whole.headers["Content-Security-Policy"]
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    assert whole.headers["Cache-Control"].startswith("private")
    part = http.get("/api/v1/file", headers={"Range": "bytes=1000-1099"})
    assert (part.status_code, part.data) == (206, CONTENT[1000:1100])
    assert part.headers["Content-Range"] == f"bytes 1000-1099/{len(CONTENT)}"
    assert http.get("/api/v1/file", headers={"Range": "bytes=-5"}).data == CONTENT[-5:]
    assert http.get("/api/v1/file", headers={"Range": f"bytes={len(CONTENT)}-"}).status_code == 416
    assert http.get("/api/v1/file", headers={"If-None-Match": '"v1"'}).status_code == 304
    told["key"] = "kept/gone"
    assert http.get("/api/v1/file").status_code == 404


def test_a_file_is_saved_under_its_name_in_any_script(http: FlaskClient, told: dict[str, Any]) -> None:
    told["name"] = 'é "中"\n.pdf'
    disposition = http.get("/api/v1/file").headers["Content-Disposition"]
    assert disposition == "attachment; filename=\"e .pdf\"; filename*=UTF-8''%C3%A9%20%22%E4%B8%AD%22%0A.pdf"
