"""gunicorn's worker with gevent, and what it lacks: idle connections must not hold up its end."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import gevent
from gevent.monkey import get_original
from gunicorn.workers.ggevent import GeventWorker


class Worker(GeventWorker):
    """Knows which of its connections wait for a request."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clients: dict[Any, socket.socket] = {}
        self._idle: set[socket.socket] = set()
        self._letting_go = False

    def handle(self, listener: Any, client: socket.socket, addr: Any) -> None:
        greenlet = gevent.getcurrent()
        self._clients[greenlet] = client
        try:
            super().handle(listener, client, addr)
        finally:
            del self._clients[greenlet]

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """Around the wait for a connection's next request."""
        client = self._clients[gevent.getcurrent()]
        self._idle.add(client)
        try:
            if self._letting_go:
                _hear_no_more(client)
            with super().timeout_ctx():
                yield
        finally:
            self._idle.discard(client)

    def let_go(self) -> None:
        """Ends the connections that wait for a request; one that has come just now is still answered."""
        self._letting_go = True
        for client in self._idle:
            _hear_no_more(client)


def _hear_no_more(client: socket.socket) -> None:
    """The next read has what is there already, then the end."""
    # gevent's own would rather throw into the reader, who may have a request by now.
    with suppress(OSError), get_original("socket", "socket")(fileno=os.dup(client.fileno())) as same:
        same.shutdown(socket.SHUT_RD)
