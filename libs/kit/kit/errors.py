"""Refusals: expected answers of no, each with a `code` that is contract and a `detail` for people.

A refusal crosses the broker as the exception's name and arguments, so all it carries is text.
"""

import json
from typing import Any


class Refusal(Exception):
    """Base of all refusals.

    Args:
        code: contract, `snake_case`; programs compare it.
        detail: a sentence for people.
        errors: for `Invalid`, a list of `{"loc": [...], "msg": str}`.
        retry_after: seconds after which trying again makes sense.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        errors: list[dict[str, Any]] | str | None = None,
        retry_after: float | str | None = None,
    ) -> None:
        self.code = code
        self.detail = detail
        # Nameko turns every argument of an exception into text, so these two are text on the way.
        self.errors: list[dict[str, Any]] | None = json.loads(errors) if isinstance(errors, str) else errors
        self.retry_after = float(retry_after) if retry_after not in (None, "") else None
        super().__init__(
            code,
            detail,
            json.dumps(self.errors),
            "" if self.retry_after is None else str(self.retry_after),
        )

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"

    def as_dict(self) -> dict[str, Any]:
        """The refusal as data, for an answer that holds many results."""
        body: dict[str, Any] = {"type": type(self).__name__, "code": self.code, "detail": self.detail}
        if self.errors is not None:
            body["errors"] = self.errors
        if self.retry_after is not None:
            body["retry_after"] = self.retry_after
        return body

    @staticmethod
    def from_dict(body: dict[str, Any]) -> "Refusal":
        """The refusal that `as_dict` described; an unknown type is a plain `Refusal`."""
        cls = BY_NAME.get(body["type"], Refusal)
        return cls(body["code"], body["detail"], body.get("errors"), body.get("retry_after"))


class Unreadable(Refusal):
    """The request can't be parsed."""


class Unauthenticated(Refusal):
    """Who is asking isn't known, or no longer."""


class Forbidden(Refusal):
    """Known, and not allowed."""


class NotFound(Refusal):
    """Unknown, or not visible to the one who asks: the two must look the same."""


class Conflict(Refusal):
    """Against the present state."""


class TooLarge(Refusal):
    """Over a size limit."""


class Invalid(Refusal):
    """Readable, but wrong; `errors` says where."""


class TooMany(Refusal):
    """Over a rate limit; `retry_after` is set."""


class Unavailable(Refusal):
    """A part needed to answer is out of reach; `retry_after` is set."""


BY_NAME: dict[str, type[Refusal]] = {
    cls.__name__: cls
    for cls in (
        Unreadable,
        Unauthenticated,
        Forbidden,
        NotFound,
        Conflict,
        TooLarge,
        Invalid,
        TooMany,
        Unavailable,
    )
}
