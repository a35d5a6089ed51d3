"""All streams of records that a router reads: its share of the partitions, as plans and routers change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

import structlog

from hedgerow.errors import NotFound, Unavailable
from hedgerow.plans.streams import StreamSettings
from hedgerow.v1.plans_pb2 import JOIN_KEYED
from hedgerow.v1.streams_pb2 import StreamState
from services.common.catalog import Catalog
from services.common.log import keys
from services.common.log.streams import Figures, Partition, Streams, partitions
from services.common.telemetry import Tracing
from services.router.plans.prepared import PreparedPlans
from services.router.scoring import Scoring
from services.router.streams.attendant import Attendant
from services.router.streams.flow.flow import Flow, Terms
from services.router.streams.running import Running
from services.router.streams.scoring.given import Givens
from services.router.streams.scoring.pace import Pace, Turns
from services.router.streams.scoring.scorer import Scorer
from services.router.streams.scoring.span import StreamSpans
from services.router.streams.scoring.suspects import Suspects
from services.router.streams.sharing import consumer_of, readers, router_of

_log = structlog.get_logger()

_BATCHES = 2
"""On their way at once for each host of a model: one is scored, the next is there when it is done."""

_LOOK_SECONDS = 15.0
"""How often it is looked whether the log knows of all partitions: it may have been emptied."""

_AT_MOST_EVERY = 0.25
"""Seconds: catalogs change in bursts."""


class Pacing(NamedTuple):
    """How fast streams are read."""

    share: float
    """Of the time, that they take while there are calls."""
    rows: int
    """Records that are scored together, at the most."""


class RecordStreams:
    """Reads the partitions that are this router's share."""

    def __init__(
        self,
        log: Streams,
        plans: PreparedPlans,
        catalog: Catalog,
        scoring: Scoring,
        tracing: Tracing,
        terms: Terms,
        pacing: Pacing,
    ) -> None:
        self._turns = Turns(pacing.share, lambda: scoring.called_at)
        self._most_rows = pacing.rows
        self._paces: dict[str, Pace] = {}
        self._log = log
        self._plans = plans
        self._catalog = catalog
        self._scoring = scoring
        self._tracing = tracing
        self._terms = terms
        self._address = ""
        self._routers: frozenset[str] = frozenset()
        self._flows: dict[Partition, Running] = {}
        self._givens: dict[str, Givens] = {}
        self._is_stopping = False
        self._changed = asyncio.Event()
        self._unseen: set[str] | None = None
        """The data types that are to be looked at again; None: all."""

    def follow(self, routers: frozenset[str]) -> None:
        """These routers are members."""
        self._routers = routers
        self.changed()

    def changed(self, data_types: Collection[str] | None = None) -> None:
        """Look again at what is to be read: a plan of some data types has changed, or (None) anything."""
        if data_types is None:
            self._unseen = None
        elif self._unseen is not None:
            self._unseen.update(data_types)
        self._changed.set()

    async def run(self, address: str) -> None:
        """Read until `stop` is called; others know this router by its address."""
        self._address = address
        self._terms = self._terms._replace(consumer=consumer_of(address, self._terms.consumer))
        while not self._is_stopping:
            self._changed.clear()
            unseen, self._unseen = self._unseen, set()
            data_types = self._catalog.data_types if unseen is None else self._of(unseen)
            self._adjust(unseen, data_types)
            if not await self._raise_partitions(data_types):
                self.changed(data_types)
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                self._unseen = None
            await asyncio.sleep(_AT_MOST_EVERY)

    def _of(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if self._catalog.has_models(name)]

    async def stop(self) -> None:
        """Read no more, and return when what was read is settled, or left to others."""
        self._is_stopping = True
        self._changed.set()
        running = list(self._flows.values())
        for one in running:
            one.flow.stop()
        await asyncio.gather(*(one.over for one in running))

    def states(self, data_type: str = "") -> list[StreamState]:
        """Return how the partitions that this router reads are, of one data type or of all."""
        states = [
            self._state(partition, running.figures)
            for partition, running in self._flows.items()
            if data_type in ("", partition.data_type)
        ]
        return sorted(
            states, key=lambda state: (state.data_type, len(state.partition), state.partition)
        )

    async def look(self, data_type: str) -> list[StreamState]:
        """Return how all partitions of a data type are, whoever reads them. Raises Unavailable."""
        found = await self._log.partitions(data_type)
        return [self._state(p, await self._log.figures(p)) for p in found]

    def _state(self, partition: Partition, figures: Figures | None) -> StreamState:
        state = StreamState(
            data_type=partition.data_type, partition=partition.name, key=keys.records(partition.tag)
        )
        if (running := self._flows.get(partition)) is not None:
            running.write_to(state)
        if figures is not None:
            figures.write_to(state)
            state.readers.extend(self._readers(partition, figures))
        return state

    def _readers(self, partition: Partition, figures: Figures) -> list[str]:
        """Return who reads a partition: the one that has its lease, or else all whose share it is."""
        if figures.holder:
            return [router_of(figures.holder)]
        return sorted(self._shares(partition.data_type).get(partition, []))

    # -- which -------------------------------------------------------------------------------------

    def _adjust(self, unseen: Collection[str] | None, data_types: Iterable[str]) -> None:
        """Stop what is not this router's any more, or not in this way, and start what is.

        Of the data types that are `unseen` (None: of all), of which these have models.
        """
        wanted = self._wanted(data_types)
        for partition, running in self._flows.items():
            is_seen = unseen is not None and partition.data_type not in unseen
            if not is_seen and wanted.get(partition) is not running.flow.is_alone:
                running.flow.stop()
        for partition, is_alone in wanted.items():
            if partition in self._flows:  # one that ends is waited for
                continue
            if (givens := self._givens_of(partition.data_type)) is not None:
                self._flows[partition] = self._start(partition, givens, is_alone)

    def _wanted(self, data_types: Iterable[str]) -> dict[Partition, bool]:
        """Return the partitions of data types that this router reads, and whether it does so alone."""
        return {
            partition: self._catalog.plan(data_type).join == JOIN_KEYED
            for data_type in data_types
            for partition, those in self._shares(data_type).items()
            if self._address in those
        }

    def _shares(self, data_type: str) -> dict[Partition, list[str]]:
        """Return by which routers each partition is to be read."""
        plan, routers = self._catalog.plan(data_type), self._routers | {self._address}
        found = partitions(data_type, StreamSettings.of(plan).partitions)
        is_alone = plan.join == JOIN_KEYED
        return {p: readers(p.tag, len(found), routers, is_alone) for p in found}

    async def _raise_partitions(self, data_types: Iterable[str]) -> bool:
        """Have there be as many partitions as plans say; False: the log is out of reach."""
        for data_type in self._of(data_types):
            count = StreamSettings.of(self._catalog.plan(data_type)).partitions
            if count > 1:
                try:
                    await self._log.splits.raise_to(data_type, count)
                except Unavailable as error:
                    _log.warning("partitions could not be added", reason=str(error))
                    return False
        return True

    def _givens_of(self, data_type: str) -> Givens | None:
        if data_type not in self._givens:
            suspects = Suspects(self._log.suspects(data_type), self._terms.consumer)
            try:
                self._givens[data_type] = Givens(data_type, self._plans, self._catalog, suspects)
            except NotFound:
                return None
        return self._givens[data_type]

    def _start(self, partition: Partition, givens: Givens, is_alone: bool) -> Running:
        spans = StreamSpans(self._tracing, partition.data_type, partition.name)
        pace = self._paces.setdefault(partition.data_type, Pace(self._turns, self._most_rows))
        scorer = Scorer(self._scoring, spans, pace)
        flow = Flow(
            partition,
            self._log,
            scorer,
            givens.now,
            pace,
            self._batches(givens, pace),
            self._terms,
            is_alone,
        )
        moved = flow.progress.moved
        attendant = Attendant(partition, self._log, givens.settings, moved)
        return Running(flow, attendant, lambda: self._ended(partition))

    def _ended(self, partition: Partition) -> None:
        del self._flows[partition]
        self.changed((partition.data_type,))

    def _batches(self, givens: Givens, pace: Pace) -> Callable[[], int]:
        fleet = self._scoring.fleet

        def batches() -> int:
            voters = givens.now().plan.voters
            hosts = [fleet.count(entry.model, entry.versions) for entry in voters]
            return pace.batches(_BATCHES * max(min(hosts, default=1), 1))

        return batches
