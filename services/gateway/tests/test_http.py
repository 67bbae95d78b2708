"""Every error is problem+json, who asks is checked, and the gateway adds no business."""

import gzip
import importlib.metadata
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient
from gateway.app import create_app
from gateway.http.problems import STATUS
from gateway.pace import Pace
from gateway.settings import GatewaySettings
from gateway.tokens import Lately, Rights
from gateway.wiring import Gateway
from kit import clock, errors
from kit.clock import now
from kit.errors import Conflict, Forbidden, Invalid, TooMany, Unauthenticated, Unavailable
from kit.rpc import RemoteFailure
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import ValidationError
from structlog.testing import capture_logs

ANN = "01936f5e-0000-7000-8000-000000000001"
GROUP: dict[str, Any] = {"id": "g-1", "name": "Launch", "my_role": "owner", "version": 3}


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    body: dict[str, Any] = response.get_json()
    assert body["status"] == status
    assert body["code"] == code
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    return body


def test_the_table_knows_every_refusal() -> None:
    assert set(STATUS) == set(errors.BY_NAME.values())


@pytest.mark.parametrize("cls", list(STATUS))
def test_a_refusal_of_a_service_keeps_its_code(
    http: FlaskClient, services: Any, signed_in: dict[str, str], cls: type[errors.Refusal]
) -> None:
    services.answers("auth.me", cls("some_code", "Some sentence."))
    body = assert_problem(http.get("/api/v1/me", headers=signed_in), STATUS[cls], "some_code")
    assert body["detail"] == "Some sentence."


def test_where_fields_are_wrong_the_service_says_where(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    wrong = [{"loc": ["name"], "msg": "too long"}]
    services.answers("groups.create", Invalid("invalid_group", "No.", wrong))
    response = http.post("/api/v1/groups", json={"name": "x", "catalogue": "chat"}, headers=signed_in)
    assert assert_problem(response, 422, "invalid_group")["errors"] == wrong


def test_retry_after_is_in_whole_seconds_upwards(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    services.answers("auth.me", TooMany("too_many_attempts", "Slowly.", retry_after=1.2))
    assert http.get("/api/v1/me", headers=signed_in).headers["Retry-After"] == "2"
    services.answers("auth.me", Unavailable("timeout", "Late."))
    assert http.get("/api/v1/me", headers=signed_in).headers["Retry-After"] == "1"


def test_an_unknown_address_is_a_problem(http: FlaskClient) -> None:
    assert_problem(http.get("/api/v1/nothing"), 404, "not_found")


def test_a_wrong_method_is_a_problem_that_names_the_right_ones(http: FlaskClient) -> None:
    response = http.delete("/api/v1/me")
    assert_problem(response, 405, "method_not_allowed")
    assert "PATCH" in response.headers["Allow"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"name": NaN}', b"[" * 5000])
def test_a_body_that_is_not_json_is_unreadable(
    http: FlaskClient, signed_in: dict[str, str], body: bytes
) -> None:
    assert_problem(http.post("/api/v1/groups", data=body, headers=signed_in), 400, "unreadable")


@pytest.mark.parametrize("body", [b"[]", b"3", b"null", b"", b'{"name": 3, "catalogue": "chat"}'])
def test_a_body_of_the_wrong_shape_is_invalid(
    http: FlaskClient, signed_in: dict[str, str], body: bytes
) -> None:
    response = http.post("/api/v1/groups", data=body, headers=signed_in)
    assert assert_problem(response, 422, "invalid_request")["errors"]


def test_an_unknown_field_is_refused_and_named(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    response = http.post(
        "/api/v1/groups", json={"name": "x", "catalogue": "chat", "colour": "red"}, headers=signed_in
    )
    (error,) = assert_problem(response, 422, "invalid_request")["errors"]
    assert error["loc"] == ["colour"]
    assert services.asked == []


def test_an_unknown_parameter_of_a_list_is_refused(http: FlaskClient, signed_in: dict[str, str]) -> None:
    response = http.get("/api/v1/groups?limit=500&sort=name", headers=signed_in)
    errors = assert_problem(response, 422, "invalid_request")["errors"]
    assert {error["loc"][0] for error in errors} == {"limit", "sort"}


def test_a_body_over_256_kib_is_too_large(http: FlaskClient, signed_in: dict[str, str]) -> None:
    response = http.post("/api/v1/groups", data=b" " * (256 * 1024 + 1), headers=signed_in)
    assert_problem(response, 413, "too_large")
    assert response.headers["Connection"] == "close"


def test_a_body_in_chunks_may_not_be_larger_either(http: FlaskClient, signed_in: dict[str, str]) -> None:
    body = io.BytesIO(b'{"name":"x","catalogue":"chat"}' + b" " * (256 * 1024))
    response = http.post(
        "/api/v1/groups",
        input_stream=body,
        headers={**signed_in, "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert_problem(response, 413, "too_large")


def test_a_failure_is_a_500_with_a_trace_id(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    services.answers("auth.me", RemoteFailure("auth.me: KeyError: secret"))
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    body = assert_problem(http.get("/api/v1/me", headers=signed_in | trace), 500, "internal_error")
    assert "secret" not in str(body)
    assert body["trace_id"]


# Who asks


def test_without_a_token_nobody_gets_in(http: FlaskClient) -> None:
    response = http.get("/api/v1/me")
    assert_problem(response, 401, "not_signed_in")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_stranger_does_not_learn_what_is_wrong_with_a_body(http: FlaskClient) -> None:
    assert_problem(http.post("/api/v1/groups", data=b"{"), 401, "not_signed_in")


def test_every_route_of_the_api_asks_who_is_asking(http: FlaskClient, services: Any) -> None:
    paths = http.get("/api/v1/openapi.json").get_json()["paths"]
    public = {"/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/logout", "/api/v1/hooks/{source}"}
    public |= {"/api/v1/invites/{token}", "/api/v1/invites/{token}/accept", "/api/v1/calendar/{token}.ics"}
    public |= {"/api/v1/receipts", "/api/v1/pushes/{secret}/picture"}
    for path in set(paths) - public:
        for method in paths[path]:
            assert http.open(path, method=method.upper()).status_code == 401, (method, path)
    assert services.asked == []


def test_a_source_calls_with_its_signature_and_its_very_bytes(http: FlaskClient, services: Any) -> None:
    services.answers("reports.called", {"load_id": "l-1", "status": "queued"})
    signed = {"X-Bchat-Timestamp": "1764172800", "X-Bchat-Signature": "sha256=ab"}
    told = http.post("/api/v1/hooks/house", data=b"\xff{}", headers=signed)
    assert (told.status_code, told.get_json()) == (202, {"load_id": "l-1", "status": "queued"})
    asked = {"name": "house", "timestamp": "1764172800", "signature": "sha256=ab", "body": "/3t9"}
    assert services.asked == [("reports.called", None, asked)]
    large = http.post("/api/v1/hooks/house", data=b"x" * (64 * 1024 + 1), headers=signed)
    assert (large.status_code, large.get_json()["code"]) == (413, "too_large")
    assert len(services.asked) == 1


def _unsigned(**claims: Any) -> str:
    body = {"iss": "bchat", "sub": ANN, "sid": "s-1", "kind": "staff", "perms": [], "iat": 0, "exp": 2**40}
    return jwt.encode(body | claims, "", algorithm="none", headers={"kid": "any"})


def test_a_token_that_is_not_ours_is_refused(
    http: FlaskClient, token: Callable[..., str], key: Ed25519PrivateKey
) -> None:
    own = jwt.get_unverified_header(token())["kid"]
    stranger = Ed25519PrivateKey.generate()
    hmac = jwt.encode({"sub": ANN, "exp": 2**40}, "x" * 32, algorithm="HS256", headers={"kid": own})
    head, body, signature = token().split(".")
    for bad in (
        "nonsense",
        "a.b.c",
        _unsigned(),
        hmac,
        token(signer=stranger),
        token(kid="unknown"),
        token(iss="other"),
        token(sid=None),
        token(perms=[1]),
        token(sub=7),
        token(ver="9"),
        token(exp=datetime.now(UTC) + timedelta(minutes=20)),  # its session's end would be forgotten
        f"{head}.{body}.{signature[::-1]}",
    ):
        response = http.get("/api/v1/me", headers={"Authorization": f"Bearer {bad}"})
        assert_problem(response, 401, "invalid_token")


def test_a_token_of_auth_whose_clock_is_ahead_is_believed(
    http: FlaskClient, services: Any, token: Callable[..., str]
) -> None:
    services.answers("auth.me", {"id": ANN})
    ahead = datetime.now(UTC) + timedelta(seconds=90)
    new = token(iat=ahead, exp=ahead + timedelta(minutes=10))
    assert http.get("/api/v1/me", headers={"Authorization": f"Bearer {new}"}).status_code == 200


def test_an_expired_token_says_so(http: FlaskClient, token: Callable[..., str]) -> None:
    old = token(exp=datetime.now(UTC) - timedelta(minutes=1))
    response = http.get("/api/v1/me", headers={"Authorization": f"Bearer {old}"})
    assert_problem(response, 401, "token_expired")


def test_a_token_of_an_ended_session_is_refused(
    http: FlaskClient, gateway: Gateway, signed_in: dict[str, str]
) -> None:
    gateway.tokens.ended(["s-1"])
    assert_problem(http.get("/api/v1/me", headers=signed_in), 401, "session_ended")


def test_no_token_is_believed_before_the_ended_sessions_are_known(
    http: FlaskClient, gateway: Gateway, services: Any, signed_in: dict[str, str]
) -> None:
    gateway.tokens.ready = False
    assert_problem(http.get("/api/v1/me", headers=signed_in), 503, "starting")
    services.answers("auth.ended_sessions", {"sessions": [{"session_id": "s-1"}]})
    services.answers("auth.changed_rights", {"items": []})
    gateway.live.read_changes()
    assert_problem(http.get("/api/v1/me", headers=signed_in), 401, "session_ended")


def test_a_token_is_read_with_the_rights_of_now(
    http: FlaskClient, gateway: Gateway, services: Any, token: Callable[..., str]
) -> None:
    def rights(version: int) -> tuple[str, set[str]]:
        old = {"Authorization": f"Bearer {token(perms=['administrator'], ver=version)}"}
        assert http.get("/api/v1/me", headers=old).status_code == 200
        caller = services.asked[-1][1]
        return caller.kind, set(caller.permissions)

    services.answers("auth.me", {})
    services.answers("auth.ended_sessions", {"sessions": []})
    row = {"user_id": ANN, "kind": "customer", "permissions": ["reports:sales"], "version": 7}
    services.answers("auth.changed_rights", {"items": [row]})
    assert rights(6) == ("staff", {"administrator"})
    gateway.live.read_changes()
    assert rights(6) == ("customer", {"reports:sales"})
    assert rights(7) == ("staff", {"administrator"})
    # What is heard late is older.
    for version, newest in ((6, "reports:sales"), (9, "news:publish")):
        gateway.tokens.changed(ANN, Rights(version, "customer", frozenset({"news:publish"})))
        assert rights(6) == ("customer", {newest})
    assert rights(9) == ("staff", {"administrator"})


def test_what_tells_against_a_token_is_forgotten_when_the_token_is_gone() -> None:
    time = 0.0
    lately: Lately[bool] = Lately(10, lambda: time)
    lately.put("s-1", True)
    time = 8
    lately.put("s-1", True)
    lately.put("s-2", True)
    time = 17
    lately.put("s-3", True)
    assert (lately.get("s-1"), len(lately)) == (True, 3)
    time = 19
    lately.put("s-4", True)
    assert (lately.get("s-1"), len(lately)) == (None, 2)


def test_what_was_missed_while_deaf_is_asked_for_however_long_that_was(
    gateway: Gateway, services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.answers("auth.ended_sessions", {"sessions": []})
    services.answers("auth.changed_rights", {"items": []})
    began = now()
    gateway.live.read_changes()
    monkeypatch.setattr("gateway.live.now", lambda: began + timedelta(days=2))
    gateway.live.read_changes()
    first, _, again, _ = (clock.parse(asked["since"]) for _, _, asked in services.asked)
    assert began - first == pytest.approx(timedelta(seconds=900), abs=timedelta(seconds=5))
    assert first == again


def test_the_caller_is_who_the_token_says(
    http: FlaskClient, services: Any, token: Callable[..., str]
) -> None:
    services.answers("groups.create", GROUP)
    made = token(kind="customer", perms=["reports:sales"])
    http.post(
        "/api/v1/groups",
        json={"name": "x", "catalogue": "chat"},
        headers={"Authorization": f"Bearer {made}", "Idempotency-Key": "k-1", "nameko.caller": "{}"},
    )
    (_, caller, _) = services.asked[0]
    assert caller is not None
    assert (caller.user_id, caller.session_id, caller.kind) == (ANN, "s-1", "customer")
    assert caller.permissions == {"reports:sales"}
    assert caller.idempotency_key == "k-1"
    assert caller.address == "127.0.0.1"


def test_a_post_without_a_key_has_one_of_its_own_and_nothing_else_has(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    services.answers("groups.create", GROUP)
    services.answers("groups.edit", GROUP)
    services.answers("chat.rooms", {"items": {}})
    for _ in range(2):
        http.post("/api/v1/groups", json={"name": "x", "catalogue": "chat"}, headers=signed_in)
    http.patch("/api/v1/groups/g-1", json={"name": "y"}, headers=signed_in | {"Idempotency-Key": "k-1"})
    first, second, edited = (c.idempotency_key for name, c, _ in services.asked if name.startswith("groups"))
    assert first
    assert second
    assert first != second
    assert edited is None


@pytest.mark.parametrize("sent", ["", "x" * 201, "schlüssel", "a\tb"])
def test_an_idempotency_key_that_is_none_is_refused(
    http: FlaskClient, signed_in: dict[str, str], sent: str
) -> None:
    response = http.post(
        "/api/v1/groups",
        json={"name": "x", "catalogue": "chat"},
        headers=signed_in | {"Idempotency-Key": sent},
    )
    assert_problem(response, 422, "invalid_idempotency_key")


# Sessions in a cookie

SESSION = {"access_token": "a", "expires_in": 600, "refresh_token": "r-1", "user": {"id": ANN}}


def test_a_refresh_token_can_live_in_a_cookie_that_scripts_do_not_see(
    http: FlaskClient, services: Any
) -> None:
    services.answers("auth.login", lambda **_: dict(SESSION))
    response = http.post(
        "/api/v1/auth/login", json={"username": "ann", "password": "p", "cookie": True, "remember": True}
    )
    assert "refresh_token" not in response.get_json()
    cookie = response.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/api/v1/auth", "Max-Age="))

    services.answers("auth.refresh", lambda **_: SESSION | {"refresh_token": "r-2"})
    response = http.post("/api/v1/auth/refresh")
    assert services.asked[-1][2]["refresh_token"] == "r-1"
    assert "refresh_token" not in response.get_json()
    assert "1.r-2" in response.headers["Set-Cookie"]
    assert "Max-Age=" in response.headers["Set-Cookie"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://["])
def test_the_cookie_is_not_for_other_origins(http: FlaskClient, services: Any, origin: str) -> None:
    http.set_cookie("bchat_refresh", "0.r-1", path="/api/v1/auth")
    response = http.post("/api/v1/auth/refresh", headers={"Origin": origin})
    assert_problem(response, 403, "origin_not_allowed")
    # A form of any page can send this.
    body = b'{"username":"mallory","cookie":true,"password":"a=b"}'
    headers = {"Origin": origin, "Content-Type": "text/plain"}
    response = http.post("/api/v1/auth/login", data=body, headers=headers)
    assert_problem(response, 403, "origin_not_allowed")
    assert services.asked == []


def test_a_cookie_that_is_good_for_nothing_is_taken_away(http: FlaskClient, services: Any) -> None:
    http.set_cookie("bchat_refresh", "0.r-1", path="/api/v1/auth")
    services.answers("auth.refresh", Unauthenticated("refresh_token_reused", "Used."))
    response = http.post("/api/v1/auth/refresh")
    assert_problem(response, 401, "refresh_token_reused")
    assert "Max-Age=0" in response.headers["Set-Cookie"]


def test_logout_works_with_an_expired_access_token(
    http: FlaskClient, services: Any, token: Callable[..., str]
) -> None:
    services.answers("auth.refresh", SESSION | {"access_token": token(sid="s-9")})
    services.answers("auth.logout", None)
    assert http.post("/api/v1/auth/logout", json={"refresh_token": "r-1"}).status_code == 204
    name, caller, _ = services.asked[-1]
    assert name == "auth.logout"
    assert caller is not None
    assert caller.session_id == "s-9"


# Invitations

TOKEN = "Zm9yIHRoZSBleWVzIG9mIHdobyBpcyBpbnZpdGVkIQ-_x"


def test_an_invitation_is_a_link_that_no_server_on_the_way_reads(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    services.answers("groups.invite", {"id": "i-1", "token": TOKEN})
    made = http.post("/api/v1/groups/g-1/invites", json={}, headers=signed_in)
    assert (made.status_code, made.get_json()["url"]) == (201, f"http://localhost/join#{TOKEN}")
    assert services.asked[-1][2] == {
        "group_id": "g-1",
        "role": "guest",
        "expires_in_hours": 168,
        "max_uses": 1,
    }


def test_who_is_not_signed_in_accepts_with_an_account_and_an_address(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    user = {"id": ANN, "username": "ann", "display_name": "Ann", "kind": "customer", "avatar_url": None}
    services.answers("groups.accept_invite", {"group": GROUP, "user": user})
    account = {"username": "ann", "password": "correct horse battery"}
    answer = http.post(f"/api/v1/invites/{TOKEN}/accept", json=account)
    assert answer.get_json() == {
        "group": {**GROUP, "last_seq": 0, "read_seq": 0, "unread": 0, "mentions_unread": 0},
        "user": user,
    }
    ((_, caller, kwargs),) = services.asked
    assert (caller.user_id, caller.address) == (None, "127.0.0.1")
    assert caller.idempotency_key
    assert kwargs == {"token": TOKEN, "display_name": None, **account}

    services.answers("groups.accept_invite", {"group": GROUP, "user": None})
    services.answers("auth.me", {**user, "permissions": [], "settings": {}})
    services.answers(
        "chat.rooms", {"items": {"g-1": {"last_seq": 9, "read_seq": 9, "unread": 0, "mentions_unread": 0}}}
    )
    answer = http.post(f"/api/v1/invites/{TOKEN}/accept", headers=signed_in)
    assert (answer.get_json()["user"], answer.get_json()["group"]["last_seq"]) == (user, 9)
    wrong = {"Authorization": "Bearer nonsense"}
    assert_problem(http.post(f"/api/v1/invites/{TOKEN}/accept", headers=wrong), 401, "invalid_token")


def test_what_is_logged_and_traced_of_a_path_lets_nobody_in(
    http: FlaskClient, services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = Mock()
    monkeypatch.setattr("gateway.app.get_current_span", lambda: current)
    with capture_logs() as logs:
        http.get(f"/api/v1/invites/{TOKEN}")
    assert current.update_name.call_args.args == ("GET /api/v1/invites/<token>",)
    assert TOKEN not in str(current.mock_calls)
    assert [entry["path"] for entry in logs if entry["event"] == "request"] == ["/api/v1/invites/***"]


# Asking


def test_what_reads_is_asked_again_when_the_connection_was_lost(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    services.answers("auth.me", {"id": ANN})
    services.lost = 1
    assert http.get("/api/v1/me", headers=signed_in).status_code == 200


def test_what_writes_is_asked_once(http: FlaskClient, services: Any, signed_in: dict[str, str]) -> None:
    services.answers("groups.create", GROUP)
    services.lost = 1
    response = http.post("/api/v1/groups", json={"name": "x", "catalogue": "chat"}, headers=signed_in)
    assert_problem(response, 503, "unavailable")
    assert len(services.asked) == 1


def test_groups_are_shown_with_their_rooms(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    other = {**GROUP, "id": "g-2", "my_role": None}
    services.answers("groups.list", {"items": [GROUP, other], "next_cursor": None})
    services.answers(
        "chat.rooms", {"items": {"g-1": {"last_seq": 9, "read_seq": 4, "unread": 5, "mentions_unread": 1}}}
    )
    items = http.get("/api/v1/groups", headers=signed_in).get_json()["items"]
    assert [(i["id"], i["last_seq"], i["unread"]) for i in items] == [("g-1", 9, 5), ("g-2", 0, 0)]
    assert services.asked[-1][2] == {"group_ids": ["g-1"]}


def test_a_message_is_answered_with_its_entry(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    services.answers("chat.send", {"results": [{"entry": {"seq": 1}}]})
    response = http.post(
        "/api/v1/groups/g-1/messages", json={"client_id": "c", "text": "hi"}, headers=signed_in
    )
    assert (response.status_code, response.get_json()) == (201, {"seq": 1})
    assert services.asked[-1][2]["messages"] == [
        {"sender_id": ANN, "group_id": "g-1", "client_id": "c", "text": "hi"}
    ]


def test_a_message_that_is_refused_says_why(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    refusal = Conflict("group_ended", "It has ended.").as_dict()
    services.answers("chat.send", {"results": [{"refusal": refusal}]})
    response = http.post(
        "/api/v1/groups/g-1/messages", json={"client_id": "c", "text": "hi"}, headers=signed_in
    )
    assert_problem(response, 409, "group_ended")


FEATURE = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [4.895168, 52.370216]}}


def test_a_position_is_answered_with_its_entry(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    services.answers("location.send", {"seq": 1})
    geo = signed_in | {"Content-Type": "application/geo+json"}
    response = http.post("/api/v1/groups/g-1/positions", data=orjson.dumps(FEATURE), headers=geo)
    assert (response.status_code, response.get_json()) == (201, {"seq": 1})
    assert services.asked[-1][2] == {"group_id": "g-1", "feature": FEATURE}


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "Point"},
        {"geometry": {"type": "Point", "coordinates": ["4", "52"]}},
        {"geometry": {"type": "Point", "coordinates": [1, 2, 3, 4]}},
        {"properties": {"speed": 3}},
    ],
)
def test_what_is_no_position_goes_to_no_service(
    http: FlaskClient, services: Any, signed_in: dict[str, str], wrong: dict[str, Any]
) -> None:
    response = http.post("/api/v1/groups/g-1/positions", json=FEATURE | wrong, headers=signed_in)
    assert assert_problem(response, 422, "invalid_request")["errors"]
    assert services.asked == []


def test_a_live_point_is_told_to_all_gateways_unless_a_later_one_is_known(
    http: FlaskClient, services: Any, gateway: Gateway, signed_in: dict[str, str]
) -> None:
    for known in (FEATURE, None):
        told = {"group_id": "g-1", "user_id": ANN, "feature": known}
        services.answers("location.move_share", told)
        response = http.put("/api/v1/shares/s-1/position", json=FEATURE, headers=signed_in)
        assert response.status_code == 204
    assert gateway.relay._to_say.qsize() == 1
    assert orjson.loads(gateway.relay._to_say.get()) == {
        "type": "position",
        "group_id": "g-1",
        "user_id": ANN,
        "feature": FEATURE,
    }


def test_leaving_what_one_then_can_not_see_answers_nothing(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    services.answers("groups.leave", None)
    assert http.post("/api/v1/groups/g-1/leave", headers=signed_in).status_code == 204


def test_only_what_is_changed_is_passed_on(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    services.answers("groups.edit", {**GROUP, "my_role": None})
    http.patch("/api/v1/groups/g-1", json={"name": "New"}, headers=signed_in)
    assert services.asked[0][2] == {"group_id": "g-1", "changes": {"name": "New"}}


# Documents, files, headers


def test_the_openapi_document_is_valid(http: FlaskClient) -> None:
    document = http.get("/api/v1/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()
    operations = [o for path in document["paths"].values() for o in path.values()]
    assert all("default" in o["responses"] and o["summary"] for o in operations)
    assert len({o["operationId"] for o in operations}) == len(operations)
    login = document["paths"]["/api/v1/auth/login"]["post"]
    assert login["security"] == [{}]
    create = document["paths"]["/api/v1/groups"]["post"]
    assert {"$ref": "#/components/parameters/IdempotencyKey"} in create["parameters"]


def test_the_page_of_the_api_needs_no_script_and_nobody_else(http: FlaskClient) -> None:
    page = http.get("/api/v1/docs")
    assert page.status_code == 200
    assert page.mimetype == "text/html"
    assert "<script" not in page.text
    assert "//" not in page.text.replace("<!--", "").split("</style>")[1].replace("://", "")
    assert "/api/v1/groups/{group_id}/timeline" in page.text
    assert "frame-welcome" in page.text


@pytest.mark.parametrize("path", ["/", "/api/v1/me", "/api/v1/docs", "/api/v1/openapi.json", "/nothing.js"])
def test_every_answer_has_the_security_headers(http: FlaskClient, path: str) -> None:
    headers = http.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Referrer-Policy" in headers


def test_a_map_comes_from_where_it_is_set_and_pictures_from_nowhere_else(gateway: Gateway) -> None:
    def told(url: str) -> tuple[Any, str]:
        gateway.settings = gateway.settings.model_copy(update={"TILES_URL": url})
        with create_app(gateway).test_client() as http:
            answer = http.get("/api/v1/client-config")
        rules = answer.headers["Content-Security-Policy"].split("; ")
        return answer.get_json()["tiles"], next(rule for rule in rules if rule.startswith("img-src"))

    assert told("") == (None, "img-src 'self' data: blob:")
    tiles, pictures = told("https://{s}.tiles.example.org/{z}/{x}/{y}.png?key=1")
    assert tiles["url"] == "https://{s}.tiles.example.org/{z}/{x}/{y}.png?key=1"
    assert pictures == "img-src 'self' data: blob: https://*.tiles.example.org"
    for url in ("tiles/{z}", "https://tiles.example.org; script-src *", "https://a.org;script-src/{z}"):
        with pytest.raises(ValidationError):
            GatewaySettings(TOKEN_PUBLIC_KEYS="", TILES_URL=url)


def test_answers_are_not_kept_by_caches(http: FlaskClient, services: Any, signed_in: dict[str, str]) -> None:
    services.answers("auth.me", {"id": ANN})
    assert http.get("/api/v1/me", headers=signed_in).headers["Cache-Control"] == "no-store"


def test_long_answers_are_compressed_for_who_can_read_it(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    services.answers("auth.me", {"id": ANN, "note": "x" * 5000})
    plain = http.get("/api/v1/me", headers=signed_in)
    assert "Content-Encoding" not in plain.headers
    zipped = http.get("/api/v1/me", headers=signed_in | {"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in zipped.headers["Vary"]
    assert gzip.decompress(zipped.data) == plain.data


def test_what_it_says_of_its_version_is_the_release_everywhere(http: FlaskClient) -> None:
    documents = (http.get(f"/api/v1/{name}.json").get_json() for name in ("openapi", "asyncapi"))
    config = http.get("/api/v1/client-config").get_json()
    told = {config["version"], *(document["info"]["version"] for document in documents)}
    assert told == {importlib.metadata.version("bchat-gateway")}


def test_bokeh_comes_from_us_and_may_be_kept_for_ever(http: FlaskClient) -> None:
    config = http.get("/api/v1/client-config").get_json()
    script = http.get(config["bokeh"]["url"], headers={"Accept-Encoding": "gzip"})
    assert script.headers["Cache-Control"].endswith("immutable")
    assert script.mimetype == "text/javascript"
    assert config["bokeh"]["version"].encode() in gzip.decompress(script.data)
    again = http.get(
        config["bokeh"]["url"], headers={"If-None-Match": script.headers["ETag"], "Accept-Encoding": "gzip"}
    )
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/", "/groups/g-1", "/login"])
def test_the_clients_pages_are_its_index(http: FlaskClient, path: str) -> None:
    page = http.get(path)
    assert page.status_code == 200
    assert "Bchat" in page.text
    assert page.headers["Cache-Control"] == "no-cache"


def test_the_service_worker_is_asked_for_anew_each_time(http: FlaskClient, client_dist: Path) -> None:
    (client_dist / "sw.js").write_text("self.skipWaiting();")
    worker = http.get("/sw.js")
    assert worker.headers["Cache-Control"] == "no-cache"
    assert worker.mimetype == "text/javascript"
    assert "script-src 'self'" in worker.headers["Content-Security-Policy"]


def test_the_clients_assets_may_be_kept_for_ever(http: FlaskClient) -> None:
    asset = http.get("/assets/index-4f3a.js", headers={"Accept-Encoding": "gzip"})
    assert asset.headers["Cache-Control"].endswith("immutable")
    assert asset.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/gone.js",
        "/favicon.png",
        "/api/v2/me",
        "/../conftest.py",
        "/..%2fconftest.py",
        f"/{'a' * 300}.js",
    ],
)
def test_what_is_no_page_is_not_found(http: FlaskClient, path: str) -> None:
    assert_problem(http.get(path), 404, "not_found")


def test_a_new_build_of_the_client_is_noticed(http: FlaskClient, gateway: Gateway) -> None:
    http.get("/")
    index = Path(gateway.settings.CLIENT_DIST) / "index.html"
    index.write_text("<title>newer</title>")
    assert "newer" in http.get("/").text


def test_readiness_names_what_is_missing(http: FlaskClient, services: Any) -> None:
    assert http.get("/healthz").status_code == 200
    response = http.get("/readyz")
    assert response.status_code == 503
    assert set(response.get_json()["failed"]) == {"relay"}
    services.lost = 1
    assert set(http.get("/readyz").get_json()["failed"]) == {"relay", "rpc"}


def test_the_websockets_address_answers_http_with_a_problem(http: FlaskClient, gateway: Gateway) -> None:
    assert_problem(http.get("/api/v1/ws"), 400, "not_a_websocket")
    response = http.get("/api/v1/ws", headers={"Origin": "https://evil.example"})
    assert_problem(response, 403, "origin_not_allowed")
    gateway.sockets.draining = True
    response = http.get("/api/v1/ws")
    assert_problem(response, 503, "going_away")
    assert "Retry-After" in response.headers


def test_forbidden_is_not_hidden(http: FlaskClient, services: Any, signed_in: dict[str, str]) -> None:
    services.answers("chat.timeline", Forbidden("not_a_member", "Members only."))
    assert_problem(http.get("/api/v1/groups/g-1/timeline", headers=signed_in), 403, "not_a_member")


def test_a_person_searches_and_exports_so_often_and_not_more(
    http: FlaskClient, gateway: Gateway, services: Any, token: Callable[..., str]
) -> None:
    gateway.searches, gateway.exports = Pace(3, 3600), Pace(2, 3600)
    services.answers("chat.search", {"items": [], "next_cursor": None})
    services.answers("chat.export", Forbidden("not_an_owner", "Owners only."))
    ann, bob = ({"Authorization": f"Bearer {token(sub=sub)}"} for sub in ("ann", "bob"))
    for _ in range(3):
        assert http.get("/api/v1/search?q=a", headers=ann).status_code == 200
    refused = http.get("/api/v1/search?q=a", headers=ann)
    assert_problem(refused, 429, "too_many_requests")
    assert int(refused.headers["Retry-After"]) >= 1
    assert http.get("/api/v1/search?q=a", headers=bob).status_code == 200
    for _ in range(2):
        assert http.get("/api/v1/groups/g-1/export", headers=ann).status_code == 403
    assert_problem(http.get("/api/v1/groups/g-1/export", headers=ann), 429, "too_many_requests")
