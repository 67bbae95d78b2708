"""How often somebody may ask for what is dear."""

from collections import OrderedDict

from kit.errors import TooMany

from gateway.sockets import Bucket

PEOPLE = 10_000


class Pace:
    """Counts people's calls on this worker; whom it has not seen for longest it forgets first.

    Args:
        times: at once, and again within so many seconds.
    """

    def __init__(self, times: int, seconds: float) -> None:
        self._times, self._rate = times, times / seconds
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, user_id: str) -> None:
        """
        Raises:
            TooMany: they have asked too often of late; asking again meanwhile makes it no longer.
        """
        bucket = self._buckets.setdefault(user_id, Bucket(self._rate, self._times))
        self._buckets.move_to_end(user_id)
        if len(self._buckets) > PEOPLE:
            self._buckets.popitem(last=False)
        if (wait := bucket.wait) > 0:
            raise TooMany("too_many_requests", "You ask for this too often; wait a little.", retry_after=wait)
        bucket.take()
