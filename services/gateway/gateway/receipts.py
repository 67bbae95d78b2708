"""What clients have received: told to push together, so that a message to a thousand costs it a few calls."""

from collections.abc import Callable
from typing import Any

from kit.errors import Refusal
from kit.observe import get_logger
from kit.rpc import RemoteFailure

log = get_logger(__name__)

MOST = 1000  # of one call
KEPT = 50_000


class Receipts:
    """Of this worker, the last of each person and room.

    Args:
        tell: gives push a part of them.
    """

    def __init__(self, tell: Callable[[list[dict[str, Any]]], None]) -> None:
        self._tell = tell
        self._kept: dict[tuple[str, str, bool], int] = {}

    def put(self, user_id: str, group_id: str, seq: int, shown: bool) -> None:
        """Of more than can be kept, what comes is dropped: whoever is told once more only sees it twice."""
        key = user_id, group_id, shown
        if key in self._kept or len(self._kept) < KEPT:
            self._kept[key] = max(seq, self._kept.get(key, 0))

    def pass_on(self) -> None:
        """Tells what has come since the last time; what push can't take now is told with the next."""
        while self._kept:
            part = [self._kept.popitem() for _ in range(min(MOST, len(self._kept)))]
            names = ("user_id", "group_id", "shown")
            try:
                self._tell([{**dict(zip(names, key, strict=True)), "seq": seq} for key, seq in part])
            except (Refusal, RemoteFailure) as problem:
                log.info("receipts_wait", problem=str(problem))
                for (user_id, group_id, shown), seq in part:
                    self.put(user_id, group_id, seq, shown)
                return
