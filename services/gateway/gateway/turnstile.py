"""The first that a request meets: what the processor can't take is refused, at a fraction of the cost."""

from collections.abc import Iterable
from typing import Any

import gevent
from kit.errors import Unavailable

from gateway.http.problems import of_refusal

TURN_SECONDS = 0.02
# Whoever watches us has to see how we are most of all when we are busy.
OPEN = ("/healthz", "/readyz", "/metrics")
BUSY = Unavailable("busy", "More is asked here than can be done; come back a little later.", retry_after=1)


class Turnstile:
    """Around an application. What is begun between two turns of the loop makes everybody wait until the next,
    sockets too; so not more is let in than may be waited for.

    Args:
        wsgi: the application.
        most: requests that are let in within a turn.
    """

    def __init__(self, wsgi: Any, most: int) -> None:
        self._wsgi = wsgi
        self._most = most
        self._begun = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] not in OPEN:
            if self._begun >= self._most:
                return of_refusal(BUSY)(environ, start_response)
            if not self._begun:
                gevent.spawn_later(TURN_SECONDS, self._turn)
            self._begun += 1
        found: Iterable[bytes] = self._wsgi(environ, start_response)
        return found

    def _turn(self) -> None:
        """As long as the loop is busy with what has begun it does not come here."""
        self._begun = 0
