from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import sqlalchemy as sa
from auth import people
from auth.passwords import passwords
from auth.service import AuthService
from auth.settings import AuthSettings
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from kit import clock
from kit.caller import ANONYMOUS, Caller
from kit.db import Transactions
from kit.errors import Refusal
from kit.testing import make, said, settings

PASSWORD = "correct horse battery"
KEY = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
# A hash that costs a millisecond.
QUICK = settings(AuthSettings, TOKEN_SIGNING_KEY=KEY, ARGON2_MEMORY_KIB=8, ARGON2_TIME=1, ARGON2_LANES=1)


@pytest.fixture(scope="session")
def kit_config() -> Path:
    return Path(__file__).parents[1] / "config.yml"


class House:
    """Auth on a database: people in it, and the service as somebody."""

    password = PASSWORD
    settings = QUICK

    def __init__(self, db: Transactions) -> None:
        self.db = db

    def person(self, username: str, kind: str = "staff", *permissions: str) -> Caller:
        """Somebody with an account and the usual password."""
        with self.db() as tx:
            user = people.create(
                tx,
                passwords(QUICK).hash,
                username=username,
                password=PASSWORD,
                display_name=username.title(),
                kind=kind,
                permissions=list(permissions),
            )
        return Caller(user_id=user.id, kind=kind, permissions=frozenset(permissions))

    def auth(self, caller: Caller = ANONYMOUS, **changes: Any) -> AuthService:
        return make(AuthService, self.db, caller, settings=QUICK.model_copy(update=changes))

    def login(self, username: str, password: str = PASSWORD, **more: Any) -> dict[str, Any]:
        limits = {name: more.pop(name) for name in list(more) if name.isupper()}
        fields = {"username": username, "password": password, "address": "192.0.2.7", **more}
        return self.auth(**limits).login(**fields)

    def claims(self, granted: dict[str, Any]) -> dict[str, Any]:
        """What an access token says, its signature verified as the gateway does."""
        (jwk,) = self.auth().keys()["keys"]
        assert jwt.get_unverified_header(granted["access_token"])["kid"] == jwk["kid"]
        # A test's clock may be ahead of PyJWT's.
        times = {"verify_iat": False, "verify_exp": False}
        return jwt.decode(
            granted["access_token"], jwt.PyJWK(jwk), algorithms=["EdDSA"], issuer="bchat", options=times
        )

    def signed_in(self, username: str, **more: Any) -> tuple[Caller, str]:
        """Somebody's session: the caller as the gateway names them, and the refresh token."""
        granted = self.login(username, **more)
        claims = self.claims(granted)
        caller = Caller(
            user_id=claims["sub"],
            kind=claims["kind"],
            permissions=frozenset(claims["perms"]),
            session_id=claims["sid"],
        )
        return caller, granted["refresh_token"]

    def ends(self) -> list[tuple[str, str]]:
        """(session, reason) of the ends that were said."""
        return [
            (d["session_id"], d["reason"]) for type, d, _ in said(self.db) if type == "auth.session_ended"
        ]

    def count(self, model: type[Any]) -> int:
        with self.db() as tx:
            return tx.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def refused(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Refusal:
    """The refusal that a call must be answered with."""
    with pytest.raises(Refusal) as caught:
        call(*args, **kwargs)
    return caught.value


@pytest.fixture(name="refused")
def _refused() -> Callable[..., Refusal]:
    return refused


@pytest.fixture
def house(db: Transactions) -> House:
    return House(db)


@pytest.fixture
def real_house(real_db: Transactions) -> House:
    return House(real_db)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock on by seconds."""
    moved = timedelta()
    real = clock.now

    def move(seconds: float) -> None:
        nonlocal moved
        moved += timedelta(seconds=seconds)

    def now() -> datetime:
        return real() + moved

    monkeypatch.setattr(clock, "now", now)
    return move
