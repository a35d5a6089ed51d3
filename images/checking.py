"""Starts a mesh from the images, scores the wine records with it, strikes it, and ends it.

The images are run as production runs them: by their own user, with a root that nobody can write, no
capability and only the declared folders mounted. What has to write elsewhere fails, and so does this.
"""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hedgerow.demo.examples import Examples, load_examples
from images.asking import EXAMPLES, Asking
from images.building import name_of
from images.containers import Container, Process
from images.engines import Engine, Problem
from images.mesh import SERVICES, ContainerMesh

_END_SECONDS = 10.0
"""The longest that a service may take after SIGTERM; nothing is in flight."""
_HEALING_SECONDS = 60.0
_POLL_SECONDS = 0.5

Say = Callable[[str], None]


async def check(engine: Engine, tag: str, options: Sequence[str], say: Say) -> None:
    """Check the images. Raises Problem at the first thing that is not as it should be."""
    mesh = ContainerMesh(engine, tag, options)
    early = Container(engine, f"{mesh.executor.name}-early", name_of("service", tag))
    try:
        since = time.monotonic()
        await mesh.start()
        say(f"{len(SERVICES)} services serve after {time.monotonic() - since:.1f} s")
        with tempfile.TemporaryDirectory(prefix="hedgerow-check-") as folder:
            await use(mesh, Asking(engine, tag, options, mesh.ports, Path(folder)), say)
        for line in ended(mesh):
            say(line)
        say(ended_without_a_handler(early, options))
    except Problem:
        for line in mesh.last_words():
            say(line)
        raise
    finally:
        await mesh.leave_nothing()


async def use(mesh: ContainerMesh, asking: Asking, say: Say) -> None:
    """Push, score, strike, and score again."""
    examples = load_examples(EXAMPLES)
    asking.push(examples.models)
    say(f"pushed {len(examples.models)} models")
    for line in scored(asking, examples):
        say(line)
    await strike(mesh.executor)
    say("killed the fork servers: their hosts are replaced, and no zombie is left")
    say(f"after that {all_together(asking, examples)}")


def scored(asking: Asking, examples: Examples) -> Iterator[str]:
    """Score by each model alone, which must be right as often as it was when it was made, and by all."""
    for model in examples.models:
        plan = f"data_type: wine\nmodels: [{{name: {model.name}}}]\npolicy: {{deadline: 5s, timeout: {{}}}}"
        answers = asking.score(plan)
        share = right(answers, examples) / len(examples.truth)
        require(
            abs(share - model.accuracy) < 1e-4 and {a["model"] for a in answers} == {model.name},
            f"{model.name} is right in {share:.4f} of its answers, and was in {model.accuracy}",
        )
        yield f"{model.name} is right in {share:.4f} of its answers, as when it was made"
    yield all_together(asking, examples)


def all_together(asking: Asking, examples: Examples) -> str:
    """Score by consensus of all models."""
    answers = asking.score((EXAMPLES / "wine.yaml").read_text())
    good = right(answers, examples)
    require(good >= len(answers) - 2, f"only {good} of {len(answers)} answers are right")
    return f"{good} of {len(answers)} answers of five models together are right"


def right(answers: Sequence[dict[str, str]], examples: Examples) -> int:
    """Count the answers that are true; there must be one a record."""
    require(len(answers) == len(examples.truth), f"{len(answers)} answers, not one a record")
    return sum(a["value"] == truth for a, truth in zip(answers, examples.truth, strict=True))


async def strike(executor: Container) -> None:
    """Kill its fork servers. Their hosts lose their parent; the first process must reap them."""
    before = executor.processes()
    servers = fork_servers(before)
    require(bool(servers), "the executor has no fork servers")
    for process in servers:
        executor.kill(process.pid)
    end = time.monotonic() + _HEALING_SECONDS
    while not healed(now := executor.processes(), before):
        if time.monotonic() > end:
            zombies = [process.pid for process in now if process.state == "Z"]
            raise Problem(f"{len(now)} of {len(before)} processes, and zombies: {zombies}")
        await asyncio.sleep(_POLL_SECONDS)


def healed(now: Sequence[Process], before: Sequence[Process]) -> bool:
    """Tell whether there are as many processes as before, none a zombie and no fork server the same."""
    old = {process.pid for process in fork_servers(before)}
    return (
        len(now) == len(before)
        and not any(process.state == "Z" for process in now)
        and not any(process.pid in old for process in now)
    )


def fork_servers(processes: Sequence[Process]) -> list[Process]:
    """Return those that hosts are forked from: children of the service, which is the first's."""
    service = {process.pid for process in processes if process.parent == 1}
    return [
        p for p in processes if p.parent in service and "multiprocessing.forkserver" in p.command
    ]


def ended(mesh: ContainerMesh) -> Iterator[str]:
    """End every service by SIGTERM."""
    for service, end in mesh.end(_END_SECONDS):
        require(end.code == 0, f"the {service} ended with code {end.code}, not 0, after SIGTERM")
        yield f"the {service} ended with code 0, {end.seconds:.1f} s after SIGTERM"


def ended_without_a_handler(container: Container, options: Sequence[str]) -> str:
    """End what handles no SIGTERM, as a service does not while it is imported, which is soon over."""
    try:
        container.start(["timeit", "-n1", "-r1", "import time; time.sleep(600)"], {}, (), options)
        end = container.end(_END_SECONDS)
    finally:
        container.remove()
    require(end.code == 128 + signal.SIGTERM, f"without a handler it ended with code {end.code}")
    return f"what handles no SIGTERM, as a service while it is imported, ended {end.seconds:.1f} s after it"


def require(holds: bool, otherwise: str) -> None:
    """Raise Problem unless something holds."""
    if not holds:
        raise Problem(otherwise)
