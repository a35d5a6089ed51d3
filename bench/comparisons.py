"""The mesh beside its floors, measured in turn so that both see the machine in the same moods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from bench.figures import Figure, Target, compared
from bench.floors.in_process import InProcess
from bench.load import Load, run_load
from bench.measured import Measured
from bench.session import Session

F = TypeVar("F")

_BATCH_CLIENTS = 4
_WARM_UP_SECONDS = 5.0


class Comparisons:
    """Measures one mesh and collects the figures."""

    def __init__(self, session: Session, address: str) -> None:
        self.figures: list[Figure] = []
        self._session = session
        self._address = address
        self._measured: list[Measured] = []

    async def warm_up(self, rows: int = 1) -> None:
        """Let the mesh find its pace (compilers of the JVM, caches) before anything is measured."""
        self._session.say("warm up")
        await self._mesh(Load(self._address, 16, _WARM_UP_SECONDS, rows))

    async def single_records(
        self, echo: str, clients: int, rate: Target | None = None, p50: Target | None = None
    ) -> None:
        """Compare single records with the echo at that address."""
        load = Load(self._address, clients, self._session.seconds)
        name = "1 client" if clients == 1 else f"{clients} clients"
        pairs = await self._pairs(name, lambda: run_load(replace(load, address=echo)), load)
        self.figures += [
            compared(name, "requests/s", [(a.rate, b.rate) for a, b in pairs], rate),
            compared(f"{name}, p50", "ms", [(a.p50, b.p50) for a, b in pairs], p50),
            compared(f"{name}, p99", "ms", [(a.p99, b.p99) for a, b in pairs]),
        ]

    async def batches(
        self, floor: InProcess, rows: int, target: Target | None = None, note: str = ""
    ) -> None:
        """Compare batches with the same models in one plain process."""
        seconds = self._session.seconds
        load = Load(self._address, _BATCH_CLIENTS, seconds, rows)
        name = f"batches of {rows}, {_BATCH_CLIENTS} clients{note}"
        pairs = await self._pairs(name, lambda: floor.rate(rows, seconds), load)
        rates = [(of_floor, of_mesh.row_rate) for of_floor, of_mesh in pairs]
        self.figures.append(compared(name, "records/s", rates, target))

    def no_failures(self) -> None:
        """Add how many requests failed in all of the measurements."""
        self.figures.append(failures(self._measured))

    async def _pairs(
        self, name: str, floor: Callable[[], Awaitable[F]], load: Load
    ) -> list[tuple[F, Measured]]:
        async def pair() -> tuple[F, Measured]:
            return await floor(), await self._mesh(load)

        return await self._session.repeat(name, pair)

    async def _mesh(self, load: Load) -> Measured:
        self._measured.append(await run_load(load))
        return self._measured[-1]


def failures(measured: Iterable[Measured]) -> Figure:
    """Return how many requests failed; none should have."""
    codes: Counter[str] = Counter()
    for seen in measured:
        codes.update(seen.failures)
    note = ", ".join(f"{count} {code}" for code, count in codes.items())
    target = Target(0, "", at_most=True)
    return Figure("failed requests", codes.total(), "", target=target, note=note)
