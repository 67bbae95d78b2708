"""Google's FCM and a browser's push service, on this machine, as strict as the real ones and as moody."""

import base64
import json
import re
import secrets
import socket
import ssl
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import http_ece
import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
AUDIENCE = "https://oauth2.googleapis.com/token"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
Answer = tuple[int, dict[str, str], bytes]


def of_json(status: int, body: Any, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "application/json", **named}, json.dumps(body).encode()


class Server:
    """Answers over HTTP from threads of its own."""

    def __init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                if len(body) < length:  # who sent it was killed
                    self.close_connection = True
                    return
                status, headers, said = outer.answer(self.path, self.headers, body)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(said)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody reads it."""

        class Many(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 200

            def handle_error(self, request: Any, client_address: Any) -> None:
                if not isinstance(sys.exception(), ConnectionError):  # who sent it was killed
                    super().handle_error(request, client_address)

        self._server = Many(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.lock = threading.Lock()
        # What the next requests to an address are answered, one each.
        self.moods: dict[str, list[Answer]] = defaultdict(list)
        self.before_answer: Callable[[], None] = lambda: None

    def answer(self, path: str, headers: Any, body: bytes) -> Answer:
        raise NotImplementedError

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def fcm_error(
    status: int, code: str | None, name: str = "", field: str | None = None, **headers: str
) -> Answer:
    """An error of FCM: its own code stands in a detail, beside the status of Google's own."""
    details: list[Any] = [{"@type": FCM_ERROR, "errorCode": code}] if code else []
    if field:
        details.append({"@type": BAD_REQUEST, "fieldViolations": [{"field": field, "description": "wrong"}]})
    error = {"code": status, "message": "No.", "status": name or code or "UNKNOWN", "details": details}
    return of_json(status, {"error": error}, **headers)


@cache
def _account_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class LocalFcm(Server):
    """The token endpoint and HTTP v1: everything that Google refuses is refused."""

    PROJECT = "bchat-test"

    def __init__(self) -> None:
        super().__init__()
        self._key = _account_key()
        self.email = f"push@{self.PROJECT}.iam.gserviceaccount.com"
        self.tokens: set[str] = set()
        self.token_moods: list[Answer] = []
        self.asked_for_token = 0
        self.refused: list[str] = []
        # (device's token, message), as they came; those that were answered with an error are not among them.
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.tried: list[str] = []

    def credentials(self, folder: Path) -> Path:
        """A service account's file."""
        pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        account = {
            "type": "service_account",
            "project_id": self.PROJECT,
            "private_key_id": "1",
            "private_key": pem,
            "client_email": self.email,
            "client_id": "1",
            "token_uri": f"{self.url}/token",
        }
        path = folder / "fcm.json"
        path.write_text(json.dumps(account))
        return path

    @property
    def base(self) -> str:
        return f"{self.url}/v1/projects"

    def answer(self, path: str, headers: Any, body: bytes) -> Answer:
        if path == "/token":
            return self._token(body)
        if path != f"/v1/projects/{self.PROJECT}/messages:send":
            return fcm_error(404, None, "NOT_FOUND")
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.tokens:
            return fcm_error(401, None, "UNAUTHENTICATED")
        try:
            sent = json.loads(body)
            wrong = wrong_field(sent)
        except ValueError:
            wrong = "body"
        if wrong or len(body) > 8192:
            self.refused.append(f"{wrong}: {body[:300]!r}")
            return fcm_error(400, "INVALID_ARGUMENT", field=wrong or "message")
        message = sent["message"]
        with self.lock:
            self.tried.append(message["token"])
            mood = self.moods[message["token"]].pop(0) if self.moods[message["token"]] else None
            if mood is None or mood[0] == 200:
                self.messages.append((message["token"], message))
        self.before_answer()
        return mood or of_json(200, {"name": f"projects/{self.PROJECT}/messages/{secrets.token_hex(8)}"})

    def _token(self, body: bytes) -> Answer:
        with self.lock:
            self.asked_for_token += 1
            if self.token_moods:
                return self.token_moods.pop(0)
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        try:
            assert form.pop("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer"
            claims = jwt.decode(
                form.pop("assertion"), self._key.public_key(), ["RS256"], audience=AUDIENCE, issuer=self.email
            )
            assert not form
            assert claims["scope"] == SCOPE
            assert claims["exp"] - claims["iat"] <= 3600
            assert abs(claims["iat"] - time.time()) < 60
        except (AssertionError, KeyError, jwt.PyJWTError) as problem:
            self.refused.append(f"token: {problem!r}")
            return of_json(400, {"error": "invalid_grant", "error_description": str(problem)})
        token = "ya29." + secrets.token_hex(16)
        self.tokens.add(token)
        return of_json(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})


FIELDS: dict[str, dict[str, Callable[[Any], bool]]] = {
    "android": {
        "priority": lambda v: v in ("NORMAL", "HIGH"),
        "ttl": lambda v: (
            isinstance(v, str) and bool(re.fullmatch(r"\d+(\.\d{1,9})?s", v)) and float(v[:-1]) <= 2419200
        ),
        "collapse_key": lambda v: isinstance(v, str),
    },
    "apns": {
        "headers": lambda v: texts(v) and len(v.get("apns-collapse-id", "")) <= 64,
        "payload": lambda v: "aps" in v,
    },
    "webpush": {"headers": lambda v: texts(v)},
    "notification": {name: lambda v: isinstance(v, str) for name in ("title", "body", "image")},
}
RESERVED = re.compile(r"^(from|message_type|google.*|gcm.*)$")


def texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(part, str) for pair in value.items() for part in pair)


def wrong_field(sent: Any) -> str | None:
    """The field of a v1 request that Google would refuse."""
    if not isinstance(sent, dict) or not isinstance(sent.get("message"), dict):
        return "message"
    if unknown := sent.keys() - {"message", "validate_only"}:
        return unknown.pop()
    message = sent["message"]
    if unknown := message.keys() - {"token", "data", *FIELDS}:
        return f"message.{unknown.pop()}"
    if not isinstance(message.get("token"), str) or not message["token"]:
        return "message.token"
    data = message.get("data", {})
    if not texts(data) or any(RESERVED.match(name) for name in data):
        return "message.data"
    payload = {name: message[name] for name in ("data", "notification") if name in message}
    payload |= {"apns": message.get("apns", {}).get("payload", {})}
    if len(json.dumps(payload, ensure_ascii=False).encode()) > 4096:
        return "message"
    for part, allowed in FIELDS.items():
        for name, value in message.get(part, {}).items():
            if name not in allowed or not allowed[name](value):
                return f"message.{part}.{name}"
    return None


class Browser:
    """A browser's subscription: the keys that stay in it."""

    def __init__(self, service: "LocalWebPush", name: str) -> None:
        self.endpoint = f"{service.url}/push/{name}"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = secrets.token_bytes(16)

    @property
    def subscription(self) -> dict[str, Any]:
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {
            "endpoint": self.endpoint,
            "keys": {"p256dh": base64url(point), "auth": base64url(self._auth)},
        }

    def open(self, body: bytes) -> dict[str, Any]:
        found = http_ece.decrypt(body, private_key=self._key, auth_secret=self._auth, version="aes128gcm")
        message: dict[str, Any] = json.loads(found)
        return message


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class LocalWebPush(Server):
    """A push service: verifies our key's signature (RFC 8292), and gives the browser what it can open."""

    def __init__(self, public_key: str) -> None:
        super().__init__()
        self.public_key = public_key
        self.browsers: dict[str, Browser] = {}
        self.refused: list[str] = []
        self.messages: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.tried: list[str] = []

    def browser(self, name: str) -> Browser:
        self.browsers[name] = Browser(self, name)
        return self.browsers[name]

    def answer(self, path: str, headers: Any, body: bytes) -> Answer:
        name = path.removeprefix("/push/")
        self.tried.append(name)
        if mood := self.moods[name]:
            return mood.pop(0)
        if name not in self.browsers:
            return 404, {}, b""
        try:
            self._verify(headers)
            assert headers["Content-Encoding"] == "aes128gcm"
            assert len(body) <= 4096
            assert headers["TTL"].isdigit()
            assert re.fullmatch(r"[A-Za-z0-9_-]{1,32}", headers["Topic"])
            assert headers["Urgency"] in ("very-low", "low", "normal", "high")
            opened = self.browsers[name].open(body)
        except Exception as problem:
            self.refused.append(repr(problem))
            return 400, {}, b"no"
        with self.lock:
            self.messages.append((name, opened, dict(headers)))
        return 201, {"Location": f"{self.url}/message/1"}, b""

    def _verify(self, headers: Any) -> None:
        scheme, _, rest = headers["Authorization"].partition(" ")
        assert scheme == "vapid"
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        assert parts["k"] == self.public_key
        raw = base64.urlsafe_b64decode(parts["k"] + "=" * (-len(parts["k"]) % 4))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        claims = jwt.decode(parts["t"], pem, ["ES256"], audience=self.url)
        assert claims["exp"] - time.time() <= 24 * 3600
        assert urlsplit(claims["sub"]).scheme in ("mailto", "https")


class Dripping:
    """A push service by https whose answers come in so many drops, each after a tenth of a second."""

    def __init__(self, name: str, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder(called, called, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        both = folder / "push.pem"
        both.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + made.public_bytes(Encoding.PEM)
        )
        self.certificate, self.drops = str(both), 1
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(both)
        self._listening = socket.create_server(("127.0.0.1", 0))

    def connected(self, seconds: float) -> socket.socket:
        """As `socket.create_connection`, whatever names lead to."""
        made = socket.socket()
        made.settimeout(seconds)
        made.connect(self._listening.getsockname())
        return made

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._answer, args=self._listening.accept()[:1], daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        answer = b"HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        with suppress(OSError), self._context.wrap_socket(connection, server_side=True) as spoken:
            spoken.recv(10_000)
            drop = -(-len(answer) // self.drops)
            for start in range(0, len(answer), drop):
                time.sleep(0.1)
                spoken.sendall(answer[start : start + drop])

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
