"""How the installation is, for its operator: whoever holds the right `administrator`."""

import time
from typing import Any, Literal

import gevent
from flask import Response, g
from kit.caller import Caller
from kit.clock import now, rfc3339
from kit.errors import Refusal
from kit.observe import get_logger
from kit.rpc import RemoteFailure
from pydantic import Field

from gateway.backend import Backend
from gateway.http.base import Api, Shown, Time, answer
from gateway.wiring import gateway

log = get_logger(__name__)
operations = Api("operations")

SERVICES = ("auth", "groups", "chat", "news", "location", "reports", "push")
ASK_SECONDS = 2.0
OUTBOX_SECONDS = 30.0

Json = dict[str, Any]


class Waiting(Shown):
    calls: int
    events: int = Field(description="Events that wait to be heard.")
    retries: int = Field(description="Events that failed and wait for their next try.")


class Outbox(Shown):
    length: int = Field(description="Events committed and not yet said; counted to 10000.")
    oldest_seconds: float


class Letter(Shown):
    id: str | None
    type: str
    time: str
    reason: str


class Dead(Shown):
    count: int
    letters: list[Letter] = Field(description="The oldest 20.")


class Work(Shown):
    name: str = Field(examples=["loads", "reports"])
    queued: int
    running: int
    oldest_seconds: float = Field(description="How long the oldest queued job has waited.")


class ServiceCondition(Shown):
    name: str
    troubles: list[Literal["away", "dead_letters", "outbox_waits"]] = Field(
        description="Empty where all is well. `away`: it did not answer in time, and the rest is null."
    )
    problem: str | None = Field(description="With `away`: what was said instead of an answer.")
    seconds: float = Field(description="How long its answer took.")
    version: str | None = Field(description="Of the replica that answered.")
    since: Time | None = Field(description="When that replica began.")
    replicas: int | None
    waiting: Waiting | None
    outbox: Outbox | None
    dead: Dead | None
    work: list[Work] | None = Field(description="Its queues of jobs.")


class GatewayCondition(Shown):
    """A worker of a gateway: what each told the others in the last seconds."""

    id: str
    version: str
    since: Time
    sockets: int


class SourceCondition(Shown):
    """As in the list of sources."""

    name: str
    title: str
    troubles: list[Literal["never_read", "failed", "mismatched", "overdue"]]
    as_of: Time | None
    next: Time | None
    last_load: dict[str, Any] | None


class Operations(Shown):
    at: Time
    services: list[ServiceCondition]
    gateways: list[GatewayCondition]
    sources: list[SourceCondition] | None = Field(description="null while reports does not answer.")


@operations.route(
    "GET",
    "/operations",
    "How the installation is (administrators)",
    shows=Operations,
    description="Each service is asked, for at most two seconds; one that does not answer is `away`.",
)
def condition() -> Response:
    g.caller.require("administrator")
    backend, caller = gateway().backend, g.caller
    asked = [gevent.spawn(_condition, backend, name, caller) for name in SERVICES]
    sources = gevent.spawn(_sources, backend, caller)
    gevent.joinall([*asked, sources])
    return answer(
        {
            "at": rfc3339(now()),
            "services": [greenlet.get() for greenlet in asked],
            "gateways": gateway().peers.all(),
            "sources": sources.get(),
        }
    )


def _condition(backend: Backend, name: str, caller: Caller) -> Json:
    nothing: Json = dict.fromkeys(("version", "since", "replicas", "waiting", "outbox", "dead", "work"))
    began = time.perf_counter()
    told, problem = _ask(backend, name, "condition", caller)
    seconds = round(time.perf_counter() - began, 4)
    troubles = _troubles(told) if told else ["away"]
    return {"name": name, "troubles": troubles, "problem": problem, "seconds": seconds, **(told or nothing)}


def _troubles(told: Json) -> list[str]:
    found = {
        "dead_letters": told["dead"]["count"] > 0,
        "outbox_waits": told["outbox"]["oldest_seconds"] > OUTBOX_SECONDS,
    }
    return [trouble for trouble, is_so in found.items() if is_so]


def _sources(backend: Backend, caller: Caller) -> list[Json] | None:
    told, _ = _ask(backend, "reports", "sources", caller)
    return told["items"] if told else None


def _ask(backend: Backend, service: str, method: str, caller: Caller) -> tuple[Json | None, str | None]:
    """The answer, or why there is none."""
    try:
        told: Json = backend.call(service, method, caller=caller, seconds=ASK_SECONDS)
    except (Refusal, RemoteFailure) as problem:
        log.warning("condition_unknown", of=service, problem=str(problem))
        return None, problem.detail if isinstance(problem, Refusal) else "It failed; its log has the details."
    return told, None
