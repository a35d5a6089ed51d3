"""`hedgerow up`: a local mesh from its start until a signal."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from rich.console import Console

from hedgerow.local.folder import Folder, default_folder, open_folder
from hedgerow.local.mesh import LocalMesh
from hedgerow.local.ports import Ports

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run(data_dir: Path | None, first_port: int, as_json: bool) -> int:
    """Run a mesh until a signal comes; return the exit code. Raises Unavailable if it cannot start."""
    with open_folder(data_dir or default_folder()) as folder:
        ports = Ports.from_first(first_port) if first_port else Ports.free()
        return await _Up(folder, ports, as_json).run()


class _Up:
    """One run. The addresses go to stdout, what happens to stderr."""

    def __init__(self, folder: Folder, ports: Ports, as_json: bool) -> None:
        self._folder = folder
        self._ports = ports
        self._as_json = as_json
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._mesh = LocalMesh(folder, ports, self._told)

    async def run(self) -> int:
        """Start, wait for a signal, stop."""
        stop = asyncio.Event()
        for number in _SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        stopped = asyncio.create_task(stop.wait(), name="wait for a signal")
        try:
            if await _first(self._mesh.start(), stopped):
                self._announce()
                await _first(self._mesh.keep_running(), stopped)
        finally:
            stopped.cancel()
            await self._mesh.stop()
        self._console.print("stopped; the models and plans are kept", style="dim")
        return 0

    def _told(self, part: str, what: str) -> None:
        self._console.print(f"{part} {what}", style="dim")

    def _announce(self) -> None:
        ports = self._ports
        if self._as_json:
            print(json.dumps(self._as_dict()))
            sys.stdout.flush()
            return
        print(
            f"The mesh is up; Ctrl-C stops it.\n"
            f"  router     {ports.address('router')}   score here\n"
            f"  registry   {ports.address('registry')}   push models here\n"
            f"  executor   {ports.address('executor')}\n"
            f"  collector  {ports.address('collector')}\n"
            f"  log        redis://{ports.address('log')}\n"
            f"  data       {self._folder.path}\n"
            f"  log files  {self._folder.logs}"
        )
        if ports.router != 8400:
            print(
                f"For other commands: export HEDGEROW_ROUTER={ports.address('router')}"
                f" HEDGEROW_REGISTRY={ports.address('registry')}"
            )
        sys.stdout.flush()

    def _as_dict(self) -> dict[str, object]:
        addresses = {
            part: self._ports.address(part)
            for part in ("router", "registry", "executor", "collector", "log")
        }
        return {
            **addresses,
            "data_dir": str(self._folder.path),
            "processes": self._mesh.processes,
        }


async def _first(work: Coroutine[Any, Any, None], stopped: asyncio.Task[Any]) -> bool:
    """Do some work unless the signal comes first; return whether it was done."""
    task = asyncio.create_task(work, name="run the mesh")
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return False
    task.result()
    return True
