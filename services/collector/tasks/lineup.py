"""Which versions of a plan's models are started and when, with all that their tasks have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hedgerow.errors import InvalidInput
from hedgerow.v1.plans_pb2 import Plan
from hedgerow.v1.scoring_pb2 import ModelReport
from services.collector.rules.policy import Policy
from services.collector.rules.verdict import Verdict
from services.collector.tasks.statistics import Counts, Statistics


class Lineup:
    """A plan and the version chosen of each of its models, 0 where no host serves it."""

    __slots__ = (
        "_by_name",
        "_by_version",
        "awaited",
        "counts",
        "data_type",
        "encoded",
        "held",
        "named",
        "names",
        "no_time",
        "outstanding",
        "policy",
        "replicas",
        "revision",
        "running",
        "shadows",
        "versions",
    )

    def __init__(
        self,
        plan: Plan,
        policy: Policy,
        versions: Sequence[int],
        statistics: Statistics,
        held: int = 0,
        no_time: int = 0,
        wanted: Sequence[int] = (),
    ) -> None:
        """`held` and `no_time` are those of an Opening, `wanted` is that of the plan's definition.

        Raises InvalidInput if there is not a version for each model.
        """
        if len(versions) != len(plan.models):
            raise InvalidInput(
                f"an opening has {len(versions)} versions for the {len(plan.models)} models of its plan"
            )
        self.data_type = plan.data_type
        self.revision = plan.revision
        self.policy = policy
        self.names = [model.name for model in plan.models]
        self.shadows = [model.shadow for model in plan.models]
        self.versions = list(versions)
        self.awaited = {
            place: number
            for place, (number, version) in enumerate(zip(wanted, versions, strict=False))
            if number not in (0, version)
        }
        """By place, the version that should answer, where another one was chosen or none."""
        hosted = sum(1 << place for place, version in enumerate(versions) if version)
        self.no_time = no_time & hosted
        """A bit for each model that will not be started, for it could not answer in time."""
        self.outstanding = hosted & ~no_time
        """A bit for each model that may answer."""
        self.held = held & self.outstanding
        """A bit for each of them that is not started yet."""
        self.running = self.outstanding & ~self.held & policy.voters
        """A bit for each voter that is started when a task is opened."""
        self.replicas = plan.strategy.HasField("replica_hedge")
        """A model may be started on two hosts for a task, and report twice."""
        self.counts = [
            statistics.of(self.data_type, name, version)
            if version
            else Counts(self.data_type, name, 0)  # of no version: nobody asks for these
            for name, version in zip(self.names, versions, strict=True)
        ]
        self.named = [
            ModelReport(
                name=name, version=version, shadow=shadow, wanted=self.awaited.get(place, 0)
            ).SerializeToString()
            for place, (name, version, shadow) in enumerate(
                zip(self.names, versions, self.shadows, strict=True)
            )
        ]
        """What the reports of each model begin with, encoded."""
        self.encoded: dict[tuple[str | None, Verdict], bytes] = {}
        """For `decisions`: what decisions with a label and verdict have in common."""
        listed = Counter(self.names)
        places = list(enumerate(self.names))
        self._by_name = {name: place for place, name in places if listed[name] == 1}
        self._by_version = {(name, self.versions[place]): place for place, name in reversed(places)}

    def mark(self) -> None:
        """Tasks are opened: from now on these versions are known as shadows, or as voters."""
        for counts, shadow in zip(self.counts, self.shadows, strict=True):
            counts.shadow = shadow

    def place_of(self, name: str, version: int) -> int | None:
        """Return the place in the plan of a version that answered, None if it has none.

        A router may have started a task again on a host with another version than it told when it
        opened the task, so where the version is not found the name decides.
        """
        place = self._by_version.get((name, version))
        return self._by_name.get(name) if place is None else place
