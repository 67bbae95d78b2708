"""Refusals of push."""

from typing import Any

from kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated


def invalid_device(*errors: dict[str, Any]) -> Invalid:
    return Invalid("invalid_device", "; ".join(error["msg"] for error in errors), list(errors))


def device_not_found() -> NotFound:
    return NotFound("device_not_found", "There is no such device of yours.")


def session_ended() -> Unauthenticated:
    return Unauthenticated("session_ended", "This session has ended; sign in again.")


def not_the_sender() -> Forbidden:
    return Forbidden("not_the_sender", "Only who has sent a message may know whom it has reached.")


def entry_not_found() -> NotFound:
    return NotFound("entry_not_found", "There is no such message in this room.")


def message_deleted() -> Conflict:
    return Conflict("message_deleted", "This message is deleted.")


def picture_not_found() -> NotFound:
    return NotFound("picture_not_found", "There is no such picture, or no longer.")
