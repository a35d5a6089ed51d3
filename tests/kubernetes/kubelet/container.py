"""One container: its program, from the start to its end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


class Container:
    """A program that is process 1 of its namespaces; all that it started ends with it."""

    def __init__(self, command: Sequence[str], output: Path) -> None:
        self._command = command
        self._output = output
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it."""
        with self._output.open("ab") as file:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file
            )

    @property
    def pid(self) -> int:
        """Its process 1, as it is known here; 0 if it has none yet, or no more."""
        if self._process is None or self._process.returncode is not None:
            return 0
        outer = self._process.pid
        with suppress(OSError):
            children = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()
            return int(children[0]) if children else 0
        return 0

    @property
    def has_begun(self) -> bool:
        """Whether its own program runs: before that, its root is still being made."""
        with suppress(OSError):
            return bool(pid := self.pid) and os.readlink(f"/proc/{pid}/root") != "/"
        return False

    def terminate(self) -> None:
        """Ask it to end. As for every process 1, that is nothing to it if it does not listen."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    def _signal(self, number: signal.Signals) -> None:
        if pid := self.pid:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    async def ended(self) -> int:
        """Wait for its end and return its exit code, 128 and the number for a signal."""
        assert self._process is not None
        code = await self._process.wait()
        return 128 - code if code < 0 else code

    async def run(
        self,
        command: Sequence[str],
        environment: Sequence[str],
        seconds: float,
        reads: Path = Path(os.devnull),
        writes: Path = Path(os.devnull),
    ) -> bool:
        """Run something else inside of it, as `kubectl exec` would; tell whether it went well in time."""
        if not self.has_begun:
            return False
        pid = self.pid
        # fmt: off
        with reads.open("rb") as stdin, writes.open("wb") as stdout:
            process = await asyncio.create_subprocess_exec(
                "nsenter", f"--target={pid}", "--net", "--pid", "--mount", "--root", "--wd",
                "/usr/bin/env", "-i", *environment, *command,
                stdin=stdin, stdout=stdout, stderr=asyncio.subprocess.DEVNULL,
            )
        # fmt: on
        try:
            async with asyncio.timeout(seconds):
                return await process.wait() == 0
        except TimeoutError:
            process.kill()
            await process.wait()
            return False
