"""The refusals of news. A code is contract, its sentence is for people."""

from kit.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


def article_not_found() -> NotFound:
    return NotFound("article_not_found", "There is no such article, or not for you.")


def no_picture() -> NotFound:
    return NotFound("no_picture", "This article has no picture.")


def customers_may_not_publish() -> Forbidden:
    return Forbidden("customers_may_not_publish", "Customers do not publish news.")


def group_not_found() -> NotFound:
    return NotFound("group_not_found", "There is no such group, or not for you.")


def not_a_member() -> Forbidden:
    return Forbidden("not_a_member", "News for a group is published by a member of it.")


def role_required() -> Forbidden:
    return Forbidden("role_required", "Owner, coordinators and staff of a group publish news for it.")


def group_ended() -> Conflict:
    return Conflict("group_ended", "The group has ended: nothing new comes into it.")


def already_released() -> Conflict:
    return Conflict("already_released", "The article can be read already: it can be changed or withdrawn.")


def article_ended() -> Conflict:
    return Conflict("article_ended", "The article has expired or was withdrawn, and stays as it is.")


def not_a_must_read() -> Conflict:
    return Conflict("not_a_must_read", "Who has read is told of articles that everybody must read.")


def already_over() -> Invalid:
    msg = "An article ends after its release."
    return Invalid("invalid_article", msg, [{"loc": ["expires_at"], "msg": msg}])


def invalid_picture(msg: str) -> Invalid:
    return Invalid("invalid_picture", msg, [{"loc": ["file"], "msg": msg}])


def drawing() -> Unavailable:
    return Unavailable("unavailable", "Too many pictures come in at this moment. Try again.", retry_after=1)


def groups_unavailable() -> Unavailable:
    return Unavailable("unavailable", "Whether you are a member can't be told just now.", retry_after=1)
