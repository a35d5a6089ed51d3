"""Which revision of a plan a router scores by: the one in force, as soon as that can answer.

Make before break: a new revision may name models that no host serves yet, and until one does the revision
before goes on as a whole. Each router decides that for itself, by the hosts that it reaches.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import NamedTuple

from hedgerow.references import Reference
from hedgerow.v1.plans_pb2 import Plan
from services.common.catalog import Candidates, Catalog

ModelName = tuple[str, str]
"""Data type and name."""

Choose = Callable[[ModelName, tuple[int, ...]], int]
"""The version that would score, of versions that may, best first; 0: no host has any of them."""


class Entry(NamedTuple):
    """A model of a plan, as it is scored now."""

    model: ModelName
    reference: str
    """As the plan has it: `wine-net@champion`."""
    wanted: int
    """The version that the plan points to; 0: there is none."""
    versions: tuple[int, ...]
    """Those that may answer, best first: the first that a host is reached of does."""
    reason: str
    """Why the wanted one is not the one that answers, as far as the log knows."""

    @property
    def key(self) -> tuple[ModelName, str]:
        """What is learnt of it is kept under this."""
        return self.model, self.reference


class InEffect:
    """The revisions that are in effect at this router."""

    def __init__(
        self,
        catalog: Catalog,
        choose: Choose,
        patience: timedelta,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """A revision of which some models cannot answer takes effect without them after `patience`."""
        self._catalog = catalog
        self._choose = choose
        self._patience = patience.total_seconds()
        self._clock = clock
        self._revisions: dict[str, int] = {}
        self._waiting: set[str] = set()
        self._seen: dict[str, tuple[int, float]] = {}

    def plan(self, data_type: str) -> Plan:
        """Return the plan to score by. Raises NotFound."""
        newest = self._catalog.plan(data_type)
        revision = self._revisions.get(data_type)
        if revision is None:
            found = self._first(data_type, newest)
        elif revision == newest.revision or self._takes_effect(data_type, newest):
            found = newest
        else:
            found = self._of(data_type, revision) or newest
        self._revisions[data_type] = found.revision
        if found.revision == newest.revision:
            self._waiting.discard(data_type)
        else:
            self._waiting.add(data_type)
        return found

    @property
    def waiting(self) -> frozenset[str]:
        """The data types of which a revision has not taken effect yet."""
        return frozenset(self._waiting)

    def entries(self, plan: Plan) -> list[Entry]:
        """Return the models of a plan. Raises NotFound."""
        data_type = plan.data_type
        candidates = self._catalog.candidates(data_type, plan)
        return [
            Entry((data_type, model.name), str(Reference.of(model)), *_parts(one))
            for model, one in zip(plan.models, candidates, strict=True)
        ]

    def _first(self, data_type: str, newest: Plan) -> Plan:
        """Return the latest revision of which all voters have served, which hosts will be reached of."""
        for plan in reversed(self._catalog.plans(data_type)):
            voters = [
                entry
                for entry, model in zip(self.entries(plan), plan.models, strict=True)
                if not model.shadow
            ]
            if all(any(self._has_served(e.model, v) for v in e.versions) for e in voters):
                return plan
        return newest

    def _has_served(self, model: ModelName, version: int) -> bool:
        return self._catalog.has_served(*model, version)

    def _takes_effect(self, data_type: str, newest: Plan) -> bool:
        """Tell whether a revision can answer, with all of its voters that can be hoped for."""
        voters = [
            entry
            for entry, model in zip(self.entries(newest), newest.models, strict=True)
            if not model.shadow
        ]
        answering = [self._choose(entry.model, entry.versions) for entry in voters]
        if all(answering):
            return True
        hopeless = all(v or not e.versions for e, v in zip(voters, answering, strict=True))
        return any(answering) and (hopeless or self._waited(data_type, newest.revision))

    def _waited(self, data_type: str, revision: int) -> bool:
        """Tell whether a revision has been waited for long enough since it was first seen."""
        now = self._clock()
        seen = self._seen.get(data_type)
        if seen is None or seen[0] != revision:
            seen = self._seen[data_type] = revision, now
        return now - seen[1] >= self._patience

    def _of(self, data_type: str, revision: int) -> Plan | None:
        if revision == 0:
            return self._catalog.default_plan(data_type)
        plans = self._catalog.plans(data_type)
        return next((plan for plan in plans if plan.revision == revision), None)


def _parts(candidates: Candidates) -> tuple[int, tuple[int, ...], str]:
    return candidates.wanted, candidates.versions, candidates.reason
