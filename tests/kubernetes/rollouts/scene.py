"""A mesh in a cluster, the load on it, and what may be done to it. Each step returns what the load saw."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from hedgerow.client.registry import AsyncRegistry
from hedgerow.errors import HedgerowError
from hedgerow.plans.plan import plan_from_yaml
from tests.kubernetes.kubelet.cluster import Cluster
from tests.kubernetes.kubelet.images import VALKEY, Image, of_this_code
from tests.kubernetes.kubelet.network import run
from tests.kubernetes.kubelet.pod import Pod
from tests.kubernetes.manifests import rendering
from tests.kubernetes.manifests.rendering import Manifest
from tests.support import wait_until

NAMESPACE = "hedgerow"
PASSWORD = "s3cret/with:signs@"
LATE_SECONDS = 3.0
"""Clients go on being sent to an address for so long after it is gone."""

_WINE = rendering.ROOT / "examples" / "wine"
_MODELS = ("wine-tree", "wine-logistic", "wine-boosting")
_PLAN = """
data_type: wine
models: [{name: wine-logistic}, {name: wine-boosting}, {name: wine-tree}]
policy: {deadline: 2s, consensus: {quorum: majority}}
"""
_KEYED = """
data_type: cellar
models: [{name: tree}]
join: keyed
policy: {deadline: 2s, timeout: {}}
stream: {partitions: 2}
"""
_START_SECONDS = 120.0
_ROLL_SECONDS = 120.0


def images_of(manifests: list[Manifest], ours: Image | None = None) -> dict[str, Image]:
    """Return what stands for each image that the manifests name."""
    found = {}
    for workload in rendering.workloads(manifests):
        name = rendering.container_of(workload)["image"]
        found[name] = VALKEY if name.startswith("valkey/") else ours or of_this_code()
    return found


class Scene:
    """The mesh of an overlay."""

    def __init__(self, folder: Path, overlay: str = "production") -> None:
        self.manifests = list(rendering.overlay(overlay))
        self.cluster = Cluster(folder, NAMESPACE, images_of(self.manifests), LATE_SECONDS)
        self._folder = folder
        self._overlay = overlay
        self._load: Pod | None = None
        self._flow: Pod | None = None

    async def start(self) -> None:
        """Apply the overlay, push models and have the load begin."""
        await self.begin()
        await self.give_secret()
        await self.settle()
        await self.push()
        await self.start_load()

    async def begin(self, *literals: str) -> None:
        """Apply the overlay, with settings of its own, in a cluster that has no Secret."""
        await self.cluster.start()
        self.cluster.apply(with_settings(self._overlay, literals) if literals else self.manifests)

    async def give_secret(self) -> None:
        """Create the Secret."""
        self.cluster.sources.secrets["hedgerow-log"] = {"password": PASSWORD}

    async def settle(self) -> None:
        """Wait until everything is available."""
        await self.cluster.rolled_out(seconds=_START_SECONDS)

    async def push(self) -> None:
        """Push the wine models and apply the plan."""
        async with self.registry() as registry:
            for name in _MODELS:
                await registry.push_model(
                    _WINE / f"{name}.pmml", data_type="wine", name=name, model_type="pmml"
                )
            await registry.apply_plan(plan_from_yaml(_PLAN))

    @asynccontextmanager
    async def registry(self) -> AsyncIterator[AsyncRegistry]:
        """Speak to a registry, as from a port-forward."""
        pod = self.cluster.workloads["hedgerow-registry"].pods[0]
        async with AsyncRegistry(f"{pod.address}:8401") as registry:
            yield registry

    async def start_load(self) -> None:
        """Have the load begin; return when there are answers."""
        self._load = await self._client("load", {"MODELS": str(len(_MODELS))}, grace=10)
        try:
            await wait_until(lambda: self.counts().get("answered"), "answers come", _START_SECONDS)
        except AssertionError as error:
            said = self._load.output.read_text()
            raise AssertionError(
                f"{error}\n{self.counts()}\n{said}\n{self.cluster.told()}"
            ) from None

    async def _client(self, name: str, variables: dict[str, str], grace: int) -> Pod:
        """Run a program of this folder in a pod; what it writes to /out is in a folder of its name."""
        out = self._folder / name
        out.mkdir()
        variables |= {"TARGET": "dns:///hedgerow-router:8400"}
        template = {
            "metadata": {"labels": {"hedgerow-client": "true", "hedgerow-log-client": "true"}},
            "spec": {
                "terminationGracePeriodSeconds": grace,
                "containers": [
                    {
                        "name": name,
                        "image": name,
                        "args": [f"tests.kubernetes.rollouts.{name}"],
                        "env": [{"name": k, "value": v} for k, v in variables.items()],
                        "volumeMounts": [{"name": "out", "mountPath": "/out"}],
                    }
                ],
            },
        }
        self.cluster.images[name] = of_this_code()
        return await self.cluster.run(name, template, {"out": out})

    def counts(self) -> dict[str, Any]:
        """Return what the load has counted until now."""
        return self._written("load/counts.json")

    def _written(self, file: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self._folder / file).read_text())
        except FileNotFoundError:
            return {}
        return found

    async def start_flow(self) -> None:
        """Have records flow into the streams of two data types, one of them with a keyed join."""
        async with self.registry() as registry:
            tree = _WINE / "wine-tree.pmml"
            await registry.push_model(tree, data_type="cellar", name="tree", model_type="pmml")
            await registry.apply_plan(plan_from_yaml(_KEYED))
        log = {"LOG_HOST": "hedgerow-log", "LOG_PASSWORD": PASSWORD}
        self._flow = await self._client("flow", log, grace=60)

        def flows() -> bool:
            told = self._written("flow/flow.json")
            return bool(told) and all(one["scored"] for one in told.values())

        try:
            await wait_until(flows, "scores come out of all streams", _START_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._flow.output.read_text()}") from None

    async def end_flow(self) -> dict[str, Any]:
        """Let no more records flow, and return what came of all."""
        assert self._flow is not None
        await self.cluster.delete(self._flow)
        assert self._flow.exit_codes == [0], self._flow.output.read_text()
        return self._written("flow/flow.json")

    @asynccontextmanager
    async def watched(self, seen: dict[str, Any]) -> AsyncIterator[None]:
        """Put into `seen` what the load saw within the block, and a while after."""
        before = self.counts()
        gone = len(self.cluster.gone)
        started = asyncio.get_running_loop().time()
        yield
        await asyncio.sleep(LATE_SECONDS + 1)
        assert self._load is not None
        assert not self._load.exit_codes, self._load.output.read_text()
        after = self.counts()
        for name in ("answered", "wrong", "failed"):
            seen[name] = after[name] - before[name]
        seen["reasons"] = after["reasons"][len(before["reasons"]) :]
        seen["longest"] = after["longest"]
        seen["seconds"] = round(asyncio.get_running_loop().time() - started, 1)
        ended = self.cluster.gone[gone:]
        seen["ended"] = {pod.name: pod.exit_codes for pod in ended}
        seen["killed"] = [pod.name for pod in ended if pod.killed]
        seen["restarts"] = sum(pod.restarts for pod in self.cluster.pods)

    async def stop(self) -> None:
        """End everything."""
        await self.cluster.stop()

    # -- what may be done --------------------------------------------------------------------------

    async def roll(self, *names: str) -> dict[str, Any]:
        """Restart workloads, all of these at once."""
        seen: dict[str, Any] = {}
        async with self.watched(seen):
            for name in names:
                self.cluster.restart(name)
            await self.cluster.rolled_out(*names, seconds=_ROLL_SECONDS)
        return seen

    async def change_settings(self, *literals: str) -> dict[str, Any]:
        """Apply the overlay with other settings: the ConfigMap has another name, and all pods roll."""
        seen: dict[str, Any] = {}
        async with self.watched(seen):
            self.cluster.apply(with_settings(self._overlay, literals))
            await self.cluster.rolled_out(seconds=_ROLL_SECONDS)
        return seen

    async def upgrade(self, image: Image, tag: str) -> dict[str, Any]:
        """Apply the overlay with another tag, behind which is another image."""
        manifests = with_tag(self.manifests, tag)
        self.cluster.images |= images_of(manifests, image)
        seen: dict[str, Any] = {}
        async with self.watched(seen):
            self.cluster.apply(manifests)
            await self.cluster.rolled_out(seconds=_ROLL_SECONDS)
        return seen

    async def lose_node(self) -> dict[str, Any]:
        """Lose the first pod of every Deployment at once."""
        seen: dict[str, Any] = {}
        async with self.watched(seen):
            deployments = [w for w in self.cluster.workloads.values() if len(w.pods) > 1]
            await self.cluster.lose([workload.pods[0] for workload in deployments])
            await self.cluster.rolled_out(seconds=_ROLL_SECONDS)
        return seen

    async def replace_log(self) -> dict[str, Any]:
        """Delete the pod of the log; another comes on its volume. Pushes go on afterwards."""
        seen: dict[str, Any] = {}
        async with self.watched(seen):
            log = self.cluster.workloads["hedgerow-log"]
            await self.cluster.delete(log.pods[0])
            await self.cluster.rolled_out(seconds=_ROLL_SECONDS)
            async with self.registry() as registry:
                seen["models"] = await self._models(registry)
        return seen

    async def back_up(self, file: str) -> None:
        """Copy the log into a file, by the commands of docs/deploy.md."""
        (log,) = self.cluster.workloads["hedgerow-log"].pods
        commands = documented("exec hedgerow-log-0 -- ")
        assert len(commands) == 3
        for command in commands:
            words, _, target = command.partition(" > ")
            writes = Path(file if target else os.devnull)
            assert await log.execute(shlex.split(words), Path(os.devnull), writes), command

    async def restore(self, file: str) -> dict[str, Any]:
        """Lose the log and its volume, and put a copy into a new one, by the commands of docs/deploy.md."""
        log = self.cluster.workloads["hedgerow-log"]
        seen: dict[str, Any] = {}
        async with self.watched(seen):
            log.replicas = 0
            await self.cluster.rolled_out(log.name, seconds=30)
            volume = self.cluster.claim("data", "hedgerow-log-0")
            await run("rm", "-r", str(volume / "appendonlydir"))
            template = yaml.safe_load((rendering.K8S / "restore.yaml").read_text())
            template["metadata"]["labels"] = {}
            pod = await self.cluster.run("hedgerow-log-restore", template, {"data": volume})
            await wait_until(lambda: pod.has_begun, "the pod with the volume runs")
            (command,) = documented("exec -i hedgerow-log-restore -- ")
            words = shlex.split(command.removesuffix(" < log.tar"))
            assert await pod.execute(words, Path(file), Path(os.devnull))
            await self.cluster.delete(pod)
            log.replicas = 1
            await self.cluster.rolled_out(log.name, seconds=30)
            # What they know from before would hide what is missing.
            for name in ("hedgerow-registry", "hedgerow-executor", "hedgerow-router"):
                self.cluster.restart(name)
            await self.cluster.rolled_out(seconds=_ROLL_SECONDS)
            async with self.registry() as registry:
                seen["models"] = await self._models(registry)
                seen["plan"] = [model.name for model in (await registry.get_plan("wine")).models]
        return seen

    async def _models(self, registry: AsyncRegistry) -> list[str]:
        listed = await registry.list_models("wine")
        return sorted(f"{m.descriptor.name}@{m.version}" for m in listed)

    async def pods(self, seconds: float = 0.0) -> dict[str, dict[str, Any]]:
        """Return what is to be said of each pod, after a while."""
        await asyncio.sleep(seconds)
        return {
            pod.name.rpartition("-")[0].rpartition("-")[0] or pod.name: {
                "ready": pod.is_ready,
                "waiting": pod.waiting,
                "restarts": pod.restarts,
                "runs": bool(pod.pid),
                "output": pod.output.read_text() if pod.output.exists() else "",
            }
            for pod in self.cluster.pods
        }

    async def small_volume(self, mebibytes: int) -> None:
        """Give the log a volume of a size; before it starts."""
        folder = self.cluster.claim("data", "hedgerow-log-0")
        await run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder))

    async def fill_volume(self) -> dict[str, Any]:
        """Fill the log's volume, push a model, make room and push it again."""
        filler = self.cluster.claim("data", "hedgerow-log-0") / "filler"
        seen: dict[str, Any] = {}
        async with self.watched(seen):
            await fill(filler)
            seen["refused"] = await self._refusal()
            await run("rm", str(filler))
            await asyncio.sleep(3)
            seen["then"] = await self._refusal()
        return seen

    async def _refusal(self) -> str:
        """Push one more version, again and again for a while; return why it was refused, if it was."""
        tree = (_WINE / "wine-tree-2.pmml").read_bytes()
        async with self.registry() as registry:
            for number in range(20):
                padded = tree + f"<!-- {number} {'x' * 500_000} -->".encode()
                try:
                    await registry.push_model(
                        padded, data_type="other", name="tree", model_type="pmml"
                    )
                except HedgerowError as error:
                    return str(error)
        return ""


def documented(beginning: str) -> list[str]:
    """Return what follows `kubectl -n hedgerow <beginning>` in docs/deploy.md."""
    text = (rendering.ROOT / "docs" / "deploy.md").read_text()
    start = f"kubectl -n hedgerow {beginning}"
    return [line.removeprefix(start) for line in text.splitlines() if line.startswith(start)]


async def fill(file: Path) -> None:
    """Write to a file until its disk is full."""
    with suppress(AssertionError):
        await run("dd", "if=/dev/zero", f"of={file}", "bs=64k")


def with_settings(overlay: str, literals: tuple[str, ...]) -> list[Manifest]:
    """Render an overlay of an overlay, which has other settings."""
    with tempfile.TemporaryDirectory() as folder:
        k8s = os.path.relpath(rendering.K8S, os.path.realpath(folder))
        said = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": NAMESPACE,
            "resources": [f"{k8s}/overlays/{overlay}"],
            "configMapGenerator": [
                {"name": "hedgerow-settings", "behavior": "merge", "literals": list(literals)}
            ],
        }
        (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(said))
        return rendering.render(Path(folder))


def with_tag(manifests: list[Manifest], tag: str) -> list[Manifest]:
    """Return manifests in which our images have another tag."""
    text = yaml.safe_dump_all(manifests)
    for name in ("hedgerow-service", "hedgerow-executor"):
        text = text.replace(f"image: {name}:0.1.0", f"image: {name}:{tag}")
    found: list[Manifest] = list(yaml.safe_load_all(text))
    return found
