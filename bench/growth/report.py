"""The tables of growth."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.growth.costs import Costs
from bench.growth.path import delay
from bench.growth.sizing import FULL, Load, Sizing, size
from bench.sizes import book

LOADS = (1, 10, 100, 1000)
"""Times 1,000 records a second. Each ten times bring three times as many data types."""
ROWS = (1, 256)
_TYPES = {1: 3, 10: 10, 100: 30, 1000: 100}
_GROUPS = {1: 1, 10: 1, 100: 3, 1000: 10}
"""Groups of executors, so that each has ten data types, which is thirty models."""
_CELLS = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000)

_HEAD = "routers | collectors | executors | hosts | streams | cores | nearest wall | of it |"


def load_of(times: int, rows: int) -> Load:
    """Return the load so many times the first."""
    return Load(1000.0 * times, rows, _TYPES[times])


def cells_of(load: Load, costs: Costs) -> tuple[int, Sizing]:
    """Return the fewest cells in which there is no wall, and one of them."""
    for cells in _CELLS:
        share = load.share(cells)
        one = size(share, costs, groups=max(1, round(share.data_types / 10)))
        if one.fits:
            return cells, one
    raise ValueError(f"no number of cells carries {load}")


def main(write: Callable[[str], object] = print) -> None:
    """Print the tables."""
    costs = Costs(book.read())
    for rows in ROWS:
        write(f"\nIn calls of {rows}, one mesh, every executor with every model:\n")
        for line in _one_mesh(costs, rows):
            write(line)
        write(
            "\nThe same with executor groups of ten data types, and in as many cells as it takes:\n"
        )
        for line in _cells(costs, rows):
            write(line)
    write("\nDelay of a call of one record, by how busy the busiest process is:\n")
    for line in _delays(costs):
        write(line)


def _one_mesh(costs: Costs, rows: int) -> Iterator[str]:
    yield f"| load | data types | {_HEAD}"
    yield f"|---:|---:|{'---:|' * 6}---|---:|"
    for times in LOADS:
        load = load_of(times, rows)
        yield f"| {times:,}x | {load.data_types} | {_cells_of_a_row(size(load, costs))}"


def _cells(costs: Costs, rows: int) -> Iterator[str]:
    yield f"| load | cells | of each: {_HEAD}"
    yield f"|---:|---:|{'---:|' * 6}---|---:|"
    for times in LOADS:
        cells, one = cells_of(load_of(times, rows), costs)
        yield f"| {times:,}x | {cells} | {_cells_of_a_row(one)}"


def _cells_of_a_row(one: Sizing) -> str:
    if one.endless:
        return f"{'| ' * 6}{one.wall} | no number is enough |"
    counts = (one.routers, one.collectors, one.executors, one.hosts, one.streams, round(one.cores))
    cells = " | ".join(f"{count:,}" for count in counts)
    return f"{cells} | {one.wall} | {one.fullness[one.wall]:.0%} |"


def _delays(costs: Costs) -> Iterator[str]:
    yield "| busy | p50 | p99 |"
    yield "|---:|---:|---:|"
    router, collector = (costs.task(name, 1, 8) for name in ("router", "collector"))
    for utilisation in (0.3, 0.5, FULL, 0.8, 0.9, 0.95):
        seen = delay(utilisation, router, costs.host(1, 8), collector)
        yield f"| {utilisation:.0%} | {seen.p50:.1f} ms | {seen.p99:.1f} ms |"
