"""Signing in and out, and what is signed in."""

from typing import Annotated, Any

from flask import Response, request
from kit.errors import Forbidden, Unauthenticated
from pydantic import Field, StringConstraints

from gateway.http.base import (
    PREFIX,
    Api,
    Body,
    Page,
    Shown,
    Time,
    address,
    answer,
    ask,
    bearer,
    nothing,
)
from gateway.http.people import User
from gateway.http.problems import of_refusal
from gateway.sockets import own_origin
from gateway.wiring import gateway

auth = Api("auth")
COOKIE = "bchat_refresh"
Text = Annotated[str, StringConstraints(max_length=1000)]


class Login(Body):
    username: Text
    password: Text
    remember: bool = Field(default=False, description="Automatic login: the session outlives the day.")
    cookie: bool = Field(
        default=False, description="Keep the refresh token in an HttpOnly cookie instead of the answer."
    )


class Refresh(Body):
    refresh_token: Text | None = Field(default=None, description="Left out by who keeps it in the cookie.")


class PasswordChange(Body):
    old: Text
    new: Text


class OpenSession(Shown):
    """A sign-in on a device. `last_used_at` is when its tokens were renewed last, `address` from where."""

    id: str
    current: bool = Field(description="The one of this request.")
    user_agent: str | None
    address: str | None
    remembered: bool
    created_at: Time
    last_used_at: Time
    expires_at: Time


class SessionPage(Shown):
    items: list[OpenSession]
    next_cursor: str | None


class Session(Shown):
    access_token: str
    expires_in: int
    refresh_token: str | None = Field(default=None, description="Left out when it is in the cookie.")
    user: User


@auth.route("POST", "/auth/login", "Log in", body=Login, shows=Session, public=True)
def login(body: Login) -> Response:
    if body.cookie and not own_origin(request, gateway().origins):
        # Any page could sign its visitors in as somebody of its choice.
        raise Forbidden("origin_not_allowed", "The cookie is not for this origin.")
    told = gateway().backend.call(
        "auth",
        "login",
        username=body.username,
        password=body.password,
        remember=body.remember,
        address=address(),
        user_agent=request.headers.get("User-Agent", "")[:400],
    )
    return _session(told, body.remember if body.cookie else None)


@auth.route(
    "POST",
    "/auth/refresh",
    "A new pair of tokens; a used refresh token ends its session",
    body=Refresh,
    shows=Session,
    public=True,
)
def refresh(body: Refresh) -> Response:
    token, remember = _refresh_token(body)
    try:
        told = gateway().backend.call("auth", "refresh", refresh_token=token, address=address())
    except Unauthenticated as refusal:
        return _without_cookie(of_refusal(refusal))
    return _session(told, remember)


@auth.route(
    "POST",
    "/auth/logout",
    "End this session; its sockets close with 4401",
    body=Refresh,
    public=True,
)
def logout(body: Refresh) -> Response:
    """By the access token, or where that has expired by the refresh token."""
    backend = gateway().backend
    if "Authorization" in request.headers:
        caller = bearer()
    else:
        token, _ = _refresh_token(body)
        told = backend.call("auth", "refresh", refresh_token=token, address=address())
        caller = gateway().tokens.caller(told["access_token"], address())
    backend.call("auth", "logout", caller=caller)
    return _without_cookie(nothing())


@auth.route("POST", "/me/password", "Change the password; my other sessions end", body=PasswordChange)
def change_password(body: PasswordChange) -> Response:
    ask("auth", "change_password", **body.model_dump())
    return nothing()


@auth.route("GET", "/me/sessions", "My sessions, the last used first", query=Page, shows=SessionPage)
def sessions(query: Page) -> Response:
    return answer(ask("auth", "my_sessions", **query.model_dump()))


@auth.route("DELETE", "/me/sessions", "End all my other sessions")
def end_other_sessions() -> Response:
    ask("auth", "end_other_sessions")
    return nothing()


@auth.route("DELETE", "/me/sessions/<session_id>", "End one of my sessions; its sockets close with 4401")
def end_session(session_id: str) -> Response:
    ask("auth", "end_session", session_id=session_id)
    return nothing()


@auth.route(
    "GET",
    "/users/<user_id>/sessions",
    "Anybody's sessions, the last used first (administrators)",
    query=Page,
    shows=SessionPage,
)
def sessions_of(user_id: str, query: Page) -> Response:
    return answer(ask("auth", "sessions_of", user_id=user_id, **query.model_dump()))


@auth.route(
    "DELETE",
    "/users/<user_id>/sessions/<session_id>",
    "End anybody's session (administrators)",
    description="Its sockets close with 4401. The person may sign in again: see `active` and `password`.",
)
def end_session_of(user_id: str, session_id: str) -> Response:
    ask("auth", "end_session_of", user_id=user_id, session_id=session_id)
    return nothing()


# The cookie: `1.<token>` where it shall outlive the browser's session, else `0.<token>`.


def _refresh_token(body: Refresh) -> tuple[str, bool | None]:
    """The token, and for one from the cookie whether it is an automatic login's.

    Raises:
        Refusal
    """
    if body.refresh_token:
        return body.refresh_token, None
    remember, _, token = request.cookies.get(COOKIE, "").partition(".")
    if not token:
        raise Unauthenticated("not_signed_in", "Sign in first.")
    if not own_origin(request, gateway().origins):
        raise Forbidden("origin_not_allowed", "The cookie is not for this origin.")
    return token, remember == "1"


def _session(told: dict[str, Any], remember: bool | None) -> Response:
    if remember is None:
        return answer(told)
    token = told.pop("refresh_token")
    response = answer(told)
    response.set_cookie(
        COOKIE,
        f"{int(remember)}.{token}",
        max_age=gateway().settings.REMEMBERED_SECONDS if remember else None,
        path=f"{PREFIX}/auth",
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return response


def _without_cookie(response: Response) -> Response:
    """A cookie that is good for nothing would only be sent again."""
    if COOKIE in request.cookies:
        response.delete_cookie(
            COOKIE, path=f"{PREFIX}/auth", secure=request.is_secure, httponly=True, samesite="Strict"
        )
    return response
