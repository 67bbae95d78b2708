"""What is told often and counts only as it is last: live positions."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import gevent

T = TypeVar("T")


class Latest(Generic[T]):
    """Tells at most one value of a key in a while; of those that come meanwhile the last one follows.

    Args:
        pause: seconds between two values of a key.
        tell: takes a value, in a greenlet of ours; the next one of its key waits for it.
    """

    def __init__(self, pause: float, tell: Callable[[T], None]) -> None:
        self._pause = pause
        self._tell = tell
        self._waiting: dict[Hashable, T | None] = {}  # by each key that was told a while ago or less

    def put(self, key: Hashable, value: T) -> None:
        idle = key not in self._waiting
        self._waiting[key] = value
        if idle:
            gevent.spawn(self._run, key)

    def _run(self, key: Hashable) -> None:
        try:
            while (value := self._waiting[key]) is not None:
                self._waiting[key] = None
                self._tell(value)
                gevent.sleep(self._pause)
        finally:
            del self._waiting[key]
