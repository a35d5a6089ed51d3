"""Scene 2: the timeout policy with a model that has become slow."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from hedgerow.demo.session import Session, wait_until
from hedgerow.demo.stage import Stage
from hedgerow.demo.tables import milliseconds, table
from hedgerow.demo.timed import Timed, counted, median_seconds, score_each, slowest_seconds
from hedgerow.errors import NoAnswer
from hedgerow.plans.rules.reasons import Reason

TITLE = "Timeout"
SENTENCE = (
    "The best-listed model, wine-net, answers. Then its process is stopped in the middle of its work:"
    " the deadline of 50 ms holds, and the next best model answers in its place. When the router has learnt"
    " that it is too slow, it is left out, and probed until it fits again."
)
_BEST, _NEXT = "wine-net", "wine-logistic"
_RECORDS = 30
_IN_A_ROW = 5
_NEARLY_ALL = 0.9
_DEADLINE_SECONDS = 0.050
# What a busy machine may need beyond the deadline: for half of the answers, and for each.
_USUAL_EXCESS_SECONDS = 0.050
_LARGEST_EXCESS_SECONDS = 0.300


async def play(session: Session, stage: Stage) -> None:
    """Score records before, while and after the model is stopped."""
    await session.apply("timeout.yaml")
    rows = range(_RECORDS)
    with stage.working("scoring"):
        before = await score_each(session, rows)
        async with stopped(session, _BEST):
            meanwhile = await score_each(session, rows)
        await wait_until(lambda: _answers(session, _BEST), f"{_BEST} answers all again")
        after = await score_each(session, rows)
    phases = {"works": before, "is stopped": meanwhile, "goes on": after}
    shown = table(_BEST, "answers given by", "reason", ">median", ">slowest")
    for phase, found in phases.items():
        shown.add_row(
            phase,
            ", ".join(f"{count} {name}" for name, count in counted(found)),
            ", ".join(sorted({str(timed.answer.reason) for timed in found})),
            f"{milliseconds(median_seconds(found))} ms",
            f"{milliseconds(slowest_seconds(found))} ms",
        )
    stage.show(shown)
    stage.console.print()
    _check(stage, before, meanwhile, after)


@asynccontextmanager
async def stopped(session: Session, model: str) -> AsyncIterator[None]:
    """Stop the process of a model's host, as a page fault or a neighbour might, and let it go on."""
    pids = [
        host.pid
        for host in await session.hosts()
        if host.model.descriptor.name == model and host.pid
    ]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


async def _answers(session: Session, model: str) -> bool:
    """Whether a model answers several in a row: it is no probe then."""
    await asyncio.sleep(_DEADLINE_SECONDS)
    try:
        answers = [(await session.one())[0] for _ in range(_IN_A_ROW)]
    except NoAnswer:  # on a machine that is very busy
        return False
    return all(answer.model == model for answer in answers)


def _check(
    stage: Stage, before: Sequence[Timed], meanwhile: Sequence[Timed], after: Sequence[Timed]
) -> None:
    by_next = [t for t in meanwhile if t.answer.model == _NEXT]
    late = [t for t in meanwhile if t.answer.reason is Reason.BEST_AVAILABLE]
    stage.check(
        len(by_next) >= _NEARLY_ALL * len(meanwhile) and bool(late),
        f"while {_BEST} is stopped, {_NEXT} answers {len(by_next)} of {len(meanwhile)} records",
        f"answers by {dict(counted(meanwhile))}",
    )
    median, slowest = median_seconds(meanwhile), slowest_seconds(meanwhile)
    stage.check(
        median <= _DEADLINE_SECONDS + _USUAL_EXCESS_SECONDS
        and slowest <= _DEADLINE_SECONDS + _LARGEST_EXCESS_SECONDS,
        f"the deadline of 50 ms holds: the slowest took {milliseconds(slowest)} ms at the client",
        f"half within {milliseconds(median)} ms, the slowest {milliseconds(slowest)} ms",
    )
    both = [*before, *after]
    by_best = [t for t in both if t.answer.model == _BEST]
    stage.check(
        len(by_best) >= _NEARLY_ALL * len(both),
        f"before and after, {_BEST} answers {len(by_best)} of {len(both)}",
        f"{len(by_best)} answers",
    )
