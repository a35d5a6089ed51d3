"""A registry as it is: its process and its log. Each test has a data type of its own in it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hedgerow.client.registry import AsyncRegistry
from hedgerow.client.sync.background import background
from hedgerow.local.ports import HOST, Ports
from hedgerow.local.process import ServiceProcess
from hedgerow.local.valkey import Valkey
from hedgerow.v1.events_pb2 import ChangeAbandoned, ModelEvent, VersionReported
from hedgerow.v1.models_pb2 import ExecutorReport, VersionName, VersionState
from services.common.log import Log
from tests.support import wait_until

_TESTS = Path(__file__).parents[1]
_READY_SECONDS = 30.0
_STOP_SECONDS = 8.0


class RealRegistry:
    """Where it is, and the log that executors would write to."""

    def __init__(self, address: str, log_url: str, shelf: Path) -> None:
        self.address = address
        self.shelf = shelf
        """A folder that locations of models may be in."""
        self._log_url = log_url

    def report(
        self,
        data_type: str,
        model: tuple[str, int],
        state: VersionState,
        executor: str = "e:1",
        reason: str = "",
    ) -> None:
        """Report how a version is on an executor, as that would; return when the registry knows."""
        report = ExecutorReport(executor=executor, state=state, reason=reason)
        name = VersionName(name=model[0], version=model[1])
        event = ModelEvent(reported=VersionReported(model=name, report=report))

        async def known(client: AsyncRegistry) -> bool:
            life = (await client.show_model(data_type, *model)).life
            return any((r.executor, r.state) == (executor, state) for r in life.executors)

        background.run(self._write(data_type, event, known))

    def give_up(self, data_type: str, reference: str, version: int, reason: str) -> None:
        """Give up waiting for a version that a plan points to; return when the registry knows."""
        given_up = ChangeAbandoned(reference=reference, version=version, reason=reason)

        async def known(client: AsyncRegistry) -> bool:
            _, lines = await client.get_plan_lines(data_type)
            return any(line.abandoned == given_up for line in lines)

        background.run(self._write(data_type, ModelEvent(abandoned=given_up), known))

    async def _write(
        self,
        data_type: str,
        event: ModelEvent,
        known: Callable[[AsyncRegistry], Awaitable[bool]],
    ) -> None:
        event.at.GetCurrentTime()
        log = Log(self._log_url)
        async with AsyncRegistry(self.address) as client:
            try:
                await log.models.report(data_type, event)
                await wait_until(lambda: known(client), "the registry knows what was reported")
            finally:
                await log.close()


@contextmanager
def running() -> Iterator[RealRegistry]:
    """Run a registry on a log of its own."""
    log = Valkey()
    with tempfile.TemporaryDirectory() as folder:
        shelf = Path(folder, "shelf")
        shelf.mkdir()
        background.run(log.start())
        address = Ports.free().address("registry")
        process = ServiceProcess(
            "registry", address, _environment(log.url, address, folder), Path(folder, "log")
        )
        try:
            background.run(process.start())
            background.run(process.wait_until_ready(_READY_SECONDS))
            yield RealRegistry(address, log.url, shelf)
        finally:
            background.run(process.stop(_STOP_SECONDS))
            background.run(log.stop())


def _environment(log_url: str, address: str, folder: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(_TESTS / "plugins"), str(_TESTS.parent)]),
        "TMPDIR": folder,
        "HEDGEROW_REGISTRY_LOCATIONS": f"file://{folder}/shelf/",
        "HEDGEROW_REGISTRY_STATE_DIR": f"{folder}/state",
        "HEDGEROW_LOG_URL": log_url,
        "HEDGEROW_REGISTRY_HOST": HOST,
        "HEDGEROW_REGISTRY_PORT": address.rpartition(":")[2],
    }
