"""An agent with real hosts, on a catalog that a test fills."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

from hedgerow.errors import Unavailable
from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1.events_pb2 import ModelEvent, ModelPushed, VersionReported
from hedgerow.v1.execution_pb2 import Host, HostState
from hedgerow.v1.models_pb2 import (
    ExecutorReport,
    ModelDescriptor,
    ModelVersion,
    Verification,
    VersionName,
)
from services.common.catalog import Catalog
from services.common.recent_versions import VersionKey
from services.executor.agent import Agent
from services.executor.definition_cache import DefinitionCache
from services.executor.reports import _differ
from services.executor.settings import ExecutorSettings
from tests.services.executor.harness import exists
from tests.tables import table_sizes

ADDRESS = "here:8402"


class AgentRig:
    """An agent on a catalog that a test fills."""

    def __init__(self, folder: Path, catalog: Catalog | None = None, **said: object) -> None:
        self.catalog = catalog or Catalog()
        self.announced: list[Host] = []
        self.may_share = True
        """Whether all routers know that versions may share a process."""
        settings = ExecutorSettings.model_validate({"loads_at_once": 1, **said})
        self.agent = Agent(
            settings,
            self.catalog,
            DefinitionCache(folder, self, limit_bytes=2**20),
            self._announce,
            self._report,
            lambda: self.may_share,
        )
        self.agent.serve_as(ADDRESS)
        self.fetched: list[str] = []
        """References, `one@2`, in the order in which their definitions were asked for."""
        self.fetch_fails: Exception | None = None
        self.unfetchable: set[str] = set()
        self._said: dict[str, bytes] = {}
        self.pids: set[int] = set()
        self.reported: dict[VersionKey, ExecutorReport] = {}
        """What was reported last of each version."""

    def push(
        self,
        name: str,
        version: int = 1,
        reconcile: bool = True,
        verification: Verification | None = None,
        data_type: str = "wine",
        **said: object,
    ) -> None:
        definition = json.dumps({"value": f"{name}@{version}", **said}).encode()
        model = ModelVersion(
            descriptor=ModelDescriptor(data_type=data_type, name=name, model_type="constant"),
            version=version,
            sha256=hashlib.sha256(definition).hexdigest(),
            size=len(definition),
        )
        self._said[model.sha256] = definition
        if verification is not None:
            serialized = verification.SerializeToString()
            model.verification_sha256 = hashlib.sha256(serialized).hexdigest()
            self._said[model.verification_sha256] = serialized
        self.catalog.apply(data_type, ModelEvent(pushed=ModelPushed(model=model)))
        if reconcile:
            self.agent.reconcile()

    def begin_anew(self) -> None:
        """Have the log be emptied: the catalog is that of one in which nothing is yet."""
        self.catalog.become(Catalog())

    def lose(self) -> None:
        """Have the log be emptied, and what was in it be kept."""
        emptied = Catalog()
        emptied.inherit(self.catalog)
        self.catalog.become(emptied)
        self.agent.reconcile()

    def take_over(self, other: AgentRig) -> None:
        """Have what another agent can load, as one that is started again on its disk."""
        self._said |= other._said
        self.agent.reconcile()

    def pin(self, name: str, version: int) -> None:
        """Put a plan into force that stays on a version."""
        plan = plan_from_yaml(
            f"data_type: wine\nmodels: [{{name: {name}@{version}}}]\n"
            "policy: {deadline: 1s, timeout: {}}"
        )
        self.catalog.apply("wine", ModelEvent(plan_applied=plan))
        self.agent.reconcile()

    def retry(self, name: str, version: int) -> None:
        """Have somebody ask for another try of a version that has failed."""
        retried = VersionName(name=name, version=version)
        self.catalog.apply("wine", ModelEvent(retried=retried))
        self.agent.reconcile()

    def address(self, reference: str) -> str:
        """Return where a version serves; empty if it does not."""
        serving = [h for h in self.announced if h.state == HostState.HOST_STATE_SERVING]
        told = {f"{h.model.descriptor.name}@{h.model.version}": h.address for h in serving}
        return told.get(reference, "")

    def together(self, *references: str) -> bool:
        """Tell whether versions serve in one process, and nothing drains any more."""
        addresses = {self.address(reference) for reference in references}
        draining = [h for h in self.announced if h.state == HostState.HOST_STATE_DRAINING]
        return len(addresses) == 1 and "" not in addresses and not draining

    def alone(self, reference: str) -> str:
        """Return what is told of why a version has a process of its own."""
        serving = [h for h in self.announced if h.state == HostState.HOST_STATE_SERVING]
        told = {f"{h.model.descriptor.name}@{h.model.version}": h.alone for h in serving}
        return told.get(reference, "")

    def plan(self, yaml: str) -> None:
        """Put a plan into force."""
        plan = plan_from_yaml(f"data_type: wine\n{yaml}")
        self.catalog.apply("wine", ModelEvent(plan_applied=plan))
        self.agent.reconcile()

    def retire(self, name: str, version: int) -> None:
        """Have a version be taken out of service for good."""
        retired = VersionName(name=name, version=version)
        self.catalog.apply("wine", ModelEvent(retired=retired))
        self.agent.reconcile()

    def pid(self, reference: str) -> int:
        """Return the process of a version, 0 if it has none."""
        models = {
            f"{h.model.descriptor.name}@{h.model.version}": h for h in self.agent.announcements()
        }
        return models[reference].pid if reference in models else 0

    def states(self) -> dict[str, HostState]:
        return {f"{h.model.descriptor.name}@{h.model.version}": h.state for h in self.announced}

    def has(self, reference: str, state: HostState) -> bool:
        """Tell whether a version is in a state."""
        return self.states().get(reference) == state

    def failure(self, reference: str) -> str:
        """Return what is told of a version's failure."""
        told = {f"{h.model.descriptor.name}@{h.model.version}": h for h in self.announced}
        return told[reference].failure if reference in told else ""

    def sizes(self) -> dict[str, int]:
        """Return what the agent's tables hold; its catalog is the log's to shrink."""
        return table_sizes(self.agent, besides={Catalog})

    async def stop(self) -> None:
        self._note_pids()
        async with asyncio.timeout(15):
            await self.agent.drain()
            self._note_pids()
            await self.agent.close()
        assert not [pid for pid in self.pids if pid and exists(pid)]

    def _note_pids(self) -> None:
        self.pids |= {host.pid for host in self.agent.announcements()}

    def _report(self, states: dict[VersionKey, ExecutorReport]) -> None:
        """Have the catalog know what the log would have it know."""
        self.reported = states
        for key, report in states.items():
            known = self.catalog.report(*key, ADDRESS)
            if known is None or _differ(report, known):
                report.executor = ADDRESS
                name = VersionName(name=key.name, version=key.version)
                event = ModelEvent(reported=VersionReported(model=name, report=report))
                self.catalog.apply(key.data_type, event)
                asyncio.get_running_loop().call_soon(self.agent.reconcile)

    def _announce(self, hosts: list[Host]) -> None:
        self.announced = hosts

    async def fetch_verification(self, model: ModelVersion, target: Path) -> None:
        """Do as the log: the agent's source of files is this rig."""
        await asyncio.to_thread(target.write_bytes, self._said[model.verification_sha256])

    async def fetch_definition(self, model: ModelVersion, target: Path) -> None:
        reference = f"{model.descriptor.name}@{model.version}"
        self.fetched.append(reference)
        if reference in self.unfetchable:
            raise Unavailable(f"{reference} is away")
        if self.fetch_fails is not None:
            raise self.fetch_fails
        await asyncio.to_thread(target.write_bytes, self._said[model.sha256])
