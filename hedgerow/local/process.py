"""One service of a local mesh as a process, with everything it starts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from hedgerow.client.channels import Connection
from hedgerow.errors import Unavailable

_POLL_SECONDS = 0.05
_FOUND_AT_ONCE = {"grpc.initial_reconnect_backoff_ms": 50, "grpc.max_reconnect_backoff_ms": 50}
"""A process that starts is waited for by us alone: it is looked for as often as it is asked."""
_GONE_SECONDS = 3.0
_TAIL_BYTES = 4096

# Run in a new interpreter between fork and exec: a preexec_fn would be Python code in a copy of a process
# that has threads (gRPC). The kernel sends SIGTERM (15) when we die, however we die; had we died before
# that was asked for, the parent is another by now.
_TIED_TO_US = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); "
    "os.getppid() == int(sys.argv[1]) or sys.exit(1); os.execv(sys.argv[2], sys.argv[2:])"
)


class ServiceProcess:
    """`python -m services.<name>`, in a process group of its own, its output in a file.

    The group keeps a terminal's Ctrl-C from it, so that services can be stopped in order, and holds all
    that it starts in turn, so that none of it outlives `stop`.
    """

    def __init__(
        self, name: str, address: str, environment: Mapping[str, str], log_file: Path
    ) -> None:
        self.name = name
        self.address = address
        self._environment = environment
        self._log_file = log_file
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Its process; 0 if it was never started."""
        return self._process.pid if self._process else 0

    @property
    def is_running(self) -> bool:
        """It was started, and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the process; it is not ready yet."""
        # -P: a folder `services` where the user happens to be must not be taken for ours.
        command = [sys.executable, "-P", "-m", f"services.{self.name}"]
        if sys.platform == "linux":
            command = [sys.executable, "-ISc", _TIED_TO_US, str(os.getpid()), *command]
        with self._log_file.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    async def wait_until_ready(self, timeout: float) -> None:
        """Return when its health service says SERVING.

        Raises Unavailable with its last words if it ends before, or is not ready after `timeout` seconds.
        """
        end = time.monotonic() + timeout
        ended = asyncio.ensure_future(self.end())
        connection = Connection(self.address, health_pb2_grpc.HealthStub, _FOUND_AT_ONCE)
        try:
            while not await _is_serving(connection.stub):
                await asyncio.wait({ended}, timeout=_POLL_SECONDS)
                if ended.done():
                    raise Unavailable(ended.result())
                if time.monotonic() > end:
                    raise Unavailable(
                        f"the {self.name} is not ready after {timeout:g} s; {self._last_words()}"
                    )
        finally:
            ended.cancel()
            await connection.close()

    async def wait(self) -> str:
        """Wait for its end, and return how it ended."""
        assert self._process is not None
        code = await self._process.wait()
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

    async def end(self) -> str:
        """Wait for its end, and return a line that says how it ended and what it said last."""
        return f"the {self.name} {await self.wait()}; {self._last_words()}"

    async def stop(self, timeout: float) -> None:
        """Ask it to end; kill it, and in any case all it started, after `timeout` seconds at the most."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), timeout)
        await self._kill_group(self._process.pid)
        await self._process.wait()

    async def _kill_group(self, group: int) -> None:
        """Kill what is left of the group, and wait until it is gone."""
        end = time.monotonic() + _GONE_SECONDS
        with suppress(ProcessLookupError, PermissionError):
            while time.monotonic() < end:
                os.killpg(group, signal.SIGKILL)
                await asyncio.sleep(_POLL_SECONDS)

    def _last_words(self) -> str:
        """Return where its log is, and the end of it, in one line."""
        with suppress(OSError), self._log_file.open("rb") as file:
            file.seek(max(0, self._log_file.stat().st_size - _TAIL_BYTES))
            lines = file.read().decode(errors="replace").strip().splitlines()
            return (
                f"its log {self._log_file} ends: {' / '.join(line.strip() for line in lines[-3:])}"
            )
        return "it wrote nothing"


async def _is_serving(stub: Any) -> bool:
    try:
        response = await stub.Check(health_pb2.HealthCheckRequest(), timeout=1)
    except grpc.aio.AioRpcError:
        return False
    return bool(response.status == health_pb2.HealthCheckResponse.SERVING)
