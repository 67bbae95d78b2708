"""What is in order with an installation and what is not: each part is asked, and what they say compared."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import click
from kit import broker
from kit.clock import now, parse
from kit.errors import Refusal
from kit.event import new_id
from kit.rpc import RemoteFailure, RpcClient
from kombu import Connection, Consumer, Exchange, Producer, Queue

# As the gateways declare it (gateway/relay.py): there each tells the others how it is, every five seconds.
GATEWAYS = Exchange("gateways", type="fanout", durable=False)
LISTEN_SECONDS = 7.0
ANSWER_SECONDS = 40.0
CLOCK_SECONDS = 2.0
BLOCKED_SECONDS = 2.0
NOT_THERE = "Is {0} running? Its log says why not; `kit examine` in its folder looks without it."

Row = dict[str, Any]


def row(part: str, check: str, found: str, remedy: str | None = None) -> Row:
    """One finding. `remedy` says what to do; without one all is well."""
    return {"part": part, "check": check, "ok": remedy is None, "found": found, "remedy": remedy}


def examined(amqp_uri: str, services: Sequence[str], url: str | None) -> Iterator[Row]:
    """Each finding as it is made.

    Args:
        amqp_uri: the broker, which answers.
        services: those that must be there.
        url: where people reach Bchat, if that is to be tried.
    """
    rows = list(_broker(amqp_uri))
    yield from rows
    if all(found["ok"] for found in rows if found["check"] == "alarms"):
        yield from _parts(amqp_uri, services)
    if url:
        yield from _address(url)


def _parts(amqp_uri: str, services: Sequence[str]) -> Iterator[Row]:
    with broker.connect(amqp_uri) as connection:
        replicas = {
            service: broker.depths(connection, service)[f"rpc-{service}"].consumers for service in services
        }
    client, keys = RpcClient(amqp_uri, "bchat-admin").start(), set()
    try:
        for service in services:
            if not replicas[service]:
                yield row(service, "answers", "No replica of it is there.", NOT_THERE.format(service))
                continue
            for found in _service(client, service):
                keys |= {key for key in [found.pop("told", {}).get("key")] if key}
                yield found
    finally:
        client.stop()
    yield from _gateways(amqp_uri, keys)


def _broker(amqp_uri: str) -> Iterator[Row]:
    blocked: list[str] = []
    with broker.connect(amqp_uri, confirm=False) as connection:
        connection.connect()
        told = connection.connection.server_properties
        connection.connection.on_blocked = blocked.append
        # It tells who publishes, and nobody else. By this name there is no queue.
        Producer(connection.default_channel).publish("", routing_key=f"nobody-{new_id()}")
        with suppress(TimeoutError):
            connection.drain_events(timeout=BLOCKED_SECONDS)
    version = str(told.get("version", "unknown"))
    remedy = None
    if tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < (3, 10):
        remedy = "Upgrade RabbitMQ to 3.10 or newer: quorum queues here need delivery limits and expirations."
    yield row("broker", "version", f"{told.get('product', 'A broker')} {version}", remedy)
    if blocked:
        yield row(
            "broker",
            "alarms",
            "It takes no messages for want of memory or disk, so no service can be asked.",
            "`rabbitmq-diagnostics alarms` says which. Free disk, or see which queue grew: "
            "rabbitmqctl list_queues name messages memory. Nothing is lost meanwhile.",
        )
    else:
        yield row("broker", "alarms", "It takes messages.")


def _service(client: RpcClient, service: str) -> Iterator[Row]:
    began = now()
    try:
        told = client.call(service, "examine", timeout=ANSWER_SECONDS)
    except (Refusal, RemoteFailure) as problem:
        yield row(service, "answers", str(problem), NOT_THERE.format(service))
        return
    middle = began + (now() - began) / 2
    apart = abs((parse(told["at"]) - middle).total_seconds())
    if apart > CLOCK_SECONDS + (now() - began).total_seconds():
        yield row(service, "clock", f"{apart:.0f} s from ours", "Let both machines follow a time server.")
    for found in told["findings"]:
        yield {"part": service, **found}
    try:
        how = client.call(service, "condition", timeout=ANSWER_SECONDS)
    except (Refusal, RemoteFailure) as problem:
        yield row(service, "answers", str(problem), "It can't tell how it is for what was found above.")
        return
    yield row(service, "answers", f"version {how['version']}, replicas: {how['replicas']}")
    count = how["dead"]["count"]
    yield row(
        service,
        "dead_letters",
        f"{count} given up",
        (
            f"`bchat-admin dead list {service}` says why; then `bchat-admin dead redrive {service}`."
            if count
            else None
        ),
    )
    waits = how["outbox"]["oldest_seconds"]
    yield row(
        service,
        "outbox",
        f"{how['outbox']['length']} events wait to be said, the oldest {waits:.0f} s",
        (
            "Does the broker take messages (rabbitmq-diagnostics alarms)? The log says why it waits."
            if waits > 60
            else None
        ),
    )


def _gateways(amqp_uri: str, keys: set[str]) -> Iterator[Row]:
    """Listens until each has told how it is."""
    heard: dict[str, Row] = {}

    def hear(message: Any) -> None:
        told = json.loads(message.body)
        if told.get("type") == "gateway":
            heard[told["id"]] = {**told, "apart": abs((parse(told["at"]) - now()).total_seconds())}

    with Connection(amqp_uri, connect_timeout=5) as connection:
        queue = Queue(exchange=GATEWAYS, exclusive=True, auto_delete=True, durable=False)
        with Consumer(connection, [queue], on_message=hear, no_ack=True, accept=None):
            end = time.monotonic() + LISTEN_SECONDS
            while (left := end - time.monotonic()) > 0:
                try:
                    connection.drain_events(timeout=left)
                except TimeoutError:
                    break
    if not heard:
        yield row(
            "gateway",
            "answers",
            "None was heard.",
            ("Is a gateway running, with the AMQP_URI of this broker? Its log and its /readyz say why not."),
        )
    for id, told in sorted(heard.items()):
        yield row("gateway", "answers", f"{id}, version {told['version']}, {told['sockets']} sockets")
        if told["apart"] > CLOCK_SECONDS:
            yield row(
                "gateway", "clock", f"{id} is {told['apart']:.0f} s from ours", "Let it follow a time server."
            )
        if missing := keys - set(told["keys"]):
            yield row(
                "gateway",
                "keys",
                f"{id} does not know auth's key {', '.join(missing)}.",
                (
                    "Put the public half of TOKEN_SIGNING_KEY into the gateway's TOKEN_PUBLIC_KEYS: "
                    "openssl pkey -in key.pem -pubout"
                ),
            )
        elif keys:
            yield row("gateway", "keys", f"{id} believes auth's tokens.")


def _address(url: str, opener: Callable[..., Any] = urllib.request.urlopen) -> Iterator[Row]:
    if urlsplit(url).scheme not in ("http", "https"):
        raise click.UsageError("--url is an address that begins with https:// or http://")
    try:
        with opener(f"{url.rstrip('/')}/readyz", timeout=10) as answer:
            headers = answer.headers
    except urllib.error.HTTPError as problem:
        yield row(
            "address",
            "ready",
            f"{url}/readyz answers {problem.code}: {problem.read(300).decode(errors='replace')}",
            ("The gateway lacks what it names; 502 and 504 are of the proxy before it."),
        )
        return
    except (OSError, ValueError) as problem:
        yield row(
            "address",
            "ready",
            f"{url} is not to be reached: {problem}",
            ("Does its name resolve, is the certificate good, does the proxy lead to a gateway?"),
        )
        return
    yield row("address", "ready", f"{url} is ready.")
    if urlsplit(url).scheme == "https":
        told = "Strict-Transport-Security" in headers
        yield row(
            "address",
            "https",
            "The gateway knows that it is reached by https."
            if told
            else ("The gateway believes it is reached by plain http: cookies would not be secure."),
            None
            if told
            else "Let the proxy set X-Forwarded-Proto, and set PROXY_HOPS to the number of proxies.",
        )
    else:
        yield row(
            "address",
            "https",
            f"{url} is plain http.",
            (
                None
                if urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
                else "Put a proxy with a certificate before the gateway: passwords go over this line."
            ),
        )
