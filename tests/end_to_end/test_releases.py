"""A release by the command line: push, promote, roll back under load, retire, delete."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hedgerow import errors
from tests.end_to_end.cluster import PYTHONPATH
from tests.end_to_end.conftest import Mesh
from tests.support import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

CLIENTS = 16


class Cli:
    """The command line as its users have it: a process each."""

    def __init__(self, mesh: Mesh, data_type: str, folder: Path) -> None:
        self._environment = {
            **os.environ,
            "HEDGEROW_ROUTER": mesh.local.ports.address("router"),
            "HEDGEROW_REGISTRY": mesh.local.ports.address("registry"),
            "HEDGEROW_CALLER": "pipeline-7",
            "PYTHONPATH": PYTHONPATH,
        }
        self._data_type, self._folder = data_type, folder

    async def __call__(self, *arguments: str, code: int = 0) -> str:
        """Run a command; return what it printed, on stdout and then on stderr."""
        said = [argument.replace("T/", f"{self._data_type}/") for argument in arguments]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hedgerow.cli",
            *said,
            env=self._environment,
            cwd=self._folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        told = out.decode() + err.decode()
        assert process.returncode == code, f"{said}: {told}"
        return told

    async def push(self, add: int, *more: str, code: int = 0, **said: object) -> str:
        """Push a version of `one` that answers the feature `a` and adds a number."""
        file = self._folder / f"{add}.constant.json"
        whole = {"answer_feature": "a", "add": add, "features": ["a", "b"], **said}
        file.write_text(json.dumps(whole))
        said_type = ("--name", "T/one", "--type", "constant", "--wait")
        return await self("models", "push", file.name, *said_type, *more, code=code)


class Load:
    """What callers see: which versions answer, and that none fails."""

    def __init__(self, mesh: Mesh, data_type: str) -> None:
        self._client, self._data_type = mesh.client, data_type
        self._stop = asyncio.Event()
        self.versions: list[int] = []
        self.failures: list[str] = []

    async def client(self) -> None:
        while not self._stop.is_set():
            try:
                answer = await self._client.score(self._data_type, {"a": 10.0, "b": 0.0})
            except errors.HedgerowError as error:
                self.failures.append(str(error))
                await asyncio.sleep(0.01)  # what fails at once must not keep this loop busy
                continue
            assert answer.version is not None
            assert answer.value == 10.0 + answer.version
            self.versions.append(answer.version)

    async def now(self) -> set[int]:
        """Return by which versions calls are answered that begin from now on."""
        await self.flows(2 * CLIENTS)  # so many may have been on their way
        before = len(self.versions)
        await self.flows()
        return set(self.versions[before:])

    async def flows(self, more: int = 100) -> None:
        """Wait until so many more records are answered."""
        until = len(self.versions) + more
        await wait_until(lambda: len(self.versions) >= until, "records flow", timeout=30)

    def stop(self) -> None:
        self._stop.set()


@asynccontextmanager
async def load_on(mesh: Mesh, data_type: str) -> AsyncIterator[Load]:
    """Score from many clients while the block lasts."""
    load = Load(mesh, data_type)
    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(load.client())
        try:
            await load.flows()
            yield load
            await load.flows()
        finally:
            load.stop()


async def test_a_release_and_its_rollback_cost_no_request(
    mesh: Mesh, data_type: str, tmp_path: Path
) -> None:
    cli = Cli(mesh, data_type, tmp_path)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        f"data_type: {data_type}\nmodels:\n  - name: one@champion\npolicy:\n  deadline: 10s\n"
        "  timeout: {}\n"
    )
    assert "one@1: serving on 1 of 1 executor" in await cli.push(1)
    await cli("models", "promote", "T/one@1", "champion")
    assert "revision 1 is in force" in await cli("plan", "apply", plan.name, "--wait")

    async with load_on(mesh, data_type) as load:
        await cli.push(2)
        assert await load.now() == {1}
        await cli("models", "promote", "T/one@2", "champion", "--wait")
        assert await load.now() == {2}
        await cli.push(3)
        # By now the former version is not loaded any more.
        back = await cli("models", "rollback", "T/one", "champion", "--wait")
        assert back.startswith("one@champion is one@1 again (it was one@2)\n")
        assert await load.now() == {1}
    assert not load.failures
    assert set(load.versions) == {1, 2}

    assert "one@champion points to it" in await cli("models", "retire", "T/one@1", code=1)
    assert "one@2 is retired" in await cli("models", "retire", "T/one@2")
    deleted = await cli("models", "delete", "T/one@2")
    assert "are free, and its record stays" in deleted
    listed = json.loads(await cli("models", "list", data_type, "--all", "--json"))
    assert [one["state"] for one in listed] == ["live", "deleted", "live"]
    assert listed[1]["pushed_by"]["name"] == "pipeline-7"
    assert (await mesh.client.score(data_type, {"a": 1.0, "b": 0.0})).version == 1


async def test_a_version_that_cannot_be_loaded_is_told_and_never_takes_over(
    mesh: Mesh, data_type: str, tmp_path: Path
) -> None:
    cli = Cli(mesh, data_type, tmp_path)
    await cli.push(1)
    refused = await cli.push(2, fail_load="no such layer", code=1)
    assert refused.splitlines()[-1].startswith("error: one@2 cannot serve: failed on 1 (")
    assert "no such layer" in refused
    assert "cannot serve" in await cli("models", "promote", "T/one@2", "champion", code=1)
    shown = await cli("models", "show", "T/one@2")
    assert shown.startswith(f"{data_type}/one@2 is failed\n")
    assert (await mesh.client.score(data_type, {"a": 1.0, "b": 0.0})).version == 1
    assert "@2 does not serve" in await cli("plan", "show", data_type)
