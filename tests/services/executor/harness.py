"""What tests of the executor share: definitions of the format `constant`, a host, frames of tasks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import grpc

from hedgerow.data.records import Batch
from hedgerow.v1.execution_pb2 import ExecuteRequest, ExecuteResponse, Task
from hedgerow.v1.execution_pb2_grpc import ExecutionServiceStub
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion, Signature
from services.common.wire import CHANNEL_OPTIONS
from services.executor.host.spec import HostSpec, ModelSpec
from services.executor.processes.fork_servers import ForkServer
from services.executor.processes.host_process import HostProcess, State
from tests.support import wait_until

NOBODY = "127.0.0.1:1"
"""The address of a collector that there is not."""

MODEL = ModelVersion(
    descriptor=ModelDescriptor(data_type="wine", name="one", model_type="constant"),
    signature=Signature(prediction_type=Signature.PREDICTION_TYPE_CLASSIFICATION, classes=["x"]),
    version=1,
)


def spec_of(folder: Path, **said: object) -> HostSpec:
    """Write the definition of a model that always says `x`, and what its host needs to know."""
    definition = folder / "definition"
    definition.write_text(json.dumps({"value": "x", **said}))
    model = ModelSpec(MODEL.SerializeToString(), definition, verification=None, batch_rows=())
    return HostSpec(
        models=(model,),
        heartbeat=folder / "heartbeat",
        listen="127.0.0.1",
        port=0,
        advertise="127.0.0.1",
        row_limit=100,
        drain_seconds=10.0,
        log_level="warning",
        log_format="console",
    )


def frame(
    number: int, *task_ids: int, collector: str = NOBODY, suspect: bool = False
) -> ExecuteRequest:
    """Return a frame of tasks with one record each, which have all the time of a test."""
    now = time.monotonic_ns()
    batch = Batch.from_records("wine", [{"ash": 1.0}]).to_proto()
    deadline = now + 60 * 10**9
    tasks = [Task(id=i, deadline_ns=deadline, batch=batch, suspect=suspect) for i in task_ids]
    return ExecuteRequest(tasks=tasks, frame=number, sent_ns=now, collector=collector)


class Router:
    """One stream to a host."""

    def __init__(self, call: Any) -> None:
        self._call = call

    async def hears(self) -> ExecuteResponse:
        """Return the next message of the host."""
        message: ExecuteResponse = await self._call.read()
        return message

    async def hears_done(self) -> list[int]:
        """Return the frames that the next message which names any says are done."""
        while not (message := await self.hears()).done:
            pass
        return list(message.done)

    async def write(self, request: ExecuteRequest) -> None:
        await self._call.write(request)

    async def ends_writing(self) -> None:
        await self._call.done_writing()

    async def leave(self) -> grpc.StatusCode:
        """End the stream, and return its status when the host has ended it, too."""
        await self.ends_writing()
        return await self.status()

    async def status(self) -> grpc.StatusCode:
        """Read what is left, and return the status of the stream."""
        with contextlib.suppress(grpc.aio.AioRpcError):
            while await self._call.read() is not grpc.aio.EOF:
                pass
        code: grpc.StatusCode = await self._call.code()
        return code


class HostRig:
    """One host, and the states that its agent was told of."""

    def __init__(self, folder: Path, fork_server: ForkServer) -> None:
        self._folder = folder
        self.heartbeat = folder / "heartbeat"
        self.heard: list[State] = []
        self.host = HostProcess(
            [MODEL], self.heartbeat, lambda host: self.heard.append(host.state), fork_server
        )

    async def start(self, **said: object) -> HostProcess:
        """Fork a host of a model that behaves as it is said."""
        await self.host.start(spec_of(self._folder, **said))
        return self.host

    async def begin(self, **said: object) -> asyncio.Task[None]:
        """Ask for a fork, and return before it can have been seen."""
        start = asyncio.create_task(self.host.start(spec_of(self._folder, **said)))
        for _ in range(2):  # turns: of the start, and of the task that it leaves the fork to
            await asyncio.sleep(0)
        assert self.heartbeat.exists()
        return start

    async def serve(self, **said: object) -> HostProcess:
        """Fork a host and wait until it serves."""
        await self.start(**said)
        await wait_until(lambda: self.heard, "its loading is over")
        assert self.heard == [State.SERVING], self.host.refused or self.host.death
        return self.host

    async def end(self) -> None:
        """Wait until the host has ended, which leaves nothing behind."""
        async with asyncio.timeout(20):
            await self.host.gone()
        assert self.host.state is State.ENDED
        assert self.host.pid == 0
        assert not self.heartbeat.exists()


@asynccontextmanager
async def router(address: str) -> AsyncIterator[Router]:
    """A stream to a host; it is cancelled at the end if it is still open."""
    async with grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        call = ExecutionServiceStub(channel).Execute()
        yield Router(call)
        call.cancel()


def wait_for_end(host: HostProcess) -> None:
    """Wait until a host's process has ended, without a turn of the loop in which that is learnt of."""
    assert host._process is not None
    assert wait([host._process.sentinel], timeout=10)


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
