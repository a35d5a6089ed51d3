"""The mesh beside other ways to serve the same three models by vote: the same load of the same records.

All run at the same time and are asked in turn; those that are not asked take next to nothing. A peer that
answers otherwise than the models has no figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial

from bench.comparisons import failures
from bench.figures import Figure, Target, compared
from bench.load import Load, run_load
from bench.measured import Measured
from bench.peers.answers import right_answers, wrong_answers
from bench.peers.environments import PACKAGES, version_of
from bench.peers.server import Server, start_peer
from bench.peers.wine import MODELS
from bench.restarts import leave_models, start_again
from bench.session import Session
from bench.sizes.processes import pss
from hedgerow.local.folder import temporary_folder

_BATCH_CLIENTS = 4
_WARM_UP_SECONDS = 5.0

_Start = Callable[[], AbstractAsyncContextManager[Server]]


async def run(session: Session) -> list[Figure]:
    """Compare starts, single records, batches and memory."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        await leave_models(folder, MODELS)
        starts: dict[str, _Start] = {"mesh": partial(start_again, folder)}
        starts |= {name: partial(start_peer, name) for name in PACKAGES}
        took = {name: await _seconds(session, name, start) for name, start in starts.items()}
        servers = [await stack.enter_async_context(start()) for start in starts.values()]
        checked, (mesh, *peers) = await _check(session, servers)
        turns = _Turns(session, mesh, peers)
        await turns.warm_up()
        for clients in (1, 16, 64):
            await turns.single_records(clients)
        for rows in (256, 1024):
            await turns.batches(rows)
        for peer in peers:
            pairs = [(pss(peer.processes), pss(mesh.processes))]
            turns.figures.append(compared(f"memory (PSS), beside {peer.name}", "MiB", pairs))
        for peer in peers:
            what = f"start to the first answer, beside {peer.name}"
            pairs = list(zip(took[peer.name], took[mesh.name], strict=True))
            turns.figures.append(compared(what, "s", pairs))
        return [*checked, *turns.figures, failures(turns.measured)]


async def _seconds(session: Session, name: str, start: _Start) -> list[float]:
    """Start it several times, each until its first answer."""

    async def once() -> float:
        async with start() as server:
            return server.seconds

    return await session.repeat(f"{name}: start", once)


async def _check(session: Session, servers: Sequence[Server]) -> tuple[list[Figure], list[Server]]:
    """Tell how many answers of each are wrong, and return those that have none."""
    session.say("answers")
    right = await right_answers(MODELS)
    figures, honest = [], []
    for server in servers:
        wrong, asked = await wrong_answers(server, right)
        of = (
            f"{server.name} ({version_of(server.name)})" if server.name in PACKAGES else server.name
        )
        what = f"wrong answers of {asked:,}, {of}"
        figures.append(Figure(what, wrong, "", target=Target(0, at_most=True, unit="")))
        if not wrong:
            honest.append(server)
    if servers[0] not in honest:
        raise ValueError(f"the mesh has {figures[0].value:g} wrong answers")
    return figures, honest


class _Turns:
    """Measures the servers in turn and collects the figures."""

    def __init__(self, session: Session, mesh: Server, peers: Sequence[Server]) -> None:
        self.figures: list[Figure] = []
        self.measured: list[Measured] = []
        self._session = session
        self._mesh = mesh
        self._peers = peers

    async def warm_up(self) -> None:
        """Let all find their pace."""
        for server in (self._mesh, *self._peers):
            self._session.say(f"warm up of {server.name}")
            for rows in (1, 256):
                await self._load(server, 16, _WARM_UP_SECONDS, rows)

    async def single_records(self, clients: int) -> None:
        """Compare single records."""
        name = "1 client" if clients == 1 else f"{clients} clients"
        rounds = await self._rounds(name, clients, 1)
        self._compare(name, "requests/s", rounds, lambda seen: seen.rate)
        self._compare(f"{name}, p50", "ms", rounds, lambda seen: seen.p50)
        self._compare(f"{name}, p99", "ms", rounds, lambda seen: seen.p99)

    async def batches(self, rows: int) -> None:
        """Compare batches."""
        name = f"batches of {rows}, {_BATCH_CLIENTS} clients"
        rounds = await self._rounds(name, _BATCH_CLIENTS, rows)
        self._compare(name, "records/s", rounds, lambda seen: seen.row_rate)

    async def _rounds(self, name: str, clients: int, rows: int) -> list[list[Measured]]:
        """Measure all several times; each round has the mesh first, then the peers."""

        async def one() -> list[Measured]:
            servers = (self._mesh, *self._peers)
            seconds = self._session.seconds
            return [await self._load(server, clients, seconds, rows) for server in servers]

        rounds = await self._session.repeat(name, one)
        self.measured += [seen for measured in rounds for seen in measured]
        return rounds

    def _compare(
        self,
        what: str,
        unit: str,
        rounds: Sequence[Sequence[Measured]],
        number: Callable[[Measured], float],
    ) -> None:
        for place, peer in enumerate(self._peers, 1):
            pairs = [(number(seen[place]), number(seen[0])) for seen in rounds]
            self.figures.append(compared(f"{what}, beside {peer.name}", unit, pairs))

    @staticmethod
    async def _load(server: Server, clients: int, seconds: float, rows: int) -> Measured:
        return await run_load(
            Load(server.address, clients, seconds, rows, protocol=server.protocol)
        )
