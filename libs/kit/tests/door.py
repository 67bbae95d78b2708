"""A door to the broker that a test can shut and open again."""

import contextlib
import socket
import threading
from typing import Self
from urllib.parse import urlsplit, urlunsplit


class Door:
    """Forwards a port of this machine to the broker, while it is open."""

    def __init__(self, amqp_uri: str) -> None:
        parts = urlsplit(amqp_uri)
        self._target = parts.hostname or "127.0.0.1", parts.port or 5672
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._address = self._listener.getsockname()
        login = parts.netloc.rpartition("@")[0]
        self.uri = urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{self._address[1]}"))
        self._accept()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()

    def shut(self) -> None:
        """Cuts who is connected, and refuses who comes."""
        # Without the shutdown, the accept that waits in its thread would keep the port open.
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open.clear()

    def open(self) -> None:
        self._listener = socket.create_server(self._address)
        self._accept()

    def _accept(self) -> None:
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                inner, _ = listener.accept()
                outer = socket.create_connection(self._target)
                self._open |= {inner, outer}
                for source, target in ((inner, outer), (outer, inner)):
                    threading.Thread(target=_copy, args=(source, target), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
