"""What is waited for: the versions that a push, an alias or a plan points to now.

They are looked up again and again, for somebody may move on meanwhile, and a version may be given up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from hedgerow.client.registry import AsyncRegistry, Tracked
from hedgerow.errors import Refused
from hedgerow.references import Reference
from hedgerow.v1.events_pb2 import PlanLine


class Wanted(NamedTuple):
    """A version that is to serve."""

    tracked: Tracked
    reference: str = ""
    """As the plan in force refers to it (`wine-tree@champion`), if that is to answer by it; else empty."""
    is_loaded: bool = True
    """Executors load it: it is its model's newest, or the plan in force points to it."""

    @property
    def name(self) -> str:
        """The model's name."""
        return self.tracked.model.descriptor.name

    @property
    def version(self) -> int:
        """The version."""
        return self.tracked.model.version

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


class Goal(ABC):
    """Versions of one data type."""

    revision = 0
    """Of the plan that is to be in effect; 0: whichever is."""

    def __init__(self, registry: AsyncRegistry, data_type: str) -> None:
        self.data_type = data_type
        self._registry = registry

    @abstractmethod
    async def wanted(self) -> list[Wanted]:
        """Return what is to serve now.

        Raises Refused if that is not what was asked for any more, or was given up; NotFound, Unavailable.
        """

    async def _wanted(self, name: str, version: int, lines: Sequence[PlanLine]) -> Wanted:
        """Return a version as what it is to the plan in force."""
        for line in lines:
            if line.reference.partition("@")[0] == name:
                _check_not_given_up(line, version)
                if line.targets[:1] == [version]:
                    tracked = await self._registry.show_model(self.data_type, name, version)
                    return Wanted(tracked, line.reference)
        newest = await self._registry.get_model(self.data_type, name)
        tracked = await self._registry.show_model(self.data_type, name, version)
        return Wanted(tracked, is_loaded=newest.version == version)

    async def _lines(self) -> list[PlanLine]:
        return (await self._registry.get_plan_lines(self.data_type))[1]


class VersionGoal(Goal):
    """One version, as after a push."""

    def __init__(self, registry: AsyncRegistry, data_type: str, name: str, version: int) -> None:
        super().__init__(registry, data_type)
        self._name, self._version = name, version

    async def wanted(self) -> list[Wanted]:
        return [await self._wanted(self._name, self._version, await self._lines())]


class AliasGoal(Goal):
    """The version that an alias was just pointed to."""

    def __init__(
        self, registry: AsyncRegistry, data_type: str, name: str, alias: str, version: int
    ) -> None:
        super().__init__(registry, data_type)
        self._reference = Reference(name, alias=alias)
        self._version = version

    async def wanted(self) -> list[Wanted]:
        name, _, alias = self._reference
        now = (await self._registry.get_model(self.data_type, name, alias=alias)).version
        if now != self._version:
            raise Refused(
                f"{self._reference} is {name}@{now} by now, and not {name}@{self._version} any more:"
                " somebody has moved it"
            )
        lines = await self._lines()
        following = [line for line in lines if line.reference == str(self._reference)]
        return [await self._wanted(name, self._version, following or lines)]


class PlanGoal(Goal):
    """All that a revision of a plan points to."""

    def __init__(self, registry: AsyncRegistry, data_type: str, revision: int) -> None:
        super().__init__(registry, data_type)
        self.revision = revision

    async def wanted(self) -> list[Wanted]:
        plan, lines = await self._registry.get_plan_lines(self.data_type)
        if plan.revision != self.revision:
            raise Refused(
                f"revision {plan.revision} of the plan of {self.data_type} is in force by now: somebody has"
                f" applied it after revision {self.revision}"
            )
        found = []
        for model, line in zip(plan.models, lines, strict=True):
            _check_not_given_up(line)
            version = line.targets[0] if line.targets else model.version
            tracked = await self._registry.show_model(
                self.data_type, model.name, version, "" if version else model.alias
            )
            found.append(Wanted(tracked, line.reference))
        return found


def _check_not_given_up(line: PlanLine, version: int = 0) -> None:
    """Raise Refused if a version, or the one that a plan points to, was given up."""
    given_up = line.abandoned
    if given_up.version and version in (0, given_up.version):
        name = line.reference.partition("@")[0]
        raise Refused(f"{name}@{given_up.version} was given up: {given_up.reason}")
