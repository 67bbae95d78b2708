"""A repeated request gets the first one's answer and does nothing new."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from echo import Note, NotedHeard
from kit.caller import ANONYMOUS, Caller
from kit.db import Transactions
from kit.errors import Conflict, Invalid
from kit.event import new_id
from kit.testing import hear_event, staff
from world import until

WANTED = {"text": "milk", "of": ["one", "two"]}


def note(db: Transactions, caller: Caller, wanted: dict[str, Any] = WANTED) -> dict[str, Any]:
    with db() as tx:
        if answer := tx.replay(caller, wanted):
            return answer
        row = Note(kind="called", text=wanted["text"])
        tx.add(row)
        tx.flush()
        return tx.remember(caller, {"number": row.number})


def test_the_same_key_answers_the_same_and_makes_nothing_new(db: Transactions) -> None:
    caller = staff(idempotency_key="k")
    assert note(db, caller) == note(db, caller)
    other_user, other_key = staff(idempotency_key="k"), staff(caller.user_id, idempotency_key="l")
    assert len({note(db, who)["number"] for who in (caller, other_user, other_key)}) == 3


def test_without_a_key_each_request_is_new(db: Transactions) -> None:
    caller = staff()
    assert note(db, caller) != note(db, caller)
    assert note(db, ANONYMOUS) != note(db, ANONYMOUS)


def test_a_key_is_not_for_another_request(db: Transactions) -> None:
    caller = staff(idempotency_key="k")
    note(db, caller)
    with pytest.raises(Invalid, match="idempotency_key_reused"):
        note(db, caller, {**WANTED, "text": "bread"})


def test_a_failure_does_not_tell_what_was_to_be_written(real_db: Transactions) -> None:
    with pytest.raises(sa.exc.DBAPIError) as failed, real_db() as tx:
        tx.execute(sa.text("SELECT CAST(:secret AS int)"), {"secret": "$argon2id$x"})
    assert "$argon2id$x" not in str(failed.value).replace(str(failed.value.orig), "")


def test_a_request_that_was_rolled_back_left_no_answer_and_may_come_again(db: Transactions) -> None:
    caller = staff(idempotency_key="k")
    with db() as tx:
        assert tx.replay(caller, WANTED) is None
        tx.rollback()
    assert note(db, caller) == note(db, caller)


def test_a_request_whose_answer_was_not_kept_is_refused_the_second_time(db: Transactions) -> None:
    caller = staff(idempotency_key="k")
    with db() as tx:
        assert tx.replay(caller, WANTED) is None
    with pytest.raises(Conflict, match="idempotency_key_unanswered"):
        note(db, caller)


def test_of_two_requests_at_once_the_second_waits_for_the_answer_of_the_first(real_db: Transactions) -> None:
    caller, begun, go_on = staff(idempotency_key="k"), threading.Event(), threading.Event()

    def first() -> dict[str, Any]:
        with real_db() as tx:
            assert tx.replay(caller, WANTED) is None
            begun.set()
            go_on.wait(10)
            return tx.remember(caller, {"number": 41})

    with ThreadPoolExecutor() as pool:
        one = pool.submit(first)
        begun.wait(10)
        two = pool.submit(note, real_db, caller)
        until(lambda: waiting(real_db))
        assert not two.done()
        go_on.set()
        assert one.result() == two.result() == {"number": 41}


def waiting(db: Transactions) -> bool:
    with db() as tx:
        return bool(
            tx.scalar(
                sa.text(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
            )
        )


def test_an_event_is_seen_once_its_transaction_is_committed(db: Transactions) -> None:
    event = hear_event(NotedHeard, id=new_id(), text="milk")
    with db() as tx:
        assert not tx.seen(event)
        tx.rollback()
    with db() as tx:
        assert not tx.seen(event)
    with db() as tx:
        assert tx.seen(event)
