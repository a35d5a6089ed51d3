"""Every command, plan and program that the documents show works when it is pasted, in their order."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from hedgerow.local.folder import temporary_folder
from hedgerow.local.mesh import LocalMesh
from hedgerow.local.ports import Ports

ROOT = Path(__file__).parents[2]
STORIES = {
    "the first steps, plans and streams": (
        ROOT / "README.md",
        *(ROOT / "docs" / f"{name}.md" for name in ("plans", "streams", "clients")),
    ),
    "a release": (ROOT / "docs" / "releases.md",),
}
"""Documents that are read one after the other, on one mesh."""

_NOT_HERE = ("make ", ". .venv")
"""A mesh that is up already need not be started, nor what is installed be activated."""


class Block(NamedTuple):
    """What stands between two fences."""

    where: str
    language: str
    text: str


def shown(documents: Iterable[Path]) -> Iterator[Block]:
    """All that can be pasted, in order."""
    for document in documents:
        text = document.read_text()
        for found in re.finditer(r"^```(sh|python|yaml)\n(.*?)^```$", text, re.M | re.S):
            line = text.count("\n", 0, found.start()) + 1
            yield Block(f"{document.name}:{line}", found[1], found[2])


def command_of(block: Block, ports: Ports) -> list[str]:
    """What a user would type for it."""
    if block.language == "python":
        program = block.text.replace("localhost:8400", ports.address("router"))
        program = program.replace("localhost:8401", ports.address("registry"))
        program = program.replace("port=8404", f"port={ports.log}")
        return [sys.executable, "-c", program]
    if block.language == "yaml":
        Path("plan.yaml").write_text(block.text)
        return ["bash", "-ec", "hedgerow plan apply plan.yaml --wait"]
    lines = [line for line in block.text.splitlines() if not line.startswith(_NOT_HERE)]
    return ["bash", "-ec", "\n".join(lines)]


def pushed_to(documents: Iterable[Path]) -> set[str]:
    """The data types of the models that are pushed."""
    pushes = [
        found
        for block in shown(documents)
        for found in block.text.split("hedgerow models push")[1:]
    ]
    return {
        found
        for push in pushes
        for found in re.findall(r"--data-type (\S+)|--name (\w+)/", push)[0]
    } - {""}


def test_a_release_can_be_walked_through_on_the_mesh_of_the_first_steps() -> None:
    """It tells numbers of versions and revisions, which others must not have had before."""
    first_steps, release = (pushed_to(documents) for documents in STORIES.values())
    assert (first_steps, release) == ({"wine"}, {"cellar"})


@pytest.mark.story
@pytest.mark.timeout(
    180
)  # the mesh, three Java machines and two TensorFlows, on however slow a machine
@pytest.mark.parametrize("documents", STORIES.values(), ids=list(STORIES))
async def test_what_is_shown_works_when_it_is_pasted(
    documents: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    with temporary_folder() as folder:
        environment = {"PYTHONPATH": str(ROOT)}
        mesh = LocalMesh(folder, Ports.free(), lambda part, what: None, environment)
        await mesh.start()
        try:
            environment |= {
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
                "HEDGEROW_ROUTER": mesh.ports.address("router"),
                "HEDGEROW_REGISTRY": mesh.ports.address("registry"),
            }
            blocks = list(shown(documents))
            assert len(blocks) > 10
            for block in blocks:
                ran = await asyncio.to_thread(
                    subprocess.run,
                    command_of(block, mesh.ports),
                    env={**os.environ, **environment},
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert ran.returncode == 0, f"{block.where}: {ran.stdout}{ran.stderr}"
                assert "Traceback" not in ran.stderr, block.where
        finally:
            await asyncio.shield(mesh.stop())
