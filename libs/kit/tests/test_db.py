"""The connection to the database gives up on a server that is gone without a word."""

import os
import socket

from kit.db import connect
from kit.testing import required


def test_a_silent_server_is_given_up_within_half_a_minute() -> None:
    engine = connect(required("TEST_DATABASE_URI"), pool=1)
    connection = engine.raw_connection()
    try:
        with socket.socket(fileno=os.dup(connection.fileno())) as wire:
            names = ("KEEPIDLE", "KEEPINTVL", "KEEPCNT", "USER_TIMEOUT")
            found = {
                name: wire.getsockopt(socket.IPPROTO_TCP, getattr(socket, f"TCP_{name}")) for name in names
            }
            assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    finally:
        connection.close()
        engine.dispose()
    assert found["KEEPIDLE"] + found["KEEPINTVL"] * found["KEEPCNT"] <= 30
    assert 0 < found["USER_TIMEOUT"] <= 30_000
