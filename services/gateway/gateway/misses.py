"""Addresses that ask for secrets there are not: nobody guesses one, but trying shall cost us little."""

from collections import OrderedDict

from kit.errors import TooMany

from gateway.sockets import Bucket

A_SECOND, AT_ONCE, ADDRESSES = 1.0, 60, 10_000


class Misses:
    """Counts them on this worker."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str | None, Bucket] = OrderedDict()

    def check(self, address: str | None) -> None:
        """
        Raises:
            TooMany: this address has missed too often of late.
        """
        bucket = self._buckets.get(address)
        if bucket and (wait := bucket.wait) > 0:
            raise TooMany("too_many_misses", "There is nothing there; come back later.", retry_after=wait)

    def count(self, address: str | None) -> None:
        self._buckets.setdefault(address, Bucket(A_SECOND, AT_ONCE)).take()
        self._buckets.move_to_end(address)
        if len(self._buckets) > ADDRESSES:
            self._buckets.popitem(last=False)
