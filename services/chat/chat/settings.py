"""All settings of chat, with what they mean."""

from kit.config import Settings
from pydantic import Field


class ChatSettings(Settings):
    """Times are seconds."""

    ASK_SECONDS: float = Field(
        default=2.0, gt=0, description="How long groups may take over missing memberships."
    )
    ASK_REST_SECONDS: float = Field(
        default=2.0, ge=0, description="After groups was out of reach, how long it isn't asked again."
    )
    CATCH_UP_ENTRIES: int = Field(
        default=5000, ge=200, description="Entries in one answer to a client that comes back."
    )
