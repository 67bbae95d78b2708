"""All settings of push, with what they mean."""

from kit.config import Settings
from pydantic import Field


class PushSettings(Settings):
    FCM_CREDENTIALS: str = Field(
        default="", description="Path of the Firebase service account's JSON file; without it FCM is off."
    )
    FCM_URL: str = Field(default="", description="Where FCM's HTTP v1 interface is; empty: at Google's.")
    VAPID_PRIVATE_KEY: str = Field(
        default="", description="Key of Web Push, made by `python -m push.keys`; without it Web Push is off."
    )
    VAPID_SUBJECT: str = Field(
        default="", description="Whom push services may write to: mailto:somebody@example.com or https://..."
    )
    WEB_PUSH_HOSTS: str = Field(
        default="",
        description="Hosts that Web Push may go to, by spaces; *.example.com is all below. Empty: any.",
    )
    WEB_PUSH_ALSO: str = Field(
        default="",
        description="Origins, by spaces, that may be pushed to though they are not public or not https.",
    )
    PUSH_WAIT_SECONDS: float = Field(
        default=5.0, ge=0, description="How long somebody who is connected has to see what is new."
    )
    PUSH_PAUSE_SECONDS: float = Field(
        default=20.0,
        ge=0,
        description="Between two pushes about the same room; doubles while none is answered.",
    )
    PUSH_PAUSE_MAX_SECONDS: float = Field(default=3600.0, ge=0, description="The longest such pause.")
    PUSH_HOURS: float = Field(default=24.0, gt=0, description="What is older is not pushed any more.")
    PUSH_ATTEMPTS: int = Field(
        default=12,
        ge=1,
        description="Tries before a push is a dead letter; twelve take more than three hours.",
    )
    PUSH_RETRY_SECONDS: float = Field(
        default=10.0,
        gt=0,
        description="First delay of a failed push, unless told another; doubles each time.",
    )
    PUSH_RETRY_MAX_SECONDS: float = Field(default=3600.0, gt=0, description="The longest such delay.")
    PUSH_QUOTA_SECONDS: float = Field(
        default=60.0, gt=0, description="How long all wait when there were too many, unless told otherwise."
    )
    PUSH_ANSWER_SECONDS: float = Field(default=10.0, gt=0, description="How long a push service may take.")
    PUSH_AT_ONCE: int = Field(default=20, ge=1, description="Pushes a worker sends at the same time.")
    REPORT_SECONDS: float = Field(
        default=2.0, gt=0, description="How long reports may take over the numbers of a push."
    )
    DEVICES_PER_USER: int = Field(default=20, ge=1, description="Of one person; the oldest is forgotten.")
    KEPT_DAYS: int = Field(
        default=14,
        ge=2,
        description="How long it is known whom a message was pushed to, and who received it.",
    )

    def is_on(self, channel: str) -> bool:
        """Whether what pushing by this channel needs was given."""
        return bool(self.FCM_CREDENTIALS if channel == "fcm" else self.VAPID_PRIVATE_KEY)
