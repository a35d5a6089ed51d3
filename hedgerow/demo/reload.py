"""Scene 4: a new version, pushed while records flow, and taken back."""

from __future__ import annotations

import asyncio

from hedgerow.demo.examples import DATA_TYPE
from hedgerow.demo.flow import Flow, check, draw, flowing
from hedgerow.demo.session import Session, wait_until
from hedgerow.demo.stage import Stage
from hedgerow.demo.tables import milliseconds

TITLE = "A new version while records flow, and back"
SENTENCE = (
    "Only the champion of wine-tree scores now, some hundred records a second. Its second version is pushed"
    " and promoted; when that serves it takes over from one record to the next. Then it is rolled back."
)
_MODEL, _ALIAS = "wine-tree", "champion"
_OLD, _NEW = f"{_MODEL}@1", f"{_MODEL}@2"
_BEFORE_SECONDS = 1.0
_AFTER_SECONDS = 1.0


async def play(session: Session, stage: Stage) -> None:
    """Push and promote the second version under load, then roll it back under load."""
    await session.registry.set_alias(DATA_TYPE, _MODEL, 1, _ALIAS)
    await session.apply("champion.yaml")
    await _forth(session, stage)
    await _gone(session)
    await _back(session, stage)
    await session.hosts()


async def _forth(session: Session, stage: Stage) -> None:
    with stage.working("scoring, pushing a new version and promoting it"):
        async with flowing(session) as flow:
            await asyncio.sleep(_BEFORE_SECONDS)
            pushed = flow.now()
            await session.push(session.examples.update_of(_MODEL))
            await session.registry.set_alias(DATA_TYPE, _MODEL, 2, _ALIAS)
            await wait_until(lambda: flow.has_lately(_NEW), f"{_NEW} answers")
            await asyncio.sleep(_AFTER_SECONDS)
    draw(stage, flow, pushed, "pushed and promoted", (_OLD, _NEW))
    _say(stage, flow, _NEW, pushed, "the push")
    check(stage, flow, (_OLD, _NEW))


async def _gone(session: Session) -> None:
    """Wait until the host of the first version has ended: a rollback has to load it again."""

    async def has_ended() -> bool:
        hosts = [host for host in await session.hosts() if host.model.descriptor.name == _MODEL]
        return all(host.model.version == 2 for host in hosts if host.pid)

    await wait_until(has_ended, f"the host of {_OLD} has ended")


async def _back(session: Session, stage: Stage) -> None:
    with stage.working("scoring, and rolling back"):
        async with flowing(session) as flow:
            await asyncio.sleep(_BEFORE_SECONDS)
            asked = flow.now()
            await session.registry.rollback_alias(DATA_TYPE, _MODEL, _ALIAS)
            await wait_until(lambda: flow.has_lately(_OLD), f"{_OLD} answers again")
            await asyncio.sleep(_AFTER_SECONDS)
    stage.console.print()
    draw(stage, flow, asked, "rolled back", (_NEW, _OLD))
    _say(stage, flow, _OLD, asked, "the rollback")
    check(stage, flow, (_NEW, _OLD))


def _say(stage: Stage, flow: Flow, version: str, since: float, what: str) -> None:
    first = flow.moments(version)[0] - since
    stage.say(
        f"  {len(flow.answers):,} records in {flow.seconds:.1f} s, {len(flow.failures)} failed."
        f" {version} took over {first:.1f} s after {what}."
        f" The longest gap between two answers: {milliseconds(flow.longest_gap)} ms."
    )
