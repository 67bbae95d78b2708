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
    FILES_URL: str = Field(
        default="file:///var/lib/bchat/files",
        description="Where files are, the same as for the gateway: a folder or s3://bucket/prefix.",
    )
    MESSAGE_ATTACHMENTS: int = Field(default=10, ge=1, le=50, description="Attachments in one message.")
    UNSENT_ATTACHMENTS: int = Field(
        default=50, ge=1, description="Of attachments not sent, one may have so many."
    )
    UNSENT_SECONDS: int = Field(
        default=86400,
        ge=60,
        description="After which what was not sent goes, and what broken uploads left.",
    )
    DRAW_SECONDS: float = Field(
        default=10.0, gt=0, description="How long a picture may wait while others are drawn."
    )
    CHANGE_SECONDS: int = Field(
        default=86400, ge=0, description="For how long its sender may edit and delete a message; 0 for ever."
    )
