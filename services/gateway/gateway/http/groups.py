"""Groups and their members. What chat knows of a group's room is put beside what groups knows."""

from typing import Annotated, Any, Literal

from flask import Response
from pydantic import Field, StringConstraints

from gateway.http.base import Api, Body, Id, Page, Shown, Time, answer, ask, nothing

groups = Api("groups")

Text = Annotated[str, StringConstraints(max_length=10000)]
Catalogue = Literal["chat", "business", "task"]
Role = Literal["owner", "coordinator", "staff", "guest"]
TaskState = Literal["open", "in_progress", "blocked", "done", "cancelled"]
NO_ROOM = {"last_seq": 0, "read_seq": 0, "unread": 0, "mentions_unread": 0}


class GroupNew(Body):
    name: Text
    description: Text = ""
    catalogue: Catalogue
    type: Text | None = Field(default=None, description="Of a business group: a type of report.")
    visibility: Literal["open", "invite"] = "open"
    target_end: Time | None = Field(default=None, description="Required for a task, refused otherwise.")


class GroupChanges(Body):
    name: Text = ""
    description: Text = ""
    catalogue: Catalogue = "chat"
    type: Text | None = None
    visibility: Literal["open", "invite"] = "open"
    target_end: Time | None = None


class TaskChange(Body):
    """What is left out stays as it is."""

    state: TaskState
    assignee_id: Id | None = Field(default=None, description="A member; null: nobody.")
    target_end: Time | None = None


class GroupQuery(Page):
    catalogue: Catalogue | None = None
    ended: bool | None = None
    q: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        default=None, description="Part of the name."
    )


class MuteNew(Body):
    until: Time | None = Field(default=None, description="null, or left out: for good.")


class MemberRole(Body):
    role: Role


class GroupShown(Shown):
    id: str
    name: str
    description: str
    catalogue: Catalogue
    type: str | None
    visibility: Literal["open", "invite"]
    target_end: Time | None
    state: TaskState | None = Field(description="Of a task, like the next two.")
    assignee_id: str | None
    overdue: bool = Field(description="It should have been done by now.")
    owner_id: str
    member_count: int
    created_at: Time
    ended_at: Time | None
    version: int


class Group(GroupShown):
    my_role: Role | None
    muted: bool = Field(description="I want no alerts of it now; the others do not know.")
    muted_until: Time | None = Field(description="null where that is for good.")
    last_seq: int = Field(description="0 for who is no member, like the next three.")
    read_seq: int
    unread: int = Field(description="Entries after `read_seq`; edits and deletions do not count.")
    mentions_unread: int = Field(description="Of them, those that mention me or everyone.")


class GroupPage(Shown):
    items: list[Group]
    next_cursor: str | None


class AdminQuery(GroupQuery):
    ownerless: bool = Field(default=False, description="Only groups whose owner may no longer sign in.")


class NewOwner(Body):
    user_id: Id


class AdminGroup(GroupShown):
    owner_active: bool


class AdminPage(Shown):
    items: list[AdminGroup]
    next_cursor: str | None


class Member(Shown):
    user_id: str
    role: Role
    joined_at: Time
    display_name: str
    kind: Literal["staff", "customer"]


class MemberPage(Shown):
    items: list[Member]
    next_cursor: str | None


def with_rooms(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The groups, each with the caller's place in its room."""
    mine = [group["id"] for group in found if group["my_role"]]
    rooms = ask("chat", "rooms", group_ids=mine)["items"] if mine else {}
    return [{**group, **NO_ROOM, **rooms.get(group["id"], {})} for group in found]


def _one(group: dict[str, Any], status: int = 200) -> Response:
    return answer(with_rooms([group])[0], status)


@groups.route("GET", "/groups", "Groups visible to me", query=GroupQuery, shows=GroupPage)
def list_groups(query: GroupQuery) -> Response:
    page = ask("groups", "list", **query.model_dump())
    return answer({**page, "items": with_rooms(page["items"])})


@groups.route("POST", "/groups", "Create a group", body=GroupNew, shows=Group, status=201)
def create_group(body: GroupNew) -> Response:
    return answer({**ask("groups", "create", **body.model_dump()), **NO_ROOM}, 201)


@groups.route("GET", "/groups/<group_id>", "One group", shows=Group)
def group(group_id: str) -> Response:
    return _one(ask("groups", "get", group_id=group_id))


@groups.route("PATCH", "/groups/<group_id>", "Change a group (its owner)", body=GroupChanges, shows=Group)
def edit_group(group_id: str, body: GroupChanges) -> Response:
    return _one(ask("groups", "edit", group_id=group_id, changes=body.given()))


@groups.route(
    "PUT",
    "/groups/<group_id>/mute",
    "Have no alerts of it, for good or until a time",
    body=MuteNew,
    shows=Group,
    description="Who is mentioned by name is alerted all the same.",
)
def mute(group_id: str, body: MuteNew) -> Response:
    return _one(ask("groups", "mute", group_id=group_id, muted=True, until=body.until))


@groups.route("DELETE", "/groups/<group_id>/mute", "Have alerts of it again", shows=Group)
def unmute(group_id: str) -> Response:
    return _one(ask("groups", "mute", group_id=group_id, muted=False))


@groups.route("POST", "/groups/<group_id>/join", "Join", shows=Group)
def join(group_id: str) -> Response:
    return _one(ask("groups", "join", group_id=group_id))


@groups.route("POST", "/groups/<group_id>/leave", "Leave", shows=Group, or_nothing=True)
def leave(group_id: str) -> Response:
    left = ask("groups", "leave", group_id=group_id)
    return _one(left) if left else nothing()


@groups.route(
    "POST",
    "/groups/<group_id>/end",
    "End (its owner)",
    shows=Group,
    description="It stays readable and refuses everything else.",
)
def end(group_id: str) -> Response:
    return _one(ask("groups", "end", group_id=group_id))


@groups.route(
    "PUT",
    "/groups/<group_id>/task",
    "Set state, assignee and target of a task (its owner and coordinators)",
    body=TaskChange,
    shows=Group,
)
def set_task(group_id: str, body: TaskChange) -> Response:
    return _one(ask("groups", "set_task", group_id=group_id, changes=body.given()))


@groups.route("GET", "/groups/<group_id>/members", "Members", query=Page, shows=MemberPage)
def members(group_id: str, query: Page) -> Response:
    return answer(ask("groups", "members", group_id=group_id, **query.model_dump()))


@groups.route(
    "PUT",
    "/groups/<group_id>/members/<user_id>",
    "Add a member or change a role (the owner)",
    body=MemberRole,
    shows=Member,
)
def set_role(group_id: str, user_id: str, body: MemberRole) -> Response:
    return answer(ask("groups", "set_role", group_id=group_id, user_id=user_id, role=body.role))


@groups.route("DELETE", "/groups/<group_id>/members/<user_id>", "Remove a member (the owner)")
def remove_member(group_id: str, user_id: str) -> Response:
    ask("groups", "remove_member", group_id=group_id, user_id=user_id)
    return nothing()


# Of any group, for administrators: what it is, and nothing of what is said in it.


@groups.route(
    "GET", "/admin/groups", "All groups, without what is said in them", query=AdminQuery, shows=AdminPage
)
def admin_list_groups(query: AdminQuery) -> Response:
    return answer(ask("groups", "admin_list", **query.model_dump()))


@groups.route("GET", "/admin/groups/<group_id>/members", "Members of any group", query=Page, shows=MemberPage)
def admin_members(group_id: str, query: Page) -> Response:
    return answer(ask("groups", "admin_members", group_id=group_id, **query.model_dump()))


@groups.route(
    "PUT",
    "/admin/groups/<group_id>/owner",
    "Name an owner of a group that has none who can act",
    body=NewOwner,
    shows=AdminGroup,
)
def admin_name_owner(group_id: str, body: NewOwner) -> Response:
    return answer(ask("groups", "admin_name_owner", group_id=group_id, user_id=body.user_id))


@groups.route("POST", "/admin/groups/<group_id>/end", "End any group", shows=AdminGroup)
def admin_end(group_id: str) -> Response:
    return answer(ask("groups", "admin_end", group_id=group_id))


@groups.route("DELETE", "/admin/groups/<group_id>/members/<user_id>", "Remove a member of any group")
def admin_remove_member(group_id: str, user_id: str) -> Response:
    ask("groups", "admin_remove_member", group_id=group_id, user_id=user_id)
    return nothing()
