"""Processes that hosts are forked from: one for each set of engines, started when it is first wanted.

A host is forked from a process that has imported its format's engine already. One process with every
engine would make a mesh of PMML models wait for TensorFlow, and pay for it; so formats that import the
same share a fork server, and others have one of their own. All import at the same time.

The processes are multiprocessing's fork servers. The module has one for the whole process, behind
functions; its class, which is what those functions are methods of, can be had as often as one likes:

- `ForkServer`, its three methods used here, `read_signed` and `get_inherited_fds` have no underscore and
  are alike in Python 3.11 to 3.14. What goes over the wire is in the docstring of `connect_to_new_process`.
- `multiprocessing.Process` is not used. It only knows the module's own fork server, and its table of
  children is not made for several threads; so two that start would wait for each other, one of them for
  ten seconds of imports. In its place the forked process unpickles an `_Entry`, of which it calls
  `_bootstrap`, a private name.
- `_forkserver_pid` and `_stop` are private, too: nothing else tells which process it is, or ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from typing import Any

import structlog

from hedgerow.formats.factories import factories

_log = structlog.get_logger()

# What every host needs. Not gRPC: a process that has it must not fork.
_PRELOAD = (
    "numpy",
    "structlog",
    "uvloop",
    "hedgerow.formats.verification",
    "hedgerow.formats.warmup",
    "hedgerow.v1.collection_pb2",
    "hedgerow.v1.execution_pb2",
    "services.common.telemetry",
    "services.executor.processes.fork_servers",
    "services.executor.host.host_spans",
    "services.executor.host.inbox",
    "services.executor.host.main",
    "services.executor.host.scoring",
)

# Freezes what was imported, so that hosts share it and do not copy it; so it must come last.
_LAST = "hedgerow.formats.preloaded"

# A host is one thread; its libraries must not start one a core for each host.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}

Main = Callable[[Any, Connection], None]
"""What a forked process runs: a function of a module, with a value that can be pickled, and a pipe."""


class ForkedProcess:
    """A process that a fork server has forked, and reaps. Used by one thread."""

    def __init__(self, pid: int, sentinel: int) -> None:
        self.pid = pid
        self.sentinel = sentinel
        """A file descriptor that can be read when the process has ended, or its fork server has."""

    def is_alive(self) -> bool:
        """Tell whether it has not ended yet."""
        return not wait([self.sentinel], 0)

    def kill(self) -> None:
        """End it at once, if it has not ended."""
        # Once it is reaped there may be another process of that id.
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def close(self) -> int | None:
        """Wait for its end and return its exit code; None if its fork server ended first."""
        try:
            code: int = forkserver.read_signed(self.sentinel)
            return code
        except EOFError:
            return None
        finally:
            os.close(self.sentinel)


class ForkServer:
    """One process to fork from. If it is lost its hosts end with it, and the next fork starts another."""

    def __init__(self, preload: tuple[str, ...], patience_seconds: float) -> None:
        self._server: Any = forkserver.ForkServer()  # type stubs have none of the private names
        self._server.set_forkserver_preload([*_PRELOAD, *preload, _LAST])
        self._patience = patience_seconds
        self._closed = False

    @property
    def pid(self) -> int:
        """The process's id; 0 if there is none."""
        pid: int | None = self._server._forkserver_pid
        return pid or 0

    def start(self) -> None:
        """See to it that there is a process. It goes on to import; who forks waits for that."""
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        self._server.ensure_running()

    async def fork(self, main: Main, said: object, pipe: Connection) -> ForkedProcess:
        """Run `main(said, pipe)` in a process of its own.

        Raises OSError or EOFError if there is no such process: the fork server could not be started or
        was lost. One that does not answer in time is ended, for whoever it forked could not be replaced.
        """
        forking = asyncio.ensure_future(asyncio.to_thread(self._fork, _Entry(main, said), pipe))
        done, _ = await asyncio.wait({forking}, timeout=self._patience)
        if not done:
            _log.error("a fork server hangs and is killed", seconds=self._patience, pid=self.pid)
            self.kill()
            await asyncio.to_thread(self._wait_for_end)
        return await forking

    def kill(self) -> None:
        """End the process at once, and with it all that it has forked."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Leave no process; forks that are under way fail."""
        self._closed = True
        self.kill()
        self._server._stop()

    def _fork(self, entry: _Entry, pipe: Connection) -> ForkedProcess:
        try:
            status, data = self._connect(pipe)
        except ConnectionError:
            # It was killed a moment ago: its socket is gone, and its process is not quite.
            self._wait_for_end()
            status, data = self._connect(pipe)
        try:
            with open(data, "wb") as file:
                pid = forkserver.read_signed(status)
                # A process that is gone by now is seen to be by its status.
                with contextlib.suppress(BrokenPipeError):
                    file.write(pickle.dumps({"sys_path": sys.path}) + pickle.dumps(entry))
                    file.flush()
        except EOFError as error:
            os.close(status)
            raise EOFError("its fork server was lost") from error
        return ForkedProcess(pid, status)

    def _connect(self, pipe: Connection) -> tuple[int, int]:
        if self._closed:
            raise EOFError("the fork server was closed")
        self.start()
        status, data = self._server.connect_to_new_process([pipe.fileno()])
        return status, data

    def _wait_for_end(self) -> None:
        """Return when the process has ended; it is left to be reaped by who starts the next."""
        if self.pid:
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)


class ForkServers:
    """The fork servers of an executor, by what they import. No more than there are formats."""

    def __init__(self, patience_seconds: float) -> None:
        self._patience = patience_seconds
        self._servers: dict[tuple[str, ...], ForkServer] = {}

    def of(self, model_type: str) -> ForkServer:
        """Return the fork server for hosts of a format, with its process under way.

        A format that is not installed has the one that imports no engine; its hosts say what is wrong.
        """
        factory = factories().get(model_type)
        preload = tuple(factory.preload) if factory else ()
        server = self._servers.get(preload)
        if server is None:
            server = self._servers[preload] = ForkServer(preload, self._patience)
        with contextlib.suppress(OSError):  # who forks is told
            server.start()
        return server

    def close(self) -> None:
        """End them all, and whatever they forked."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()


@dataclass(frozen=True)
class _Entry:
    """What a forked process unpickles and runs."""

    main: Main
    said: object

    def _bootstrap(self, parent_sentinel: int) -> int:
        os.close(parent_sentinel)  # the pipe says as much: it ends with the agent
        inherited = forkserver.get_inherited_fds()
        assert inherited is not None
        try:
            self.main(self.said, Connection(inherited[0]))
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
        return 0
