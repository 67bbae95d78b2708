"""The refusals of location. Codes are contract; sentences are for people."""

from kit.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


def group_not_found() -> NotFound:
    return NotFound("group_not_found", "There is no such group.")


def not_a_member() -> Forbidden:
    return Forbidden("not_a_member", "Only members of the group may do this.")


def group_ended() -> Conflict:
    return Conflict("group_ended", "The group has ended: it can be read, and nothing else.")


def share_not_found() -> NotFound:
    return NotFound("share_not_found", "There is no such share, or not for you.")


def not_your_share() -> Forbidden:
    return Forbidden("not_your_share", "This is somebody else's position.")


def not_sharing() -> Conflict:
    return Conflict("not_sharing", "You don't share your position here, or no longer: start a share first.")


def too_old(seconds: int) -> Invalid:
    msg = f"A position is at most {seconds} s old."
    return Invalid("invalid_position", msg, [{"loc": ["properties", "recorded_at"], "msg": msg}])


def groups_unavailable(seconds: float) -> Unavailable:
    return Unavailable("unavailable", "Whether you are a member can't be told just now.", retry_after=seconds)


def entry_follows(seconds: float) -> Unavailable:
    return Unavailable(
        "unavailable", "The position is stored; its entry is not there yet.", retry_after=seconds
    )
