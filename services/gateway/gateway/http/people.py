"""People: oneself with one's settings and picture, and the others."""

from typing import Annotated, Literal

from flask import Response, g
from pydantic import Field, StringConstraints

from gateway.http import personal, uploads
from gateway.http.base import Api, Body, Page, Query, Shown, Time, answer, ask, nothing
from gateway.wiring import gateway

people = Api("people")

Text = Annotated[str, StringConstraints(max_length=1000)]
Kind = Literal["staff", "customer"]
PushContent = Literal["full", "private"]
AVATAR_BYTES = 10 * 1024 * 1024
AVATAR_SECONDS = 20.0


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


class QuietHours(Body):
    """No alerts between these, in the person's time zone; across midnight where `end` is earlier."""

    start: Text = Field(examples=["22:00"])
    end: Text = Field(examples=["07:00"])


class SettingsChanges(Body):
    message_alert: bool = True
    message_sound: bool = True
    new_user_alert: bool = True
    quiet_hours: QuietHours | None = None
    push_content: PushContent = "full"


class MyChanges(Body):
    display_name: Text = ""
    locale: Text = ""
    timezone: Text = ""
    settings: SettingsChanges = Field(default=SettingsChanges(), description="What is left out stays.")


class People(Page):
    q: Text | None = Field(default=None, description="Part of a name.")
    kind: Kind | None = None
    active: bool | None = Field(default=None, description="Only administrators see who may not sign in.")


class AvatarQuery(Query):
    v: Text | None = Field(default=None, description="As it stands in `avatar_url`.")


class PublicUser(Shown):
    id: str
    username: str
    display_name: str
    kind: Kind
    avatar_url: str | None = Field(description="Changes with the picture; null: draw the initials.")


class User(PublicUser):
    """For the user and administrators; others see the fields of `PublicUser`."""

    permissions: list[str] = Field(default=[])
    locale: str | None = None
    timezone: str | None = None
    active: bool = True
    created_at: Time | None = None
    version: int = 0


class Settings(Shown):
    message_alert: bool = Field(description="Alerts to messages.")
    message_sound: bool = Field(description="Alerts are heard.")
    new_user_alert: bool = Field(description="Alerts to new people: `user` frames with `new`.")
    quiet_hours: QuietHours | None
    push_content: PushContent = Field(description="Whether what leaves this server says what was written.")


class Me(User):
    settings: Settings


class UserPage(Shown):
    items: list[PublicUser]
    next_cursor: str | None


class Permission(Shown):
    permission: str = Field(examples=["news:publish"])
    description: str


class Permissions(Shown):
    items: list[Permission]


@people.route("GET", "/me", "The signed-in user and settings", shows=Me)
def me() -> Response:
    return answer(ask("auth", "me"))


@people.route("PATCH", "/me", "Change name, language, timezone, settings", body=MyChanges, shows=Me)
def update_me(body: MyChanges) -> Response:
    return answer(ask("auth", "update_me", changes=body.given()))


@people.route(
    "PUT",
    "/me/avatar",
    "Change my picture",
    takes="image/*",
    shows=Me,
    description="JPEG, PNG, WebP, GIF, AVIF or BMP up to 10 MiB; kept as a square of at most 512 pixels.",
)
def set_avatar() -> Response:
    with uploads.body(AVATAR_BYTES) as incoming:
        return answer(ask("auth", "set_avatar", seconds=AVATAR_SECONDS, incoming_key=incoming.key))


@people.route("DELETE", "/me/avatar", "Remove my picture", shows=Me)
def remove_avatar() -> Response:
    return answer(ask("auth", "remove_avatar"))


@people.route(
    "GET",
    "/users/<user_id>/avatar",
    "A picture of someone I may see",
    query=AvatarQuery,
    gives=("image/jpeg", "image/webp"),
)
def avatar(user_id: str, query: AvatarQuery) -> Response:
    return uploads.file(ask("auth", "avatar", user_id=user_id, version=query.v))


@people.route(
    "GET",
    "/users",
    "People",
    query=People,
    shows=UserPage,
    description="A customer sees only people that share a group with them.",
)
def users(query: People) -> Response:
    return answer(ask("auth", "users", **query.model_dump()))


@people.route("POST", "/users", "Create a user (administrators)", body=UserNew, shows=User, status=201)
def create_user(body: UserNew) -> Response:
    return answer(ask("auth", "create_user", **body.model_dump()), 201)


@people.route("GET", "/users/<user_id>", "One user", shows=User)
def user(user_id: str) -> Response:
    return answer(ask("auth", "user", user_id=user_id))


@people.route(
    "PATCH",
    "/users/<user_id>",
    "Change a user (administrators)",
    body=UserChanges,
    shows=User,
    description="A new password, or `active` false, ends all sessions of the user. Administrators can't take "
    "their own right, so there always is one.",
)
def update_user(user_id: str, body: UserChanges) -> Response:
    return answer(ask("auth", "update_user", user_id=user_id, changes=body.given()))


@people.route(
    "DELETE",
    "/users/<user_id>",
    "Erase a user (administrators)",
    description="Who it was is forgotten everywhere within seconds: name, settings, devices, positions, the "
    "words and files of their messages. Their id stays, as that of nobody: in the order of a room, in what "
    "they made for others and in who was sent which report. There is no way back.",
)
def erase_user(user_id: str) -> Response:
    ask("auth", "erase_user", user_id=user_id)
    return nothing()


@people.route(
    "GET",
    "/users/<user_id>/export",
    "All that is kept of a user (oneself and administrators)",
    gives=(personal.MEDIA_TYPE,),
    description="A line of JSON each, of every service in turn; the last is `end`. Files are named, and come "
    "by their own address. So many an hour.",
)
def export_user(user_id: str) -> Response:
    gateway().exports.take(g.caller.id)
    return personal.answer(user_id)


@people.route("GET", "/permissions", "What there is to permit", shows=Permissions)
def permissions() -> Response:
    return answer(ask("auth", "permissions"))
