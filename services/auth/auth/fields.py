"""What people may write into their account, and what administrators may."""

import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, Self

from kit.fields import Line
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from zxcvbn import zxcvbn

from auth.models import ADMINISTRATOR, PERMISSIONS, Kind, username_key

PASSWORD_LENGTH = range(10, 257)
# Of zxcvbn's 0 to 4; and what it looks at, for its work grows with the length.
LEAST_SCORE, GUESSED_LENGTH = 2, 72
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def normal_password(password: str) -> str:
    """The same password however a keyboard composes its letters."""
    return unicodedata.normalize("NFKC", password)


def _username(text: str) -> str:
    name = unicodedata.normalize("NFKC", text)
    if not 3 <= len(name) <= 64:
        raise ValueError("A username has 3 to 64 characters.")
    if any(c.isspace() or not c.isprintable() for c in name):
        raise ValueError("A username has no spaces and no invisible characters.")
    return name


def _password(text: str, info: ValidationInfo) -> str:
    password = normal_password(text)
    if len(password) not in PASSWORD_LENGTH:
        raise ValueError("A password has 10 to 256 characters.")
    username = info.data.get("username") or (info.context or {}).get("username", "")
    if username_key(password) == username_key(username):
        raise ValueError("The password must not be the username.")
    # Below this, less than a million guesses: one of the commonest, or made of one, or a row of keys. More it
    # need not bear, for logins are throttled.
    if zxcvbn(password[:GUESSED_LENGTH], user_inputs=[username])["score"] < LEAST_SCORE:
        raise ValueError("The password is too easy to guess.")
    return password


def _permissions(permissions: list[str], info: ValidationInfo) -> list[str]:
    if unknown := sorted(set(permissions) - set(PERMISSIONS)):
        raise ValueError(f"There is no permission {unknown[0]}.")
    if ADMINISTRATOR in permissions and info.data.get("kind") == "customer":
        raise ValueError("A customer can not be administrator.")
    return sorted(set(permissions))


@cache
def _timezones() -> frozenset[str]:
    # Not the machine's own list: it knows `localtime`, which is another zone on each.
    return frozenset((files("tzdata") / "zones").read_text().split()) - {"Factory"}


def _timezone(name: str) -> str:
    if name not in _timezones():
        raise ValueError("This is not an IANA timezone.")
    return name


def _locale(tag: str) -> str:
    if len(tag) > 35 or not _LANGUAGE_TAG.fullmatch(tag):
        raise ValueError("This is not a BCP 47 language tag.")
    return tag


DisplayName = Annotated[Line, Field(min_length=1, max_length=100)]
Password = Annotated[str, AfterValidator(_password)]
# Bounded before the names are looked at: the list comes from outside.
Permissions = Annotated[list[str], Field(max_length=50), AfterValidator(_permissions)]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Enrolled(_Fields):
    """A person whom the operator wants. Order matters: later fields are judged by earlier ones."""

    username: Annotated[Line, AfterValidator(_username)]
    password: Password | None = None
    display_name: DisplayName | None = None
    kind: Kind
    permissions: Permissions = []


class NewUser(Enrolled):
    """A person to be created."""

    password: Password


class NewPassword(_Fields):
    new: Password


class Administered(_Fields):
    """What administrators may set of a person."""

    display_name: DisplayName
    kind: Kind
    permissions: Permissions
    active: StrictBool
    password: Password | None = None


class QuietHours(_Fields):
    """No alerts from `start` to `end` in the person's timezone; it may span midnight."""

    start: TimeOfDay
    end: TimeOfDay

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.start == self.end:
            raise ValueError("Quiet hours need two different times.")
        return self


class PersonSettings(_Fields):
    message_alert: StrictBool = True
    message_sound: StrictBool = True
    new_user_alert: StrictBool = True
    quiet_hours: QuietHours | None = None
    push_content: Literal["full", "private"] = "full"


class Profile(_Fields):
    """What people may set of themselves."""

    display_name: DisplayName
    locale: Annotated[str, AfterValidator(_locale)]
    timezone: Annotated[str, AfterValidator(_timezone)]
    settings: PersonSettings

    @field_validator("settings", mode="before")
    @classmethod
    def _keep_what_is_not_named(cls, value: Any, info: ValidationInfo) -> Any:
        kept = (info.context or {}).get("settings", {})
        return kept | value if isinstance(value, dict) else value
