"""Timelines played to a real collector."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hedgerow.v1 import collection_pb2 as pb
from services.collector.sessions import Session
from tests.services.collector.harness import SENT, Desk, predictions_of
from tests.services.collector.tasks.timelines import Ended, Event, Fate, Timeline, What
from tests.services.decisions import answers, reasons, states

TICK = 0.01
"""Seconds between two moments, ten times what a deadline may be called early."""


class Play:
    """A timeline played to a real collector, its records in one task, or each in a task of its own."""

    def __init__(self, timeline: Timeline, tasks: Sequence[range], progress: bool = False) -> None:
        self.timeline = timeline
        self.tasks = dict(enumerate(tasks, start=1))
        self.progress = progress
        self.desk = Desk()
        self.start = self.desk.clock.now
        self.session: Session = self.desk.new_session(timeline.plan, timeline.qualities)

    def run(self, events: Iterable[Event]) -> None:
        for event in events:
            self.desk.clock.now = self.start + event.moment * TICK
            if event.what in (What.SAID, What.FAILED):
                self.desk.intake.take(self._report(event))
            elif event.what is What.DEADLINE:
                self.desk.pass_time(0)
            else:
                self.session.take(self._word(event))

    def ended(self) -> list[Ended]:
        """What came of each task, as the router reads it. Nothing of any task is left."""
        found = {}
        for task in list(self.desk.decided):
            self.desk.decided[:] = [task]
            decided = self.desk.decision()
            assert decided.task_id not in found
            found[decided.task_id] = self._read(decided)
        self.close()
        return [found[task_id] for task_id in self.tasks]

    def close(self) -> None:
        assert self.session.open == 0
        self.desk.assert_empty()
        self.desk.open_tasks.close()

    def _word(self, event: Event) -> pb.CollectRequest:
        """What the router says."""
        if event.what is What.OPENED:
            return pb.CollectRequest(openings=[self._opening()], sent_ns=SENT)
        if event.what is What.STARTED:
            started = pb.StartedModel(model=event.line, task_ids=self.tasks)
            return pb.CollectRequest(started=[started])
        not_started = event.what is What.PASSED_OVER
        lost = pb.LostModel(
            model=event.line, reason="gone", task_ids=self.tasks, not_started=not_started
        )
        return pb.CollectRequest(lost=[lost])

    def _opening(self) -> pb.Opening:
        timeline = self.timeline
        due = SENT + round((timeline.deadline - timeline.opened) * TICK * 1e9)
        return pb.Opening(
            plan_key=1,
            versions=[int(line in timeline.hosted) for line in range(len(timeline.plan.models))],
            tasks=[
                pb.OpenTask(id=task_id, rows=len(rows), admitted_ns=SENT, deadline_ns=due)
                for task_id, rows in self.tasks.items()
            ],
            held=bits(timeline.held),
            no_time=bits(timeline.no_time),
            progress=self.progress,
        )

    def _report(self, event: Event) -> pb.ReportRequest:
        """What a host says. A record it was not asked about is absent where it is a task by itself."""
        model = self.timeline.plan.models[event.line].name
        report = pb.ReportRequest(data_type="wine", model=model, version=1)
        if event.what is What.FAILED:
            for task_id in self.tasks:
                report.results.add(task_id=task_id, failure="it broke")
            return report
        said = event.said
        if event.records and len(self.tasks) == 1:
            said = tuple(event.said[row] for row in event.records)
            report.results.add(task_id=1, rows=len(said), records=event.records)
        else:
            for task_id, rows in self.tasks.items():
                report.results.add(task_id=task_id, rows=len(rows))
        confidences = [float("nan") if one is None else one for _, one in said]
        report.predictions.CopyFrom(predictions_of([value for value, _ in said], confidences))
        return report

    def _read(self, decided: pb.TaskDecision) -> Ended:
        decision = decided.decision
        fates = [
            Fate(None if who < 0 else who, answer, reason, places(agreed))
            for who, answer, reason, agreed in zip(
                decision.answered_by,
                answers(decision),
                reasons(decision),
                decision.agreed,
                strict=True,
            )
        ]
        return Ended(
            tuple(fates),
            self.timeline.opened + round(decision.elapsed.ToNanoseconds() / 1e9 / TICK),
            decided.deadline_reached,
            tuple(states(decision).values()),
            places(decided.outstanding),
        )


def bits(places: Iterable[int]) -> int:
    return sum(1 << place for place in places)


def places(bits: int) -> frozenset[int]:
    return frozenset(place for place in range(64) if bits >> place & 1)


def together(timeline: Timeline) -> Ended:
    """Play all records as one task."""
    play = Play(timeline, [range(timeline.rows)])
    play.run(timeline.events)
    (ended,) = play.ended()
    return ended


def apart(timeline: Timeline) -> list[Ended]:
    """Play each record as a task, whose results come in the same frames as the others'."""
    play = Play(timeline, singles(timeline))
    play.run(timeline.events)
    return play.ended()


def singles(timeline: Timeline) -> list[range]:
    return [range(row, row + 1) for row in range(timeline.rows)]
