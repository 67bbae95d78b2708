"""Firebase Cloud Messaging, HTTP v1, by pyfcm.

Of pyfcm's class we take how a message is made and where it goes. What it does when that fails we do
ourselves: it sleeps where it is told to come back later, tries 502 and 503 again for minutes, and throws away
the answer that tells an address that is gone from a mistake of ours.
"""

import threading
from functools import partial
from typing import Any

import requests
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from kit.observe import get_logger
from pyfcm import FCMNotification
from requests.adapters import HTTPAdapter

from push.messages import Message, Withdrawal
from push.outcomes import Away, Forget, Outcome, Refused, Retry, Sent, Slow, retry_after

log = get_logger(__name__)

ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
MOST_BYTES = 4096


class Fcm(FCMNotification):
    """One connection pool and one access token for all threads.

    Args:
        credentials: path of the service account's JSON file.
        url: of the interface, up to the project, where it is not Google's.
        seconds: deadline of a call.
        at_once: how many threads send.

    Raises:
        Exception: the file can't be read.
    """

    def __init__(self, credentials: str, url: str, seconds: float, at_once: int) -> None:
        super().__init__(service_account_file=credentials)
        if url:
            self.FCM_END_POINT_BASE = url
        self._initialize_credentials()
        self._seconds = seconds
        self._session = requests.Session()
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=at_once, max_retries=0)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)
        self._renewing = threading.Lock()

    def send(self, platform: str, token: str, message: Message | Withdrawal, ttl: int) -> Outcome:
        """Sends a message to a device, once.

        Args:
            ttl: seconds after which nobody needs it.
        """
        payload = self.parse_payload(fcm_token=token, **_parts(platform, message, ttl))
        try:
            answer = self._post(payload)
            if answer.status_code == requests.codes.unauthorized and not _code(answer):
                self.credentials.token = None  # taken back before its time
                answer = self._post(payload)
        except TransportError as problem:
            return Away(f"no access token: {problem}")
        except GoogleAuthError as problem:
            return Slow(f"no access token: {problem}")
        except requests.RequestException as problem:
            return Away(type(problem).__name__)
        return _outcome(answer)

    def _post(self, payload: bytes) -> requests.Response:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._get_access_token()}"}
        return self._session.post(self.fcm_end_point, data=payload, headers=headers, timeout=self._seconds)

    def _get_access_token(self) -> str:
        with self._renewing:
            if not self.credentials.valid:
                self.credentials.refresh(partial(Request(self._session), timeout=self._seconds))
            token: str = self.credentials.token
            return token


def _parts(platform: str, message: Message | Withdrawal, ttl: int) -> dict[str, Any]:
    return (
        _parts_of_message(platform, message, ttl)
        if isinstance(message, Message)
        else _parts_of_withdrawal(platform, message, ttl)
    )


def _parts_of_message(platform: str, message: Message, ttl: int) -> dict[str, Any]:
    """A message in the words of each platform.

    Android gets data only, so that the application can draw, replace and acknowledge it; `tag` makes it one
    notification a topic. There is no `collapse_key`: FCM keeps four of them for a device that is away, and
    loses what was said of a fifth room.
    """
    parts: dict[str, Any] = {"data_payload": message.data()}
    if platform == "android":
        priority = "HIGH" if message.urgent else "NORMAL"
        parts["android_config"] = {"priority": priority, "ttl": f"{ttl}s"}
    elif platform == "ios":
        alert = {part: parts["data_payload"][part] for part in ("title", "body")}
        parts["apns_config"] = {
            "headers": {
                "apns-collapse-id": message.short_tag,
                "apns-expiration": str(int(message.at.timestamp()) + ttl),
                "apns-priority": "10" if message.urgent else "5",
            },
            "payload": {
                "aps": {"alert": alert, "thread-id": message.tag, "mutable-content": 1, "sound": "default"}
            },
        }
    else:
        parts["webpush_config"] = {
            "headers": {
                "TTL": str(ttl),
                "Topic": message.short_tag,
                "Urgency": "high" if message.urgent else "normal",
            }
        }
    return parts


def _parts_of_withdrawal(platform: str, message: Withdrawal, ttl: int) -> dict[str, Any]:
    """It wakes nobody and makes no sound; on an iPhone the application is run in the background."""
    parts: dict[str, Any] = {"data_payload": message.data()}
    if platform == "ios":
        expiration = str(int(message.at.timestamp()) + ttl)
        headers = {"apns-push-type": "background", "apns-priority": "5", "apns-expiration": expiration}
        parts["apns_config"] = {"headers": headers, "payload": {"aps": {"content-available": 1}}}
    else:
        parts["android_config"] = {"priority": "NORMAL", "ttl": f"{ttl}s"}
    return parts


def _error(answer: requests.Response) -> dict[str, Any]:
    try:
        error = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}


def _details(answer: requests.Response, kind: str) -> list[dict[str, Any]]:
    found = _error(answer).get("details")
    return (
        [d for d in found if isinstance(d, dict) and d.get("@type") == kind]
        if isinstance(found, list)
        else []
    )


def _code(answer: requests.Response) -> str:
    """FCM's own code, which says more than the status: 404 is also a wrong project, 403 a missing right."""
    return next((str(detail.get("errorCode", "")) for detail in _details(answer, ERROR)), "")


def _outcome(answer: requests.Response) -> Outcome:
    status, code = answer.status_code, _code(answer)
    if status == requests.codes.ok:
        return Sent()
    why = f"{status} {code or _error(answer).get('status') or 'no error code'}"
    after = retry_after(answer.headers.get("Retry-After"))
    match code:
        case "UNREGISTERED" | "SENDER_ID_MISMATCH":
            return Forget(why)
        case "INVALID_ARGUMENT":
            return Forget(why) if _names_the_token(answer) else Refused(f"{why}: {_message(answer)}")
        case "QUOTA_EXCEEDED":
            return Slow(why, after)
        case "UNAVAILABLE" | "INTERNAL" | "UNSPECIFIED_ERROR":
            return Retry(why, after)
        case "THIRD_PARTY_AUTH_ERROR":
            return Retry(why)
    if status == requests.codes.too_many_requests or status in (401, 403, 404):
        return Slow(f"{why}: {_message(answer)}", after)
    return Retry(why, after) if status >= 500 else Refused(f"{why}: {_message(answer)}")


def _names_the_token(answer: requests.Response) -> bool:
    """Whether all that is wrong is the token; anything else is our mistake, and costs nobody a device."""
    violations = [v for detail in _details(answer, BAD_REQUEST) for v in detail.get("fieldViolations", [])]
    return all(str(v.get("field", "")).endswith("token") for v in violations)


def _message(answer: requests.Response) -> str:
    return str(_error(answer).get("message", ""))[:300]
