"""What an operator sees: each service, the gateways, the sources; and one message's way in one trace."""

import json
import os
import secrets
import subprocess
from collections import Counter
from typing import Any

import pytest
import requests
from client import Connected, Person, Refused, Someone, new_id, until
from collector import Collector, Span
from stack import Stack


def test_an_administrator_sees_how_all_of_it_is(
    stack: Stack, admin: Person, someone: Someone, connected: Connected
) -> None:
    ann = someone()
    connected(ann, at=0), connected(ann, at=0), connected(ann, at=1)

    def counted() -> dict[str, Any] | None:
        told: dict[str, Any] = admin.get("/operations")
        # One may have been asked while it was still busy with what an earlier test left.
        away = [service["name"] for service in told["services"] if "away" in service["troubles"]]
        gateways = [gateway["sockets"] for gateway in told["gateways"]]
        return told if not away and len(gateways) == 2 and sum(gateways) >= 3 and min(gateways) >= 1 else None

    told = until(counted, "told of all services and gateways")
    assert {service["replicas"] for service in told["services"]} == {2}
    assert "unknown" not in {service["version"] for service in told["services"]}
    assert [source["name"] for source in told["sources"]]
    for person, status in ((ann, 403), (someone("customer"), 403)):
        with pytest.raises(Refused) as refused:
            person.get("/operations")
        assert refused.value.status == status


def test_a_message_is_one_trace_from_its_request_to_the_sockets_of_all_gateways(
    stack: Stack, collector: Collector, someone: Someone, connected: Connected
) -> None:
    ann, bob = someone(), someone()
    group = ann.post("/groups", {"name": "Traced", "catalogue": "chat"})
    bob.post(f"/groups/{group['id']}/join")
    devices = [connected(ann, at=0), connected(bob, at=1)]
    # Its last half decides, so this one is among the few that are sent.
    trace, parent = secrets.token_hex(8) + f"{secrets.randbelow(1 << 20) + 1:016x}", secrets.token_hex(8)
    headers = {"traceparent": f"00-{trace}-{parent}-00"}
    body = {"client_id": new_id(), "text": "the secret plan"}
    answer = ann.raw("POST", f"/api/v1/groups/{group['id']}/messages", json=body, headers=headers)
    assert answer.headers["X-Request-Id"] == trace
    for device in devices:
        device.entry(group["id"], text="the secret plan")

    spans: list[Span] = []

    def whole() -> bool:
        """Each process sends its own when it comes to it."""
        spans[:] = collector.of(trace)
        names = Counter((span.service, span.name) for span in spans)
        wanted = {
            ("bchat-gateway", "POST /api/v1/groups/<group_id>/messages"),
            ("bchat-gateway", "send"),
            ("bchat-gateway", "chat.send"),
            ("bchat-chat", "chat.send"),
            ("bchat-chat", "sql INSERT"),
        }
        # Each hangs on another of them, up to the client's own.
        roots = {span.parent for span in spans} - {span.id for span in spans}
        relayed = names["bchat-gateway", "relay chat.entries_appended.v1"]
        return relayed == 2 and wanted <= names.keys() and roots == {parent}

    until(whole, "collected")
    texts = [span.attributes["db.query.text"] for span in spans if span.name == "sql INSERT"]
    assert texts
    assert not any("secret plan" in text for text in texts)
    logged = [path.read_text() for path in stack.log.glob("gateway.1.log")]
    assert any(trace in line for line in logged), "the log has the same id"


def test_what_is_measured_is_had_by_a_plain_call(stack: Stack) -> None:
    metrics = requests.get(f"{stack.url}/metrics", timeout=30).text
    assert (
        'bchat_gateway_http_seconds_count{method="POST",route="/api/v1/auth/login",status="200"}' in metrics
    )
    assert 'bchat_asked_seconds_count{method="login",outcome="ok",service="auth"}' in metrics
    assert 'bchat_gateway_fanout_seconds_count{type="auth.user_created.v1"}' in metrics

    def chat() -> str:
        return requests.get(f"http://127.0.0.1:{stack.env['PORT_chat_1']}/metrics", timeout=30).text

    until(lambda: 'bchat_queue_consumers{queue="rpc-chat"} 2.0' in chat(), "measured")
    assert "bchat_outbox_events " in chat()


def test_the_doctor_finds_nothing_wrong_with_what_was_just_installed(stack: Stack) -> None:
    env = {**os.environ, "AMQP_URI": stack.amqp_uri}
    command = ["bchat-admin", "doctor", "--json", "--url", stack.url]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    # Tests beside this one leave dead letters on purpose.
    wrong = [row for row in rows if not row["ok"] and row["check"] != "dead_letters"]
    assert wrong == []
    assert done.returncode == (0 if all(row["ok"] for row in rows) else 1), done.stderr
    seen = {(row["part"], row["check"]) for row in rows}
    assert {("auth", "signing_key"), ("gateway", "keys"), ("address", "ready")} <= seen
    assert {part for part, check in seen if check == "files"} == {"auth", "chat", "news", "reports"}
    assert {check for part, check in seen if part == "reports"} >= {"source kestrel read-only", "rights"}
