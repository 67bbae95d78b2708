"""Web Push (RFC 8030), encrypted for the browser (RFC 8291) and signed with our key (RFC 8292).

An endpoint is an address that a client names, so we look where it leads before we connect: it must not become
a way to talk to what stands beside us.
"""

import io
import json
import socket
import time
from http.client import HTTPResponse
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import http_ece
import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.poolmanager import PoolManager

from push.devices import unbase64, why_not
from push.keys import private_key, public_key
from push.messages import Message
from push.outcomes import Away, Forget, Outcome, Refused, Retry, Sent, Slow, retry_after
from push.settings import PushSettings

SIGNED_SECONDS = 12 * 3600
ANSWER_BYTES = 1000
MOST_ADDRESSES = 4
# IPv6 that leads to any IPv4: through a translator (RFC 6052), a tunnel (RFC 3056, RFC 4380).
LEADING_ELSEWHERE = [ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open net, where none of our own things stand."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        elif any(ip in net for net in LEADING_ELSEWHERE):
            return False
    return ip.is_global and not ip.is_multicast


class _Timely(io.RawIOBase):
    """What an answer is read from, until its time is over: each byte of it could come just in time else."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, seconds: float) -> None:
        self._raw, self._sock, self._ends = raw, sock, time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if (left := self._ends - time.monotonic()) <= 0:
            raise TimeoutError("The answer takes too long.")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimelyResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Timely(self.fp.detach(), sock, sock.gettimeout() or 0.0))


class _PublicConnection(HTTPSConnection):
    """Connects to public addresses only; the address that was looked at is the one that is used."""

    response_class = _TimelyResponse

    def _new_conn(self) -> socket.socket:
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            raise NewConnectionError(self, f"no address: {problem}") from problem
        public = [str(address[4][0]) for address in found if is_public(str(address[4][0]))]
        if not public:
            raise NewConnectionError(self, "no public address")
        last: OSError | None = None
        assert self.timeout is not None
        tried = public[:MOST_ADDRESSES]
        for address in tried:
            try:
                return socket.create_connection((address, self.port), self.timeout / len(tried))
            except OSError as problem:
                last = problem
        raise NewConnectionError(self, f"not connected: {last}")


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        self.poolmanager = PoolManager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": _PublicPool}


class WebPush:
    """
    Raises:
        ValueError: the key can't be used.
    """

    def __init__(self, settings: PushSettings) -> None:
        self._settings = settings
        self._key = private_key(settings.VAPID_PRIVATE_KEY)
        self._public = public_key(settings.VAPID_PRIVATE_KEY)
        self._session = requests.Session()
        # A proxy would look addresses up itself.
        self._session.trust_env = False
        self._session.mount(
            "https://", _PublicAdapter(pool_connections=20, pool_maxsize=settings.PUSH_AT_ONCE)
        )
        for origin in settings.WEB_PUSH_ALSO.split():
            self._session.mount(origin + "/", HTTPAdapter(pool_maxsize=settings.PUSH_AT_ONCE))

    def send(self, endpoint: str, keys: dict[str, str], message: Message, ttl: int) -> Outcome:
        """Sends a message to a browser, once.

        Args:
            ttl: seconds after which nobody needs it.
        """
        if wrong := why_not(self._settings, endpoint):
            return Forget(wrong)
        body = http_ece.encrypt(
            json.dumps(message.data(), ensure_ascii=False, separators=(",", ":")).encode(),
            private_key=ec.generate_private_key(ec.SECP256R1()),
            dh=unbase64(keys["p256dh"]),
            auth_secret=unbase64(keys["auth"]),
            version="aes128gcm",
        )
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(ttl),
            "Urgency": "high" if message.urgent else "normal",
            "Topic": message.short_tag,
            "Authorization": self._authorization(endpoint),
        }
        try:
            with self._session.post(
                endpoint,
                data=body,
                headers=headers,
                timeout=self._settings.PUSH_ANSWER_SECONDS,
                allow_redirects=False,
                stream=True,
            ) as answer:
                said = answer.raw.read(ANSWER_BYTES)
        except (requests.RequestException, HTTPError) as problem:
            return Away(type(problem).__name__)
        return _outcome(answer.status_code, answer.headers.get("Retry-After"), said)

    def _authorization(self, endpoint: str) -> str:
        url = urlsplit(endpoint)
        claims = {"aud": f"{url.scheme}://{url.netloc}", "exp": int(time.time()) + SIGNED_SECONDS}
        if self._settings.VAPID_SUBJECT:
            claims["sub"] = self._settings.VAPID_SUBJECT
        return f"vapid t={jwt.encode(claims, self._key, algorithm='ES256')}, k={self._public}"


def service_of(endpoint: str) -> str:
    """The push service that an endpoint belongs to."""
    return urlsplit(endpoint).netloc


def _outcome(status: int, header: str | None, said: bytes) -> Outcome:
    why = f"{status} {said.decode(errors='replace')[:200]}".strip()
    after = retry_after(header)
    if status in (200, 201, 202, 204):
        return Sent()
    if status in (404, 410):
        return Forget(why)
    if status == requests.codes.too_many_requests:
        return Slow(why, after)
    if status >= 500 or status == requests.codes.request_timeout:
        return Retry(why, after)
    return Refused(why)
