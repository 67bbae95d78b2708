"""What comes in from outside - texts, ids, pages - checked in one way before any SQL sees it."""

import base64
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import BaseModel, StringConstraints, ValidationError

from kit.errors import Invalid

MOST = 200
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

# PostgreSQL holds no NUL, and a name with a line break in it is not a name.
Text = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]*$")]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")
]

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


def checked(model: type[M], code: str, values: dict[str, Any], context: dict[str, Any] | None = None) -> M:
    """The values as a model.

    Args:
        code: of the refusal, with one entry of `errors` for each wrong field.

    Raises:
        Invalid
    """
    try:
        return model.model_validate(values, context=context)
    except ValidationError as problem:
        errors: list[dict[str, Any]] = [
            {"loc": list(e["loc"]), "msg": str(e.get("ctx", {}).get("error") or e["msg"])}
            for e in problem.errors(include_url=False, include_input=False)
        ]
        raise Invalid(code, "; ".join(str(e["msg"]) for e in errors), errors) from None


def is_id(text: object) -> bool:
    """Whether the text is a UUID as we write them; anything else would fail inside PostgreSQL."""
    return isinstance(text, str) and _UUID.fullmatch(text) is not None


def contains(text: str) -> str:
    """The ILIKE pattern (escape character `\\`) of texts that contain this one."""
    known = text.replace("\x00", "").encode("utf-8", "ignore").decode()
    return "%" + re.sub(r"([\\%_])", r"\\\1", known) + "%"


def bounded(limit: int | None) -> int:
    """A page's size: 50 unless said, never over `MOST`."""
    return 50 if limit is None else max(1, min(limit, MOST))


def read_cursor(cursor: str | None, *kinds: Callable[[str], Any]) -> list[Any] | None:
    """What `page` wrote: one value for each kind, or None on the first page.

    Raises:
        Invalid: it is not a cursor of this list.
    """
    if not cursor:
        return None
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(parts, list) or any(not isinstance(p, str) or "\x00" in p for p in parts):
            raise ValueError
        return [kind(part) for kind, part in zip(kinds, parts, strict=True)]
    except ValueError:
        raise Invalid("invalid_cursor", "This cursor does not come from this list.") from None


def write_cursor(*parts: str) -> str:
    """What `read_cursor` reads."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def an_id(text: str) -> str:
    """For `read_cursor`: an id.

    Raises:
        ValueError
    """
    if not is_id(text):
        raise ValueError("not an id")
    return text


def a_number(text: str) -> int:
    """For `read_cursor`: a number from 0 on that a bigint can hold.

    Raises:
        ValueError
    """
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError("not a number of ours")
    return number


def page(
    rows: Sequence[T], limit: int, show: Callable[[T], Any], cursor: Callable[[T], list[str]]
) -> dict[str, Any]:
    """One page of `limit` of the `limit` + 1 rows that were read.

    Args:
        show: a row as its item.
        cursor: the values after which the next page begins, as text.
    """
    last = write_cursor(*cursor(rows[limit - 1])) if len(rows) > limit else None
    return {"items": [show(row) for row in rows[:limit]], "next_cursor": last}
