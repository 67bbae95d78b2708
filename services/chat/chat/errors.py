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


def nothing_said() -> Invalid:
    msg = "A text is needed."
    return Invalid("invalid_message", msg, errors=[{"loc": ["text"], "msg": msg}])


def unknown_mention() -> Invalid:
    msg = "Only members of the group can be mentioned."
    return Invalid("invalid_message", msg, errors=[{"loc": ["mentions"], "msg": msg}])


def may_not_mention_everyone() -> Forbidden:
    msg = "Only the owner and coordinators of the group may mention everyone."
    return Forbidden("may_not_mention_everyone", msg)


def unknown_attachment() -> Invalid:
    msg = "An attachment is sent once, by who brought it."
    return Invalid("invalid_message", msg, errors=[{"loc": ["attachment_ids"], "msg": msg}])


def attachment_not_found() -> NotFound:
    return NotFound("attachment_not_found", "There is no such attachment, or not for you.")


def too_many_unsent(most: int) -> Conflict:
    return Conflict("too_many_unsent", f"Send or delete one of your {most} unsent attachments first.")


def drawing_busy() -> Unavailable:
    return Unavailable("busy", "Too many pictures come in at once.", retry_after=2)


def entry_not_found() -> NotFound:
    return NotFound("entry_not_found", "There is no such entry in the room.")


def not_a_message() -> Conflict:
    return Conflict("not_a_message", "Only messages can be edited or deleted.")


def not_the_sender() -> Forbidden:
    return Forbidden("not_the_sender", "Only who sent the message may do this.")


def too_late() -> Conflict:
    return Conflict("too_late", "The time in which this message could be changed is over.")


def message_deleted() -> Conflict:
    return Conflict("message_deleted", "The message has been deleted.")


def not_the_owner() -> Forbidden:
    return Forbidden("not_the_owner", "Only the owner of the group may do this.")


def too_short() -> Invalid:
    msg = "Two letters at least are searched for."
    return Invalid("invalid_request", msg, errors=[{"loc": ["q"], "msg": msg}])


def groups_unavailable(seconds: float) -> Unavailable:
    return Unavailable("unavailable", "Whether you are a member can't be told just now.", retry_after=seconds)
