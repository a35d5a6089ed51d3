"""Plans: applying, finding."""

from __future__ import annotations

from hedgerow.plans.checks import check_plan
from hedgerow.v1.models_pb2 import ModelEvent
from hedgerow.v1.plans_pb2 import Plan
from services.common.catalog import Catalog
from services.registry.ledger import Ledger


class Plans:
    """The plan of each data type."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def apply(self, plan: Plan) -> Plan:
        """Put a plan into force and return it; the one that is in force already is returned as it is.

        Raises InvalidPlan if it contradicts itself, NotFound if it names what does not exist, and
        Unavailable.
        """
        check_plan(plan)

        def decide(catalog: Catalog) -> ModelEvent | None:
            for model in plan.models:
                catalog.model(plan.data_type, model.name, model.version)
            current = catalog.plan(plan.data_type)
            applied = current.revision > 0 and _said(current) == _said(plan)
            return None if applied else _event(plan, current.revision + 1)

        event = await self._ledger.write(plan.data_type, decide)
        return event.plan_applied if event else self.get(plan.data_type)

    def get(self, data_type: str) -> Plan:
        """Return the plan in force. Raises NotFound if the data type has no models."""
        return self._ledger.catalog.plan(data_type)


def _said(plan: Plan) -> Plan:
    """What the user said, without what the registry added."""
    copy = Plan()
    copy.CopyFrom(plan)
    copy.ClearField("revision")
    copy.ClearField("applied_at")
    return copy


def _event(plan: Plan, revision: int) -> ModelEvent:
    event = ModelEvent()
    event.at.GetCurrentTime()
    event.plan_applied.CopyFrom(plan)
    event.plan_applied.revision = revision
    event.plan_applied.applied_at.CopyFrom(event.at)
    return event
