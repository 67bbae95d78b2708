"""Devices: each belongs to one signed-in session, and its address to one device."""

import base64
import binascii
import hashlib
import re
from ipaddress import ip_address
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from kit import clock
from kit.caller import Caller
from kit.db import Transaction
from kit.fields import checked
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from push import errors
from push.models import Device, EndedSession
from push.settings import PushSettings

Platform = Literal["android", "ios", "web"]


class Keys(BaseModel):
    """What the browser gave for encryption to it (RFC 8291), in base64url."""

    model_config = ConfigDict(extra="forbid")

    p256dh: str = Field(max_length=200)
    auth: str = Field(max_length=100)

    @field_validator("p256dh")
    @classmethod
    def _a_point(cls, text: str) -> str:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unbase64(text))
        return text

    @field_validator("auth")
    @classmethod
    def _sixteen_bytes(cls, text: str) -> str:
        if len(unbase64(text)) != 16:
            raise ValueError("The secret of a subscription has 16 bytes.")
        return text


class Subscription(BaseModel):
    model_config = ConfigDict(extra="forbid")

    endpoint: str = Field(max_length=2000)
    keys: Keys


class NewDevice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    device_id: str = Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")
    platform: Platform
    fcm_token: str | None = Field(default=None, min_length=1, max_length=4096, pattern=r"^[\x21-\x7e]+$")
    web_push: Subscription | None = None

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if (self.fcm_token is None) == (self.web_push is None):
            raise ValueError("A device has either an fcm_token or a web_push.")
        return self


def register(
    tx: Transaction, settings: PushSettings, caller: Caller, fields: dict[str, Any]
) -> dict[str, Any]:
    """Puts a device of the caller's in place of what had its name or its address before.

    Raises:
        Invalid: a field is wrong.
        Unauthenticated: the session is over.
    """
    new = checked(NewDevice, "invalid_device", fields)
    if new.web_push and (wrong := why_not(settings, new.web_push.endpoint)):
        raise errors.invalid_device({"loc": ["web_push", "endpoint"], "msg": wrong})
    session_id = caller.session_id or ""
    # Until this is committed nobody notes the session's end: it would not see the device.
    _lock(tx, caller.id)
    if tx.get(EndedSession, session_id):
        raise errors.session_ended()
    address = new.fcm_token or (new.web_push.endpoint if new.web_push else "")
    digest = hashlib.sha256(address.encode()).digest()
    _lock(tx, digest.hex())
    others = sa.not_((Device.user_id == caller.id) & (Device.device_id == new.device_id))
    tx.execute(sa.delete(Device).where(Device.address_digest == digest, others))
    mine = sa.select(Device).where(Device.user_id == caller.id, Device.device_id == new.device_id)
    device = tx.scalars(mine.with_for_update()).first() or Device(user_id=caller.id, device_id=new.device_id)
    device.session_id, device.platform = session_id, new.platform
    device.channel, device.address = "fcm" if new.fcm_token else "web_push", address
    device.address_digest = digest
    device.keys = new.web_push.keys.model_dump() if new.web_push else None
    device.registered_at = clock.now()
    tx.add(device)
    tx.flush()
    oldest_last = (
        sa.select(Device.id).where(Device.user_id == caller.id).order_by(Device.registered_at.desc())
    )
    tx.execute(sa.delete(Device).where(Device.id.in_(oldest_last.offset(settings.DEVICES_PER_USER))))
    return shown(device, settings, session_id)


def shown(device: Device, settings: PushSettings, session_id: str | None) -> dict[str, Any]:
    """A device as its person sees it; the address stays with us."""
    return {
        "device_id": device.device_id,
        "platform": device.platform,
        "channel": device.channel,
        "on": settings.is_on(device.channel),
        "current": device.session_id == session_id,
        "registered_at": clock.rfc3339(device.registered_at),
    }


def end_session(tx: Transaction, user_id: str, session_id: str) -> None:
    """Forgets the devices of a session, which can have no new ones."""
    _lock(tx, user_id)
    tx.merge(EndedSession(id=session_id, ended_at=clock.now()))
    tx.execute(sa.delete(Device).where(Device.session_id == session_id))


def _lock(tx: Transaction, name: str) -> None:
    """Held until the transaction ends: what is not there yet has no row to lock."""
    tx.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))


def why_not(settings: PushSettings, endpoint: str) -> str | None:
    """Why nothing may be sent to this endpoint, as far as its name tells. Where it leads is looked at when
    we connect."""
    try:
        url = urlsplit(endpoint)
        port = url.port
    except ValueError:
        return "This is not an address."
    if f"{url.scheme}://{url.netloc}" in settings.WEB_PUSH_ALSO.split():
        return None
    host = url.hostname or ""
    if url.scheme != "https" or port not in (None, 443) or url.username is not None or not endpoint.isascii():
        return "Web Push goes by https to port 443."
    if not re.fullmatch(r"([a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{1,62}", host) or _is_number(host):
        return "A push service has a name."
    allowed = settings.WEB_PUSH_HOSTS.split()
    if allowed and not any(host == a or (a.startswith("*.") and host.endswith(a[1:])) for a in allowed):
        return "This push service is not one that we send to."
    return None


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def unbase64(text: str) -> bytes:
    """What base64url, with or without padding, stands for.

    Raises:
        ValueError
    """
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as problem:
        raise ValueError("This is not base64url.") from problem
