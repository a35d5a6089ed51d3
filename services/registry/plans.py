"""Plans: checking, applying, finding, and going back."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from hedgerow.errors import InvalidPlan, NotFound, Outdated, Refused
from hedgerow.plans.checks import check_plan
from hedgerow.plans.streams import StreamSettings, canonical, with_partitions
from hedgerow.references import Reference
from hedgerow.v1.events_pb2 import ModelEvent, PlanLine
from hedgerow.v1.models_pb2 import Identity, VersionName
from hedgerow.v1.plans_pb2 import Plan
from services.common.catalog import Catalog
from services.registry.ledger import Ledger
from services.registry.plan_checks import check_models, check_partitions

_SET_BY_US = ("revision", "applied_at", "applied_by", "restores")


class Applied(NamedTuple):
    """What a plan leads to."""

    plan: Plan
    versions: list[int]
    """The version that each of its models points to."""
    loads: list[VersionName]
    """Versions that executors are to load for it."""
    ends: list[VersionName]
    """Versions that they are to run no more."""


class Plans:
    """The plan of each data type."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def apply(
        self, plan: Plan, by: Identity, expected: int | None = None, dry_run: bool = False
    ) -> Applied:
        """Put a plan into force; the one that is in force already is returned as it is.

        `expected` is the revision that must be in force. With `dry_run` nothing is changed. Raises
        InvalidPlan if it contradicts itself or the models, NotFound if it names what does not exist,
        Refused if it needs a version that cannot serve, Outdated, and Unavailable.
        """
        check_plan(plan)
        return await self._put(_said(plan), by, expected, dry_run)

    async def go_back(
        self, data_type: str, revision: int, by: Identity, expected: int | None
    ) -> Plan:
        """Put a former revision into force again, 0 being the one before the one in force.

        Raises NotFound and Refused, and what `apply` raises.
        """
        catalog = self._ledger.catalog
        former = (
            _revision(catalog, data_type, revision) if revision else _before(catalog, data_type)
        )
        again = _said(former)
        again.stream.ClearField("partitions")  # there are never fewer again
        again.restores = former.restores or former.revision
        # Whoever goes back to the one before means the one that was looked at here.
        now = catalog.plan(data_type).revision
        expected = now if expected is None and not revision else expected
        try:
            return (await self._put(again, by, expected, False)).plan
        except (NotFound, Refused, InvalidPlan) as error:
            raise type(error)(
                f"revision {former.revision} of the plan of {data_type} cannot be put into force again:"
                f" {error}; `hedgerow plan history {data_type}` lists the others"
            ) from error

    def get(self, data_type: str, revision: int = 0) -> Plan:
        """Return the plan in force, or one of its latest revisions. Raises NotFound."""
        catalog = self._ledger.catalog
        return _revision(catalog, data_type, revision) if revision else catalog.plan(data_type)

    def lines(self, data_type: str) -> list[PlanLine]:
        """Return who answers for the models of the plan in force. Raises NotFound."""
        return self._ledger.catalog.lines(data_type)

    def history(self, data_type: str) -> list[Plan]:
        """Return the latest revisions, oldest first. Raises NotFound."""
        return self._ledger.catalog.plans(data_type)

    async def _put(self, plan: Plan, by: Identity, expected: int | None, dry_run: bool) -> Applied:
        applied: list[Applied] = []

        def decide(catalog: Catalog) -> ModelEvent | None:
            event = _decide(catalog, plan, expected)
            applied[:] = [_applied(catalog, plan.data_type, event)]
            return event

        if dry_run:
            decide(self._ledger.catalog)
            return applied[0]
        event = await self._ledger.write(plan.data_type, decide, by)
        return applied[0]._replace(plan=event.plan_applied) if event else applied[0]


def _decide(catalog: Catalog, plan: Plan, expected: int | None) -> ModelEvent | None:
    current = catalog.plan(plan.data_type)
    if expected is not None and expected != current.revision:
        raise Outdated(
            f"revision {current.revision} of the plan of {plan.data_type} is in force, and not"
            f" {expected}: somebody applied another one meanwhile; look at it, then apply yours again"
        )
    check_models(catalog, plan)
    check_partitions(current, plan)
    plan = with_partitions(plan, StreamSettings.of(current).partitions)
    anew = catalog.has_lost_plans(plan.data_type) or any(
        line.HasField("abandoned") for line in catalog.lines(plan.data_type)
    )
    if current.revision > 0 and _same(current, plan) and not anew:
        return None
    event = ModelEvent(plan_applied=plan)
    event.plan_applied.revision = catalog.highest_revision(plan.data_type) + 1
    return event


def _applied(before: Catalog, data_type: str, event: ModelEvent | None) -> Applied:
    """Return what an event changes, None being none, by trying it."""
    after = before if event is None else before.with_plan(event.plan_applied)
    plan = after.plan(data_type)
    old = before.wanted(data_type).versions
    new = after.wanted(data_type, in_the_end=True).versions
    return Applied(
        plan,
        [after.resolve(data_type, Reference.of(model)) for model in plan.models],
        [VersionName(name=name, version=version) for name, version in sorted(new - old)],
        [VersionName(name=name, version=version) for name, version in sorted(old - new)],
    )


def _before(catalog: Catalog, data_type: str) -> Plan:
    """Return the revision before the one in force; after a rollback, before the one that it says again.

    What a rollback left is not gone back to, by whatever was applied after it either; and one that says
    the same, as where somebody asked anew for what was given up, is nothing to go back to.
    """
    kept: dict[int, Plan] = {}
    for plan in catalog.plans(data_type):
        number = plan.restores or plan.revision
        if number in kept:
            kept = dict(islice(kept.items(), list(kept).index(number)))
        kept[number] = plan
    if not kept:
        raise Refused(
            f"nobody has applied a plan to {data_type} yet: the default plan is in force, and there is"
            " nothing to go back to"
        )
    *_, now = kept
    partitions = StreamSettings.of(catalog.plan(data_type)).partitions
    others = [plan for plan in kept.values() if not _same(plan, kept[now], partitions)]
    if not others:
        raise Refused(
            f"the plan of {data_type} has no revision before {now} to go back to;"
            f" `hedgerow plan history {data_type}` lists those there are"
        )
    return others[-1]


def _revision(catalog: Catalog, data_type: str, revision: int) -> Plan:
    known = {plan.revision: plan for plan in catalog.plans(data_type)}
    if revision not in known:
        raise NotFound.among(
            "revision", str(revision), map(str, known), f"of the plan of {data_type}"
        )
    return known[revision]


def _same(one: Plan, other: Plan, partitions: int = 0) -> bool:
    """Tell whether two plans say the same; `partitions`, if given, in place of what each says of them."""
    first, second = _said(one), _said(other)
    if partitions:
        first.stream.partitions = second.stream.partitions = partitions
    return canonical(first) == canonical(second)


def _said(plan: Plan) -> Plan:
    """What the user said, without what the registry added."""
    copy = Plan()
    copy.CopyFrom(plan)
    for name in _SET_BY_US:
        copy.ClearField(name)
    return copy
