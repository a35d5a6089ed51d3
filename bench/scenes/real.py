"""Real models by consensus: single records beside the echo, batches beside one plain process."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from bench.comparisons import Comparisons
from bench.figures import Figure, Target
from bench.floors.echo import echo
from bench.floors.in_process import in_process
from bench.load import Load, run_load
from bench.mesh import PACKED, start_mesh
from bench.models import wine_model
from bench.plans import consensus
from bench.restarts import leave_models, start_again
from bench.session import Session
from bench.sizes.processes import pss
from hedgerow.local.folder import temporary_folder

_BATCH = 256


async def pmml(session: Session) -> list[Figure]:
    """A tree, a logistic regression and a gradient boosting."""
    models = ("wine-tree", "wine-logistic", "wine-boosting")
    targets = _Targets(Target(2.5, at_most=True), Target(0.75), Target(1.2), Target(1.5))
    figures = await _compare(session, models, targets)
    return [*figures, *await _restarted(session, models)]


async def saved_model(session: Session) -> list[Figure]:
    """The same with a SavedModel in place of the tree; no targets, but told."""
    return await _compare(session, ("wine-net", "wine-logistic", "wine-boosting"))


class _Targets(NamedTuple):
    """Of one client's p50, of 64 clients' rate, and of batches of 256 and of 1024."""

    alone: Target | None = None
    rate: Target | None = None
    batch: Target | None = None
    large: Target | None = None


_NONE = _Targets()


async def _compare(
    session: Session, models: Sequence[str], targets: _Targets = _NONE
) -> list[Figure]:
    async with (
        start_mesh(environment=PACKED) as mesh,
        echo() as floor,
        in_process(models) as process,
    ):
        for name in models:
            await mesh.push(wine_model(name))
        await mesh.apply(consensus(models))
        comparisons = Comparisons(session, mesh.address)
        await comparisons.warm_up()
        await mesh.settled()
        await comparisons.single_records(floor, 1, p50=targets.alone)
        await comparisons.single_records(floor, 16)
        await comparisons.single_records(floor, 64, targets.rate)
        await comparisons.warm_up(rows=_BATCH)
        await process.rate(_BATCH, seconds=5.0)
        await comparisons.batches(process, _BATCH, targets.batch)
        await comparisons.batches(process, 1024, targets.large)
        await mesh.apply(consensus(models, everybody=True))
        await comparisons.batches(process, _BATCH, note=", quorum all")
        comparisons.no_failures()
    return comparisons.figures


async def _restarted(session: Session, models: Sequence[str]) -> list[Figure]:
    """Tell how long a mesh that has the models takes to its first answer, and what memory it has then."""
    with temporary_folder() as folder:
        await leave_models(folder, models)

        async def once() -> tuple[float, float]:
            async with start_again(folder) as server:
                await run_load(Load(server.address, 16, session.seconds))
                return server.seconds, pss(server.processes)

        seen = await session.repeat("start", once)
    took, memory = (median(one[place] for one in seen) for place in (0, 1))
    return [
        Figure("start to the first answer", took, "s", target=Target(4, "s", at_most=True)),
        Figure("memory of all (PSS)", memory, "MiB", target=Target(450, "MiB", at_most=True)),
    ]
