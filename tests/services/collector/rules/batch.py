"""A batch at a collector's core, for examples that are tried as they stand and in bulk."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hedgerow.v1 import collection_pb2 as pb
from services.collector.rules.verdict import Value
from tests.services.collector.harness import Desk, failure_of, opening_of, plan_of, predictions_of
from tests.services.decisions import reasons

DEADLINE = 0.05
"""Seconds."""

Verdict = tuple[str, str, str]
"""Who answered (or "-"), why, and who agreed."""


class Batch:
    """One task at a desk of its own, each of its records `copies` times."""

    def __init__(self, copies: int, policy: str, models: str = "a b c", records: int = 1) -> None:
        self.copies = copies
        self.records = records
        self.models = models.split()
        self.desk = Desk()
        self.desk.session = self.desk.new_session(plan_of(policy, models))

    def open(self, hosted: str = "", no_time: str = "") -> None:
        """Open it; all models have a host if none are named."""
        self.desk.session.take(
            opening_of(
                1,
                rows=self.records * self.copies,
                versions=[int(not hosted or name in hosted) for name in self.models],
                deadline=DEADLINE,
                no_time=sum(1 << self.models.index(name) for name in no_time),
                progress=True,
            )
        )

    def say(self, model: str, *values: Value, confidences: Sequence[float] = ()) -> None:
        """A model says something about each record, with these confidences, or with none."""
        every = [value for value in values for _ in range(self.copies)]
        sure = [confidence for confidence in confidences for _ in range(self.copies)]
        report = pb.ReportRequest(data_type="wine", model=model, version=1)
        report.results.add(task_id=1, rows=len(every))
        report.predictions.CopyFrom(predictions_of(every, sure or None))
        self.desk.intake.take(report)

    def fail(self, model: str) -> None:
        self.desk.intake.take(failure_of(model, 1))

    def lose(self, model: str, not_started: bool = False) -> None:
        place = self.models.index(model)
        lost = pb.LostModel(model=place, reason="gone", task_ids=[1], not_started=not_started)
        self.desk.session.take(pb.CollectRequest(lost=[lost]))

    def run_out_of_time(self) -> None:
        self.desk.pass_time(DEADLINE)

    @property
    def waits(self) -> bool:
        return not self.desk.decided

    def undecided(self) -> list[int]:
        """The records that the router was last told are not decided: all copies of each, or none."""
        (*_, last) = self.desk.told()
        rows = list(last.undecided) or list(range(self.records * self.copies))
        found = sorted({row // self.copies for row in rows})
        assert len(rows) == len(found) * self.copies
        return found

    def verdicts(self, at_deadline: bool = False) -> list[Verdict]:
        """What came of each record, the same for all its copies; and whether its time had run out."""
        decided = self.desk.decision()
        assert decided.deadline_reached == at_deadline
        decision = decided.decision
        rows = [
            (
                "-" if who < 0 else self.models[who],
                reason,
                "".join(name for place, name in enumerate(self.models) if agreed >> place & 1),
            )
            for who, reason, agreed in zip(
                decision.answered_by, reasons(decision), decision.agreed, strict=True
            )
        ]
        firsts = rows[:: self.copies]
        assert rows == [first for first in firsts for _ in range(self.copies)]
        return firsts

    def verdict(self, at_deadline: bool = False) -> Verdict:
        """What came of the only record."""
        (verdict,) = self.verdicts(at_deadline)
        return verdict


BatchOf = Callable[..., Batch]
