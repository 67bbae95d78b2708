"""Which gateways there are: each worker tells the others how it is, and forgets who has fallen silent."""

import os
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

import gevent
from kit.clock import now, rfc3339

TELL_SECONDS = 5.0
SILENT_SECONDS = 3.5 * TELL_SECONDS
MOST = 1000
TOLD = ("id", "version", "since", "sockets")


class Peers:
    """
    Args:
        version: of this worker's code.
        keys: the ids of the keys whose tokens it believes; auth's must be among them.
    """

    def __init__(self, version: str, keys: Iterable[str]) -> None:
        self._me = {
            "type": "gateway",
            "id": f"{socket.gethostname()}:{os.getpid()}",
            "version": version,
            "since": rfc3339(now()),
            "keys": sorted(keys),
        }
        self._heard: dict[str, tuple[float, dict[str, Any]]] = {}

    def heard(self, told: dict[str, Any]) -> None:
        """What a gateway said of itself.

        Raises:
            KeyError: it said too little.
        """
        self._forget()
        if len(self._heard) < MOST or told["id"] in self._heard:
            self._heard[told["id"]] = time.monotonic(), {name: told[name] for name in TOLD}

    def all(self) -> list[dict[str, Any]]:
        """Those that were heard lately, by their ids."""
        self._forget()
        return [told for _, (_, told) in sorted(self._heard.items())]

    def keep_telling(self, say: Callable[[dict[str, Any]], None], sockets: Callable[[], int]) -> None:
        """Runs for ever.

        Args:
            say: tells all gateways, this one included.
            sockets: how many are open here.
        """
        while True:
            say({**self._me, "at": rfc3339(now()), "sockets": sockets()})
            gevent.sleep(TELL_SECONDS)

    def _forget(self) -> None:
        then = time.monotonic() - SILENT_SECONDS
        self._heard = {id: heard for id, heard in self._heard.items() if heard[0] > then}
