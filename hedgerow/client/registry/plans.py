"""Plans: applied, found, and put back."""

from __future__ import annotations

from dataclasses import dataclass

from hedgerow.client.registry.calls import RegistryCalls
from hedgerow.errors import InvalidPlan
from hedgerow.v1 import registry_pb2 as pb
from hedgerow.v1.events_pb2 import PlanLine
from hedgerow.v1.models_pb2 import VersionName
from hedgerow.v1.plans_pb2 import Plan


@dataclass(frozen=True, slots=True)
class Applied:
    """What a plan leads to: `plan` is in force, with its revision, unless that was a dry run.

    `versions` are those that its models point to, in their order; 0: none. Executors load `loads` for it,
    and hosts of `ends` end.
    """

    plan: Plan
    versions: list[int]
    loads: list[VersionName]
    ends: list[VersionName]


class PlanCalls(RegistryCalls):
    """Calls about plans. All raise NotFound if the data type has no models."""

    async def apply_plan(
        self, plan: Plan, *, expected_revision: int | None = None, dry_run: bool = False
    ) -> Applied:
        """Put a plan into force, or with `dry_run` only say what would change.

        Raises NotFound for a model that is not registered, InvalidPlan for a contradiction, Refused for a
        version that cannot serve, and Outdated if another revision than the expected one is in force (0:
        the default plan).
        """
        request = pb.ApplyPlanRequest(plan=plan, dry_run=dry_run)
        if expected_revision is not None:
            request.expected_revision = expected_revision
        response = await self._call(self._stub.ApplyPlan, request, InvalidPlan)
        return Applied(
            response.plan, list(response.versions), list(response.loads), list(response.ends)
        )

    async def get_plan(self, data_type: str, revision: int = 0) -> Plan:
        """Return the plan in force, the default plan if none was applied, or one of its latest revisions.

        Raises NotFound.
        """
        return (await self._get_plan(data_type, revision)).plan

    async def get_plan_lines(self, data_type: str) -> tuple[Plan, list[PlanLine]]:
        """Return the plan in force, and which versions its models point to and pointed to."""
        response = await self._get_plan(data_type, 0)
        return response.plan, list(response.lines)

    async def _get_plan(self, data_type: str, revision: int) -> pb.GetPlanResponse:
        request = pb.GetPlanRequest(data_type=data_type, revision=revision)
        return await self._call(self._stub.GetPlan, request)

    async def list_plans(self, data_type: str) -> list[Plan]:
        """Return the latest revisions, oldest first: the last is in force. None: nobody applied one."""
        request = pb.ListPlansRequest(data_type=data_type)
        return list((await self._call(self._stub.ListPlans, request)).plans)

    async def rollback_plan(
        self, data_type: str, revision: int = 0, *, expected_revision: int | None = None
    ) -> Plan:
        """Put a former revision into force again, as a new one; 0: the one before the one in force.

        Raises NotFound, Refused if there is none before, and what `apply_plan` raises.
        """
        request = pb.RollbackPlanRequest(data_type=data_type, revision=revision)
        if expected_revision is not None:
            request.expected_revision = expected_revision
        return (await self._call(self._stub.RollbackPlan, request, InvalidPlan)).plan
