"""The refusals of chat. Codes are contract; sentences are for people."""

from kit.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


def group_not_found() -> NotFound:
    return NotFound("group_not_found", "There is no such group.")


def not_a_member() -> Forbidden:
    return Forbidden("not_a_member", "Only members of the group may do this.")


def group_ended() -> Conflict:
    return Conflict("group_ended", "The group has ended: it can be read, and nothing else.")


def unknown_reply_to() -> Invalid:
    msg = "There is no such entry in the room."
    return Invalid("invalid_message", msg, errors=[{"loc": ["reply_to"], "msg": msg}])


def groups_unavailable(seconds: float) -> Unavailable:
    return Unavailable("unavailable", "Whether you are a member can't be told just now.", retry_after=seconds)
