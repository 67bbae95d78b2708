"""The refusals of groups. A code is contract, its sentence is for people."""

from kit.errors import Conflict, Forbidden, Invalid, NotFound, TooMany


def group_not_found() -> NotFound:
    return NotFound("group_not_found", "There is no such group, or not for you.")


def user_not_found() -> NotFound:
    return NotFound("user_not_found", "There is no such person, or they may no longer sign in.")


def invalid_mute() -> Invalid:
    wrong = [{"loc": ["until"], "msg": "a time to come, or none"}]
    return Invalid("invalid_mute", "A mute ends at a time to come.", wrong)


def not_a_member() -> Forbidden:
    return Forbidden("not_a_member", "This needs membership of the group.")


def no_such_member() -> NotFound:
    return NotFound("not_a_member", "This person is not a member of the group.")


def not_the_owner() -> Forbidden:
    return Forbidden("not_the_owner", "Only the owner of the group may do this.")


def not_a_coordinator() -> Forbidden:
    return Forbidden("not_a_coordinator", "Only the owner and the coordinators of the group may do this.")


def not_a_task() -> Conflict:
    return Conflict("not_a_task", "The group is not in the catalogue task.")


def assignee_not_a_member() -> Invalid:
    detail = "A task is assigned to a member of its group."
    return Invalid("invalid_task", detail, [{"loc": ["assignee_id"], "msg": detail}])


def customers_may_not_create() -> Forbidden:
    return Forbidden("customers_may_not_create", "Customers do not create groups.")


def customers_may_not_own() -> Conflict:
    return Conflict("customers_may_not_own", "A customer can not be the owner of a group.")


def customers_may_not_invite() -> Forbidden:
    return Forbidden("customers_may_not_invite", "Customers do not invite.")


def invite_not_valid() -> NotFound:
    return NotFound("invite_not_valid", "This invitation is not valid, or no longer.")


def invite_not_found() -> NotFound:
    return NotFound("invite_not_found", "The group has no such invitation.")


def too_many_invites() -> Conflict:
    return Conflict("too_many_invites", "The group has too many invitations: revoke some first.")


def already_signed_in() -> Conflict:
    return Conflict("already_signed_in", "Who is signed in needs no other account: accept without one.")


def owner_is_active() -> Conflict:
    return Conflict("owner_is_active", "The group has an owner who can hand it over, or end it.")


def group_ended() -> Conflict:
    return Conflict("group_ended", "The group has ended. It can be read and no longer changed.")


def last_owner() -> Conflict:
    return Conflict("last_owner", "A group always has an owner: hand it over first, or end it.")


def unknown_role() -> Invalid:
    detail = "A role is owner, coordinator, staff or guest."
    return Invalid("invalid_group", detail, [{"loc": ["role"], "msg": detail}])


def unknown_catalogue() -> Invalid:
    detail = "A catalogue is chat, business or task."
    return Invalid("invalid_group", detail, [{"loc": ["catalogue"], "msg": detail}])


def appointment_not_found() -> NotFound:
    return NotFound("appointment_not_found", "There is no such appointment, or not for you.")


def occurrence_not_found() -> NotFound:
    return NotFound("occurrence_not_found", "The appointment has no such occurrence.")


def not_the_maker() -> Forbidden:
    detail = "Only who made the appointment, the owner of the group or a coordinator may change it."
    return Forbidden("not_the_maker", detail)


def too_many_appointments(most: int) -> Conflict:
    return Conflict("too_many_appointments", f"The group has {most} appointments ahead, as many as may be.")


def too_many_changes(most: int) -> Conflict:
    detail = f"{most} occurrences of this appointment have been changed, as many as may be."
    return Conflict("too_many_changes", detail)


def window_too_full(most: int) -> Invalid:
    detail = f"More than {most} appointments lie in this time: ask for less of it."
    return Invalid("window_too_full", detail, [{"loc": ["to"], "msg": detail}])


def calendar_not_found() -> NotFound:
    return NotFound("calendar_not_found", "There is no such calendar.")


def too_many_reads(seconds: float) -> TooMany:
    return TooMany("too_many_reads", "This calendar is read too often.", retry_after=seconds)
