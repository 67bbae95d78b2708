"""The gateway in one process, with services that keep their state in memory at the broker's boundary."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient
from gateway.app import create_app
from gateway.keys import key_id
from gateway.settings import GatewaySettings
from gateway.wiring import Gateway
from kit.caller import Caller
from kit.errors import Unavailable

ANN = "01936f5e-0000-7000-8000-000000000001"


class Services:
    """Stands where the broker is: methods by name, and what was asked of them."""

    def __init__(self) -> None:
        self.methods: dict[str, Callable[..., Any]] = {}
        self.asked: list[tuple[str, Caller | None, dict[str, Any]]] = []
        self.lost = 0  # so many calls find the connection gone

    def answers(self, name: str, result: Any) -> None:
        """A result, a refusal, or a function of the arguments."""

        def method(**kwargs: Any) -> Any:
            if isinstance(result, Exception):
                raise result
            return result(**kwargs) if callable(result) else result

        self.methods[name] = method

    def call(
        self, service: str, method: str, *, caller: Caller | None = None, timeout: float = 5.0, **kwargs: Any
    ) -> Any:
        name = f"{service}.{method}"
        self.asked.append((name, caller, kwargs))
        if self.lost:
            self.lost -= 1
            raise Unavailable("unavailable", "gone", retry_after=1)
        if name not in self.methods:
            raise Unavailable("unavailable", f"{name} is not there", retry_after=1)
        return self.methods[name](**kwargs)

    def check(self) -> None:
        if self.lost:
            raise ConnectionError("gone")


@pytest.fixture(scope="session")
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def services() -> Services:
    return Services()


@pytest.fixture
def client_dist(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Bchat</title>")
    (tmp_path / "assets" / "index-4f3a.js").write_text("console.log(1);" * 200)
    return tmp_path


@pytest.fixture
def pem(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.fixture
def gateway(pem: str, services: Services, client_dist: Path, tmp_path: Path) -> Gateway:
    settings = GatewaySettings(
        AMQP_URI="amqp://nobody@127.0.0.1:1//",
        TOKEN_PUBLIC_KEYS=pem,
        CLIENT_DIST=str(client_dist),
        FILES_URL=f"file://{tmp_path}/files",
        RPC_SECONDS=1,
        SOCKET_FRAMES_PER_SECOND=20,
        SOCKET_FRAMES_BURST=100,
        LIVE_SECONDS=0.1,
        HELLOS_AT_ONCE=4,
        WORKER_CONNECTIONS=40,
    )
    made = Gateway(settings, services)
    made.tokens.ready = True
    return made


@pytest.fixture
def http(gateway: Gateway) -> Iterator[FlaskClient]:
    with create_app(gateway).test_client() as client:
        yield client


@pytest.fixture
def token(key: Ed25519PrivateKey) -> Callable[..., str]:
    """Makes an access token as auth does; arguments change its claims."""

    def make(signer: Ed25519PrivateKey = key, kid: str | None = None, **claims: Any) -> str:
        now = datetime.now(UTC)
        body = {
            "iss": "bchat",
            "sub": ANN,
            "sid": "s-1",
            "kind": "staff",
            "perms": [],
            "iat": now,
            "exp": now + timedelta(minutes=10),
            **claims,
        }
        return jwt.encode(body, signer, algorithm="EdDSA", headers={"kid": kid or key_id(key.public_key())})

    return make


@pytest.fixture
def signed_in(token: Callable[..., str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {token()}"}
