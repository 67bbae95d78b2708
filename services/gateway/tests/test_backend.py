"""More than a service can do at once waits for its turn, and then is refused."""

from typing import Any

import gevent
import pytest
from gateway.backend import Backend
from gevent.event import Event
from kit.errors import Unavailable

AT_ONCE = 3


class Slow:
    """A transport whose answers wait until they may come."""

    def __init__(self) -> None:
        self.may = Event()
        self.under_way = self.most = 0

    def call(self, service: str, method: str, **_: Any) -> str:
        if service != "chat":
            return method
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            assert self.may.wait(5)
        finally:
            self.under_way -= 1
        return method

    def check(self) -> None: ...


def test_calls_beyond_the_turns_of_a_service_wait_and_hold_up_no_other_service() -> None:
    transport = Slow()
    backend = Backend(transport, 5, AT_ONCE, 5)
    calls = [gevent.spawn(backend.call, "chat", f"m{n}") for n in range(10)]
    gevent.sleep(0)
    assert backend.call("groups", "get") == "get"
    transport.may.set()
    assert [call.get(timeout=3) for call in calls] == [f"m{n}" for n in range(10)]
    assert transport.most == AT_ONCE


def test_who_waits_for_too_long_is_told_when_to_come_back() -> None:
    transport = Slow()
    backend = Backend(transport, 5, AT_ONCE, 0.01)
    calls = [gevent.spawn(backend.call, "chat", "m") for _ in range(AT_ONCE)]
    gevent.sleep(0)
    with pytest.raises(Unavailable) as no:
        backend.read("chat", "m")
    assert (no.value.code, no.value.retry_after) == ("busy", 1)
    transport.may.set()
    assert [call.get(timeout=3) for call in calls] == ["m"] * AT_ONCE
    # Turns are given back, also by who was refused.
    assert backend.call("chat", "n") == "n"


def test_a_turn_is_given_back_where_the_call_fails() -> None:
    class Gone:
        def call(self, *_: Any, **__: Any) -> None:
            raise Unavailable("timeout", "Late.", retry_after=1)

        def check(self) -> None: ...

    backend = Backend(Gone(), 5, 1, 0.01)
    for _ in range(3):
        with pytest.raises(Unavailable) as no:
            backend.call("chat", "m")
        assert no.value.code == "timeout"
