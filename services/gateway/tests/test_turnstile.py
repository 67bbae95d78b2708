"""A flood is refused at the door, and its end is noticed at once."""

import gevent
from gateway.turnstile import TURN_SECONDS, Turnstile
from werkzeug.test import Client
from werkzeug.wrappers import Response

MOST = 3


def test_what_is_begun_at_once_beyond_what_can_be_taken_is_refused_until_the_next_turn() -> None:
    client = Client(Turnstile(Response("done"), MOST))
    assert [client.get("/api/v1/me").status_code for _ in range(MOST)] == [200] * MOST
    refused = client.get("/api/v1/me")
    assert (refused.status_code, refused.json["code"], refused.headers["Retry-After"]) == (503, "busy", "1")
    assert client.get("/readyz").status_code == 200
    gevent.sleep(2 * TURN_SECONDS)
    assert client.get("/api/v1/me").status_code == 200
