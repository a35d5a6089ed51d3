"""Scene 3: the quality policy."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from hedgerow.data.answers import Answers, ModelState, Report
from hedgerow.demo.session import Session
from hedgerow.demo.stage import Stage
from hedgerow.demo.tables import milliseconds, table
from hedgerow.demo.timed import Timed, median_seconds, right, score_each
from hedgerow.plans.rules.reasons import Reason

TITLE = "Quality"
SENTENCE = (
    "Each model says how sure it is, and the surest answer is taken (marked *). Nobody waits for"
    " models that cannot be surer (they show as -). Some records that models do not agree about:"
)
_SHOWN = 6


async def play(session: Session, stage: Stage) -> None:
    """Score all records with what each model said."""
    await session.apply("quality.yaml")
    with stage.working("scoring"):
        found = await score_each(session, range(len(session.examples.records)), explain=True)
    names = [model.name for model in found[0].answers.models]
    shown = table("wine", "truth", *(name.removeprefix("wine-") for name in names), "answer", ">ms")
    for timed in _worth_showing(found):
        answer = timed.answer
        shown.add_row(
            str(timed.row + 1),
            timed.truth,
            *(_opinion(model, answer.model == model.name) for model in timed.answers.models),
            Text(str(answer.value), "bold green" if timed.is_right else "bold red"),
            milliseconds(timed.seconds),
        )
    stage.show(shown)
    stage.console.print()
    stage.say(
        f"  {len(found)} records: {right(found)} right, half of them within"
        f" {milliseconds(median_seconds(found))} ms."
    )
    _check(stage, found)


def _opinion(model: Report, chosen: bool) -> Text:
    """`2 .97*`: what a model said, how sure it was, and whether it was taken."""
    value, confidence = model.said(0)
    if value is None:
        return Text("-" if model.state is ModelState.CANCELLED else str(model.state), "dim")
    sure = f" {confidence:.3f}" if confidence is not None else ""
    return Text(f"{value}{sure}{'*' if chosen else ''}", "bold" if chosen else "")


def _opinions(answers: Answers) -> set[str]:
    return {str(model.said(0)[0]) for model in answers.models if model.said(0)[0] is not None}


def _worth_showing(found: Sequence[Timed]) -> list[Timed]:
    disputed = [timed for timed in found if len(_opinions(timed.answers)) > 1]
    return (disputed or list(found))[:_SHOWN]


def _surest(answers: Answers) -> float:
    return max(
        (model.said(0)[1] or 0.0 for model in answers.models if model.state is ModelState.ANSWERED),
        default=0.0,
    )


def _check(stage: Stage, found: Sequence[Timed]) -> None:
    surest = [
        timed
        for timed in found
        if timed.answer.confidence == _surest(timed.answers)
        and timed.answer.reason is Reason.BEST_QUALITY
    ]
    stage.check(
        len(surest) >= 0.9 * len(found),
        f"{len(surest)} of {len(found)} answers are the surest there was",
        f"{len(surest)} of {len(found)}",
    )
    waited = [t for t in found if _surest(t.answers) < 1 and not _all_answered(t.answers)]
    stage.check(
        len(waited) <= 0.1 * len(found),
        "where nobody was entirely sure, all five answered",
        f"not so for wines {[timed.row + 1 for timed in waited]}",
    )


def _all_answered(answers: Answers) -> bool:
    return all(model.state is ModelState.ANSWERED for model in answers.models)
