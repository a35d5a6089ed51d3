"""Open tasks: what was said about them so far, and deciding them.

`one_record` and `many_records` have the two kinds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from hedgerow.v1.records_pb2 import TraceContext
from services.collector.rules.verdict import Value, Verdict, places_of
from services.collector.tasks.agreement import Decided
from services.collector.tasks.lineup import Lineup
from services.collector.tasks.model_answer import ModelAnswer


class Task(ABC):
    """A batch whose records are decided one by one, each once; it ends when the last is.

    `decided` is called with the task when it has ended, and stands for whoever opened it; `progressed`,
    if given, when a voter has ended and the task goes on. Times are seconds of the collector's clock.
    """

    __slots__ = (
        "admitted",
        "decided",
        "ended",
        "expired",
        "explain",
        "failures",
        "held",
        "id",
        "lineup",
        "model_answers",
        "not_started",
        "opened",
        "outstanding",
        "progressed",
        "rows",
        "trace",
    )

    def __init__(
        self,
        task_id: int,
        lineup: Lineup,
        rows: int,
        admitted: float,
        opened: float,
        explain: bool,
        trace: TraceContext | None,
        decided: Callable[[Task], None],
        progressed: Callable[[Task], None] | None = None,
    ) -> None:
        self.id = task_id
        self.lineup = lineup
        self.rows = rows
        self.admitted = admitted
        self.opened = opened
        self.explain = explain
        self.trace = trace
        self.decided = decided
        self.progressed = progressed
        self.outstanding = lineup.outstanding
        """A bit for each model of the plan that may still answer."""
        self.held = lineup.held
        """A bit for each that was held back when it was opened, and has not been started."""
        self.model_answers: list[ModelAnswer | None] = [None] * len(lineup.names)
        """What each model of the plan answered."""
        self.failures: dict[int, str] | None = None
        """Why models will not answer, by their place; most tasks have none."""
        self.not_started: dict[int, str] | None = None
        """Why models that were held will never be started, by their place."""
        self.ended = 0.0
        """When; 0 while it is open."""
        self.expired = False
        """The deadline came before every record was decided."""
        self._prepare()

    @abstractmethod
    def _prepare(self) -> None:
        """Set up what a kind of task keeps besides."""

    def take(self, place: int, answer: ModelAnswer) -> None:
        """Keep a model's answer. It may have been lost before, but not have answered."""
        self.model_answers[place] = answer
        self.outstanding &= ~(1 << place)

    def start_model(self, place: int) -> None:
        """A model that was held is started."""
        self.held &= ~(1 << place)

    def pass_over(self, place: int, reason: str) -> None:
        """A model will never be started."""
        if self.not_started is None:
            self.not_started = {}
        self.outstanding &= ~(1 << place)
        self.not_started.setdefault(place, reason)

    def fail(self, place: int, reason: str) -> bool:
        """A model will not answer. Returns False if that was known; the first reason stands."""
        if self.failures is None:
            self.failures = {}
        elif place in self.failures:
            return False
        self.outstanding &= ~(1 << place)
        self.failures[place] = reason
        return True

    @property
    def running(self) -> int:
        """A bit for each voter that was started and may still answer."""
        return self.outstanding & ~self.held & self.lineup.policy.voters

    @property
    def idle(self) -> int:
        """A bit for each model that is held and may still answer."""
        return self.outstanding & self.held

    def count(self) -> None:
        """Count what became of each model, for its statistics. Once, when the task has ended."""
        self._count_answers()
        lineup, outstanding = self.lineup, self.outstanding
        if running := self.running:
            for place in places_of(running):
                if self.expired:
                    lineup.counts[place].late += 1
                else:
                    lineup.counts[place].cancelled += 1
        if outstanding & self.held or lineup.no_time or self.not_started:
            self._count_not_started()

    def _count_not_started(self) -> None:
        places = {*places_of(self.idle | self.lineup.no_time), *(self.not_started or ())}
        for place in places - (self.failures or {}).keys():
            if self.model_answers[place] is None:
                self.lineup.counts[place].not_started += 1

    @abstractmethod
    def _count_answers(self) -> None:
        """Count whose answers were taken, who agrees with them, and who is alone."""

    @abstractmethod
    def answers(self) -> Sequence[Value]:
        """Return the answer to each record, None where there is none. Only when the task has ended."""

    @abstractmethod
    def decided_answers(self) -> Decided:
        """Return the same, for models that report later."""

    @abstractmethod
    def confidences(self) -> Sequence[float]:
        """Return the confidence of each answer, NaN where there is none, as `answers`."""

    @abstractmethod
    def undecided(self) -> list[int]:
        """Return the records that are not decided, by their places; none at all if all of them are."""

    @abstractmethod
    def judge(self, at_deadline: bool) -> bool:
        """Decide what can be decided; return whether every record is."""

    @abstractmethod
    def verdicts(self) -> list[Verdict]:
        """Return the verdict of each record. Only when the task has ended."""
