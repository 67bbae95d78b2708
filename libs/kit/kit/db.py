"""One transaction holds a fact, what is said of it, and the answer to a repeated request.

`Transactions` opens them; a `Transaction` is a SQLAlchemy session with four more words: `emit`, `seen`,
`replay` and `remember`. It needs neither Nameko nor a broker.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import orjson
import sqlalchemy as sa
from opentelemetry import trace
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session, mapped_column

from kit.caller import Caller
from kit.clock import now
from kit.errors import Conflict, Invalid
from kit.event import Heard, Said
from kit.event import new_id as new_id
from kit.observe import carry_trace, recording

SPANS = "bchat_spans"
READ_ONLY = "25006"
USED, RESTED_SECONDS = "bchat_used", 1.0
Id = Annotated[str, mapped_column(sa.Uuid(as_uuid=False))]
H = TypeVar("H", bound=Heard)

_metadata = sa.MetaData()

OUTBOX = sa.Table(
    "outbox",
    _metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("event_id", sa.Uuid(as_uuid=False), nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("headers", JSONB, nullable=False),
    sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
    comment="Events committed and not yet published; a row leaves when the broker has confirmed it.",
)
INBOX = sa.Table(
    "inbox",
    _metadata,
    sa.Column("event_id", sa.Uuid(as_uuid=False), primary_key=True),
    sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False, index=True),
    comment="Events already handled: delivery is at least once, their effect is once.",
)
REPLIES = sa.Table(
    "replies",
    _metadata,
    sa.Column("user_id", sa.Uuid(as_uuid=False), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("answer", JSONB),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
    comment="What a request with an Idempotency-Key was answered.",
)


# An array a column, so that a statement is the same text, built once, however many rows there are.
SAY = sa.text("""
    INSERT INTO outbox (event_id, type, body, headers, said_at)
    SELECT event_id, type, body, CAST(headers AS jsonb), clock_timestamp()
    FROM unnest(
        CAST(:event_id AS uuid[]), CAST(:type AS text[]), CAST(:body AS bytea[]), CAST(:headers AS text[])
    ) WITH ORDINALITY AS new (event_id, type, body, headers, number)
    ORDER BY number RETURNING id
""")
HEAR = sa.text("""
    INSERT INTO inbox (event_id, heard_at) SELECT unnest(CAST(:ids AS uuid[])), :at
    ON CONFLICT DO NOTHING RETURNING event_id
""")

# A row of the outbox.
Unsaid = dict[str, Any]


def kit_tables(metadata: sa.MetaData) -> None:
    """Puts outbox, inbox and replies among a service's own tables, so that its migrations make them."""
    for table in (OUTBOX, INBOX, REPLIES):
        table.to_metadata(metadata)


class Transaction(Session):
    """A session whose commit makes facts and the saying of them one."""

    source: str = "unknown"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unsaid: list[Unsaid] = []

    def emit(self, *events: Said) -> None:
        """Says the events, in this order, if, and only if, this transaction commits."""
        rows: list[Unsaid] = []
        for event in events:
            event_id = new_id()
            rows.append(
                {
                    "event_id": event_id,
                    "type": event.routing_key(),
                    "body": event.encode(self.source, event_id, now()),
                    "headers": carry_trace({}),
                }
            )
        if rows:
            columns = {name: [row[name] for row in rows] for name in rows[0]}
            columns["headers"] = [orjson.dumps(headers).decode() for headers in columns["headers"]]
            ids = self.scalars(SAY, columns)
            self.unsaid += [{**row, "id": id} for row, id in zip(rows, ids, strict=True)]

    def seen(self, event: Heard) -> bool:
        """Whether the event was handled before; notes it in this transaction if not."""
        return not self.unseen([event])

    def unseen(self, events: Sequence[H]) -> list[H]:
        """Those of the events that were not handled before, each once; notes them in this transaction."""
        by_id = {event.envelope.id: event for event in events}
        new = set(map(str, self.scalars(HEAR, {"ids": list(by_id), "at": now()})))
        return [event for id, event in by_id.items() if id in new]

    def replay(self, caller: Caller, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer given before to this Idempotency-Key, or None if it is new or there is no key.

        Call it first; a second request with the key waits here until the first has ended.

        Raises:
            Invalid: the key came before with another request.
            Conflict: the first request with this key never got an answer to repeat.
        """
        if not caller.idempotency_key:
            return None
        digest = hashlib.sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).hexdigest()
        key = {"user_id": caller.id, "key": caller.idempotency_key}
        new = self.execute(
            insert(REPLIES)
            .values(**key, request=digest, at=now())
            .on_conflict_do_nothing()
            .returning(REPLIES.c.key)
        ).first()
        if new:
            return None
        row = self.execute(sa.select(REPLIES.c.request, REPLIES.c.answer).filter_by(**key)).one()
        if row.request != digest:
            raise Invalid("idempotency_key_reused", "This Idempotency-Key came with another request before.")
        if row.answer is None:
            raise Conflict("idempotency_key_unanswered", "The first request with this key left no answer.")
        answer: dict[str, Any] = row.answer
        return answer

    def remember(self, caller: Caller, answer: dict[str, Any]) -> dict[str, Any]:
        """Keeps the answer for the caller's Idempotency-Key, and returns it."""
        if caller.idempotency_key:
            self.execute(
                sa.update(REPLIES)
                .where(REPLIES.c.user_id == caller.id, REPLIES.c.key == caller.idempotency_key)
                .values(answer=answer)
            )
        return answer


@sa.event.listens_for(Transaction, "after_soft_rollback")
def _nothing_was_said(tx: Transaction, _: Any) -> None:
    """Of a savepoint, too: what was emitted before it is found in the outbox, only a little later."""
    tx.unsaid.clear()


def connect(uri: str | sa.URL, *, pool: int = 10, name: str = "bchat") -> sa.Engine:
    """An engine with limits on everything that could hang.

    Args:
        uri: `postgresql+psycopg2://...`
        pool: connections at most; a caller waits up to 5 s for one.
        name: shown in pg_stat_activity.
    """
    engine = sa.create_engine(
        uri,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=5,
        hide_parameters=True,  # in errors, which are logged: passwords' hashes, what people write
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        connect_args={
            "connect_timeout": 5,
            "application_name": name,
            # Where the other end is gone without a word, it is noticed within half a minute, not within the
            # quarter of an hour that the kernel takes.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 25_000,  # ms: of what was sent and nobody acknowledges
            # A table in many partitions looks dear to the planner: it would compile for a quarter of a second
            # what runs for a few milliseconds.
            "options": "-c timezone=UTC -c statement_timeout=15000 -c lock_timeout=5000 "
            "-c idle_in_transaction_session_timeout=60000 -c jit=off",
        },
    )
    _try_those_that_rested(engine)
    if recording():
        _trace_statements(engine)
    return engine


def _try_those_that_rested(engine: sa.Engine) -> None:
    """A connection that was used just now is as good as one just tried, and to try it costs a round trip."""

    @sa.event.listens_for(engine, "checkout")
    def check(connection: Any, record: Any, _: Any) -> None:
        if time.monotonic() - record.info.get(USED, -RESTED_SECONDS) >= RESTED_SECONDS:
            try:
                engine.dialect.do_ping(connection)
            except Exception as problem:
                raise sa.exc.DisconnectionError from problem

    @sa.event.listens_for(engine, "checkin")
    def note(_: Any, record: Any) -> None:
        record.info[USED] = time.monotonic()


def _trace_statements(engine: sa.Engine) -> None:
    """A span around each statement: its text, and never what was put into it."""

    @sa.event.listens_for(engine, "before_cursor_execute")
    def begin(connection: Any, _: Any, statement: str, *__: Any) -> None:
        if trace.get_current_span().is_recording():
            span = trace.get_tracer("bchat").start_span(
                f"sql {statement.split(None, 1)[0].upper()}",
                kind=trace.SpanKind.CLIENT,
                attributes={"db.system.name": "postgresql", "db.query.text": statement[:2000]},
            )
            connection.info.setdefault(SPANS, []).append(span)

    @sa.event.listens_for(engine, "after_cursor_execute")
    def end(connection: Any, *_: Any) -> None:
        if spans := connection.info.get(SPANS):
            spans.pop().end()

    @sa.event.listens_for(engine, "handle_error")
    def fail(context: Any) -> None:
        if context.connection is not None and (spans := context.connection.info.get(SPANS)):
            span = spans.pop()
            span.set_status(trace.StatusCode.ERROR)
            span.end()


def out_of_reach(problem: BaseException | None) -> bool:
    """Whether the database could not be reached or would not serve, so that nothing at all could be done;
    for a statement that failed by itself PostgreSQL gives a code of another class. One that is only read,
    as where a disk is nearly full or a standby was taken for the primary, does not serve."""
    if isinstance(problem, sa.exc.InterfaceError | sa.exc.TimeoutError):
        return True
    if not isinstance(problem, sa.exc.DBAPIError):
        return False
    code = getattr(problem.orig, "pgcode", None)
    if isinstance(problem, sa.exc.OperationalError):
        return code is None or code.startswith(("08", "53", "57P"))
    return code == READ_ONLY


def away_or_busy(problem: BaseException | None) -> bool:
    """Whether it may work the next time: the database is out of reach, or locks and statements took too
    long."""
    passing = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
    return isinstance(problem, passing) or out_of_reach(problem)


class Transactions:
    """Opens transactions: `with transactions() as tx:` commits at the end, or rolls all of it back.

    Args:
        engine: from `connect`.
        source: the service, named in what it says.
        on_said: given the rows of the outbox that a commit has brought.
    """

    def __init__(
        self, engine: sa.Engine, source: str, on_said: Callable[[list[Unsaid]], None] = lambda _: None
    ) -> None:
        self.engine = engine
        self.source = source
        self.on_said = on_said

    def session(self) -> Transaction:
        return Transaction(self.engine, expire_on_commit=False)

    @contextmanager
    def __call__(self) -> Iterator[Transaction]:
        with self.session() as tx:
            tx.source = self.source
            with tx.begin():
                yield tx
        if tx.unsaid:
            self.on_said(tx.unsaid)
