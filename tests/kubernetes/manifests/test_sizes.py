"""Limits and requests against what the bench measured: `bench/sizes.json`, by `python -m bench.sizes`."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from bench.sizes import book
from tests.kubernetes.manifests import rendering
from tests.kubernetes.manifests.quantities import quantity
from tests.kubernetes.manifests.rendering import Manifest, component_of, container_of, workloads

SIZES = book.read()
ROOM = 1.5
"""Of what a single process had at the most: the bench is not everybody's load."""
GUARD = 7 / 8
"""Of its limit an executor uses no more: beyond it ends a host (services/executor/processes/memory.py)."""
EXECUTOR_ROOM = 1.25


def mib(said: str) -> float:
    return quantity(said) / 2**20


def resources(component: str, overlay: str = "production") -> Manifest:
    (found,) = [
        container_of(workload)["resources"]
        for workload in workloads(rendering.overlay(overlay))
        if component_of(workload) == component
    ]
    known: Manifest = found
    return known


def highest(keys: Iterable[str]) -> float:
    return max(SIZES[key] for key in keys)


def peaks(service: str) -> list[str]:
    """Return the keys of what a limit is for: the example, and all that is large but for sixteen at once.

    A router has no bound of the bytes that are in flight, so what it may need in theory has none either.
    """
    large = re.compile(rf"large\.(batch\.13\.\d+|batch\.480\.[14]|push\.\w+)\.{service}")
    return [f"memory.{service}.peak", *(key for key in SIZES if large.fullmatch(key))]


def cores(*processes: str) -> float:
    """Return the most cores that processes took together in a load of three models."""
    keys = [key.removesuffix(".rate") for key in SIZES if re.fullmatch(r".*3-models.*\.rate", key)]
    assert keys
    return max(
        SIZES[f"{key}.rate"] * sum(SIZES[f"{key}.{process}"] for process in processes) / 1e6
        for key in keys
    )


@pytest.mark.parametrize("service", ["collector", "registry", "router"])
def test_a_service_may_have_more_memory_than_it_ever_had(service: str) -> None:
    found, known = resources(service), peaks(service)
    assert mib(found["limits"]["memory"]) >= ROOM * highest(known), known
    assert mib(found["requests"]["memory"]) >= SIZES[f"memory.{service}.peak"], "with its files"


def test_an_executor_may_have_the_example_twice() -> None:
    """While versions are replaced the old and the new ones are there."""
    found = resources("executor")
    room = GUARD * mib(found["limits"]["memory"])
    assert room >= EXECUTOR_ROOM * SIZES["memory.pod.executor.replaced"]
    hosts = [SIZES[key] for key in SIZES if re.fullmatch(r"memory\.host\..*\.load", key)]
    assert len(hosts) == 5
    assert room >= SIZES["memory.pod.executor.load"] + sum(hosts)
    files = SIZES["memory.pod.executor.files"]
    assert mib(found["requests"]["memory"]) >= SIZES["memory.pod.executor.load"] + files


def test_the_log_may_have_what_it_holds_and_a_copy_of_what_changes_meanwhile() -> None:
    (log,) = [
        container_of(workload)
        for workload in workloads(rendering.overlay("production"))
        if component_of(workload) == "log"
    ]
    holds = mib(next(e["value"] for e in log["env"] if e["name"] == "VALKEY_MAXMEMORY"))
    assert mib(log["resources"]["limits"]["memory"]) >= ROOM * holds
    assert holds >= 2 * highest(key for key in SIZES if re.fullmatch(r"large\.push\..*\.log", key))


def test_who_scores_is_promised_the_cores_that_scoring_took() -> None:
    """An autoscaler goes by the part of the request that is used: less would have it add too soon."""
    hosts = [f"host.wine-{name}" for name in ("tree", "logistic", "boosting")]
    for component, processes in {
        "router": ["router"],
        "collector": ["collector"],
        "executor": hosts,
    }.items():
        assert quantity(resources(component)["requests"]["cpu"]) >= cores(*processes), component


def test_small_requests_are_what_idle_services_have() -> None:
    for component in ("collector", "registry", "router"):
        asked = resources(component, "local")["requests"]["memory"]
        assert mib(asked) >= SIZES[f"memory.{component}.idle"]
    asked = resources("executor", "local")["requests"]["memory"]
    assert mib(asked) >= SIZES["memory.pod.executor.idle"]
