"""Smart batching: while one call to chat is under way, further messages wait and go as one call.

No delay is added when idle; under load a call carries many messages, which is one transaction, one
commit and one event in chat.
"""

import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import gevent
from gevent.event import AsyncResult
from kit.errors import Refusal, Unavailable
from kit.observe import carry_trace, get_logger, span
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, get_current_span, use_span
from prometheus_client import Histogram

log = get_logger(__name__)

SENT = Histogram(
    "bchat_gateway_send_batch", "Messages one call to chat carried.", buckets=(1, 2, 5, 10, 20, 50, 100, 200)
)

# An entry's text comes back as up to 12 bytes a character, and RabbitMQ takes no message over 16 MiB.
CALL_CHARACTERS = 500_000

Message = dict[str, Any]
Answer = dict[str, Any] | Exception
Waiting = tuple[float, Message, Callable[[Answer], None], SpanContext]
Call = Callable[[list[Message], float], list[dict[str, Any]]]


class Batcher:
    """The messages of one worker on their way to chat.

    Args:
        call: sends messages within some seconds and returns chat's results in the same order.
        seconds: how long a message may take, its waiting included.
        most: messages a call carries.
        waiting: messages that may wait.
    """

    def __init__(self, call: Call, seconds: float, most: int = 200, waiting: int = 5000) -> None:
        self._call = call
        self._seconds = seconds
        self._most = most
        self._waiting = waiting
        self._queue: deque[Waiting] = deque()
        self._running = False

    def submit(self, message: Message, done: Callable[[Answer], None]) -> None:
        """Takes a message; `done` hears the entry, once it is committed, or why not."""
        if len(self._queue) >= self._waiting:
            done(Unavailable("busy", "Too many messages are waiting.", retry_after=1))
            return
        context = get_current_span().get_span_context()
        self._queue.append((time.monotonic() + self._seconds, message, done, context))
        if not self._running:
            self._running = True
            gevent.spawn(self._run)

    def send(self, message: Message) -> dict[str, Any]:
        """Sends a message and returns its entry.

        Raises:
            Refusal, or what went wrong
        """
        result: AsyncResult[Answer] = AsyncResult()
        self.submit(message, result.set)
        answer: Answer = result.get()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _run(self) -> None:
        try:
            while self._queue:
                batch = self._next_batch()
                for (_, _, done, _), answer in zip(batch, self._answers(batch), strict=True):
                    done(answer)
        finally:
            self._running = False

    def _next_batch(self) -> list[Waiting]:
        batch, characters = [self._queue.popleft()], 0
        while self._queue and len(batch) < self._most:
            characters += len(batch[-1][1].get("text", ""))
            if characters > CALL_CHARACTERS:
                break
            batch.append(self._queue.popleft())
        return batch

    def _answers(self, batch: list[Waiting]) -> list[Answer]:
        late = sum(deadline <= time.monotonic() for deadline, *_ in batch)  # the oldest are in front
        # The client sends it again with the same client_id, so it is never there twice.
        answers: list[Answer] = [Unavailable("timeout", "Not stored in time.", retry_after=1)] * late
        batch = batch[late:]
        if not batch:
            return answers
        SENT.observe(len(batch))
        try:
            with _span_of([context for *_, context in batch]):
                messages = [message for _, message, *_ in batch]
                results = self._call(messages, batch[0][0] - time.monotonic())
            if len(results) != len(batch):
                raise ValueError(f"{len(results)} results for {len(batch)} messages")
        except Refusal as refusal:
            return answers + [refusal] * len(batch)
        except Exception as failure:
            log.exception("send_failed", messages=len(batch))
            if len(batch) == 1:
                return [*answers, failure]
            # One message that makes chat fail must not take the others with it.
            return answers + [answer for item in batch for answer in self._answers([item])]
        return answers + [Refusal.from_dict(r["refusal"]) if "refusal" in r else r["entry"] for r in results]


def _span_of(contexts: list[SpanContext]) -> AbstractContextManager[Span]:
    """Within the trace of the first message; those of the others are named."""
    headers: dict[str, Any] = {}
    first, *others = contexts
    if first.is_valid:
        with use_span(NonRecordingSpan(first)):
            carry_trace(headers)
    return span("send", headers, also=others)
