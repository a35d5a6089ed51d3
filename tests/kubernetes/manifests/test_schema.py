"""Every overlay and every sensible combination of components renders, and Kubernetes would take it."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.kubernetes.manifests import rendering
from tests.kubernetes.manifests.rendering import Manifest

OLDEST = "1.27"
"""The first in which probes of type grpc are stable and `matchLabelKeys` of spreads are on."""
NEWEST = kubernetes_validate.latest_version()

CUSTOM = {"PodMonitor": "monitoring.coreos.com/v1", "ScaledObject": "keda.sh/v1alpha1"}
"""Kinds that operators bring, of which there is no schema here."""


def problems(manifest: Manifest, version: str) -> list[str]:
    """Return what a strict API server would say."""
    try:
        kubernetes_validate.validate(dict(manifest), version, strict=True)
    except kubernetes_validate.ValidationError as error:
        where = ".".join(str(part) for part in error.path)
        return [f"{manifest['kind']} {manifest['metadata']['name']}: {where}: {error.message}"]
    return []


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_everything_passes_the_strict_schema(version: str) -> None:
    """Also of the oldest version; each object once, however many combinations have it."""
    seen: set[str] = set()
    found: list[str] = []
    for where, manifests in rendering.everything():
        for manifest in manifests:
            if manifest["kind"] in CUSTOM:
                assert manifest["apiVersion"] == CUSTOM[manifest["kind"]]
                continue
            if (told := repr(manifest)) not in seen:
                seen.add(told)
                found += [f"{where}: {problem}" for problem in problems(manifest, version)]
    found += problems(yaml.safe_load((rendering.K8S / "restore.yaml").read_text()), version)
    assert not found
    assert len(seen) > 60


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "replica"), 2),
        (("spec", "template", "spec", "containers", 0, "readinessProbe", "grpc", "port"), "grpc"),
        (("spec", "template", "spec", "containers", 0, "env", 0, "value"), 5),
    ],
    ids=["a field that is misspelt", "a port by name", "a number for text"],
)
def test_the_schema_finds_what_a_server_would_refuse(path: tuple[Any, ...], value: object) -> None:
    router: Any = rendering.named(rendering.overlay("local"), "Deployment", "hedgerow-router")
    router = _copied(router)
    assert not problems(router, NEWEST)
    place = router
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert problems(router, NEWEST)


def test_every_kubectl_there_is_renders_the_same() -> None:
    programs = rendering.kubectls()
    assert programs, "make k8s brings one"
    for name in rendering.OVERLAYS:
        first, *others = [rendering.overlay(name, program) for program in programs]
        assert all(other == first for other in others)
    largest = max(rendering.sensible(), key=lambda said: len(said.components))
    first, *others = [rendering.combination(largest, program) for program in programs]
    assert all(other == first for other in others)


def test_every_component_is_rendered() -> None:
    known = {name for said in rendering.sensible() for name in said.components}
    assert known | set(rendering.GROUP_COMPONENTS) == rendering.components()
    assert "executor-groups" in rendering.OVERLAYS


def test_everything_is_in_the_namespace_that_the_overlay_names() -> None:
    for where, manifests in rendering.everything():
        kinds = rendering.of_kind(manifests, "Namespace")
        names = {m["metadata"]["namespace"] for m in manifests if m not in kinds}
        assert len(names) == 1, where
        assert not kinds or {m["metadata"]["name"] for m in kinds} == names


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
