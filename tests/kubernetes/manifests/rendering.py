"""What `kubectl kustomize` makes of k8s/: each overlay, and each sensible combination of components."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

ROOT = Path(__file__).parents[3]
K8S = ROOT / "k8s"
OVERLAYS = sorted(path.parent.name for path in (K8S / "overlays").glob("*/kustomization.yaml"))
SERVICES = ("collector", "executor", "registry", "router")

Manifest = Mapping[str, Any]
"""One object, as YAML has it."""


class Combination(NamedTuple):
    """The base, one set of executors, and components in their order."""

    components: tuple[str, ...]

    def __str__(self) -> str:
        return "+".join(self.components) or "nothing"


_REPLICAS = ((), ("replicas", "replicas-executor"))
_OUTSIDE = ((), ("external-redis", "object-store"))
_SEEN = ((), ("observability",), ("observability", "service-monitor"))
_SCALED = (
    (),
    ("autoscaling", "autoscaling-executor"),
    ("autoscaling", "autoscaling-executor", "autoscaling-tasks"),
    ("autoscaling", "autoscaling-keda"),
    ("autoscaling", "autoscaling-keda", "autoscaling-tasks"),
)
"""What an overlay may choose from: one of each, in the order in which they are listed."""

_NEED_METRICS = {"autoscaling-tasks", "autoscaling-keda"}

GROUP_COMPONENTS = ("executor-group",)
"""For the folder of a group; `overlays/executor-groups` has them."""


def components() -> set[str]:
    """Return the names of all components there are."""
    return {path.parent.name for path in (K8S / "components").glob("*/kustomization.yaml")}


def sensible() -> Iterator[Combination]:
    """Yield every combination in which each component has what it needs."""
    for replicas, outside, seen, scaled in product(_REPLICAS, _OUTSIDE, _SEEN, _SCALED):
        if seen or not _NEED_METRICS & set(scaled):
            yield Combination((*replicas, *outside, *seen, *scaled))


def kubectls() -> list[str]:
    """Return the programs to render with: the one that comes with the tests, and the machine's own."""
    ours = ROOT / ".kubectl" / "kubectl"
    found = [str(ours)] if ours.exists() else []
    if (theirs := shutil.which("kubectl")) is not None:
        found.append(theirs)
    return found


@cache
def overlay(name: str, kubectl: str = "") -> list[Manifest]:
    """Render an overlay."""
    return render(K8S / "overlays" / name, kubectl)


@cache
def combination(said: Combination, kubectl: str = "") -> list[Manifest]:
    """Render a combination, in a namespace `other`."""
    with TemporaryDirectory() as folder:
        k8s = os.path.relpath(K8S, os.path.realpath(folder))
        kustomization = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": "other",
            "resources": [f"{k8s}/base", f"{k8s}/base/executor"],
            "components": [f"{k8s}/components/{name}" for name in said.components],
        }
        (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        return render(Path(folder), kubectl)


def everything() -> Iterator[tuple[str, list[Manifest]]]:
    """Yield all overlays and combinations, by a name for each."""
    yield from _everything().items()


@cache
def _everything() -> dict[str, list[Manifest]]:
    # kubectl takes a third of a second to start, and there are many of these.
    with ThreadPoolExecutor() as threads:
        overlays = {f"overlay {name}": threads.submit(overlay, name) for name in OVERLAYS}
        combined = {f"components {said}": threads.submit(combination, said) for said in sensible()}
        return {name: made.result() for name, made in (overlays | combined).items()}


def of_kind(manifests: list[Manifest], *kinds: str) -> list[Manifest]:
    """Return the objects of some kinds."""
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def named(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """Return one object."""
    (found,) = [m for m in of_kind(manifests, kind) if m["metadata"]["name"] == name]
    return found


def workloads(manifests: list[Manifest]) -> list[Manifest]:
    """Return what makes pods."""
    return of_kind(manifests, "Deployment", "StatefulSet", "DaemonSet", "Job")


def component_of(workload: Manifest) -> str:
    """Return which component its pods are."""
    labels = workload["spec"]["template"]["metadata"]["labels"]
    component: str = labels["app.kubernetes.io/component"]
    return component


def container_of(workload: Manifest) -> Manifest:
    """Return its one container."""
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    found: Manifest = container
    return found


def render(folder: Path, kubectl: str = "") -> list[Manifest]:
    """Render a folder."""
    program = kubectl or kubectls()[0]
    done = subprocess.run(
        [program, "kustomize", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{folder}: {done.stderr}"
    assert not done.stderr, done.stderr
    return [manifest for manifest in yaml.load_all(done.stdout, _Loader) if manifest]
