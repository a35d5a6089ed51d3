"""The tables of breadth, on the terminal and in BREADTH.md."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from bench.breadth import core, processes
from bench.breadth.core import Core
from bench.breadth.processes import Idle
from bench.machine import describe
from bench.others import Others
from services.common.logs import configure_logging

SIZES = [1, 10, 100, 1000]
_FILE = Path(__file__).parents[1] / "BREADTH.md"

_INTRODUCTION = """# Many data types

By `make breadth`: a log with so many data types, each with three models of one version, and one of each
service on it, without hosts; the executor serves none of them. Memory is each process's share (PSS). Idle
is of a core, by the kernel's own count, after 40 s in which nothing came. Connections are those to the log.
The log's commands are those of all services together, what scripts do among them.
"""
_CORE = """
A router's core by itself, in the bench's own process, without hosts, log and gRPC: a record is checked and
taken in, the next one is of another data type each time; what it costs beside a router that knows one data
type is the median of pairs. A change is an event of one data type, with all that follows from it until its
next record. *Waits* is the longest that nothing else had its turn on the event loop; in a scrape the text
is made by another thread, and waiting for Python's lock counts too.
"""


def main() -> None:
    """Measure, print the tables, and keep them."""
    configure_logging("bench", "error", "console")
    others = Others()
    idle = [asyncio.run(processes.measure(size)) for size in SIZES]
    cores = asyncio.run(core.measure(SIZES))
    lines = "\n".join([*_of_processes(idle), _CORE, *_of_core(cores), ""])
    print(lines)
    where = describe()
    when = (
        f"{where['date']}, {where['cores']} cores ({where['processor']}), Python {where['python']}."
        f" Others took {others.share():.0%} of the processor.\n"
    )
    _FILE.write_text(f"{_INTRODUCTION}\n{when}\n{lines}", encoding="utf-8")


def _of_processes(found: list[Idle]) -> Iterator[str]:
    yield "| data types | service | ready | memory | idle | connections | commands of all |"
    yield "|---:|---|---:|---:|---:|---:|---:|"
    for idle in found:
        for one in idle.processes:
            yield (
                f"| {idle.data_types:,} | {one.service} | {one.ready:.2f} s | {one.mib:.0f} MiB"
                f" | {one.idle:.1%} | {one.connections} | {idle.commands:.0f} /s |"
            )


def _of_core(found: list[Core]) -> Iterator[str]:
    yield (
        "| data types | a record | beside one data type | a change | state of all | waits"
        " | state of one | a scrape | waits | page |"
    )
    yield f"|{'---:|' * 10}"
    for one in found:
        yield (
            f"| {one.data_types:,} | {one.record * 1e6:.1f} µs | {one.ratio:.2f}x"
            f" | {one.change * 1e3:.2f} ms | {one.state * 1e3:.1f} ms | {one.longest * 1e3:.1f} ms"
            f" | {one.state_of_one * 1e3:.2f} ms | {one.scrape * 1e3:.1f} ms"
            f" | {one.scrape_longest * 1e3:.1f} ms | {one.page:,} B |"
        )
