"""Many clients in one thread: sockets that keep one room whole, and requests that wait for nobody."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from client import Json, new_id
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

BACK_OFF_SECONDS, BACK_OFF_MOST_SECONDS = 0.5, 15.0
# A refusal that says when to come back.
LATER = (429, 503)


class Member:
    """A socket of somebody in a room, which comes back after each close as the protocol asks.

    Attributes:
        last: the seq up to which it has everything.
        heard: when it had each seq, by the monotonic clock.
        broken: what must not happen.
        refusals: why it was not let in or sent away, counted by all that share it.
    """

    def __init__(self, url: str, token: str, group_id: str, refusals: Counter[str]) -> None:
        self._url, self._token, self._group = url, token, group_id
        self.last = -1
        self.heard: dict[int, float] = {}
        self.broken: list[str] = []
        self.refusals = refusals
        self.answers: dict[str, asyncio.Future[Json]] = {}
        self.socket: ClientConnection | None = None
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._stay())

    async def leave(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def has(self, seq: int) -> None:
        """Waits until it has everything up to there."""
        while self.last < seq:
            assert not self._task.done(), self._task.exception()
            self._news.clear()
            await self._news.wait()

    async def send(self, text: str) -> Json:
        """Says something until it is acknowledged; its entry."""
        client_id = new_id()
        while True:
            frame = {"type": "send", "group_id": self._group, "client_id": client_id, "text": text}
            if (answer := await self.ask(frame)) and answer["type"] == "ack":
                entry: Json = answer["entry"]
                return entry
            await asyncio.sleep(((answer or {}).get("retry_after_ms") or 100) / 1000)

    async def ask(self, frame: Json, seconds: float = 30) -> Json | None:
        """The answer to a frame; None where the connection was lost."""
        ref = new_id()
        self.answers[ref] = asyncio.get_running_loop().create_future()
        try:
            assert self.socket
            await self.socket.send(json.dumps({**frame, "ref": ref}))
            return await asyncio.wait_for(self.answers[ref], seconds)
        except (ConnectionClosed, TimeoutError, AssertionError):
            return None
        finally:
            del self.answers[ref]

    async def _stay(self) -> None:
        tries = 0
        while True:
            wait = 0.0
            try:
                host = self._url.removeprefix("http")
                protocols = [Subprotocol("bchat.v1")]
                async with connect(
                    f"ws{host}/api/v1/ws", subprotocols=protocols, compression=None, ping_interval=None,
                    open_timeout=20, max_size=None,
                ) as socket:  # fmt: skip
                    self.socket = socket
                    have = {"groups": {self._group: self.last}} if self.last >= 0 else {}
                    await socket.send(json.dumps({"type": "hello", "token": self._token, **have}))
                    async for text in socket:
                        tries = 0
                        self._take(json.loads(text))
                self.refusals[f"closed with {socket.close_code}"] += 1
            except InvalidStatus as refused:
                status = refused.response.status_code
                self.refusals[f"status {status}"] += 1
                wait = float(refused.response.headers.get("Retry-After", 0))
                if status not in LATER or not wait:
                    self.broken.append(f"refused with {status} and Retry-After {wait}")
            except ConnectionClosed:
                self.refusals[f"closed with {socket.close_code}"] += 1
            except (OSError, InvalidHandshake, TimeoutError, EOFError) as problem:
                self.refusals[type(problem).__name__] += 1
            tries += 1
            most = min(BACK_OFF_SECONDS * 2**tries, BACK_OFF_MOST_SECONDS)
            await asyncio.sleep(max(wait, most * random.uniform(0.3, 1)))

    def _take(self, frame: Json) -> None:
        match frame["type"]:
            case "welcome":
                (here,) = [group for group in frame["groups"] if group["id"] == self._group]
                if self.last < 0:
                    self.last = here["last_seq"]
                    self._news.set()
            case "entry":
                self._add(frame["group_id"], [frame["entry"]])
            case "entries":
                if not frame["complete"]:
                    self.broken.append("missed too much to be told")
                self._add(frame["group_id"], frame["entries"])
            case _ if frame.get("ref") in self.answers and not self.answers[frame["ref"]].done():
                self.answers[frame["ref"]].set_result(frame)

    def _add(self, group_id: str, entries: Sequence[Json]) -> None:
        if group_id != self._group:
            return
        now = time.monotonic()
        for entry in entries:
            if entry["seq"] != self.last + 1:
                self.broken.append(f"{entry['seq']} after {self.last}")
            self.last = entry["seq"]
            self.heard[self.last] = now
        self._news.set()


class Flood:
    """Requests over many connections, each made as soon as the one before is answered: a client that heeds
    no `Retry-After`.

    Attributes:
        statuses: how often each was answered.
        wrong: answers that should not be.
    """

    def __init__(self, url: str, tokens: Sequence[str], calls: Sequence[tuple[str, str, Any]]) -> None:
        split = urlsplit(url)
        self._host, self._port = split.hostname, split.port
        self._requests = [
            _request(method, path, body, token) for token in tokens for method, path, body in calls
        ]
        self.statuses: Counter[int] = Counter()
        self.wrong: Counter[str] = Counter()
        self.times: list[float] = []

    async def run(self, connections: int, seconds: float) -> None:
        end = time.monotonic() + seconds
        await asyncio.gather(*(self._ask(number, end) for number in range(connections)))

    async def _ask(self, number: int, end: float) -> None:
        while time.monotonic() < end:
            try:
                reader, writer = await asyncio.open_connection(self._host, self._port)
            except OSError as problem:
                self.wrong[type(problem).__name__] += 1
                await asyncio.sleep(0.1)
                continue
            try:
                while time.monotonic() < end:
                    began = time.monotonic()
                    writer.write(self._requests[number % len(self._requests)])
                    number += 1
                    status, headers = await _answer(reader)
                    self.statuses[status] += 1
                    if status < 400:
                        self.times.append(time.monotonic() - began)
                    elif status not in LATER or int(headers.get("retry-after", 0)) < 1:
                        self.wrong[f"{status} {headers.get('retry-after')}"] += 1
                    if headers.get("connection") == "close":
                        break
            except (OSError, asyncio.IncompleteReadError):
                self.statuses[0] += 1
            finally:
                writer.close()


def _request(method: str, path: str, body: Any, token: str) -> bytes:
    content = json.dumps(body).encode() if body else b""
    head = [
        f"{method} /api/v1{path} HTTP/1.1",
        "Host: bchat",
        f"Authorization: Bearer {token}",
        f"Content-Length: {len(content)}",
    ]
    if body:
        head.append("Content-Type: application/json")
    return "\r\n".join([*head, "", ""]).encode() + content


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    await reader.readexactly(int(headers.get("content-length", 0)))
    return int(head[0].split()[1]), headers
