"""What docs/deploy.md says that an overlay or a component costs is the sum of what its pods ask for."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.kubernetes.manifests import rendering
from tests.kubernetes.manifests.quantities import quantity
from tests.kubernetes.manifests.rendering import Combination, Manifest, container_of, workloads
from tests.kubernetes.manifests.test_habits import least


def cost(manifests: list[Manifest]) -> tuple[int, float, float, float]:
    """Return pods, cores and bytes asked for, and bytes at the most."""
    pods, cores, asked, most = 0, 0.0, 0.0, 0.0
    for workload in workloads(manifests):
        count = least(workload, manifests)
        resources = container_of(workload)["resources"]
        pods += count
        cores += count * quantity(resources["requests"]["cpu"])
        asked += count * quantity(resources["requests"]["memory"])
        most += count * quantity(resources["limits"]["memory"])
    return pods, cores, asked, most


def row(name: str, costs: Iterable[float]) -> str:
    pods, cores, asked, most = costs
    gib = 2**30
    return f"| `{name}` | {pods:g} | {cores:g} | {asked / gib:.1f} GiB | {most / gib:.1f} GiB |"


def less(more: tuple[float, ...], base: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(one - other for one, other in zip(more, base, strict=True))


@pytest.mark.parametrize("name", [*rendering.OVERLAYS, "observability", "external-redis"])
def test_the_documented_costs_are_those_of_the_manifests(name: str) -> None:
    if name in rendering.OVERLAYS:
        costs: tuple[float, ...] = cost(rendering.overlay(name))
    else:
        without = cost(rendering.combination(Combination(())))
        costs = less(cost(rendering.combination(Combination((name,)))), without)
    text = (rendering.ROOT / "docs" / "deploy.md").read_text()
    assert row(name, costs) in text
