"""The tables of growth."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.growth.costs import Costs, together
from bench.growth.path import delay
from bench.growth.sizing import FULL, Load, Sizing, size
from bench.report import number
from bench.sizes import book

LOADS = (1, 10, 100, 1000)
"""Times 1,000 records a second. Each ten times bring three times as many data types."""
ROWS = (1, 256)
_TYPES = {1: 3, 10: 10, 100: 30, 1000: 100}
_GROUP = 10
"""Data types of a group of executors: thirty models, each with a port and another while it is replaced."""
_CELLS = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000)

_HEAD = "routers | collectors | executors | hosts | streams | cores in all | nearest wall | of it |"


def load_of(times: int, rows: int) -> Load:
    """Return the load so many times the first."""
    return Load(1000.0 * times, rows, _TYPES[times])


def cells_of(load: Load, costs: Costs) -> tuple[int, Sizing]:
    """Return how many cells take the fewest cores without a wall, the fewest of these, and one of them."""
    found = []
    for cells in _CELLS:
        share = load.share(cells)
        one = size(share, costs, groups=max(1, round(share.data_types / _GROUP)))
        if one.fits:
            found.append((round(cells * one.cores, 3), cells, one))
    _, cells, one = min(found, key=lambda entry: entry[:2])
    return cells, one


def main(write: Callable[[str], object] = print) -> None:
    """Print the tables."""
    costs = Costs(book.read())
    for rows in ROWS:
        write(f"\nIn calls of {rows}, one mesh, every executor with every model:\n")
        for line in _one_mesh(costs, rows):
            write(line)
        write(
            "\nThe same with executor groups of ten data types,"
            " in the cells that take the fewest cores:\n"
        )
        for line in _cells(costs, rows):
            write(line)
    write("\nRouters, microseconds of a call of one record, as measured and as reckoned:\n")
    for line in _held(costs):
        write(line)
    write("\nDelay of a call of one record, by how busy the busiest process is:\n")
    for line in _delays(costs):
        write(line)


def _one_mesh(costs: Costs, rows: int) -> Iterator[str]:
    yield f"| load | data types | {_HEAD}"
    yield f"|---:|---:|{'---:|' * 6}---|---:|"
    for times in LOADS:
        load = load_of(times, rows)
        yield f"| {times:,}x | {load.data_types} | {_counts(size(load, costs))}"


def _cells(costs: Costs, rows: int) -> Iterator[str]:
    yield f"| load | cells | of each: {_HEAD}"
    yield f"|---:|---:|{'---:|' * 6}---|---:|"
    for times in LOADS:
        cells, one = cells_of(load_of(times, rows), costs)
        yield f"| {times:,}x | {cells} | {_counts(one, cells)}"


def _counts(one: Sizing, cells: int = 1) -> str:
    if one.endless:
        return f"{'| ' * 6}{one.wall} | no number is enough |"
    counts = (one.routers, one.collectors, one.executors, one.hosts, one.streams)
    counted = " | ".join(f"{count:,}" for count in counts)
    return f"{counted} | {number(one.cores * cells)} | {one.wall} | {one.fullness[one.wall]:.0%} |"


def _held(costs: Costs) -> Iterator[str]:
    """Yield how well the reckoning does where several routers were measured (`bench.sizes spread`)."""
    yield "| of each | calls a second | measured | reckoned |"
    yield "|---:|---:|---:|---:|"
    for each in (1, 2, 3):
        rate, micros = costs.sizes[f"spread.{each}.rate"], costs.sizes[f"spread.{each}.router"]
        reckoned = costs.task("router", 1, together(rate / each)) * 1e6
        yield f"| {each} | {rate:.0f} | {micros:,.0f} µs | {reckoned:,.0f} µs |"


def _delays(costs: Costs) -> Iterator[str]:
    yield "| busy | p50 | p99 |"
    yield "|---:|---:|---:|"
    company = costs.measured_together
    router, collector = (costs.task(name, 1, company) for name in ("router", "collector"))
    for utilisation in (0.3, 0.5, FULL, 0.8, 0.9, 0.95):
        seen = delay(utilisation, router, costs.host(1, company), collector)
        yield f"| {utilisation:.0%} | {seen.p50:.1f} ms | {seen.p99:.1f} ms |"
