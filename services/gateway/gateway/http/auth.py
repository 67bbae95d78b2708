"""Signing in and out, and people."""

from typing import Annotated, Any, Literal

from flask import Response, request
from kit.errors import Forbidden, Unauthenticated
from pydantic import Field, JsonValue, StringConstraints

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
from gateway.http.problems import of_refusal
from gateway.sockets import own_origin
from gateway.wiring import gateway

auth = Api("auth")
COOKIE = "bchat_refresh"
Text = Annotated[str, StringConstraints(max_length=1000)]
Kind = Literal["staff", "customer"]


class Login(Body):
    username: Text
    password: Text
    remember: bool = Field(default=False, description="Automatic login: the session outlives the day.")
    cookie: bool = Field(
        default=False, description="Keep the refresh token in an HttpOnly cookie instead of the answer."
    )


class Refresh(Body):
    refresh_token: Text | None = Field(default=None, description="Left out by who keeps it in the cookie.")


class UserNew(Body):
    username: Text
    password: Text
    display_name: Text | None = None
    kind: Kind
    permissions: Annotated[list[Text], Field(max_length=50)] = Field(default=[])


class UserChanges(Body):
    display_name: Text = ""
    kind: Kind = "staff"
    permissions: Annotated[list[Text], Field(max_length=50)] = Field(default=[])
    active: bool = True
    password: Text = ""


class MyChanges(Body):
    display_name: Text = ""
    locale: Text = ""
    timezone: Text = ""
    settings: dict[str, JsonValue] = Field(
        default={}, description="message_alert, message_sound, new_user_alert, quiet_hours, push_content"
    )


class People(Page):
    q: Text | None = Field(default=None, description="Part of a name.")


class PublicUser(Shown):
    id: str
    username: str
    display_name: str
    kind: Kind
    avatar_url: str | None


class User(PublicUser):
    """For the user and administrators; others see the fields of `PublicUser`."""

    permissions: list[str] = Field(default=[])
    locale: str | None = None
    timezone: str | None = None
    active: bool = True
    created_at: Time | None = None
    version: int = 0


class Me(User):
    settings: dict[str, Any]


class UserPage(Shown):
    items: list[PublicUser]
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


@auth.route("GET", "/me", "The signed-in user and settings", shows=Me)
def me() -> Response:
    return answer(ask("auth", "me"))


@auth.route("PATCH", "/me", "Change name, language, timezone, settings", body=MyChanges, shows=Me)
def update_me(body: MyChanges) -> Response:
    return answer(ask("auth", "update_me", changes=body.given()))


@auth.route(
    "GET",
    "/users",
    "People",
    query=People,
    shows=UserPage,
    description="A customer sees only people that share a group with them.",
)
def users(query: People) -> Response:
    return answer(ask("auth", "users", **query.model_dump()))


@auth.route("POST", "/users", "Create a user (administrators)", body=UserNew, shows=User, status=201)
def create_user(body: UserNew) -> Response:
    return answer(ask("auth", "create_user", **body.model_dump()), 201)


@auth.route("GET", "/users/<user_id>", "One user", shows=User)
def user(user_id: str) -> Response:
    return answer(ask("auth", "user", user_id=user_id))


@auth.route("PATCH", "/users/<user_id>", "Change a user (administrators)", body=UserChanges, shows=User)
def update_user(user_id: str, body: UserChanges) -> Response:
    return answer(ask("auth", "update_user", user_id=user_id, changes=body.given()))


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
        max_age=gateway().settings.REMEMBER_SECONDS if remember else None,
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
