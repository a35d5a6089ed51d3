"""The mesh that the demo plays on, from its start until nothing is left of it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from hedgerow.client.aio import AsyncClient
from hedgerow.client.registry import AsyncRegistry
from hedgerow.client.state import get_state
from hedgerow.data.answers import Answers, ModelState
from hedgerow.demo.examples import DATA_TYPE, ExampleModel, Examples
from hedgerow.demo.span_receiver import SpanReceiver
from hedgerow.demo.stage import Stage
from hedgerow.errors import NoAnswer, Unavailable
from hedgerow.local.folder import temporary_folder
from hedgerow.local.mesh import LocalMesh
from hedgerow.local.ports import Ports
from hedgerow.v1.execution_pb2 import Host, HostState

_PATIENCE_SECONDS = 120.0
"""As long as an executor gives a model to load."""
_POLL_SECONDS = 0.02
_NEWS_SECONDS = 0.5


class Session:
    """A mesh with the models of the examples, and clients of it."""

    def __init__(
        self, examples: Examples, mesh: LocalMesh, receiver: SpanReceiver, stack: AsyncExitStack
    ) -> None:
        self.examples = examples
        self.receiver = receiver
        self.router = mesh.ports.address("router")
        self.processes = set(mesh.processes.values())
        """Every process of the mesh that was ever seen."""
        self._mesh = mesh
        self._ports = mesh.ports
        self._stack = stack

    async def open_clients(self) -> None:
        """Make the clients; they are closed with the session."""
        self.client = await self._stack.enter_async_context(AsyncClient(self.router))
        self.registry = await self._stack.enter_async_context(
            AsyncRegistry(self._ports.address("registry"))
        )

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something on the mesh. Raises Unavailable, with the reason, if a service ends meanwhile."""
        doing = asyncio.create_task(work, name="play on the mesh")
        ended = asyncio.create_task(self._mesh.an_end(), name="watch the mesh")
        try:
            await asyncio.wait({doing, ended}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done() and doing.exception() is not None:
                # A service's end may be seen by its callers first; then it is the better reason.
                await asyncio.wait({ended}, timeout=_NEWS_SECONDS)
            if ended.done():
                raise Unavailable(ended.result())
            doing.result()
        finally:
            for task in (doing, ended):
                task.cancel()
            await asyncio.wait({doing, ended})

    async def push(self, model: ExampleModel) -> str:
        """Push a model; return `wine-tree@1`."""
        pushed = await self.registry.push_model(model.file, **model.description)
        return f"{model.name}@{pushed.model.version}"

    async def apply(self, plan_file: str) -> None:
        """Put a plan into force, and wait until the router goes by it with all its models."""
        applied = await self.registry.apply_plan(self.examples.plan(plan_file))

        async def in_force() -> bool:
            try:
                answers = await self.one()
            except (NoAnswer, Unavailable):  # the router has not yet heard of the hosts
                return False
            ready = all(model.state != ModelState.NO_HOST for model in answers.models)
            return ready and answers.plan_revision == applied.plan.revision

        await wait_until(in_force, f"the plan {plan_file} is in force")

    async def one(self, row: int = 0, *, explain: bool = False) -> Answers:
        """Score one record of the examples."""
        return await self.client.score(DATA_TYPE, [self.examples.records[row]], explain=explain)

    async def hosts(self) -> list[Host]:
        """Every model host of the executor."""
        state = await get_state(self._ports.address("executor"))
        self.processes.update(host.pid for host in state.hosts if host.pid)
        return list(state.hosts)

    async def wait_for_hosts(self, references: set[str]) -> None:
        """Wait until these versions serve. Raises Unavailable if one cannot."""

        async def all_serve() -> bool:
            serving = set()
            for host in await self.hosts():
                reference = f"{host.model.descriptor.name}@{host.model.version}"
                if host.state == HostState.HOST_STATE_FAILED:
                    raise Unavailable(f"{reference} could not be loaded: {host.failure}")
                if host.state == HostState.HOST_STATE_SERVING:
                    serving.add(reference)
            return references <= serving

        await wait_until(all_serve, f"hosts of {', '.join(sorted(references))} serve")


async def wait_until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until something holds. Raises Unavailable if that takes too long."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not await holds():
        if time.monotonic() > end:
            raise Unavailable(f"waited {_PATIENCE_SECONDS:g} s in vain: {what}")
        await asyncio.sleep(_POLL_SECONDS)


@asynccontextmanager
async def opened(examples: Examples, stage: Stage) -> AsyncIterator[Session]:
    """Start a mesh in a temporary folder, and leave nothing of it behind."""
    with temporary_folder() as folder:
        async with AsyncExitStack() as stack:
            receiver = await stack.enter_async_context(SpanReceiver.listening())
            mesh = LocalMesh(folder, Ports.free(), lambda part, what: None, receiver.environment)
            began = time.monotonic()
            with stage.working("starting log, registry, collector, executor and router"):
                await mesh.start()
            stack.push_async_callback(mesh.stop)
            _told(stage, "started", "log, registry, collector, executor, router", began)
            session = Session(examples, mesh, receiver, stack)
            await session.open_clients()
            yield session
    left = [pid for pid in session.processes if _runs(pid)]
    stage.check(
        not left and not folder.path.exists() and not folder.scratch.exists(),
        f"the mesh is stopped; none of its {len(session.processes)} processes is left, and no file",
        f"processes {left}, folders {folder.path} and {folder.scratch}",
    )


async def load_models(session: Session, stage: Stage) -> None:
    """Push the models of the examples, and wait until they serve."""
    began = time.monotonic()
    with stage.working("pushing the models through the registry"):
        pushed = [await session.push(model) for model in session.examples.models]
    names = ", ".join(model.name.removeprefix("wine-") for model in session.examples.models)
    _told(stage, "pushed", f"{names}: version 1 of each", began)
    began = time.monotonic()
    with stage.working("the executor loads the models, a process each"):
        await session.wait_for_hosts(set(pushed))
    _told(stage, "loaded", f"{len(pushed)} models, a process each", began)


def _told(stage: Stage, what: str, text: str, began: float) -> None:
    took = time.monotonic() - began
    stage.show(f"[bold]{what:<8}[/] {text} [dim]({took:.1f} s)[/]")


def _runs(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and only waits to be read does not."""
    status = Path(f"/proc/{pid}/stat")
    with suppress(OSError):
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    if status.parent.parent.is_dir():
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
