"""Who is asking. Identity travels in one message header that only the gateway sets."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from kit.errors import Forbidden, Unauthenticated

HEADER = "caller"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The identity behind a call; `ANONYMOUS` where there is none."""

    user_id: str | None = None
    kind: str = "staff"
    permissions: frozenset[str] = field(default_factory=frozenset)
    session_id: str | None = None
    address: str | None = None
    idempotency_key: str | None = None

    @property
    def anonymous(self) -> bool:
        return self.user_id is None

    @property
    def id(self) -> str:
        """The user's id.

        Raises:
            Unauthenticated: nobody is signed in.
        """
        if self.user_id is None:
            raise Unauthenticated("not_signed_in", "Sign in first.")
        return self.user_id

    @property
    def is_staff(self) -> bool:
        return self.kind == "staff"

    def may(self, permission: str) -> bool:
        """Whether this permission is held; an administrator holds all."""
        return permission in self.permissions or "administrator" in self.permissions

    def require(self, permission: str) -> None:
        """Refuses who isn't signed in or lacks the permission.

        Raises:
            Unauthenticated, Forbidden
        """
        if self.id and not self.may(permission):
            raise Forbidden("permission_required", f"This needs the permission {permission}.")

    def to_header(self) -> str:
        body = {k: v for k, v in asdict(self).items() if v is not None}
        body["permissions"] = sorted(self.permissions)
        return json.dumps(body)

    @classmethod
    def from_header(cls, text: str | None) -> "Caller":
        if not text:
            return ANONYMOUS
        body: dict[str, Any] = json.loads(text)
        body["permissions"] = frozenset(body.get("permissions", ()))
        return cls(**body)


ANONYMOUS = Caller()
