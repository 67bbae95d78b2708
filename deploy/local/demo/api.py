"""A person of the demo, speaking to Bchat as any client does: through the public HTTP API."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import requests

TIMEOUT = 15


class Refused(Exception):
    """Bchat said no, and would say it again."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status, self.code = status, problem.get("code")


class Away(Exception):
    """Bchat can not be reached, or has too much to do."""


class Person:
    """Logs in when it has to. Asks again for a while when Bchat is away, then raises Away."""

    def __init__(self, url: str, username: str, password: str, stop: threading.Event | None = None) -> None:
        self.username, self._password = username, password
        self._api = f"{url.rstrip('/')}/api/v1"
        self._http = requests.Session()
        self._stop = stop or threading.Event()
        self._token = ""
        self.me: dict[str, Any] = {}

    def get(self, path: str, **query: Any) -> Any:
        return self._call("GET", path, params=query)

    def every(self, path: str, **query: Any) -> list[Any]:
        """All items of a list, page after page."""
        page = self.get(path, limit=200, **query)
        found = list(page["items"])
        while cursor := page.get("next_cursor"):
            page = self.get(path, limit=200, cursor=cursor, **query)
            found += page["items"]
        return found

    def post(self, path: str, **body: Any) -> Any:
        # The key makes asking again safe when an answer was lost.
        return self._call("POST", path, json=body, headers={"Idempotency-Key": str(uuid4())})

    def put(self, path: str, **body: Any) -> Any:
        return self._call("PUT", path, json=body)

    def patch(self, path: str, **body: Any) -> Any:
        return self._call("PATCH", path, json=body)

    def send(self, path: str, content: bytes) -> Any:
        """PUTs a file."""
        return self._call("PUT", path, data=content)

    def delete(self, path: str) -> Any:
        return self._call("DELETE", path)

    def say(self, group_id: str, text: str) -> None:
        self.post(f"/groups/{group_id}/messages", client_id=str(uuid4()), text=text)

    def log_in(self) -> None:
        told = self._patiently(
            "POST", "/auth/login", json={"username": self.username, "password": self._password}
        )
        self._token, self.me = told["access_token"], told["user"]

    def _call(self, method: str, path: str, headers: dict[str, str] | None = None, **rest: Any) -> Any:
        if not self._token:
            self.log_in()
        try:
            return self._patiently(method, path, headers, **rest)
        except Refused as refused:
            if refused.status != 401:
                raise
        self.log_in()
        return self._patiently(method, path, headers, **rest)

    def _patiently(self, method: str, path: str, headers: dict[str, str] | None = None, **rest: Any) -> Any:
        pause = 0.5
        while True:
            signed = {**(headers or {}), "Authorization": f"Bearer {self._token}"}
            try:
                answer = self._http.request(method, self._api + path, headers=signed, timeout=TIMEOUT, **rest)
            except requests.RequestException as problem:
                why, wait = type(problem).__name__, pause
            else:
                if answer.status_code < 400:
                    return answer.json() if answer.content else None
                problem_json = answer.headers.get("Content-Type", "").startswith("application/problem+json")
                if answer.status_code not in (429, 500, 502, 503, 504):
                    raise Refused(answer.status_code, answer.json() if problem_json else {})
                why, wait = str(answer.status_code), max(pause, float(answer.headers.get("Retry-After", 0)))
            if pause > 4 or self._stop.wait(min(wait, 20)):
                raise Away(f"{method} {path}: {why}")
            pause *= 2
