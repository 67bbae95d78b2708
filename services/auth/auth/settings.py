"""All settings of auth, with what they mean."""

from kit.config import Settings
from pydantic import Field


class AuthSettings(Settings):
    """Times are seconds."""

    TOKEN_SIGNING_KEY: str = Field(
        default="",
        description="Ed25519 private key that signs access tokens: a PEM text, or the path of one.",
    )
    FILES_URL: str = Field(
        default="file:///var/lib/bchat/files",
        description="Where avatars are kept; the gateway's is the same.",
    )
    AVATARS_AT_ONCE: int = Field(
        default=2, ge=1, description="Pictures a process draws anew at once; each may take 500 MB meanwhile."
    )
    ACCESS_TOKEN_SECONDS: int = Field(default=600, ge=10, description="How long an access token is good.")
    SESSION_SECONDS: int = Field(default=12 * 3600, ge=60, description="A session ends when idle this long.")
    REMEMBERED_SECONDS: int = Field(
        default=60 * 86400, ge=60, description="The same for a session with automatic login."
    )
    REFRESH_GRACE_SECONDS: float = Field(
        default=10, ge=0, description="A refresh whose answer was lost may be repeated for so long."
    )
    USED_TOKENS_SECONDS: int = Field(
        default=30 * 86400, ge=3600, description="How long the reuse of a used refresh token is recognised."
    )
    ENDED_SESSIONS_SECONDS: int = Field(
        default=30 * 86400, ge=3600, description="How long an ended session is kept."
    )
    ARGON2_MEMORY_KIB: int = Field(default=65536, ge=8, description="Memory of one password hash.")
    ARGON2_TIME: int = Field(default=3, ge=1, description="Passes of one password hash.")
    ARGON2_LANES: int = Field(default=1, ge=1, description="Lanes, each a thread, of one password hash.")
    ARGON2_AT_ONCE: int = Field(
        default=2, ge=1, description="Hashes a process makes at once: this times the memory is its peak."
    )
    LOGINS_AT_ONCE: int = Field(
        default=64, ge=1, description="Logins a process has in hand at once, most of them waiting for a hash."
    )
    NEWCOMERS_WINDOW_SECONDS: int = Field(
        default=3600, ge=1, description="Accounts asked for by invitation are forgotten after this."
    )
    NEWCOMERS_ADDRESS_LIMIT: int = Field(
        default=30, ge=1, description="Accounts asked for by invitation from one address in a window."
    )
    LOGIN_WINDOW_SECONDS: int = Field(
        default=900, ge=1, description="Failed logins are forgotten after this."
    )
    LOGIN_PAIR_LIMIT: int = Field(
        default=10, ge=1, description="Failed logins to one account from one address in a window."
    )
    LOGIN_ACCOUNT_LIMIT: int = Field(
        default=100, ge=1, description="Failed logins to one account from anywhere in a window."
    )
    LOGIN_ADDRESS_LIMIT: int = Field(
        default=100, ge=1, description="Failed logins from one address to any account in a window."
    )
