"""What many threads ask for at the same time is done in few rounds."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from push.together import Together


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


def test_one_that_can_not_be_done_fails_alone() -> None:
    def inverse(numbers: Sequence[int]) -> list[float]:
        return [1 / number for number in numbers]

    together = Together(inverse)
    with ThreadPoolExecutor(3) as threads:
        with together._round:  # until all are there
            asked = [threads.submit(together, number) for number in (1, 0, 2)]
            while len(together._asked) < 3:
                time.sleep(0)
        assert [asked[0].result(60), asked[2].result(60)] == [1, 0.5]
        with pytest.raises(ZeroDivisionError):
            asked[1].result(60)
