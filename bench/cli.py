"""The command: which scenes, how long, how often."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.figures import Figure
from bench.machine import describe
from bench.report import Outcome, keep, replace, table
from bench.scenes import SCENES, Scene
from bench.session import Session

_WIDTH = 110


def main(arguments: Sequence[str] | None = None) -> int:
    """Run scenes; 0 if all could be measured, whatever came out.

    A run of all scenes is kept in files; of others what is asked to be. A scene that lacks something is
    left out of a run of all, and refused by its name.
    """
    options = _parse(arguments)
    console = _console()
    machine = describe()
    chosen = _chosen(options.scenes, console)
    outcomes = [_play(scene, options, console) for scene in chosen]
    console.print(table(outcomes))
    command = " ".join(["python -m bench", *(sys.argv[1:] if arguments is None else arguments)])
    kept: list[Path] = []
    if set(options.scenes or _names()) == set(_names()):
        kept = keep(outcomes, command, machine)
    elif options.keep:
        kept = replace(outcomes, command, machine["date"])
    for file in kept:
        console.print(f"kept in {os.path.relpath(file)}")
    return int(any(outcome.failure for outcome in outcomes))


def _chosen(names: Sequence[str], console: Console) -> list[Scene]:
    if names:
        return [scene for scene in SCENES if scene.name in names]
    for scene in SCENES:
        if lack := scene.lacking():
            console.print(f"{scene.title}: left out; {lack}")
    return [scene for scene in SCENES if not scene.lacking()]


def _play(scene: Scene, options: argparse.Namespace, console: Console) -> Outcome:
    def say(what: str) -> None:
        status.update(f"{scene.title}: {what}")

    with console.status(scene.title) as status:
        session = Session(options.seconds, options.runs, say)
        try:
            figures = asyncio.run(_run(scene, session))
        except Exception as error:  # the other scenes can still be measured
            console.print_exception()
            return Outcome(scene.name, scene.title, failure=f"{type(error).__name__}: {error}")
    console.print(
        f"{scene.title}: measured; others took {session.disturbance:.0%} of the processor"
    )
    return Outcome(scene.name, scene.title, figures, session.disturbance)


async def _run(scene: Scene, session: Session) -> list[Figure]:
    """Run a scene; SIGTERM cancels it as Ctrl-C does, so that it stops its processes."""
    scene_itself = asyncio.ensure_future(scene.run(session))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, scene_itself.cancel)
    return await scene_itself


def _console() -> Console:
    """Return the terminal, or something wide enough for the table where there is none."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=_WIDTH, highlight=False)


def _names() -> list[str]:
    return [scene.name for scene in SCENES]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    known = ", ".join(f"{scene.name} ({scene.title})" for scene in SCENES)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=f"all without; {known}")
    parser.add_argument(
        "--seconds", type=float, default=4.0, help="of each measurement (%(default)s)"
    )
    parser.add_argument("--runs", type=int, default=3, help="of each figure (%(default)s)")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="put these scenes in the place of what the last run of all kept of them",
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.scenes) - set(_names()):
        parser.error(f"no scene {', '.join(sorted(unknown))}; there are: {', '.join(_names())}")
    for scene in SCENES:
        if scene.name in options.scenes and (lack := scene.lacking()):
            parser.error(f"{scene.name}: {lack}")
    return options
