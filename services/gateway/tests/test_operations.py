"""The operator's call: how each service is, which gateways there are, how fresh the sources are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from gateway import peers
from gateway.http.operations import SERVICES
from gateway.wiring import Gateway
from kit.rpc import RemoteFailure

GOOD: dict[str, Any] = {
    "version": "1.2.0",
    "since": "2026-11-26T10:00:00.000Z",
    "replicas": 2,
    "waiting": {"calls": 0, "events": 0, "retries": 0},
    "outbox": {"length": 0, "oldest_seconds": 0.0},
    "dead": {"count": 0, "letters": []},
    "work": [],
}


@pytest.fixture
def operator(token: Callable[..., str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(perms=['administrator'])}"}


def test_it_names_every_service() -> None:
    folders = Path(__file__).parents[2].glob("*/contract")
    assert {path.parent.name for path in folders} == set(SERVICES)


def test_each_service_tells_how_it_is(http: FlaskClient, services: Any, operator: dict[str, str]) -> None:
    for name in SERVICES:
        services.answers(f"{name}.condition", GOOD)
    letter = {"id": "e-1", "type": "groups.member_left.v1", "time": "", "reason": "KeyError"}
    services.answers("chat.condition", {**GOOD, "dead": {"count": 1, "letters": [letter]}})
    services.answers("news.condition", {**GOOD, "outbox": {"length": 3, "oldest_seconds": 90.0}})
    services.answers("auth.condition", RemoteFailure("auth.condition: KeyError: secret"))
    del services.methods["location.condition"]
    source = {"name": "erp", "title": "ERP", "troubles": [], "as_of": None, "next": None, "last_load": None}
    services.answers("reports.sources", {"items": [source]})

    told = http.get("/api/v1/operations", headers=operator).get_json()
    troubles = {service["name"]: service["troubles"] for service in told["services"]}
    assert troubles == {
        "auth": ["away"],
        "groups": [],
        "chat": ["dead_letters"],
        "news": ["outbox_waits"],
        "location": ["away"],
        "reports": [],
        "push": [],
    }
    by_name = {service["name"]: service for service in told["services"]}
    assert by_name["chat"]["dead"]["letters"] == [letter]
    assert by_name["location"]["replicas"] is None
    assert by_name["location"]["problem"]
    assert "secret" not in by_name["auth"]["problem"]
    assert told["sources"] == [source]
    asked = {name: caller.permissions for name, caller, _ in services.asked}
    assert asked == {name: {"administrator"} for name in asked}, "each service decides for itself, too"


def test_without_reports_there_is_no_word_of_sources(
    http: FlaskClient, services: Any, operator: dict[str, str]
) -> None:
    assert http.get("/api/v1/operations", headers=operator).get_json()["sources"] is None


def test_only_an_administrator_sees_it(http: FlaskClient, services: Any, token: Callable[..., str]) -> None:
    assert http.get("/api/v1/operations").status_code == 401
    for claims in ({}, {"kind": "customer"}, {"perms": ["news:publish", "reports:sales"]}):
        answer = http.get("/api/v1/operations", headers={"Authorization": f"Bearer {token(**claims)}"})
        assert (answer.status_code, answer.get_json()["code"]) == (403, "permission_required")
    assert services.asked == []


def test_gateways_are_known_while_they_tell(
    gateway: Gateway, http: FlaskClient, operator: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 100.0
    monkeypatch.setattr(peers.time, "monotonic", lambda: clock)
    other = {"type": "gateway", "id": "b:2", "version": "1.0", "since": "2026-11-26T10:00:00.000Z"}
    gateway.live.hear_gateway(b'{"type":"gateway","id":"c:3"}')
    gateway.peers.heard({**other, "sockets": 7, "later": "added"})
    shown = {"id": "b:2", "version": "1.0", "since": "2026-11-26T10:00:00.000Z", "sockets": 7}
    assert http.get("/api/v1/operations", headers=operator).get_json()["gateways"] == [shown]
    clock += peers.SILENT_SECONDS + 1
    assert gateway.peers.all() == []


def test_a_gateway_tells_of_itself(gateway: Gateway) -> None:
    told: list[dict[str, Any]] = []

    def say(message: dict[str, Any]) -> None:
        told.append(message)
        gateway.peers.heard(message)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        gateway.peers.keep_telling(say, lambda: 3)
    assert [peer["sockets"] for peer in gateway.peers.all()] == [3]
    assert told[0]["type"] == "gateway"
    assert len(told[0]["keys"]) == 1
