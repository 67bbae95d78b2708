"""Invitation links: made by who leads a group, accepted by anybody who has one."""

from typing import Annotated, Any, Literal

from flask import Response, g, request
from kit.caller import Caller
from pydantic import Field, StringConstraints

from gateway.http.base import (
    Api,
    Body,
    Page,
    Shown,
    Time,
    address,
    answer,
    ask,
    bearer,
    idempotency_key,
    nothing,
)
from gateway.http.groups import NO_ROOM, Group, with_rooms
from gateway.http.people import PublicUser

invites = Api("invites")

Role = Literal["coordinator", "staff", "guest"]
Text = Annotated[str, StringConstraints(max_length=1000)]


class InviteNew(Body):
    role: Role = Field(default="guest", description="Customers come in as guests, whatever it says.")
    expires_in_hours: Annotated[int, Field(ge=1, le=8760)] = 168
    max_uses: Annotated[int, Field(ge=1, le=1000)] = 1


class Acceptance(Body):
    """Left out by who is signed in; anybody else gets this account."""

    username: Text | None = None
    password: Text | None = None
    display_name: Text | None = None


class Invite(Shown):
    id: str
    role: Role
    expires_at: Time
    max_uses: int
    uses: int
    created_by: str
    created_at: Time


class InviteMade(Invite):
    token: str
    url: str = Field(description="The link to give away. It is shown this once.")


class InvitePage(Shown):
    items: list[Invite]
    next_cursor: str | None


class Invitation(Shown):
    group_name: str
    role: Role
    expires_at: Time


class Accepted(Shown):
    group: Group
    user: PublicUser


@invites.route(
    "POST",
    "/groups/<group_id>/invites",
    "Make an invitation link (owner and coordinators)",
    body=InviteNew,
    shows=InviteMade,
    status=201,
    description="Coordinators make no coordinators. The same key again: the same invitation, another token; "
    "the one before is void, for tokens are kept nowhere.",
)
def invite(group_id: str, body: InviteNew) -> Response:
    made = ask("groups", "invite", group_id=group_id, **body.model_dump())
    # Behind the #, where no server and no log sees it.
    return answer({**made, "url": f"{request.host_url}join#{made['token']}"}, 201)


@invites.route(
    "GET",
    "/groups/<group_id>/invites",
    "Invitations that can be used (owner and coordinators)",
    query=Page,
    shows=InvitePage,
)
def list_invites(group_id: str, query: Page) -> Response:
    return answer(ask("groups", "invites", group_id=group_id, **query.model_dump()))


@invites.route(
    "DELETE", "/groups/<group_id>/invites/<invite_id>", "Revoke an invitation (owner and coordinators)"
)
def revoke(group_id: str, invite_id: str) -> Response:
    ask("groups", "revoke_invite", group_id=group_id, invite_id=invite_id)
    return nothing()


@invites.route("GET", "/invites/<token>", "What an invitation is for", shows=Invitation, public=True)
def invitation(token: str) -> Response:
    g.caller = Caller(address=address())
    return answer(ask("groups", "invitation", token=token))


@invites.route(
    "POST",
    "/invites/<token>/accept",
    "Join by an invitation; who is not signed in gets an account",
    body=Acceptance,
    shows=Accepted,
    public=True,
    description="With a token of one's own, or with the name and password of the account to be made.",
)
def accept(token: str, body: Acceptance) -> Response:
    if "Authorization" in request.headers:
        g.caller = bearer()
    else:
        g.caller = Caller(address=address(), idempotency_key=idempotency_key())
    accepted = ask("groups", "accept_invite", token=token, **body.model_dump())
    if accepted["user"]:
        return answer({**accepted, "group": {**accepted["group"], **NO_ROOM}})
    me: dict[str, Any] = ask("auth", "me")
    return answer(
        {
            "group": with_rooms([accepted["group"]])[0],
            "user": {name: me[name] for name in PublicUser.model_fields},
        }
    )
