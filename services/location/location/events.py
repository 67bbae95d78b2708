"""What location says and what it hears, and the shapes of positions and shares in both."""

from typing import Literal, Self

from kit import clock
from kit.event import Heard, Said
from pydantic import BaseModel, ConfigDict, Field

from location.models import Position, Share

EndReason = Literal["stopped", "expired", "left", "group_ended", "signed_out"]

_ID = "019ad8c6-0f70-7000-8000-0000000000{}"
_AT = clock.parse("2026-11-22T17:26:03.120Z")
_END = clock.parse("2026-11-22T17:41:03.120Z")


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Point(_Shape):
    type: Literal["Point"]
    coordinates: list[float] = Field(
        min_length=2, max_length=3, description="Longitude, latitude, perhaps altitude in metres."
    )


class Properties(_Shape):
    accuracy_m: float | None
    recorded_at: str


class Feature(_Shape):
    """GeoJSON (RFC 7946). Its id is the sender's own."""

    type: Literal["Feature"]
    id: str
    geometry: Point
    properties: Properties


class ShareNow(_Shape):
    """The share as it is after the event; a higher version of it is newer."""

    id: str
    group_id: str
    user_id: str
    started_at: str
    ends_at: str
    ended_at: str | None
    end_reason: EndReason | None
    version: int


class PositionShared(Said, type="location.position_shared"):
    """Somebody sent their position into a room, once."""

    position_id: str
    group_id: str
    user_id: str
    feature: Feature
    at: str

    @property
    def audience(self) -> list[str]:
        return [f"group:{self.group_id}"]

    @property
    def subject(self) -> str:
        return self.group_id

    @classmethod
    def of(cls, position: Position) -> Self:
        return cls.model_validate(
            {
                "position_id": position.id,
                "group_id": position.group_id,
                "user_id": position.user_id,
                "feature": position.feature,
                "at": clock.rfc3339(position.at),
            }
        )

    @classmethod
    def example(cls) -> Self:
        id = "6f2b0f0e-6a4c-4f0e-9d0b-3f0a4b8f5d11"
        return cls(
            position_id=id,
            group_id=_ID.format("aa"),
            user_id=_ID.format("01"),
            feature=Feature(
                type="Feature",
                id=id,
                geometry=Point(type="Point", coordinates=[4.895168, 52.370216, 1.5]),
                properties=Properties(accuracy_m=12.0, recorded_at=clock.rfc3339(_AT)),
            ),
            at=clock.rfc3339(_AT),
        )


class _OfShare(Said):
    share: ShareNow

    @property
    def subject(self) -> str:
        return self.share.id

    @classmethod
    def of(cls, share: Share) -> Self:
        return cls.model_validate({"share": share.shown()})


def _example() -> Share:
    return Share(
        id=_ID.format("51"),
        group_id=_ID.format("aa"),
        user_id=_ID.format("01"),
        started_at=_AT,
        ends_at=_END,
        version=1,
    )


class ShareStarted(_OfShare, type="location.share_started"):
    """Somebody shares their position live from now on, or until another time than before."""

    @property
    def audience(self) -> list[str]:
        return [f"group:{self.share.group_id}"]

    @classmethod
    def example(cls) -> Self:
        return cls.of(_example())


class ShareEnded(_OfShare, type="location.share_ended"):
    """Somebody's position is no longer shared, and forgotten."""

    @property
    def audience(self) -> list[str]:
        # Who has left the group hears of it too.
        return [f"group:{self.share.group_id}", f"user:{self.share.user_id}"]

    @classmethod
    def example(cls) -> Self:
        share = _example()
        share.ended_at, share.end_reason, share.version = _END, "expired", 2
        return cls.of(share)


class MemberJoined(Heard, type="groups.member_joined"):
    group_id: str
    user_id: str
    role: str
    version: int


class MemberRoleChanged(Heard, type="groups.member_role_changed"):
    group_id: str
    user_id: str
    role: str
    version: int


class MemberLeft(Heard, type="groups.member_left"):
    group_id: str
    user_id: str
    version: int


class GroupEnded(Heard, type="groups.group_ended"):
    group_id: str


class SessionEnded(Heard, type="auth.session_ended"):
    session_id: str


class UserErased(Heard, type="auth.user_erased"):
    user_id: str
