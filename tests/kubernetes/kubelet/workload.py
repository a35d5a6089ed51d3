"""What keeps so many pods of a template: a Deployment, or a StatefulSet of one."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from tests.kubernetes.kubelet.pod import Pod
from tests.kubernetes.manifests.rendering import Manifest

MakePod = Callable[[str, Mapping[str, Any]], Coroutine[Any, Any, Pod]]
"""Starts a pod of a name and a template."""
DropPod = Callable[[Pod], Coroutine[Any, Any, None]]
"""Deletes a pod; returns when it is gone."""


def hash_of(template: Mapping[str, Any]) -> str:
    """Return what tells templates apart."""
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:8]


class Workload:
    """The pods of one manifest, by what it says of them now."""

    def __init__(self, manifest: Manifest, replicas: int, make: MakePod, drop: DropPod) -> None:
        self.name: str = manifest["metadata"]["name"]
        self.manifest = manifest
        self.replicas = replicas
        self.pods: list[Pod] = []
        """Those that are there and are not about to go."""
        self._hashes: dict[Pod, str] = {}
        self._make = make
        self._drop = drop
        self._leaving: set[asyncio.Task[None]] = set()
        self._count = 0

    @property
    def template(self) -> Mapping[str, Any]:
        """What new pods are made of."""
        template: Mapping[str, Any] = self.manifest["spec"]["template"]
        return template

    @property
    def is_done(self) -> bool:
        """Whether all pods are of the template of now, available, and no other is there."""
        current = hash_of(self.template)
        return (
            not self._leaving
            and len(self.pods) == self.replicas
            and all(self._hashes[pod] == current for pod in self.pods)
            and self._available(self.pods) == self.replicas
        )

    async def step(self) -> None:
        """Do what is to be done just now; to be called again and again."""
        raise NotImplementedError

    def lost(self, pod: Pod) -> None:
        """A pod is gone that nobody asked to go."""
        self.pods.remove(pod)
        del self._hashes[pod]

    def remove(self, pod: Pod) -> None:
        """Have a pod go. It counts no more."""
        self.lost(pod)
        task = asyncio.create_task(self._drop(pod), name=f"delete {pod.name}")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _add(self, name: str) -> None:
        self._count += 1
        pod = await self._make(name, self.template)
        self.pods.append(pod)
        self._hashes[pod] = hash_of(self.template)

    def _available(self, pods: Sequence[Pod]) -> int:
        seconds = float(self.manifest["spec"].get("minReadySeconds", 0))
        return sum(pod.is_available(seconds) for pod in pods)


class Deployment(Workload):
    """Rolls by `maxSurge` and `maxUnavailable`, which are numbers here."""

    async def step(self) -> None:
        update = self.manifest["spec"]["strategy"]["rollingUpdate"]
        current = hash_of(self.template)
        new = [pod for pod in self.pods if self._hashes[pod] == current]
        old = [pod for pod in self.pods if self._hashes[pod] != current]
        if len(new) < self.replicas and len(self.pods) < self.replicas + update["maxSurge"]:
            await self._add(f"{self.name}-{current}-{self._count}")
            return
        spare = self._available(self.pods) - (self.replicas - update["maxUnavailable"])
        for pod in old:
            # One that is not available is missed by nobody.
            if not self._available([pod]):
                self.remove(pod)
            elif spare > 0:
                self.remove(pod)
                spare -= 1
        for pod in new[self.replicas :]:
            self.remove(pod)


class StatefulSet(Workload):
    """One pod, whose name stays; the next is made when the one before is gone."""

    async def step(self) -> None:
        current = hash_of(self.template)
        if self.replicas < len(self.pods) or any(self._hashes[pod] != current for pod in self.pods):
            self.remove(self.pods[0])
        elif len(self.pods) < self.replicas and not self._leaving:
            await self._add(f"{self.name}-0")
