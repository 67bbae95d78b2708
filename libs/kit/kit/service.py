"""What a service class is made of: its base, what it answers, what it hears, what it does by the clock.

    class News(Service):
        name = "news"
        groups = Ask("groups")

        @rpc
        def publish(self, *, title: str) -> dict[str, Any]: ...

        @hear(MemberLeft)
        def forget(self, event: MemberLeft) -> None: ...

        @every(30)
        def expire(self) -> None: ...

Only this module and the services' own `service.py` know Nameko and eventlet.
"""

import queue
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

import eventlet
import eventlet.debug
import eventlet.patcher
import eventlet.tpool
import kombu.serialization
import nameko
import orjson
import psycopg2.extensions
from amqp.exceptions import AMQPError
from eventlet.hubs import trampoline
from kombu import Connection, Consumer, Producer
from kombu.mixins import ConsumerMixin
from nameko.amqp.consume import Consumer as NamekoConsumer
from nameko.exceptions import UnserializableValueError, serialize
from nameko.extensions import DependencyProvider, Entrypoint, ProviderCollector, SharedExtension
from nameko.rpc import Rpc, RpcConsumer
from nameko.runners import ServiceRunner
from nameko.timer import Timer
from opentelemetry.trace import SpanKind, StatusCode

from kit import broker, condition, config, examine, personal
from kit.caller import HEADER, Caller
from kit.clock import now, rfc3339
from kit.config import Settings
from kit.db import Transactions, away_or_busy, connect, out_of_reach
from kit.errors import NotFound, Refusal, Unavailable
from kit.event import CONTENT_TYPE, Heard, Said
from kit.examine import Finding
from kit.fields import is_id
from kit.observe import DEAD, HANDLED, RETRIED, get_logger, serve_probes, span, start_observing
from kit.outbox import OutboxRelay
from kit.rpc import RPC, RpcClient

log = get_logger(__name__)
F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

SETTINGS = "kit_settings"
FOLDER = "kit_folder"
MEASURE_SECONDS = 15.0
# Less than an orchestrator waits between SIGTERM and SIGKILL.
STOP_SECONDS = 25.0
GATHERED_MOST = 100
LOST = (OSError, AMQPError)
# Of the calls that Nameko reads; kombu's own is several times slower.
kombu.serialization.register("json", orjson.dumps, orjson.loads, "application/json", "utf-8")


def _settings() -> Settings:
    return cast(Settings, nameko.config[SETTINGS])


def _expected(problem: BaseException) -> bool:
    """Whether what went wrong is nobody's mistake here: it was refused, or the database is away."""
    return isinstance(problem, Refusal) or out_of_reach(problem)


# --- what a service holds -------------------------------------------------------------------------


class _SettingsProvider(DependencyProvider):
    def get_dependency(self, worker_ctx: Any) -> Settings:
        return _settings()


class _CallerProvider(DependencyProvider):
    def get_dependency(self, worker_ctx: Any) -> Caller:
        return Caller.from_header(worker_ctx.data.get(HEADER))


class _DatabaseProvider(DependencyProvider):
    def setup(self) -> None:
        settings = _settings()
        engine = connect(
            settings.DATABASE_URI, pool=settings.DATABASE_POOL, name=f"bchat-{self.container.service_name}"
        )
        self.relay = OutboxRelay(engine, settings.AMQP_URI, settings.OUTBOX_POLL_SECONDS)
        self.transactions = Transactions(engine, self.container.service_name, self.relay.say)

    def start(self) -> None:
        self.relay.start()

    def stop(self) -> None:
        self.relay.stop()
        self.transactions.engine.dispose()

    def get_dependency(self, worker_ctx: Any) -> Transactions:
        return self.transactions


class _Observer(DependencyProvider):
    """A span and a measurement around each call, event and tick."""

    def worker_setup(self, worker_ctx: Any) -> None:
        scope, entrypoint = ExitStack(), worker_ctx.entrypoint
        kind = SpanKind.SERVER if isinstance(entrypoint, Rpc) else SpanKind.CONSUMER
        name = f"{worker_ctx.service_name}.{entrypoint.method_name}"
        current = scope.enter_context(span(name, worker_ctx.data, kind))
        worker_ctx.observed = scope, time.perf_counter(), current

    def worker_result(self, worker_ctx: Any, result: Any = None, exc_info: Any = None) -> None:
        scope, started, current = worker_ctx.observed
        outcome = "ok" if not exc_info else "refused" if _expected(exc_info[1]) else "failed"
        entrypoint = worker_ctx.entrypoint
        HANDLED.labels(
            worker_ctx.service_name, KINDS.get(type(entrypoint), "other"), entrypoint.method_name, outcome
        ).observe(time.perf_counter() - started)
        if outcome != "ok":
            current.set_attribute("error.type", type(exc_info[1]).__name__)
        if outcome == "failed":
            current.set_status(StatusCode.ERROR)
        scope.close()


class _Calls(SharedExtension):
    def setup(self) -> None:
        self.client = RpcClient(_settings().AMQP_URI, self.container.service_name)

    def start(self) -> None:
        self.client.start()

    def stop(self) -> None:
        self.client.stop()


class _Service:
    def __init__(self, client: RpcClient, name: str) -> None:
        self._client, self._name = client, name

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(*, _deadline: float = 2.0, **kwargs: Any) -> Any:
            return self._client.call(self._name, method, timeout=_deadline, **kwargs)

        return call


class Ask(DependencyProvider):
    """Another service, asked in the platform's own name: `self.groups.membership(group_id=...)`.

    `_deadline` is in seconds (2 by default). Raises that service's `Refusal`, or `Unavailable`.
    """

    calls = _Calls()

    def __init__(self, service: str) -> None:
        self.service = service
        super().__init__()

    def get_dependency(self, worker_ctx: Any) -> Any:
        return _Service(self.calls.client, self.service)


class Files(DependencyProvider):
    """The store that `FILES_URL` names: `files = Files()`, then `self.files.get(key)`."""

    def setup(self) -> None:
        from kit.store import Store  # its library is needed by who keeps files only

        self.store = Store(nameko.config[SETTINGS].FILES_URL, offload)

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self.store


# --- what it does -----------------------------------------------------------------------------------


class _Consuming(ConsumerMixin):
    """A consumer that comes back soon after the broker does, and ends only when its hands are empty.

    Closed any earlier, the broker would give what is being handled to another replica as well.
    """

    should_stop: bool = False
    stopping = False
    consuming = False
    in_hand = 0
    beat = 0.0

    @property
    def connection(self) -> Connection:
        return broker.consume_connection(self.amqp_uri)

    @contextmanager
    def establish_connection(self) -> Iterator[Connection]:
        with self.create_connection() as connection:
            broker.ensure(connection)
            yield connection

    @contextmanager
    def consumer_context(self, **kwargs: Any) -> Iterator[tuple[Connection, Any, list[Consumer]]]:
        with super().consumer_context(**kwargs) as context:
            self.beating, _, self.consumers = context
            self.consuming = True
            try:
                yield context
            finally:
                self.consuming = False

    def on_iteration(self) -> None:
        # kombu checks the heartbeat only in idle seconds; a busy consumer would be cut off.
        if time.monotonic() - self.beat > 3:
            self.beat = time.monotonic()
            self.beating.heartbeat_check()
        if self.stopping:
            for consumer in self.consumers:
                consumer.cancel()
            self.should_stop = not self.in_hand

    def finish(self) -> None:
        """Takes nothing more, and returns when all that was taken is done."""
        self.stopping = True
        with eventlet.Timeout(STOP_SECONDS, exception=False):
            while self.consuming:
                eventlet.sleep(0.05)
        self.should_stop = True


class _CallConsumer(_Consuming, NamekoConsumer):
    def get_consumers(self, consumer_cls: Any, channel: Any) -> Any:
        broker.publish_without_reading(channel)  # answers go over this connection, too
        return super().get_consumers(consumer_cls, channel)

    def on_message(self, body: Any, message: Any) -> None:
        self.in_hand += 1
        super().on_message(body, message)


class _RpcConsumer(RpcConsumer):
    consumer_cls = _CallConsumer

    def stop(self) -> None:
        self.consumer.finish()

    def handle_result(self, message: Any, result: Any, exc_info: Any) -> Any:
        answered = exc_info
        if exc_info and away_or_busy(exc_info[1]):
            refusal = Unavailable("unavailable", "The database is away or busy.", retry_after=1)
            answered = Unavailable, refusal, exc_info[2]
        try:
            self._answer(message, result, answered)
        except Exception as problem:
            # Who asked has lost the broker too, or gave no address. Not a reason to end all other calls.
            log.warning("answer_lost", problem=str(problem) or type(problem).__name__)
        finally:
            self.consumer.in_hand -= 1
            with suppress(*LOST):
                self.consumer.ack_message(message)
        return result, answered

    def _answer(self, message: Any, result: Any, exc_info: Any) -> None:
        """Nameko's own would wait for the broker to have it on its disk, on a connection of a pool. Who asked
        waits no longer than its deadline, whatever becomes of the answer; and a call whose connection is lost
        comes again by itself."""
        if not message.channel.connection:
            return
        error = serialize(exc_info[1]) if exc_info else None
        try:
            body = orjson.dumps({"result": result, "error": error})
        except TypeError:
            body = orjson.dumps({"result": None, "error": serialize(UnserializableValueError(result))})
        answer = message.channel.prepare_message(
            body,
            content_type="application/json",
            content_encoding="utf-8",
            properties={"correlation_id": message.properties.get("correlation_id"), "delivery_mode": 1},
        )
        message.channel.basic_publish(answer, RPC.name, message.properties["reply_to"])


class _Rpc(Rpc):
    rpc_consumer = _RpcConsumer()


def rpc(method: F) -> F:
    """What a service answers. A refusal rises to the caller as itself."""
    return cast(F, _Rpc.decorator(expected_exceptions=Refusal)(method))


class _Every(Timer):
    """Nameko's timer, begun at a random moment so that replicas do not tick together."""

    def _run(self) -> None:
        with eventlet.Timeout(random.uniform(0, self.interval), exception=False):  # noqa: S311
            self.should_stop.wait()
            return
        super()._run()


def every(seconds: float) -> Callable[[F], F]:
    """What a service does by the clock, in each replica: claim the work by rows."""
    return cast(Callable[[F], F], partial(_decorate, _Every, seconds))


def hear(event: type[Heard], *, gather: float = 0.0) -> Callable[[F], F]:
    """What a service hears: at least once. The handler's transaction asks `tx.seen(event)`.

    A handler that fails is tried again after a growing delay, and after `HEAR_ATTEMPTS` tries the event
    is a dead letter (`kit dead`).

    Args:
        gather: seconds for which those that follow are waited for; the handler takes a list of them, in
            their order, and asks `tx.unseen(events)`. If it fails each is handled by itself.
    """
    return cast(Callable[[F], F], partial(_decorate, Hear, event, gather=gather))


def _decorate(cls: type[Entrypoint], argument: Any, method: F, **options: Any) -> F:
    return cast(F, cls.decorator(argument, **options)(method))


class _Listener(SharedExtension, ProviderCollector, _Consuming):
    """One queue a service. Events are handled one after another, apart from the connection's own loop,
    so that a slow handler does not cost the heartbeat."""

    def setup(self) -> None:
        self.amqp_uri = _settings().AMQP_URI
        self.ready = threading.Event()
        self.arrived: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.putting: Connection | None = None

    def start(self) -> None:
        service = self.container.service_name
        self.handlers = {p.event.routing_key(): p for p in self._providers}
        with broker.connect(self.amqp_uri) as connection:
            broker.ensure(connection)
            broker.declare(connection, service, self.handlers, worked_by(self.container.service_cls))
        self.container.spawn_managed_thread(self.run)
        self.container.spawn_managed_thread(self._work)
        self.ready.wait(30)

    def stop(self) -> None:
        self.arrived.put(None)
        self.finish()

    def get_consumers(self, _consumer_class: Any, channel: Any) -> list[Consumer]:
        consumer = Consumer(
            channel,
            [broker.hear_queue(self.container.service_name, self.handlers)],
            on_message=self.arrived.put,
            accept=None,
        )
        consumer.qos(prefetch_count=GATHERED_MOST)
        return [consumer]

    def on_consume_ready(self, *_: Any, **__: Any) -> None:
        self.ready.set()

    def _work(self) -> None:
        following = None
        while True:
            message = following or self.arrived.get()
            following = None
            if self.stopping:
                return
            if not message.channel.connection:
                # It came over a connection since lost, and comes again.
                continue
            messages, following = self._gather(message)
            self.in_hand = 1
            while not self._handled(messages) and not self.stopping:
                eventlet.sleep(broker.backoff(1, 1.0, 1.0))
            self.in_hand = 0

    def _gather(self, first: Any) -> tuple[list[Any], Any]:
        """The message with those that are to be handled with it, and what came after them, if it is known."""
        messages, handler = [first], self._handler_of(first)
        until = time.monotonic() + (handler.gather if handler else 0)
        while len(messages) < GATHERED_MOST and (left := until - time.monotonic()) > 0:
            try:
                message = self.arrived.get(timeout=left)
            except queue.Empty:
                break
            if message is None:
                self.arrived.put(None)  # the end, once these are handled
                break
            if not message.channel.connection or self._handler_of(message) is not handler:
                return messages, message
            messages.append(message)
        return messages, None

    def _handler_of(self, message: Any) -> "Hear | None":
        # After a retry the routing key is the queue's name; the event's own type is in its body.
        return self.handlers.get(_type_of(message, "unreadable"))

    def _handled(self, messages: list[Any]) -> bool:
        waiting = [message for message in messages if not message.acknowledged]
        try:
            if not self._handle(waiting):
                for message in waiting:
                    self._handle([message])
        except Exception as problem:
            # It could be put neither away nor back. Others wait behind it, so that their order stays.
            log.warning("event_waits", problem=str(problem) or type(problem).__name__)
            if self.putting:
                self.putting.collect()
                self.putting = None
            return not messages[-1].channel.connection
        return True

    def _handle(self, messages: list[Any]) -> bool:
        """Handles them in one go; False where each has to be by itself."""
        message = messages[-1]
        handler = self._handler_of(message)
        try:
            if handler is None:
                raise KeyError(_type_of(message))
            events = [handler.event.decode(broker.body(each)) for each in messages]
        except (ValueError, KeyError) as problem:
            if len(messages) == 1:
                self._give_up(message, f"unreadable: {problem!r}")
            return len(messages) == 1
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def on_result(_ctx: Any, result: Any, exc_info: Any) -> Any:
            done.put(exc_info and exc_info[1])
            return result, exc_info

        self.container.spawn_worker(
            handler,
            (events if handler.gather else events[0],),
            {},
            context_data=dict(messages[0].headers or {}),
            handle_result=on_result,
        )
        failure = done.get()
        if failure is None:
            # On a lost connection this fails; the inbox knows the event when it comes again.
            with suppress(*LOST):
                message.ack(multiple=True)
            return True
        if out_of_reach(failure):
            # No other event could be handled either: it waits here, and is no nearer to being given up.
            raise failure
        if len(messages) > 1:
            return False
        attempt = int((message.headers or {}).get(broker.ATTEMPT, 1))
        settings = _settings()
        if attempt >= settings.HEAR_ATTEMPTS:
            self._give_up(message, repr(failure))
            return True
        RETRIED.labels(self.container.service_name, handler.event.routing_key()).inc()
        self._put(
            broker.retry_queue(self.container.service_name).name,
            message,
            {broker.ATTEMPT: attempt + 1},
            expiration=broker.delay_of(settings, attempt),
        )
        message.ack()
        return True

    def _give_up(self, message: Any, reason: str) -> None:
        service = self.container.service_name
        log.error("event_dead", reason=reason, message_id=message.properties.get("message_id"))
        self._put(broker.dead_queue(service).name, message, {broker.REASON: reason[:1000]})
        DEAD.labels(service, _type_of(message, "unreadable")).inc()
        message.ack()

    def _put(self, queue_name: str, message: Any, headers: dict[str, Any], **options: Any) -> None:
        if self.putting is None:
            self.putting = broker.connect(self.amqp_uri)
        broker.publish(
            Producer(self.putting.default_channel),
            broker.body(message),
            exchange="",
            routing_key=queue_name,
            content_type=CONTENT_TYPE,
            message_id=message.properties.get("message_id"),
            headers={**(message.headers or {}), **headers},
            mandatory=True,
            **options,
        )


def _type_of(message: Any, unknown: str | None = None) -> str:
    try:
        return str(orjson.loads(broker.body(message))["type"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        if unknown is None:
            raise ValueError("not a CloudEvent") from None
        return unknown


class Hear(Entrypoint):
    """The entrypoint behind `hear`."""

    listener = _Listener()

    def __init__(self, event: type[Heard], gather: float = 0.0, **kwargs: Any) -> None:
        self.event, self.gather = event, gather
        super().__init__(**kwargs)

    def setup(self) -> None:
        self.listener.register_provider(self)

    def stop(self) -> None:
        self.listener.stop()
        self.listener.unregister_provider(self)


class Service:
    """Base of all services.

    Attributes:
        caller: who is asking.
        db: opens a transaction: `with self.db() as tx:`. End it inside the method: Nameko answers
            before anything that comes after the method could fail.
        settings: the service's own class of settings.
        for_workers: the events it says that its workers take (`kit.work`).
    """

    name: str
    for_workers: ClassVar[tuple[type[Said], ...]] = ()
    caller = cast(Caller, _CallerProvider())
    db = cast(Transactions, _DatabaseProvider())
    settings: Any = _SettingsProvider()
    _observer = _Observer()

    @rpc
    def condition(self) -> dict[str, Any]:
        """How this service is: for administrators, and for the platform itself."""
        self._for_operator()
        package = type(self).__module__.partition(".")[0]
        told = condition.told(self.settings.AMQP_URI, self.name, package, self.db)
        return {**told, "work": self.work()}

    @rpc
    def examine(self) -> dict[str, Any]:
        """What is in order with this installation as this process sees it, and what to do about the rest."""
        self._for_operator()
        keys = [event.routing_key() for event in heard_by(type(self))]
        folder = nameko.config[FOLDER]
        findings = examine.common(self.db.engine, self.settings.AMQP_URI, folder, self.name, keys)
        return {"at": rfc3339(now()), "findings": [*findings, *self.findings()]}

    @rpc
    def kept(self, *, user_id: str, cursor: str | None = None) -> dict[str, Any]:
        """What is kept here of a person, for themselves and for administrators.

        Raises:
            Unauthenticated, Forbidden, NotFound, Invalid
        """
        if self.caller.id != user_id:
            self.caller.require("administrator")
        if not is_id(user_id):
            raise NotFound("user_not_found", "There is no such person, or not for you.")
        with self.db() as tx:
            return personal.page_of(tx, self.kept_of(user_id), cursor)

    def kept_of(self, user_id: str) -> personal.Kept:
        """What there is of a person in this service's tables, by kind."""
        return {}

    def findings(self) -> list[Finding]:
        """What is to be examined of this service alone."""
        store = getattr(self, "files", None)
        return examine.files(store) if store else []

    def _for_operator(self) -> None:
        """The operator's command asks in the platform's own name."""
        if not self.caller.anonymous:
            self.caller.require("administrator")

    def work(self) -> list[dict[str, Any]]:
        """What waits to be done apart from calls and events: `{"name", "queued", "running",
        "oldest_seconds"}` of each queue of jobs."""
        return []

    @every(MEASURE_SECONDS)
    def measure(self) -> None:
        """Brings the gauges up to date of what waits."""
        condition.measure(self.settings.AMQP_URI, self.name, self.db)


KINDS: dict[type[Entrypoint], str] = {_Rpc: "call", Hear: "event", _Every: "tick"}


def heard_by(service: type[Service]) -> list[type[Heard]]:
    """The events a service class hears."""
    entrypoints = [
        entrypoint
        for name in dir(service)
        for entrypoint in getattr(getattr(service, name), "nameko_entrypoints", ())
    ]
    return [e.event for e in entrypoints if isinstance(e, Hear)]


def worked_by(service: type[Service]) -> list[str]:
    """The routing keys of the events that the workers of a service class take."""
    return [event.routing_key() for event in service.for_workers]


def offload(work: Callable[..., T], *args: Any) -> T:
    """Runs work that holds the processor in an operating system thread, so that other calls go on."""
    if eventlet.patcher.is_monkey_patched("thread"):
        return cast(T, eventlet.tpool.execute(work, *args))
    return work(*args)


# --- how it runs ------------------------------------------------------------------------------------


def _wait_for_database(connection: Any) -> None:
    """psycopg2's wait, given to eventlet: without it one slow query stops the whole process."""
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        trampoline(
            connection.fileno(),
            read=state == psycopg2.extensions.POLL_READ,
            write=state == psycopg2.extensions.POLL_WRITE,
        )


def serve(path: Path) -> int:
    """Runs the service that a `config.yml` names, until SIGTERM or SIGINT; returns an exit status.

    The process must have been patched by eventlet before anything else was imported.
    """
    psycopg2.extensions.set_wait_callback(_wait_for_database)
    settings = config.load(path, config.named(path, "settings"))
    service: type[Service] = config.named(path, "service")
    start_observing(
        service.name,
        settings.LOG_LEVEL,
        settings.LOG_FORMAT,
        traces_url=settings.TRACES_URL,
        traces_sample=settings.TRACES_SAMPLE,
    )
    nameko.config.setup(
        {
            "AMQP_URI": settings.AMQP_URI,
            "max_workers": settings.MAX_WORKERS,
            "PREFETCH_COUNT": settings.MAX_WORKERS,
            "HEARTBEAT": 10,
            SETTINGS: settings,
            FOLDER: path.parent,
        }
    )
    runner = ServiceRunner()
    runner.add_service(service)
    # What rises in its greenlets rises here as well, where a wrong setting is one sentence.
    eventlet.debug.hub_exceptions(False)
    # Until it has started, which waits for the broker, a signal simply ends it.
    runner.start()
    eventlet.debug.hub_exceptions(True)
    for number in (signal.SIGTERM, signal.SIGINT):
        # A signal arrives in the main loop, which may not wait: stop from a greenlet.
        signal.signal(number, lambda *_: eventlet.spawn_n(runner.stop))
    log.info("serving", since=now().isoformat())
    if settings.PROBE_PORT:
        ready = condition.ready(settings.DATABASE_URI, settings.AMQP_URI, service.name)
        serve_probes(settings.PROBE_HOST, settings.PROBE_PORT, ready)
    try:
        # In a greenlet of its own: a signal would interrupt the wait of the main one.
        eventlet.spawn(runner.wait).wait()
    except Exception:
        log.exception("service_failed")
        return 1
    return 0
