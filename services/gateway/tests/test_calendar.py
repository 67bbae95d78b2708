"""The feed that calendar applications read, and what is said of appointments."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from gateway import misses
from kit.errors import NotFound
from structlog.testing import capture_logs

TOKEN = "x" * 43
FEED = f"/api/v1/calendar/{TOKEN}.ics"
ICS = "BEGIN:VCALENDAR\r\n" + "X-FILLER:1\r\n" * 200 + "END:VCALENDAR\r\n"


def test_a_feed_is_read_without_signing_in_and_only_when_it_is_another(
    http: FlaskClient, services: Any
) -> None:
    services.answers("groups.calendar_feed", {"calendar": ICS})
    first = http.get(FEED)
    assert (first.status_code, first.get_data(as_text=True)) == (200, ICS)
    assert first.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert services.asked[-1] == ("groups.calendar_feed", None, {"token": TOKEN})
    again = http.get(FEED, headers={"If-None-Match": first.headers["ETag"], "Accept-Encoding": "gzip"})
    assert (again.status_code, again.data) == (304, b"")
    services.answers("groups.calendar_feed", {"calendar": ICS + " "})
    changed = http.get(FEED, headers={"If-None-Match": first.headers["ETag"], "Accept-Encoding": "gzip"})
    assert (changed.status_code, changed.headers["Content-Encoding"]) == (200, "gzip")
    assert len(changed.data) < len(ICS) / 2
    head = http.head(FEED)
    assert (head.status_code, head.data) == (200, b"")


def test_who_asks_for_feeds_that_there_are_not_is_slowed(
    http: FlaskClient, services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(misses, "AT_ONCE", 3)
    monkeypatch.setattr(misses, "A_SECOND", 0.001)
    services.answers("groups.calendar_feed", NotFound("calendar_not_found", "No."))
    answers = [http.get(FEED) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429, 429]
    assert answers[-1].get_json()["code"] == "too_many_misses"
    assert len(services.asked) == 3
    other = {"REMOTE_ADDR": "192.0.2.7"}
    assert http.get(FEED, environ_overrides=other).status_code == 404


def test_only_so_many_addresses_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(misses, "ADDRESSES", 2)
    known = misses.Misses()
    for address in ("a", "b", "a", "c"):
        known.count(address)
    assert list(known._buckets) == ["a", "c"]


def test_a_token_stands_in_no_log(http: FlaskClient, services: Any) -> None:
    services.answers("groups.calendar_feed", {"calendar": ICS})
    with capture_logs() as logs:
        http.get(FEED)
    assert [line["path"] for line in logs if line["event"] == "request"] == ["/api/v1/calendar/***.ics"]
    assert TOKEN not in str(logs)


def test_the_address_of_a_feed_is_told_in_full(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    services.answers("groups.rotate_calendar_token", {"token": TOKEN})
    answer = http.post("/api/v1/calendar/token", headers=signed_in)
    assert answer.status_code == 201
    assert answer.get_json() == {"token": TOKEN, "url": f"http://localhost{FEED}"}


def test_a_window_is_asked_for_by_from_and_to(
    http: FlaskClient, services: Any, signed_in: dict[str, str]
) -> None:
    services.answers("groups.calendar", {"items": [], "next_cursor": None, "missing": ["report"]})
    window = {"from": "2027-03-20T00:00:00.000Z", "to": "2027-04-10T00:00:00.000Z"}
    answer = http.get("/api/v1/calendar", query_string=window, headers=signed_in)
    assert answer.get_json()["missing"] == ["report"]
    assert services.asked[-1][2] == {
        "since": window["from"],
        "until": window["to"],
        "limit": 50,
        "cursor": None,
    }
    for wrong in ({"from": window["from"]}, {**window, "since": "x"}):
        assert http.get("/api/v1/calendar", query_string=wrong, headers=signed_in).status_code == 422
