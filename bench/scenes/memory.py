"""What each process of a mesh takes, with a host of each format, after it has scored for a while."""

from bench.figures import Figure
from bench.load import Load, run_load
from bench.mesh import start_mesh
from bench.models import constant, wine_model
from bench.plans import best
from bench.session import Session

_WINE = ("wine-tree", "wine-net", "wine-graph")
_MIB = 1024 * 1024


async def run(session: Session) -> list[Figure]:
    """Tell PSS (own memory and a share of what is shared), USS (own) and RSS of each process."""
    async with start_mesh() as mesh:
        await mesh.push(constant("constant", value="1"))
        for name in _WINE:
            await mesh.push(wine_model(name))
        await mesh.apply(best(("constant", *_WINE)))
        session.say("load")
        await run_load(Load(mesh.address, clients=16, seconds=session.seconds))
        figures = []
        for name, process in (await mesh.processes()).items():
            memory = process.memory_full_info()
            note = f"USS {memory.uss / _MIB:.0f}, RSS {memory.rss / _MIB:.0f} MiB"
            figures.append(Figure(f"{name}, PSS", memory.pss / _MIB, "MiB", note=note))
    total = sum(figure.value for figure in figures)
    return [*figures, Figure("all of them, PSS", total, "MiB")]
