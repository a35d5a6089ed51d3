"""A pod, as a kubelet takes it through its life."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.kubernetes.kubelet.container import Container
from tests.kubernetes.kubelet.environment import ConfigError, Sources, expand
from tests.kubernetes.kubelet.images import PATH, Image
from tests.kubernetes.kubelet.network import Network
from tests.kubernetes.kubelet.probes import Probe, asker
from tests.kubernetes.kubelet.sandbox import Mount, command_of

_FIRST_BACK_OFF, _LONGEST_BACK_OFF = 1.0, 10.0
"""Seconds between restarts; a real kubelet goes from 10 to 300, and no test could wait for it."""


class Pod:
    """One pod with one container. `claims` are the folders of its persistent volumes."""

    def __init__(
        self,
        name: str,
        template: Mapping[str, Any],
        image: Image,
        sources: Sources,
        folder: Path,
        files: Mapping[str, str],
        claims: Mapping[str, Path] | None = None,
    ) -> None:
        self.name = name
        self.labels: Mapping[str, str] = template["metadata"]["labels"]
        self.address = ""
        self.restarts = 0
        self.exit_codes: list[int] = []
        self.killed = False
        """It did not end within its grace."""
        self.waiting = ""
        """Why it has no container, as `kubectl get pods` would say."""
        self.ready_since: float | None = None
        self.is_leaving = False
        self.output = folder / "output"
        self._spec: Mapping[str, Any] = template["spec"]
        (self._said,) = self._spec["containers"]
        self._image = image
        self._sources = sources
        self._folder = folder
        self._files = files
        self._claims = claims or {}
        self._container: Container | None = None
        self._life: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        """Whether its Service leads to it: not from the moment on in which it is to go."""
        return self.ready_since is not None and not self.is_leaving

    def is_available(self, min_ready_seconds: float) -> bool:
        """Whether it has been ready for so long."""
        now = asyncio.get_running_loop().time()
        return (
            self.is_ready
            and self.ready_since is not None
            and now - self.ready_since >= min_ready_seconds
        )

    @property
    def pid(self) -> int:
        """Process 1 of its container; 0 without one."""
        return self._container.pid if self._container else 0

    @property
    def has_begun(self) -> bool:
        """Whether the program of its container runs."""
        return self._container is not None and self._container.has_begun

    async def execute(self, command: Sequence[str], reads: Path, writes: Path) -> bool:
        """Run something in its container, as `kubectl exec` does; tell whether it went well."""
        assert self._container is not None
        variables = [f"{name}={value}" for name, value in self._variables().items()]
        return await self._container.run(command, variables, 30, reads, writes)

    async def start(self, network: Network) -> None:
        """Give it an address, and let it live."""
        self._folder.mkdir(parents=True)
        self.address = await network.join(self.name)
        self._life = asyncio.create_task(self._live(), name=f"pod {self.name}")

    async def delete(self, network: Network) -> None:
        """End it as `kubectl delete` does: it is asked to, and killed when its grace is over."""
        self.is_leaving = True
        grace = float(self._spec.get("terminationGracePeriodSeconds", 30))
        try:
            async with asyncio.timeout(grace):
                await self._end()
        except TimeoutError:
            self.killed = True
            await self.lose(network)
            return
        if self._life is not None and self._container is not None:
            await asyncio.wait({self._life}, timeout=1)  # it notes how the container ended
        await self._leave(network)

    async def lose(self, network: Network) -> None:
        """End it as the loss of its node does: at once, without a word."""
        self.is_leaving = True
        if self._life is not None:
            self._life.cancel()
        if self._container is not None:
            self._container.kill()
            await self._container.ended()
        await self._leave(network)

    async def _leave(self, network: Network) -> None:
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
        self.ready_since = None
        await network.leave(self.name)
        self._gone.set()

    async def _end(self) -> None:
        """Ask the container to end, and wait until it has. Probes go on meanwhile."""
        if self._container is None:
            return
        if hook := self._said.get("lifecycle", {}).get("preStop"):
            await asyncio.sleep(float(hook["sleep"]["seconds"]))
        self._container.terminate()
        await self._container.ended()

    async def _live(self) -> None:
        """Run its container, again and again."""
        back_off = _FIRST_BACK_OFF
        while not self.is_leaving:
            try:
                container, probes = self._made()
            except ConfigError as error:
                self.waiting = f"CreateContainerConfigError: {error}"
                await asyncio.sleep(back_off)
                continue
            self.waiting, self._container = "", container
            await container.start()
            self.exit_codes.append(await self._watched(container, probes))
            self.ready_since = None
            if not self.is_leaving:
                self.restarts += 1
                self.waiting = f"CrashLoopBackOff: exit code {self.exit_codes[-1]}"
                await asyncio.sleep(back_off)
                back_off = min(back_off * 2, _LONGEST_BACK_OFF)

    async def _watched(self, container: Container, probes: Mapping[str, Probe]) -> int:
        watch = asyncio.create_task(self._probe(container, probes), name=f"probes {self.name}")
        try:
            return await container.ended()
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def _probe(self, container: Container, probes: Mapping[str, Probe]) -> None:
        """The startup probe first, then the two others side by side."""
        if "startup" in probes and not await _until_known(probes["startup"]):
            await self._restart(container)
            return
        async with asyncio.TaskGroup() as group:
            if "readiness" in probes:
                group.create_task(_for_ever(probes["readiness"], self._note_ready))
            else:
                await self._note_ready(True)
            if "liveness" in probes:
                group.create_task(_for_ever(probes["liveness"], self._note_lives))

    async def _note_ready(self, ready: bool) -> None:
        if not ready:
            self.ready_since = None
        elif self.ready_since is None:
            self.ready_since = asyncio.get_running_loop().time()

    async def _note_lives(self, lives: bool) -> None:
        if not lives and self._container is not None:
            await self._restart(self._container)

    async def _restart(self, container: Container) -> None:
        self.ready_since = None
        container.terminate()
        try:
            async with asyncio.timeout(float(self._spec.get("terminationGracePeriodSeconds", 30))):
                await container.ended()
        except TimeoutError:
            container.kill()

    def _made(self) -> tuple[Container, dict[str, Probe]]:
        said = self._said
        variables = self._variables()
        arguments = [expand(word, variables) for word in said.get("args", [])]
        command = [*said.get("command", self._image.entry_point), *arguments]
        sandboxed = command_of(
            self.name, command, variables, self._mounts(), self._image.code, self._files
        )
        container = Container(sandboxed, self.output)
        ports = {port["name"]: port["containerPort"] for port in said.get("ports", [])}
        inside = [f"{name}={value}" for name, value in variables.items()]
        probes = {
            kind: Probe(probe, asker(probe, self.address, ports, container, inside))
            for kind in ("startup", "readiness", "liveness")
            if (probe := said.get(f"{kind}Probe"))
        }
        return container, probes

    def _variables(self) -> dict[str, str]:
        fields = {"status.podIP": self.address, "metadata.name": self.name}
        own = self._sources.environment(self._said, fields)
        return {"PATH": PATH, **self._image.environment, **own}

    def _mounts(self) -> list[Mount]:
        return [
            Mount(self._volume(mount["name"]), mount["mountPath"], mount.get("readOnly", False))
            for mount in self._said.get("volumeMounts", [])
        ]

    def _volume(self, name: str) -> Path:
        """Return the folder of a volume: one that outlives the pod, or one of its own."""
        if name in self._claims:
            return self._claims[name]
        folder = self._folder / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def forget(self) -> None:
        """Remove what it wrote to its own volumes, as a kubelet does of a pod that is gone."""
        shutil.rmtree(self._folder / "volumes", ignore_errors=True)


async def _until_known(probe: Probe) -> bool:
    await asyncio.sleep(probe.delay)
    while True:
        if (known := await probe.once()) is not None:
            return known
        await asyncio.sleep(probe.period)


async def _for_ever(probe: Probe, note: Callable[[bool], Coroutine[Any, Any, None]]) -> None:
    await asyncio.sleep(probe.delay)
    while True:
        if (known := await probe.once()) is not None:
            await note(known)
        await asyncio.sleep(probe.period)
