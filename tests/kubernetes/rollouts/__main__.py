"""Runs a scene and does what it is told: a line of JSON in, `["roll", "hedgerow-router"]`, and one out.

It is to be process 1 of a network and a process namespace of its own (`theatre` starts it so); whatever it
has started ends with it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from pathlib import Path
from typing import Any

from tests.kubernetes.kubelet.images import of_commit, of_this_code
from tests.kubernetes.rollouts.scene import Scene


async def _do(scene: Scene, folder: Path, said: list[Any]) -> Any:
    what, *arguments = said
    if what == "upgrade":
        (commit,) = arguments
        image = of_commit(commit, folder / "old") if commit else of_this_code()
        return await scene.upgrade(image, commit or "newest") if image else None
    return await getattr(scene, what)(*arguments)


async def _main(folder: Path, overlay: str) -> None:
    loop = asyncio.get_running_loop()
    scene = Scene(folder, overlay)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        try:
            answer = {"done": await _do(scene, folder, json.loads(line))}
        except BaseException:
            answer = {"failed": traceback.format_exc()}
        print(json.dumps(answer), flush=True)
    if scene.cluster.pods:
        await scene.stop()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2]))
