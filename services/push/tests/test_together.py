"""What many threads ask for at the same time is done in few rounds."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg2
import pytest
from push.together import Together
from sqlalchemy.exc import OperationalError


def test_what_is_asked_for_during_a_round_is_one_round_more() -> None:
    rounds: list[list[int]] = []
    begun, go_on = threading.Event(), threading.Event()

    def double(numbers: Sequence[int]) -> list[int]:
        rounds.append(sorted(numbers))
        begun.set()
        assert go_on.wait(60)
        return [2 * number for number in numbers]

    together = Together(double)
    with ThreadPoolExecutor(10) as threads:
        first = threads.submit(together, 0)
        assert begun.wait(60)
        others = [threads.submit(together, number) for number in range(1, 10)]
        while len(together._asked) < 9:
            time.sleep(0)
        go_on.set()
        assert [one.result(60) for one in (first, *others)] == list(range(0, 20, 2))
    assert rounds == [[0], list(range(1, 10))]


def at_once(do: Callable[[Sequence[int]], Sequence[float]], *numbers: int) -> list[Future[float]]:
    """What comes of asking for these in one round."""
    together = Together(do)
    with ThreadPoolExecutor(len(numbers)) as threads:
        with together._round:  # until all are there
            asked = [threads.submit(together, number) for number in numbers]
            while len(together._asked) < len(numbers):
                time.sleep(0)
        return asked


def test_one_that_can_not_be_done_fails_alone() -> None:
    one, other, third = at_once(lambda numbers: [1 / number for number in numbers], 1, 0, 2)
    assert [one.result(60), third.result(60)] == [1, 0.5]
    with pytest.raises(ZeroDivisionError):
        other.result(60)


def test_a_database_that_is_away_is_asked_once_for_all() -> None:
    rounds: list[int] = []

    def away(numbers: Sequence[int]) -> list[float]:
        rounds.append(len(numbers))
        raise OperationalError("SELECT 1", {}, psycopg2.OperationalError("no connection"))

    asked = at_once(away, 1, 2, 3)
    assert [type(one.exception(60)) for one in asked] == [OperationalError] * 3
    assert rounds == [3]
