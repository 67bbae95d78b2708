"""Calls to the services: beside relay.py the only place that knows the broker."""

import time
from collections import defaultdict
from typing import Any, Protocol

import gevent
from gevent.lock import BoundedSemaphore
from kit.caller import Caller
from kit.errors import Unavailable

RETRY_AFTER_SECONDS = 0.1


class Transport(Protocol):
    """What `kit.rpc.RpcClient` does for us."""

    def call(
        self, service: str, method: str, *, caller: Caller | None = None, timeout: float = 5.0, **kwargs: Any
    ) -> Any: ...

    def check(self) -> None: ...


class Backend:
    """The services, asked on behalf of a caller, each call with a deadline.

    Calls that are too many wait here, where that costs nothing, and not in the service's queue, where each is
    work done for nobody when its deadline has passed.

    Args:
        transport: an `RpcClient`.
        seconds: the deadline of a call, its waiting included.
        at_once: calls to each service under way at once.
        patience: seconds that one waits for its turn.
    """

    def __init__(self, transport: Transport, seconds: float, at_once: int, patience: float) -> None:
        self._transport = transport
        self._seconds = seconds
        self._patience = patience
        self._turns: dict[str, BoundedSemaphore] = defaultdict(lambda: BoundedSemaphore(at_once))

    def call(
        self,
        service: str,
        method: str,
        /,
        *,
        caller: Caller | None = None,
        seconds: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """Asks once: it may have been done even where no answer came.

        Raises:
            Refusal, RemoteFailure
        """
        seconds = seconds or self._seconds
        deadline, turn = time.monotonic() + seconds, self._turns[service]
        if not turn.acquire(timeout=min(self._patience, seconds)):
            raise Unavailable("busy", f"Too much is asked of the service {service}.", retry_after=1)
        try:
            left = max(0.0, deadline - time.monotonic())
            return self._transport.call(service, method, caller=caller, timeout=left, **kwargs)
        finally:
            turn.release()

    def read(self, service: str, method: str, /, *, caller: Caller | None = None, **kwargs: Any) -> Any:
        """Asks for what changes nothing, so once more where the connection was lost, within the deadline.

        Raises:
            Refusal, RemoteFailure
        """
        deadline = time.monotonic() + self._seconds
        try:
            return self.call(service, method, caller=caller, **kwargs)
        except Unavailable as lost:
            left = deadline - time.monotonic() - RETRY_AFTER_SECONDS
            if lost.code != "unavailable" or left <= 0:
                raise
            gevent.sleep(RETRY_AFTER_SECONDS)
            return self.call(service, method, caller=caller, seconds=left, **kwargs)

    def check(self) -> None:
        """For the readiness probe; raises when the connection is away."""
        self._transport.check()
