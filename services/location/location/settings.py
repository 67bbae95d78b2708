"""All settings of location, with what they mean."""

from kit.config import Settings
from pydantic import Field


class LocationSettings(Settings):
    ASK_SECONDS: float = Field(
        default=2.0, gt=0, description="How long groups may take over a missing membership."
    )
    ASK_REST_SECONDS: float = Field(
        default=2.0, ge=0, description="After groups was out of reach, how long it isn't asked again."
    )
    ENTRY_SECONDS: float = Field(
        default=2.0, gt=0, description="How long chat may take over the entry of a position."
    )
    SHARE_MINUTES: int = Field(default=480, ge=1, description="The longest that a position is shared live.")
    OLDEST_SECONDS: int = Field(
        default=3600, ge=1, description="A position recorded longer ago than this is no position."
    )
    KEPT_HOURS: int = Field(
        default=72,
        ge=24,
        description="When raw positions and ended shares are deleted; a request may be repeated till then.",
    )
