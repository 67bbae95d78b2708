"""The refusals of auth. A code is contract, its sentence is for people."""

from typing import Any

from kit.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated, Unavailable


def invalid_credentials() -> Unauthenticated:
    return Unauthenticated("invalid_credentials", "The username or the password is wrong.")


def wrong_password() -> Invalid:
    msg = "This is not your password."
    return Invalid("wrong_password", msg, [{"loc": ["old"], "msg": msg}])


def too_many_attempts(retry_after: float) -> TooMany:
    return TooMany("too_many_attempts", "Too many wrong passwords. Try again later.", retry_after=retry_after)


def too_many_newcomers(retry_after: float) -> TooMany:
    detail = "Too many accounts were asked for from your address. Try again later."
    return TooMany("too_many_newcomers", detail, retry_after=retry_after)


def busy() -> Unavailable:
    return Unavailable("unavailable", "Too many sign in at this moment. Try again.", retry_after=1)


def drawing() -> Unavailable:
    return Unavailable("unavailable", "Too many pictures come in at this moment. Try again.", retry_after=1)


def invalid_refresh_token() -> Unauthenticated:
    return Unauthenticated("invalid_refresh_token", "The session has ended. Sign in again.")


def refresh_token_reused() -> Unauthenticated:
    return Unauthenticated(
        "refresh_token_reused", "This refresh token was used before, so its session was ended. Sign in again."
    )


def session_ended() -> Unauthenticated:
    return Unauthenticated("session_ended", "The session has ended. Sign in again.")


def session_not_found() -> NotFound:
    return NotFound("session_not_found", "You have no such session.")


def permission_required() -> Forbidden:
    return Forbidden("permission_required", "This needs the permission administrator.")


def user_not_found() -> NotFound:
    return NotFound("user_not_found", "There is no such person, or not for you.")


def avatar_not_found() -> NotFound:
    return NotFound("avatar_not_found", "There is no such picture, or not for you.")


def invalid_avatar(msg: str) -> Invalid:
    return Invalid("invalid_avatar", msg, [{"loc": ["file"], "msg": msg}])


def username_taken() -> Conflict:
    return Conflict("username_taken", "Another person has this username.")


def own_administration() -> Conflict:
    return Conflict(
        "own_administration", "Administrators can neither deactivate themselves nor give up their own right."
    )


def last_administrator() -> Conflict:
    return Conflict("last_administrator", "Without this person there would be no administrator.")


def invalid_people(errors: list[dict[str, Any]]) -> Invalid:
    return Invalid("invalid_people", "Some of these people can not be made so.", errors)
