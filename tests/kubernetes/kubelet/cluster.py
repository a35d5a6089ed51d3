"""A cluster of one namespace: it is told manifests, and sees to it that they are so."""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.kubernetes.kubelet.endpoints import Endpoints, resolv_conf
from tests.kubernetes.kubelet.environment import Sources
from tests.kubernetes.kubelet.images import Image
from tests.kubernetes.kubelet.network import NODE, Network
from tests.kubernetes.kubelet.pod import Pod
from tests.kubernetes.kubelet.workload import Deployment, StatefulSet, Workload
from tests.kubernetes.manifests.rendering import Manifest, container_of, of_kind
from tests.name_server import NameServer
from tests.support import wait_until

_STEP_SECONDS = 0.1


class Cluster:
    """What runs. `late` seconds pass until clients know that an address is gone."""

    def __init__(
        self, folder: Path, namespace: str, images: Mapping[str, Image], late: float
    ) -> None:
        self.folder = folder
        self.sources = Sources()
        self.images = dict(images)
        self.workloads: dict[str, Workload] = {}
        self.gone: list[Pod] = []
        """Pods that have ended, with what became of them."""
        self._namespace = namespace
        self._network = Network()
        self._endpoints = Endpoints(namespace, late)
        self._names = NameServer(self._endpoints.lookup)
        self._others: list[Pod] = []
        self._numbers = itertools.count(1)
        self._control: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start with nothing."""
        await self._network.start()
        await self._names.start(NODE)
        self._control = asyncio.create_task(self._run(), name="control plane")

    async def stop(self) -> None:
        """End everything at once."""
        assert self._control is not None
        self._control.cancel()
        await asyncio.gather(self._control, return_exceptions=True)
        await asyncio.gather(*(pod.lose(self._network) for pod in self.pods))
        self._names.stop()

    @property
    def pods(self) -> list[Pod]:
        """All pods there are and that are not about to go."""
        return [*self._others, *(pod for w in self.workloads.values() for pod in w.pods)]

    def apply(self, manifests: Sequence[Manifest]) -> None:
        """Take manifests, as `kubectl apply` does; what they change rolls."""
        for config_map in of_kind(list(manifests), "ConfigMap"):
            self.sources.take(config_map)
        self._endpoints.serve(of_kind(list(manifests), "Service"))
        least = _least(manifests)
        for manifest in of_kind(list(manifests), "StatefulSet", "Deployment"):
            name = manifest["metadata"]["name"]
            if name in self.workloads:
                self.workloads[name].manifest = manifest
            else:
                kind = Deployment if manifest["kind"] == "Deployment" else StatefulSet
                replicas = manifest["spec"].get("replicas", least.get(name, 1))
                self.workloads[name] = kind(manifest, replicas, self._make, self._drop)

    def restart(self, name: str) -> None:
        """Roll a workload that has not changed, as `kubectl rollout restart` does."""
        workload = self.workloads[name]
        manifest: Any = copy.deepcopy(workload.manifest)
        annotations = manifest["spec"]["template"]["metadata"].setdefault("annotations", {})
        annotations["kubectl.kubernetes.io/restartedAt"] = str(next(self._numbers))
        workload.manifest = manifest

    async def rolled_out(self, *names: str, seconds: float) -> None:
        """Wait until workloads, or all, are as they should be."""
        chosen = [self.workloads[name] for name in names or self.workloads]
        try:
            await wait_until(
                lambda: all(workload.is_done for workload in chosen), "all rolled out", seconds
            )
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.told()}") from None

    async def run(self, name: str, manifest: Manifest, claims: Mapping[str, Path]) -> Pod:
        """Run a pod that no workload keeps."""
        pod = await self._pod(name, manifest, claims)
        self._others.append(pod)
        return pod

    async def delete(self, pod: Pod) -> None:
        """Delete a pod; what keeps it makes another."""
        for workload in self.workloads.values():
            if pod in workload.pods:
                workload.remove(pod)
                return
        self._others.remove(pod)
        await self._drop(pod)

    async def lose(self, pods: Sequence[Pod]) -> None:
        """Lose pods as when their node is gone: all at once, and nobody is asked."""
        for workload in self.workloads.values():
            for pod in [pod for pod in workload.pods if pod in pods]:
                workload.lost(pod)
        await asyncio.gather(*(pod.lose(self._network) for pod in pods))
        self.gone += pods

    def told(self) -> str:
        """Return what `kubectl get pods` would say, and the last lines of those that are not ready."""
        lines = []
        for pod in self.pods:
            state = "ready" if pod.is_ready else "not ready"
            lines.append(f"{pod.name} {pod.address} {state} {pod.waiting} restarts {pod.restarts}")
            if not pod.is_ready and pod.output.exists():
                lines += [f"    {line}" for line in pod.output.read_text().splitlines()[-15:]]
        return "\n".join(lines)

    async def _run(self) -> None:
        while True:
            for workload in list(self.workloads.values()):
                await workload.step()
            self._endpoints.look([pod for pod in self.pods if pod.address])
            await asyncio.sleep(_STEP_SECONDS)

    async def _make(self, name: str, template: Mapping[str, Any]) -> Pod:
        claims = {}
        for workload in self.workloads.values():
            if name == f"{workload.name}-0":
                for claim in workload.manifest["spec"].get("volumeClaimTemplates", []):
                    claims[claim["metadata"]["name"]] = self.claim(claim["metadata"]["name"], name)
        return await self._pod(name, template, claims)

    def claim(self, volume: str, pod: str) -> Path:
        """Return the folder of a persistent volume, which outlives the pod."""
        folder = self.folder / "claims" / f"{volume}-{pod}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    async def _pod(self, name: str, template: Mapping[str, Any], claims: Mapping[str, Path]) -> Pod:
        container = container_of({"spec": {"template": template}})
        files = {
            "resolv.conf": resolv_conf(NODE, self._namespace),
            "hosts": "127.0.0.1 localhost\n",
        }
        folder = self.folder / "pods" / f"{name}-{next(self._numbers)}"
        image = self.images[container["image"]]
        pod = Pod(name, template, image, self.sources, folder, files, claims)
        await pod.start(self._network)
        return pod

    async def _drop(self, pod: Pod) -> None:
        await pod.delete(self._network)
        pod.forget()
        self.gone.append(pod)


def _least(manifests: Sequence[Manifest]) -> dict[str, int]:
    """Return how many pods what scales a workload begins with."""
    found = {}
    for scaler in of_kind(list(manifests), "HorizontalPodAutoscaler"):
        found[scaler["spec"]["scaleTargetRef"]["name"]] = int(scaler["spec"]["minReplicas"])
    return found
