"""Which versions of a data type executors are to run. Pure, and the same for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hedgerow.v1.plans_pb2 import Plan
from services.common.catalog.data_type import DataType

_FORMER = 8
"""Revisions that are looked at for one that can answer: more than anybody applies while models load."""

Wanted = tuple[str, int]
"""Name and version."""


class Succession(NamedTuple):
    """A version that takes over, and the one that answers until it serves."""

    name: str
    target: int
    former: int


class WantedVersions(NamedTuple):
    """What is to run."""

    versions: frozenset[Wanted]
    """Of each model the newest, to be loaded and verified before it is promoted, and what plans need."""
    warm: frozenset[Wanted]
    """Of these, those that serve only so that a rollback takes effect at once."""
    successions: tuple[Succession, ...]
    """Formers are wanted too, until their target serves."""


def wanted_versions(known: DataType, in_the_end: bool = False) -> WantedVersions:
    """Return what is to run of a data type that has models; or what will be, once all that serves."""
    plan = known.plan
    named = list(zip([m.name for m in plan.models], known.candidates(plan), strict=True))
    newest = {(m.name, m.newest.model.version) for m in known.models.values() if m.newest}
    targets = {(name, c.versions[0]) for name, c in named if c.versions}
    if not in_the_end:
        targets |= _of_the_revision_before(known)
    warm = {(name, version) for name, c in named for version in c.warm[: plan.keep_warm]}
    versions = {one for one in newest | targets | warm if _is_usable(known, one)}
    successions = [Succession(name, *c.versions) for name, c in named if len(c.versions) > 1]
    return WantedVersions(
        frozenset(versions), frozenset((warm & versions) - newest - targets), tuple(successions)
    )


def _of_the_revision_before(known: DataType) -> set[Wanted]:
    """Return what the revision before needs, for as long as the one in force cannot answer in full.

    That is the latest former one that can: where several were applied in a row, routers still go by it.
    """
    if not known.plans or _is_live(known, _answering(known, known.plan)):
        return set()
    plans = [known.default, *known.plans]
    former = [_answering(known, plan) for plan in plans[-2 : -2 - _FORMER : -1]]
    return set(next((needed for needed in former if _is_live(known, needed)), former[0]))


def _answering(known: DataType, plan: Plan) -> list[Wanted]:
    """Return who answers now for each model of a plan that has a vote; version 0: none."""
    voting = [
        (model.name, candidates.versions)
        for model, candidates in zip(plan.models, known.candidates(plan), strict=True)
        if not model.shadow
    ]
    return [
        next(
            ((name, v) for v in versions if _is_live(known, [(name, v)])), (name, [*versions, 0][0])
        )
        for name, versions in voting
    ]


def _is_live(known: DataType, wanted: Iterable[Wanted]) -> bool:
    """Tell whether executors serve all of them."""
    versions = [known.version(*one) for one in wanted]
    return all(version is not None and version.life.is_live for version in versions)


def _is_usable(known: DataType, wanted: Wanted) -> bool:
    version = known.version(*wanted)
    return version is not None and version.life.is_usable
