"""Gives up changes that do not come up in time: what answered before goes on until somebody asks anew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import structlog

from hedgerow.durations import format_duration
from hedgerow.references import Reference, parse_reference
from hedgerow.v1.events_pb2 import ChangeAbandoned, ModelEvent
from services.common.catalog import Catalog, Version
from services.registry.ledger import Ledger

_log = structlog.get_logger()


class _Change(NamedTuple):
    """A model of a plan moves to a version."""

    data_type: str
    reference: str
    version: int
    asked: tuple[int, bytes]
    """By which revision of the plan, and by which change of the alias: who asks anew waits anew."""


class LateChanges:
    """Of all plans in force. Those that follow the newest are not late: a newer one may come at any time.

    Time counts from when this process first sees a change, by a clock that nobody sets.
    """

    def __init__(self, ledger: Ledger, timeout: timedelta) -> None:
        self._ledger = ledger
        self._timeout = timeout
        self._since: dict[_Change, float] = {}
        self._arrived: set[_Change] = set()
        """Changes whose version served once: if it does not any more, it is no change that is late."""

    async def look(self) -> None:
        """Give up what is late by now. Raises Unavailable."""
        catalog, now = self._ledger.catalog, time.monotonic()
        changes = {change: _serves(catalog, change) for change in _changes(catalog)}
        self._arrived &= changes.keys()
        self._arrived |= {change for change, serves in changes.items() if serves}
        waiting = changes.keys() - self._arrived
        self._since = {change: self._since.get(change, now) for change in waiting}
        timeout = self._timeout.total_seconds()
        for change in [one for one, since in self._since.items() if now - since >= timeout]:
            await self._give_up(change)
            del self._since[change]

    async def _give_up(self, change: _Change) -> None:
        def decide(catalog: Catalog) -> ModelEvent | None:
            if change not in _changes(catalog) or not _is_to_be_given_up(catalog, change):
                return None
            abandoned = ChangeAbandoned(
                reference=change.reference,
                version=change.version,
                reason=_told(_version(catalog, change))
                or f"no executor served it within {format_duration(self._timeout)}",
            )
            return ModelEvent(abandoned=abandoned)

        event = await self._ledger.write(change.data_type, decide)
        if event is not None:
            reason = event.abandoned.reason
            _log.warning(
                "a change was given up",
                data_type=change.data_type,
                reference=change.reference,
                version=change.version,
                reason=reason,
            )


def _changes(catalog: Catalog) -> Iterator[_Change]:
    """Yield the targets of the models that pin a version or follow an alias, whether they serve or not."""
    for data_type in catalog.data_types:
        for line in catalog.lines(data_type) if catalog.plans(data_type) else ():
            reference = parse_reference(line.reference)
            if line.targets and reference != Reference(reference.name):
                asked = _asked(catalog, data_type, reference)
                yield _Change(data_type, line.reference, line.targets[0], asked)


def _asked(catalog: Catalog, data_type: str, reference: Reference) -> tuple[int, bytes]:
    aliases = catalog.model(data_type, reference.name).aliases
    changes = aliases[reference.alias].changes if reference.alias in aliases else ()
    moved = changes[-1].SerializeToString(deterministic=True) if changes else b""
    return catalog.plan(data_type).revision, moved


def _version(catalog: Catalog, change: _Change) -> Version:
    name = parse_reference(change.reference).name
    return catalog.version(change.data_type, name, change.version)


def _serves(catalog: Catalog, change: _Change) -> bool:
    return _version(catalog, change).life.is_live


def _is_to_be_given_up(catalog: Catalog, change: _Change) -> bool:
    """Tell whether a version does not serve, may do so some day, and one before it serves."""
    life = _version(catalog, change).life
    plan = catalog.plan(change.data_type)
    former = {
        version
        for model, candidates in zip(plan.models, catalog.candidates(change.data_type), strict=True)
        if str(Reference.of(model)) == change.reference
        for version in candidates.versions
    } - {change.version}
    others = (change._replace(version=version) for version in former)
    return not life.is_live and not life.is_over and any(_serves(catalog, one) for one in others)


def _told(version: Version) -> str:
    """Return what was in its way, as the executors say; "" where they say nothing."""
    reasons = [report.reason for report in version.life.reports.values() if report.reason]
    return version.life.reason or next(iter(reasons), "")
