"""Three models that cost nothing: what is measured is the mesh itself."""

from bench.comparisons import Comparisons
from bench.figures import Figure, Target
from bench.floors.echo import echo
from bench.mesh import PACKED, start_mesh
from bench.models import constant
from bench.plans import consensus
from bench.session import Session

_MODELS = ("first", "second", "third")


async def run(session: Session) -> list[Figure]:
    """Compare single records with the echo."""
    async with start_mesh(environment=PACKED) as mesh, echo() as floor:
        for name in _MODELS:
            await mesh.push(constant(name, value="1"))
        await mesh.apply(consensus(_MODELS))
        comparisons = Comparisons(session, mesh.address)
        await comparisons.warm_up()
        await mesh.settled()
        await comparisons.single_records(floor, 1, p50=Target(2.5, at_most=True))
        await comparisons.single_records(floor, 16)
        await comparisons.single_records(floor, 64, rate=Target(0.9))
        comparisons.no_failures()
    return comparisons.figures
