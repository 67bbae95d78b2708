"""A message to a device: what it says, and what is told apart by it."""

import base64
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from kit.clock import rfc3339

# FCM takes 4096 bytes, a push service of the Web at least as many, encrypted; both with what is around it.
MOST_TITLE, MOST_BODY, MOST_GONE = 120, 300, 10


@dataclass(frozen=True)
class Message:
    """
    Args:
        tag: one notification a tag is shown; a new one takes the place of the last.
        url: of the place in the client that it leads to, from the root.
        secret: what the device acknowledges it by.
        picture: the address of a picture, from the root; it needs no sign-in.
        urgent: it wakes a device that sleeps.
        gone: tags of notifications that are over, which the device takes away when it shows this one.
    """

    title: str
    body: str
    tag: str
    url: str
    secret: str
    at: datetime
    kind: str
    group_id: str | None = None
    seq: int | None = None
    picture: str | None = None
    urgent: bool = True
    gone: Collection[str] = ()

    @property
    def short_tag(self) -> str:
        """The tag where only 32 characters of base64url are allowed (RFC 8030, 5.4)."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.tag.encode()).digest()).decode()[:32]

    def data(self) -> dict[str, str]:
        """All of it as texts: FCM takes nothing else."""
        values = {
            "title": shortened(self.title, MOST_TITLE),
            "body": shortened(self.body, MOST_BODY),
            "tag": self.tag,
            "url": self.url,
            "receipt": self.secret,
            "at": rfc3339(self.at),
            "kind": self.kind,
            "group_id": self.group_id,
            "seq": None if self.seq is None else str(self.seq),
            "picture": self.picture,
            "gone": " ".join(self.gone) or None,
        }
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Withdrawal:
    """The notification of this tag is over. To applications, which need not show something for each push."""

    tag: str
    at: datetime

    def data(self) -> dict[str, str]:
        return {"kind": "gone", "tag": self.tag, "at": rfc3339(self.at)}


def shortened(text: str, most: int) -> str:
    """At most so many characters, in one line; what is cut off is seen to be."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
