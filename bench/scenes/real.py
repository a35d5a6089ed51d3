"""Real models by consensus: single records beside the echo, batches beside one plain process."""

from collections.abc import Sequence

from bench.comparisons import Comparisons
from bench.figures import Figure, Target
from bench.floors.echo import echo
from bench.floors.in_process import in_process
from bench.mesh import start_mesh
from bench.models import wine_model
from bench.plans import consensus
from bench.session import Session

_BATCH = 256


async def pmml(session: Session) -> list[Figure]:
    """A tree, a logistic regression and a gradient boosting."""
    models = ("wine-tree", "wine-logistic", "wine-boosting")
    return await _compare(session, models, rate=Target(0.45), batch=Target(1.2))


async def saved_model(session: Session) -> list[Figure]:
    """The same with a SavedModel in place of the tree; no targets, but told."""
    return await _compare(session, ("wine-net", "wine-logistic", "wine-boosting"))


async def _compare(
    session: Session,
    models: Sequence[str],
    rate: Target | None = None,
    batch: Target | None = None,
) -> list[Figure]:
    """Compare them; `rate` is for 64 clients, `batch` for batches of 256."""
    async with start_mesh() as mesh, echo() as floor, in_process(models) as process:
        for name in models:
            await mesh.push(wine_model(name))
        await mesh.apply(consensus(models))
        comparisons = Comparisons(session, mesh.address)
        await comparisons.warm_up()
        await comparisons.single_records(floor, 1)
        await comparisons.single_records(floor, 16)
        await comparisons.single_records(floor, 64, rate)
        await comparisons.warm_up(rows=_BATCH)
        await process.rate(_BATCH, seconds=5.0)
        await comparisons.batches(process, _BATCH, batch)
        await comparisons.batches(process, 1024)
        await mesh.apply(consensus(models, everybody=True))
        await comparisons.batches(process, _BATCH, note=", quorum all")
        comparisons.no_failures()
    return comparisons.figures
