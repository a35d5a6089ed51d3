"""What the collector's tests share: plans, predictions, and a collector's core without its servers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1 import collection_pb2 as pb
from hedgerow.v1 import records_pb2
from hedgerow.v1.plans_pb2 import Plan
from services.collector.decisions import Progress, response_of
from services.collector.intake import Intake
from services.collector.rules.policy import Policy, compile_policy
from services.collector.rules.verdict import Value
from services.collector.sessions import Session
from services.collector.tasks.open_tasks import OpenTasks
from services.collector.tasks.statistics import Statistics
from services.collector.tasks.task import Task
from services.collector.tasks.unclaimed import UnclaimedResults
from services.common.seconds import duration_of
from services.common.telemetry import Tracing

SENT = 1_700_000_000_000_000_000
"""The routers' clock, which has nothing to do with ours: nanoseconds."""


def plan_of(policy: str, models: str = "a b c") -> Plan:
    """A plan with this policy (YAML, flow style); a model's name with a `~` in front is a shadow's."""
    listed = [
        f"{{name: '{name.removeprefix('~')}', shadow: {str(name.startswith('~')).lower()}}}"
        for name in models.split()
    ]
    return plan_from_yaml(f"data_type: wine\nmodels: [{', '.join(listed)}]\npolicy: {policy}\n")


def policy_of(policy: str, models: str = "a b c", qualities: Sequence[float] = ()) -> Policy:
    return compile_policy(plan_of(policy, models), qualities)


def predictions_of(
    values: Sequence[Value], confidences: Sequence[float] | None = None
) -> records_pb2.Predictions:
    """One model's answers, None where it has none."""
    absent = tuple(row for row, value in enumerate(values) if value is None)
    column: Labels | np.ndarray = (
        Labels.of(["" if value is None else str(value) for value in values])
        if any(isinstance(value, str) for value in values)
        else np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    )
    doubles = None if confidences is None else np.array(confidences, dtype=np.float64)
    return Predictions(column, doubles, absent).to_proto()


def report_of(
    model: str,
    tasks: Mapping[int, Sequence[Value]],
    *,
    version: int = 1,
    confidence: float | None = None,
    queued: float = 0.002,
    scoring: float = 0.003,
    records: Sequence[int] = (),
) -> pb.ReportRequest:
    """A frame of what a model said about some tasks, or about these records of each."""
    rows = [value for values in tasks.values() for value in values]
    return pb.ReportRequest(
        data_type="wine",
        model=model,
        version=version,
        scoring=duration_of(scoring),
        results=[
            pb.TaskResult(task_id=task_id, rows=len(values), queued_seconds=queued, records=records)
            for task_id, values in tasks.items()
        ],
        predictions=predictions_of(rows, None if confidence is None else [confidence] * len(rows)),
    )


def failure_of(model: str, task_id: int, reason: str = "it broke") -> pb.ReportRequest:
    """A frame in which a model fails a task."""
    results = [pb.TaskResult(task_id=task_id, failure=reason)]
    return pb.ReportRequest(data_type="wine", model=model, version=1, results=results)


def opening_of(
    *task_ids: int,
    rows: int = 1,
    versions: Sequence[int] = (1, 1, 1),
    plan_key: int = 1,
    deadline: float = 0.05,
    explain: bool = False,
    trace: records_pb2.TraceContext | None = None,
    held: int = 0,
    no_time: int = 0,
    progress: bool = False,
) -> pb.CollectRequest:
    """A frame that opens tasks, admitted 2 ms before it was sent, due in `deadline` seconds."""
    tasks = [
        pb.OpenTask(
            id=task_id,
            rows=rows,
            admitted_ns=SENT - 2_000_000,
            deadline_ns=SENT + int(deadline * 1e9),
            explain=explain,
            trace=trace,
        )
        for task_id in task_ids
    ]
    opening = pb.Opening(
        plan_key=plan_key,
        versions=versions,
        tasks=tasks,
        held=held,
        no_time=no_time,
        progress=progress,
    )
    return pb.CollectRequest(openings=[opening], sent_ns=SENT)


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """A collector's core with one router's session, by a clock that stands still until it is turned."""

    def __init__(
        self, policy: str = "{consensus: {}}", models: str = "a b c", tracing: Tracing | None = None
    ) -> None:
        self.clock = Clock()
        self.statistics = Statistics()
        self.unclaimed = UnclaimedResults(1000)
        self.open_tasks = OpenTasks(self.unclaimed, self.clock)
        self.intake = Intake(self.open_tasks, self.statistics, self.clock)
        self.tracing = tracing or Tracing("test")
        self.decided: list[Task] = []
        self.progress: list[Progress] = []
        self.plan = plan_of(policy, models)
        self.session = self.new_session(self.plan)

    def new_session(self, plan: Plan, qualities: Sequence[float] = ()) -> Session:
        """Another router's session, which has defined this plan as its first."""
        session = Session(self.open_tasks, self.statistics, self.tracing, self._sent, self.clock)
        definition = pb.PlanDefinition(key=1, plan=plan, qualities=qualities)
        session.take(pb.CollectRequest(plans=[definition]))
        return session

    def _sent(self, item: Task | Progress) -> None:
        if isinstance(item, Progress):
            self.progress.append(item)
        else:
            self.decided.append(item)

    def told(self) -> list[pb.TaskProgress]:
        """The progress the router was told of since it was asked for last, as it reads it."""
        items: list[Task | Progress] = [*self.progress]
        self.progress.clear()
        response = pb.CollectResponse.FromString(response_of(items).SerializeToString())
        return list(response.progress)

    def pass_time(self, seconds: float) -> None:
        """Turn the clock on, and call what is due."""
        self.clock.now += seconds
        self.open_tasks._deadlines._fire()

    def decision(self) -> pb.TaskDecision:
        """The one decision that fell, as the router reads it."""
        (task,) = self.decided
        self.decided.clear()
        return pb.CollectResponse.FromString(response_of([task]).SerializeToString()).decisions[0]

    def late(self, model: str, version: int = 1) -> int:
        return self.statistics.of("wine", model, version).late

    def assert_empty(self) -> None:
        """Nothing of any task is left, once the memories have turned."""
        for _ in range(2):
            self.unclaimed.turn()
        assert not len(self.open_tasks)
        assert not len(self.open_tasks._deadlines)
        assert not len(self.unclaimed)
        assert not self.unclaimed._ended
        assert not self.unclaimed._older_ended
        assert not self.session.open


def start_model(desk: Desk, place: int, *task_ids: int) -> None:
    started = [pb.StartedModel(model=place, task_ids=task_ids)]
    desk.session.take(pb.CollectRequest(started=started))


DeskOf = Callable[..., Desk]
"""Makes a desk of a policy and models, as a fixture."""
