"""All settings of news, with what they mean."""

from kit.config import Settings
from pydantic import Field


class NewsSettings(Settings):
    ASK_SECONDS: float = Field(
        default=2.0, gt=0, description="How long groups may take over all memberships that one call misses."
    )
    PICTURE_PIXELS: int = Field(
        default=1600, ge=100, le=4000, description="The longer side of a picture, once it is drawn anew."
    )
    PICTURES_AT_ONCE: int = Field(
        default=2, ge=1, description="Pictures a process draws anew at once; each may take 500 MB meanwhile."
    )
    FILES_URL: str = Field(
        default="file:///var/lib/bchat/files",
        description="Where files are, as the gateway has it: a folder or s3://bucket/prefix (kit/store.py).",
    )
