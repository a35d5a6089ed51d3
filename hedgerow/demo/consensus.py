"""Scene 1: records scored by consensus."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from hedgerow.demo.session import Session
from hedgerow.demo.stage import Stage
from hedgerow.demo.tables import milliseconds, table
from hedgerow.demo.timed import Timed, median_seconds, right, score_each
from hedgerow.plans.rules.reasons import Reason

TITLE = "Consensus"
SENTENCE = (
    "Each record goes to five models at once. The answer is out as soon as three of them agree;"
    " nobody waits for the others."
)
_SHOWN = 8


async def play(session: Session, stage: Stage) -> None:
    """Score all records, and show some."""
    await session.apply("wine.yaml")
    with stage.working("scoring"):
        found = await score_each(session, range(len(session.examples.records)))
    shown = table("wine", ">alcohol", ">colour", "answer", "truth", "given by", "reason", ">ms")
    for timed in _worth_showing(found):
        record = session.examples.records[timed.row]
        shown.add_row(
            str(timed.row + 1),
            f"{record['alcohol']:.2f}",
            f"{record['color_intensity']:.2f}",
            str(timed.answer.value),
            Text(timed.truth, "" if timed.is_right else "bold red"),
            timed.answer.answered_by,
            f"{timed.answer.reason} of {len(timed.answer.agreed)}",
            milliseconds(timed.seconds),
        )
    stage.show(shown)
    stage.console.print()
    stage.say(
        f"  {len(found)} records: {right(found)} right, half of them within"
        f" {milliseconds(median_seconds(found))} ms."
    )
    _check(stage, found)


def _worth_showing(found: Sequence[Timed]) -> list[Timed]:
    """Those that models disagreed about, and the first others, in the order of the file."""
    disputed = [
        timed for timed in found if not timed.is_right or timed.answer.reason != "consensus"
    ]
    chosen = disputed[: _SHOWN // 2]
    others = [timed for timed in found if timed not in chosen]
    return sorted([*chosen, *others[: _SHOWN - len(chosen)]], key=lambda timed: timed.row)


def _check(stage: Stage, found: Sequence[Timed]) -> None:
    agreed = [t for t in found if t.answer.reason is Reason.CONSENSUS and len(t.answer.agreed) >= 3]
    stage.check(
        len(agreed) >= 0.9 * len(found),
        f"{len(agreed)} of {len(found)} answers are what at least three models agree on",
        f"{len(agreed)} of {len(found)}",
    )
    stage.check(
        right(found) >= 0.9 * len(found),
        f"{right(found)} of {len(found)} answers are true",
        f"{right(found)} of {len(found)}",
    )
