"""What holds for the records of a data type at the moment: its plan, and what follows from it."""

from __future__ import annotations

from hedgerow.errors import NotFound
from hedgerow.plans.streams import StreamSettings
from services.common.catalog import Catalog
from services.router.plans.prepared import Plan, PreparedPlans
from services.router.streams.records.field_types import FieldTypes
from services.router.streams.records.unknown_fields import UnknownFields
from services.router.streams.scoring.scorer import Given
from services.router.streams.scoring.suspects import Suspects


class Givens:
    """Of one data type. What is prepared is kept until the plan changes."""

    def __init__(
        self, data_type: str, plans: PreparedPlans, catalog: Catalog, suspects: Suspects
    ) -> None:
        """Raises NotFound if nobody knows the data type."""
        self._data_type = data_type
        self._plans = plans
        self._catalog = catalog
        self._suspects = suspects
        self._unknown = UnknownFields(data_type)
        self._given = self._prepare(plans.plan(data_type))

    def now(self) -> Given:
        """Return what holds; what held last if the data type has gone meanwhile."""
        try:
            plan = self._plans.plan(self._data_type)
        except NotFound:
            return self._given
        if plan is not self._given.plan:
            self._given = self._prepare(plan)
        return self._given

    def settings(self) -> StreamSettings:
        """Return how the stream is read, which is for the newest plan to say, in effect or not."""
        try:
            return StreamSettings.of(self._catalog.plan(self._data_type))
        except NotFound:
            return self._given.settings

    def _prepare(self, plan: Plan) -> Given:
        settings = StreamSettings.of(self._catalog.plan(self._data_type))
        types = FieldTypes(self._data_type, plan.check.types, self._unknown)
        return Given(plan, types, settings, self._suspects)
