import pytest
from gateway import sockets
from gateway.sockets import Bucket


def test_who_waits_as_long_as_told_is_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(sockets.time, "monotonic", lambda: now)
    bucket = Bucket(rate=20, burst=3)
    assert [bucket.take() for _ in range(3)] == [0, 0, 0]
    for _ in range(5):
        wait = bucket.take()
        assert wait > 0
        now += wait + 1e-9
        assert bucket.take() == 0
