"""What one worker is made of."""

from collections.abc import Callable
from typing import Any

import gevent
from flask import current_app
from gevent.lock import BoundedSemaphore
from kit.store import Store

from gateway import VERSION
from gateway.backend import Backend, Transport
from gateway.batch import Batcher, Message
from gateway.hub import Entry, Fetched, Hub, Surroundings
from gateway.keys import read_keys
from gateway.live import Live
from gateway.misses import Misses
from gateway.pace import Pace
from gateway.peers import Peers
from gateway.receipts import Receipts
from gateway.relay import Relay
from gateway.settings import GatewaySettings
from gateway.sockets import Sockets
from gateway.talk import Partners
from gateway.tokens import Tokens

PATIENCE_SECONDS = 1.0


class Gateway:
    """The parts, wired.

    Args:
        transport: a started `RpcClient`.
    """

    def __init__(self, settings: GatewaySettings, transport: Transport) -> None:
        self.settings = settings
        self.origins = frozenset(settings.ALLOWED_ORIGINS.split())
        # Each has turns of its own: however many requests there are, sockets are answered, and the reverse.
        at_once = settings.CALLS_AT_ONCE
        self.backend = Backend(transport, settings.RPC_SECONDS, at_once, PATIENCE_SECONDS)
        self.sockets_backend = Backend(transport, settings.RPC_SECONDS, at_once, settings.RPC_SECONDS)
        self.files = Store(settings.FILES_URL, _in_a_thread)
        keys = read_keys(settings.TOKEN_PUBLIC_KEYS)
        self.tokens = Tokens(keys, settings.TOKEN_SECONDS)
        self.misses = Misses()
        self.searches = Pace(settings.SEARCHES_PER_MINUTE, 60)
        self.exports = Pace(settings.EXPORTS_PER_HOUR, 3600)
        self.sockets = Sockets(settings.WORKER_CONNECTIONS * 9 // 10)
        self.hub = Hub(
            Surroundings(self._fetch, gevent.spawn_later, lambda: gevent.sleep(0), settings.GAP_SECONDS)
        )
        limits = settings.SEND_SECONDS, settings.SEND_BATCH, settings.SEND_WAITING
        self.batcher, self.strangers = Batcher(self._send, *limits), Batcher(self._send, *limits)
        self.peers = Peers(VERSION, keys)
        self.live = Live(
            self.sockets_backend,
            self.hub,
            self.tokens,
            self.sockets,
            self.peers,
            settings.TOKEN_SECONDS,
            settings.LIVE_SECONDS,
        )
        self.relay = Relay(settings.AMQP_URI, self.live.hear, self.live.hear_gateway, self.hub.doubt)
        self.receipts = Receipts(lambda items: self.sockets_backend.call("push", "seen", items=items))
        self.partners = Partners(
            backend=self.sockets_backend,
            hub=self.hub,
            live=self.live,
            tokens=self.tokens,
            lane=self.lane,
            say=self.relay.say,
            heartbeat=settings.HEARTBEAT_SECONDS,
            sockets_per_user=settings.SOCKETS_PER_USER,
            pause=settings.LIVE_SECONDS,
            receipts=self.receipts,
            line=BoundedSemaphore(settings.HELLOS_AT_ONCE),
            # Standing in line costs nothing; to come back again and again does.
            line_seconds=settings.IDLE_SECONDS,
        )

    def lane(self, user_id: str, group_id: str) -> Batcher:
        """Chat may have to ask about whom we don't know as a member; members don't wait for that."""
        return self.batcher if self.hub.role(user_id, group_id) else self.strangers

    def _fetch(self, group_id: str, after_seq: int) -> Fetched:
        told = self.sockets_backend.read("chat", "fetch", group_id=group_id, after_seq=after_seq, limit=200)
        return Fetched(told["entries"], told["last_seq"])

    def _send(self, messages: list[Message], seconds: float) -> list[dict[str, Any]]:
        told = self.sockets_backend.call("chat", "send", seconds=seconds, messages=messages)
        results: list[dict[str, Any]] = told["results"]
        stored: dict[str, list[Entry]] = {}
        for message, result in zip(messages, results, strict=False):
            if "entry" in result:
                stored.setdefault(message["group_id"].lower(), []).append(result["entry"])
        # Given out here at once: the event that tells every gateway comes later, and is nothing new then.
        for group_id, entries in stored.items():
            gevent.spawn(self.hub.append, group_id, entries)
        return results


def gateway() -> Gateway:
    """The one of the running application."""
    found: Gateway = current_app.extensions["gateway"]
    return found


def _in_a_thread(work: Callable[..., Any], *args: Any) -> Any:
    return gevent.get_hub().threadpool.apply(work, args)
