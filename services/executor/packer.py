"""Says which versions should share a process, by what this executor has measured and met with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from hedgerow.v1.models_pb2 import ModelVersion
from hedgerow.v1.plans_pb2 import PACKING_NEVER
from services.common.catalog import Catalog
from services.common.recent_versions import VersionKey
from services.executor.hosts import Hosts
from services.executor.processes.host_process import HostProcess
from services.executor.settings import ExecutorSettings, Packing
from services.executor.versions.conduct import Conduct
from services.executor.versions.costs import Costs
from services.executor.versions.packing import Group, Limits, Member, pack
from services.executor.versions.packing import Packing as Packed
from services.executor.work_done import WorkDone


class Packer:
    """Of one executor."""

    def __init__(
        self,
        settings: ExecutorSettings,
        catalog: Catalog,
        engine_of: Callable[[str], object],
        may_share: Callable[[], bool],
    ) -> None:
        """`engine_of` gives what a process of a model type is forked from.

        `may_share` tells whether all who give tasks to hosts know that a host may have several versions.
        """
        self._settings = settings
        self._catalog = catalog
        self._engine_of = engine_of
        self._may_share = may_share
        self._conduct = Conduct(settings.pack_after.total_seconds())
        self._costs = Costs()
        self._limits = Limits(
            settings.pack_below.total_seconds(),
            settings.pack_versions,
            settings.packing is Packing.ACROSS,
        )
        self.packed = Packed()
        """As it was said last."""

    def look(self, done: Iterable[tuple[VersionKey, WorkDone]]) -> None:
        """Take in what versions have done; to be called again and again."""
        self._costs.look(done)

    def serves(self, host: HostProcess) -> None:
        """A host serves."""
        for key, seconds in zip(host.keys, host.row_seconds, strict=True):
            self._conduct.serves(key)
            self._costs.warmed_up(key, seconds)

    def ended(self, host: HostProcess) -> None:
        """A host has ended that nobody had asked to."""
        reason = host.refused or host.death
        if host.is_group and reason and host.blameless:
            for key in host.keys:
                self._conduct.begins_anew(key, f"the process that it shared ended: {reason}")
        elif host.is_group and reason:
            self._conduct.lost_together(host.keys, host.blamed, f"was lost: {reason}")
        elif host.death and not host.blameless:
            self._conduct.died(host.keys[0], f"its process died: {host.death}")

    def pack(
        self,
        wanted: Mapping[VersionKey, ModelVersion],
        warm: Collection[VersionKey],
        hosts: Hosts,
    ) -> Packed:
        """Return where each version should be that is wanted and serves, or is loaded with others."""
        self._conduct.keep(wanted)
        self._costs.keep(wanted)
        for key in wanted:
            if (seconds := self._catalog.task_seconds(*key)) > 0:
                self._conduct.behaved_before(key)
                self._costs.warmed_up(key, seconds)
        self.packed = self._pack(wanted, warm, hosts)
        return self.packed

    def has_news(
        self,
        wanted: Mapping[VersionKey, ModelVersion],
        warm: Collection[VersionKey],
        hosts: Hosts,
    ) -> bool:
        """Tell whether versions should be elsewhere than it was said last."""
        return self._pack(wanted, warm, hosts) != self.packed

    def together_at_first(
        self, missing: Mapping[VersionKey, ModelVersion], warm: Collection[VersionKey]
    ) -> list[Group]:
        """Return those of some versions that serve nowhere which can be loaded together at once.

        They have behaved before, here or on another executor.
        """
        packed = pack(self._members(missing, warm), (), self._limits)
        return sorted({*packed.groups.values()}, key=sorted)

    def shares(self) -> dict[VersionKey, float]:
        """Return what a task takes on each version that shares a process; 0 of those that must not."""
        found = {key: 0.0 for key in self.packed.alone if self._conduct.is_blemished(key)}
        return found | {key: self._costs.of(key) or 0.0 for key in self.packed.groups}

    def _pack(
        self,
        wanted: Mapping[VersionKey, ModelVersion],
        warm: Collection[VersionKey],
        hosts: Hosts,
    ) -> Packed:
        placed = hosts.placed()
        there = {key: model for key, model in wanted.items() if key in placed}
        return pack(self._members(there, warm), hosts.groups(), self._limits, hosts.moving())

    def _members(
        self, models: Mapping[VersionKey, ModelVersion], warm: Collection[VersionKey]
    ) -> list[Member]:
        return [
            Member(
                key,
                self._engine_of(model.descriptor.model_type),
                self._costs.of(key),
                self._alone(key, key in warm),
            )
            for key, model in models.items()
        ]

    def _alone(self, key: VersionKey, is_warm: bool) -> str:
        """Return why a version has to be alone, whatever it takes; empty: it has not."""
        if self._settings.packing is Packing.NEVER:
            return "the executor's settings say packing: never"
        # A log that was emptied knows nothing of what still serves.
        known = self._catalog.has_models(key.data_type)
        if known and self._catalog.plan(key.data_type).packing == PACKING_NEVER:
            return "the plan says packing: never"
        if not self._may_share():
            return "a router is connected that does not know of versions which share a process"
        if is_warm:
            return "it is only kept warm"
        return self._conduct.reason(key) if self._conduct.seconds_left(key) > 0 else ""
