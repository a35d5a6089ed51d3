"""The collector's core alone: time a task, from encoded frames in to encoded decisions out.

    python -m bench.collector_core

No sockets and no event loop in between: what gRPC costs is measured by the load test. Each number is the
fastest but a few of many rounds, so that whatever else the machine does shows little.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable

import numpy as np

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1 import collection_pb2 as pb
from services.collector.decisions import Progress, response_of
from services.collector.intake import Intake
from services.collector.sessions import Session
from services.collector.tasks.open_tasks import OpenTasks
from services.collector.tasks.statistics import Statistics
from services.collector.tasks.task import Task
from services.collector.tasks.unclaimed import UnclaimedResults
from services.common.seconds import duration_of
from services.common.telemetry import Tracing

MODELS = ("net", "forest", "tree")
POLICIES = {
    "consensus": "{consensus: {quorum: majority}}",
    "consensus, otherwise": "{consensus: {quorum: all}, otherwise: {quality: {by: confidence}}}",
    "quality by confidence": "{quality: {by: confidence}}",
    "timeout": "{timeout: {}}",
    "consensus of numbers": "{consensus: {quorum: majority, tolerance: 5%}}",
}
SHAPES = ((1, 1), (16, 1), (64, 1), (16, 8), (4, 256), (1, 1024))
"""(tasks a frame, records a task)."""


class Core:
    """What a collector has behind its servicer."""

    def __init__(self, policy: str) -> None:
        models = ", ".join(f"{{name: {name}}}" for name in MODELS)
        self.plan = plan_from_yaml(f"data_type: wine\nmodels: [{models}]\npolicy: {policy}\n")
        statistics = Statistics()
        self.open_tasks = OpenTasks(UnclaimedResults(10_000))
        self.decided: list[Task | Progress] = []
        self.session = Session(self.open_tasks, statistics, Tracing("bench"), self.decided.append)
        self.intake = Intake(self.open_tasks, statistics)
        definition = pb.PlanDefinition(key=1, plan=self.plan, qualities=[0.9, 0.8, 0.7])
        self.session.take(pb.CollectRequest(plans=[definition]))

    def run(self, opening: bytes, reports: list[bytes]) -> None:
        """Take frames as they come from the sockets, and write what goes back to them."""
        self.session.take(pb.CollectRequest.FromString(opening))
        for report in reports:
            self.intake.take(pb.ReportRequest.FromString(report))
            if self.decided:
                response_of(self.decided).SerializeToString()
                self.decided.clear()


def frames(tasks: int, rows: int, first: int, numbers: bool) -> tuple[bytes, list[bytes]]:
    """Encode the opening of some tasks and a report of each model; one label in ten differs."""
    now = time.time_ns()
    opening = pb.CollectRequest(
        sent_ns=now,
        openings=[
            pb.Opening(
                plan_key=1,
                versions=[1, 1, 1],
                tasks=[
                    pb.OpenTask(
                        id=first + i,
                        rows=rows,
                        admitted_ns=now - 1_000_000,
                        deadline_ns=now + 50_000_000,
                    )
                    for i in range(tasks)
                ],
            )
        ],
    )
    generator = np.random.default_rng(first)
    return opening.SerializeToString(), [
        pb.ReportRequest(
            model=name,
            version=1,
            data_type="wine",
            scoring=duration_of(0.0003),
            results=[
                pb.TaskResult(task_id=first + i, rows=rows, queued_seconds=0.0002 + i * 1e-6)
                for i in range(tasks)
            ],
            predictions=_predictions(tasks * rows, generator, numbers).to_proto(),
        ).SerializeToString()
        for name in MODELS
    ]


def _predictions(rows: int, generator: np.random.Generator, numbers: bool) -> Predictions:
    confidences = generator.uniform(0.5, 1.0, rows)
    if numbers:
        return Predictions(100 + generator.normal(0, 2, rows))
    indexes = (generator.uniform(size=rows) < 0.1).astype(np.uint32)
    return Predictions(Labels(("1", "2", "3"), indexes), confidences)


def measure(core: Core, tasks: int, rows: int, numbers: bool) -> float:
    """Return microseconds a task."""
    rounds = max(30, 4000 // (tasks * max(1, rows // 8)))
    taken = []
    first = 1
    for _ in range(rounds):
        opening, reports = frames(tasks, rows, first, numbers)
        first += tasks
        begin = time.perf_counter()
        core.run(opening, reports)
        taken.append(time.perf_counter() - begin)
    return sorted(taken)[len(taken) // 50] / tasks * 1e6


async def main(write: Callable[[str], object] = sys.stdout.write) -> None:
    """Print a table."""
    write(f"{'policy':24}" + "".join(f"{tasks:>7} x {rows:<5}" for tasks, rows in SHAPES) + "\n")
    for name, policy in POLICIES.items():
        write(f"{name:24}")
        for tasks, rows in SHAPES:
            taken = measure(Core(policy), tasks, rows, "numbers" in name)
            write(f"{taken / rows:12.2f}   ")
        write("\n")
    write("microseconds a record, by frames of tasks x records\n")


if __name__ == "__main__":
    asyncio.run(main())
