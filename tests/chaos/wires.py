"""A wire between each process and each server, that can be torn or fall silent.

A torn one resets the connection. On a silent one nothing passes any more, in neither direction, and neither
side is told: so it is when a host is cut off.
"""

import asyncio
import contextlib
import socket
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Self

CHUNK = 65536


class Wires:
    """All wires, in a thread of their own.

    A wire belongs to a process, `chat.1` for instance, and leads to a server, `postgres.1` or `rabbitmq.1`.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wires", daemon=True)
        self._open: dict[str, set[asyncio.StreamWriter]] = defaultdict(set)
        self._passes: dict[str, asyncio.Event] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def lay(self, process: str, port: int) -> int:
        """A new wire to a port of this machine; the port of its near end."""
        near = socket.create_server(("127.0.0.1", 0), backlog=100)
        self._do(self._serve, process, near, port).result(10)
        found: int = near.getsockname()[1]
        return found

    def tear(self, process: str) -> None:
        """Resets what runs over the wires of a process. New connections can be made at once."""

        async def tear() -> None:
            for writer in list(self._open[process]):
                with contextlib.suppress(OSError):
                    linger = b"\1\0\0\0\0\0\0\0"  # closing sends a reset
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()

        self._do(tear).result(10)

    def silence(self, process: str) -> None:
        """Nothing passes until `mend`."""
        self._loop.call_soon_threadsafe(self._passes[process].clear)

    def mend(self, process: str) -> None:
        self._loop.call_soon_threadsafe(self._passes[process].set)

    def _do(self, work: Callable[..., Any], *args: Any) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(work(*args), self._loop)

    async def _serve(self, process: str, near: socket.socket, port: int) -> None:
        passes = self._passes.setdefault(process, asyncio.Event())
        passes.set()

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                await passes.wait()
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
                both = {writer, far_writer}
                self._open[process] |= both
                await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
                self._open[process] -= both
                far_writer.close()
            writer.close()

        async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while data := await reader.read(CHUNK):
                    await passes.wait()
                    writer.write(data)
                    await writer.drain()
            # Whichever end is gone, the other learns of it, once anything passes.
            await passes.wait()
            with contextlib.suppress(OSError):
                writer.close()

        await asyncio.start_server(take, sock=near)
