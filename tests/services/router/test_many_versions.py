"""A model is pushed again and again: nothing of the versions that have gone is left."""

from __future__ import annotations

from hedgerow.v1.models_pb2 import Feature
from services.common.catalog import Catalog
from services.common.recent_versions import KEPT
from tests.services.decisions import labels
from tests.services.router.rig import Rig, rigged
from tests.support import wait_until
from tests.tables import table_sizes

PLAN = "models: [{name: a}]\npolicy: {deadline: 20s, timeout: {}}"
FEW, MANY = KEPT + 4, 100

_BOUNDED_OTHERWISE = (
    "Session._lineups",  # by their number, a thousand
    "Lineup.",  # what is in them
    "_Series.",  # response times, by a window of time
    "Deadlines._heap",  # entries of tasks that have ended go at their deadline
    "CollectionServicer._hosts",  # hosts of these tests die without their streams
)


def sizes(rig: Rig) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in (rig.core, *rig.services):
        found |= table_sizes(part, besides={Catalog})
    return {name: n for name, n in found.items() if not name.startswith(_BOUNDED_OTHERWISE)}


def grown(before: dict[str, int], now: dict[str, int]) -> dict[str, int]:
    """Tables that hold more than before; those that momentarily hold less are none."""
    return {name: n for name, n in now.items() if n > before.get(name, 0)}


async def replace(rig: Rig, number: int) -> None:
    """Have a version take over from the one before it, and score a record."""
    rig.know("a", Feature(name="ash"), number=number)
    before = list(rig.hosts)
    await rig.host("a", "x")
    for host in before:
        await rig.die(host)
    await wait_until(lambda: len(rig.core.fleet._links) == 1, "the one before it has gone")
    assert labels(await rig.score(1.0)) == ["x"]


async def test_a_hundred_versions_leave_what_a_few_do(log_url: str) -> None:
    async with rigged(log_url) as rig:
        rig.know("a", Feature(name="ash"))
        rig.plan(PLAN)
        for number in range(2, FEW):
            await replace(rig, number)
        few = sizes(rig)
        assert few["RecentVersions._models"] >= KEPT
        for number in range(FEW, MANY):
            await replace(rig, number)
        await wait_until(lambda: not grown(few, sizes(rig)), f"grown: {grown(few, sizes(rig))}")
