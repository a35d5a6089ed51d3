"""What the tests of strategies ask: plans, and what became of the models that were asked."""

from __future__ import annotations

from collections.abc import Mapping

from hedgerow.data.answers import Answer, Answers, Report
from hedgerow.data.records import Record
from hedgerow.v1.models_pb2 import ModelVersion
from hedgerow.v1.state_pb2 import ModelWork
from tests.end_to_end.conftest import Mesh

FIRST_ANSWER = "quality: {good_enough: 0}"


def plan(data_type: str, models: str, policy: str, deadline: str = "20s", extra: str = "") -> str:
    """Write a plan. Its deadline is so long that who answers before it has not waited for it."""
    return (
        f"data_type: {data_type}\nmodels: [{models}]\n{extra}"
        f"policy: {{deadline: {deadline}, {policy}}}\n"
    )


async def score_one(mesh: Mesh, data_type: str, record: Record) -> tuple[Answer, dict[str, Report]]:
    """Score a record; return its answer and what became of each model."""
    answers = await mesh.client.score(data_type, [record])
    return answers[0], reports(answers)


def reports(answers: Answers) -> dict[str, Report]:
    """Return what became of each model."""
    return {report.name: report for report in answers.models}


def states(models: Mapping[str, Report]) -> dict[str, str]:
    """Return how each model stood when the task ended."""
    return {name: str(report.state) for name, report in models.items()}


async def work_of(mesh: Mesh, service: str, model: ModelVersion) -> ModelWork:
    """Return what a service says of the work of a version; nothing but zeros if nothing."""
    state = await mesh.state(service, model.descriptor.data_type)
    for work in state.work:
        if (work.name, work.version) == (model.descriptor.name, model.version):
            return work
    return ModelWork()
