"""Every setting of the gateway."""

from kit.config import Settings
from kit.store import Store
from pydantic import Field, field_validator

from gateway.keys import read_keys


class GatewaySettings(Settings):
    HOST: str = Field(default="127.0.0.1", description="Address to listen on.")
    PORT: int = Field(default=8000, description="Port to listen on.")
    WORKERS: int = Field(default=1, ge=1, description="gunicorn workers; each has its own hub.")
    WORKER_CONNECTIONS: int = Field(
        default=10000,
        ge=10,
        description="Connections a worker holds; nine tenths of them may be sockets.",
    )
    PROXY_HOPS: int = Field(
        default=0,
        ge=0,
        description="Reverse proxies in front of us whose X-Forwarded-* headers are believed.",
    )
    CLIENT_DIST: str = Field(default="", description="Folder of the built web client; empty serves none.")
    ALLOWED_ORIGINS: str = Field(
        default="", description="Origins beside our own that may open sockets and use cookies; by spaces."
    )
    FILES_URL: str = Field(
        default="file:///var/lib/bchat/files",
        description="Where files are, for the services too: a folder or s3://bucket/prefix (kit/store.py).",
    )
    ATTACHMENT_BYTES: int = Field(
        default=25 * 1024 * 1024, ge=1024, description="What one attachment of a message may have."
    )
    TILES_URL: str = Field(
        default="",
        pattern=r"^(https?://[^/\s;,'\"]+/\S*)?$",
        description="Map tiles, with {z}, {x}, {y}, perhaps {s}: https://tiles.example.org/{z}/{x}/{y}.png. "
        "Empty: the client draws the outlines of the countries it brings.",
    )
    TILES_ATTRIBUTION: str = Field(default="", description="Whose map that is, as its licence asks to say.")
    TILES_MAX_ZOOM: int = Field(default=19, ge=1, le=24, description="The nearest the tiles come.")
    TOKEN_PUBLIC_KEYS: str = Field(
        description="Public keys of access tokens: PEM text, or paths of PEM files separated by commas."
    )
    TOKEN_SECONDS: int = Field(
        default=900, ge=1, description="No access token lives longer; an ended session is remembered so long."
    )
    REMEMBERED_SECONDS: int = Field(
        default=60 * 86400, ge=1, description="Life of the cookie of an automatic login."
    )
    RPC_SECONDS: float = Field(default=5.0, gt=0, description="Deadline of a call to a service.")
    CALLS_AT_ONCE: int = Field(
        default=50,
        ge=1,
        description="Calls to each service under way at once for requests, and as many for sockets; of one "
        "worker. Those beyond wait for a turn, and then are refused.",
    )
    REQUESTS_AT_ONCE: int = Field(
        default=100,
        ge=1,
        description="Requests a worker begins before it has looked again at all that waits for it; more are "
        "refused.",
    )
    HELLOS_AT_ONCE: int = Field(
        default=10,
        ge=1,
        description="Sockets of a worker that are being let in at once; others wait in line.",
    )
    FILE_WAIT_SECONDS: float = Field(
        default=20.0, gt=0, description="How long an answer waits for a file of a report to be made."
    )
    SEND_SECONDS: float = Field(default=10.0, gt=0, description="Deadline of a message, waiting included.")
    SEND_BATCH: int = Field(default=200, ge=1, le=500, description="Messages one call to chat carries.")
    SEND_WAITING: int = Field(default=5000, ge=1, description="Messages a worker lets wait; more is refused.")
    HEARTBEAT_SECONDS: float = Field(default=25.0, gt=0, description="Between two pings to a socket.")
    IDLE_SECONDS: float = Field(default=60.0, gt=0, description="A socket silent for longer is closed.")
    HELLO_SECONDS: float = Field(default=10.0, gt=0, description="Time a new socket has for its hello.")
    KEEP_ALIVE_SECONDS: int = Field(
        default=125,
        ge=1,
        description="An idle connection is kept so long. Longer than the proxy in front keeps it, or now and "
        "then a request meets one that we are closing, and is answered 502: nginx and AWS keep one for 60 s, "
        "Traefik 90, Caddy 120, Google's load balancer 600.",
    )
    DRAIN_SECONDS: float = Field(default=5.0, ge=0, description="Over which sockets close when we stop.")
    SOCKET_BACKLOG_BYTES: int = Field(
        default=1024 * 1024, ge=1024, description="Unread bytes after which a slow reader is closed."
    )
    SOCKET_FRAMES_PER_SECOND: float = Field(default=200.0, gt=0, description="Frames a socket may send.")
    SOCKET_FRAMES_BURST: int = Field(default=1000, ge=1, description="Frames it may send at once.")
    SOCKETS_PER_USER: int = Field(default=20, ge=1, description="Sockets of one user on one worker.")
    SEARCHES_PER_MINUTE: int = Field(default=120, ge=1, description="Of one person, on one worker.")
    EXPORTS_PER_HOUR: int = Field(default=30, ge=1, description="Of rooms, by one person, on one worker.")
    LIVE_SECONDS: float = Field(
        default=1.0, ge=0, description="Between two live positions of a person that a room is told of."
    )
    GAP_SECONDS: float = Field(default=0.2, ge=0, description="Wait for a missing entry before asking chat.")
    RESYNC_SECONDS: float = Field(
        default=30.0, gt=0, description="Between two checks that nothing was missed."
    )

    # Found wrong here, the whole does not start; found wrong by a worker, each would end anew.
    @field_validator("TOKEN_PUBLIC_KEYS")
    @classmethod
    def _read(cls, value: str) -> str:
        read_keys(value)
        return value

    @field_validator("FILES_URL")
    @classmethod
    def _opened(cls, value: str) -> str:
        Store(value)
        return value
