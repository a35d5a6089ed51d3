"""Records scored one by one, and what each took."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hedgerow.data.answers import Answer, Answers
from hedgerow.demo.session import Session
from hedgerow.errors import NoAnswer


@dataclass(frozen=True, slots=True)
class Timed:
    """A record's answer, whether it is right, and the seconds it took the client."""

    row: int
    answers: Answers
    truth: str
    seconds: float

    @property
    def answer(self) -> Answer:
        """The answer."""
        return self.answers[0]

    @property
    def is_right(self) -> bool:
        """Whether the answer is the truth."""
        return self.answer.value == self.truth


async def score_each(
    session: Session, rows: Iterable[int], *, explain: bool = False
) -> list[Timed]:
    """Score records of the examples, one after the other; one may have no answer."""
    found = []
    for row in rows:
        began = time.perf_counter()
        try:
            answers = await session.one(row, explain=explain)
        except NoAnswer as error:
            if error.decision is None:
                raise
            answers = Answers(error.decision)
        seconds = time.perf_counter() - began
        found.append(Timed(row, answers, session.examples.truth[row], seconds))
    return found


def right(found: Sequence[Timed]) -> int:
    """How many answers are right."""
    return sum(timed.is_right for timed in found)


def median_seconds(found: Sequence[Timed]) -> float:
    """The median time."""
    return statistics.median(timed.seconds for timed in found)


def slowest_seconds(found: Sequence[Timed]) -> float:
    """The longest time."""
    return max(timed.seconds for timed in found)


def counted(found: Sequence[Timed]) -> list[tuple[str, int]]:
    """Who answered how often, the most frequent first."""
    return Counter(timed.answer.answered_by or "nobody" for timed in found).most_common()
