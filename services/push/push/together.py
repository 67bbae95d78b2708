"""What many threads ask for at the same time is done for all of them at once."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from kit.db import out_of_reach

Q = TypeVar("Q")
A = TypeVar("A")


class Together(Generic[Q, A]):
    """While one round is under way, what is asked for gathers for the next: nobody waits where nothing is
    under way, and where much is, it takes few rounds.

    Args:
        do: answers a round, in its order. Where that fails, each is asked for by itself.
    """

    def __init__(self, do: Callable[[Sequence[Q]], Sequence[A]]) -> None:
        self._do = do
        self._round, self._gathering = threading.Lock(), threading.Lock()
        self._asked: list[tuple[Q, Future[A]]] = []

    def __call__(self, question: Q) -> A:
        """
        Raises:
            Exception: what `do` raises for this one.
        """
        mine: Future[A] = Future()
        with self._gathering:
            self._asked.append((question, mine))
        with self._round:
            if not mine.done():
                self._answer()
        return mine.result()

    def _answer(self) -> None:
        with self._gathering:
            asked, self._asked = self._asked, []
        try:
            answers = self._do([question for question, _ in asked])
        except Exception as problem:
            if len(asked) == 1 or out_of_reach(problem):  # the database is away for each of them
                for _, future in asked:
                    future.set_exception(problem)
            else:
                for question, future in asked:
                    self._answer_one(question, future)
            return
        for (_, future), answer in zip(asked, answers, strict=True):
            future.set_result(answer)

    def _answer_one(self, question: Q, future: Future[A]) -> None:
        try:
            future.set_result(self._do([question])[0])
        except Exception as problem:
            future.set_exception(problem)
