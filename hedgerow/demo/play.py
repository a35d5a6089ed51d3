"""The order of the scenes, and what is said before and after them."""

from __future__ import annotations

import time
from pathlib import Path
from types import ModuleType

from hedgerow.demo import consensus, quality, reload, slow, stream, traced
from hedgerow.demo.examples import load_examples
from hedgerow.demo.session import Session, load_models, opened
from hedgerow.demo.stage import Stage
from hedgerow.errors import HedgerowError

_SCENES: tuple[ModuleType, ...] = (consensus, slow, quality, reload, stream, traced)


async def play(folder: Path | None) -> int:
    """Play all scenes; return the exit code."""
    began = time.monotonic()
    examples = load_examples(folder)
    stage = Stage()
    stage.say(
        "hedgerow: many models score a record at once, and one answer is out in time.", "bold"
    )
    stage.say(
        f"{len(examples.records)} wines, each one of three cultivars (0, 1, 2), and five models that"
        " tell which by 13 measurements."
    )
    stage.console.print()
    async with opened(examples, stage) as session:
        await session.run(_play_all(session, stage))
        stage.console.print()
        stage.console.rule(style="dim", characters="-" if stage.is_plain else "─")
    took = time.monotonic() - began
    stage.say(f"  Took {took:.0f} s. A mesh of your own: hedgerow up")
    return 1 if stage.failures else 0


async def _play_all(session: Session, stage: Stage) -> None:
    await load_models(session, stage)
    for number, scene in enumerate(_SCENES, 1):
        await _play_scene(scene, number, session, stage)


async def _play_scene(scene: ModuleType, number: int, session: Session, stage: Stage) -> None:
    stage.scene(number, scene.TITLE, scene.SENTENCE)
    try:
        await scene.play(session, stage)
    except HedgerowError as error:
        stage.check(False, "the scene plays to its end", str(error))
