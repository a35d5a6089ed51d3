"""What the manifests say to the services is what those understand."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from services.common.service import LIVENESS, Service
from services.common.settings import ServiceSettings, load
from services.executor.settings import ExecutorSettings
from services.registry.settings import RegistrySettings
from services.router.settings import RouterSettings
from tests.kubernetes.kubelet.images import entry_point
from tests.kubernetes.manifests import rendering
from tests.kubernetes.manifests.quantities import quantity
from tests.kubernetes.manifests.rendering import SERVICES, Manifest, component_of, container_of

SHARED = {
    "HEDGEROW_LOG_URL",
    "HEDGEROW_LOG_PASSWORD",
    "HEDGEROW_LOG_LEVEL",
    "HEDGEROW_LOG_FORMAT",
}
POD_IP, SECRET = "10.1.2.3", "redis://of-a-secret:6379/0"


def ours() -> Iterator[tuple[str, str, Manifest, list[Manifest]]]:
    """Yield every workload of a service, with where it is rendered, which it is, and what is beside it."""
    for where, manifests in rendering.everything():
        for workload in rendering.workloads(manifests):
            if (service := component_of(workload)) in SERVICES:
                yield where, service, workload, manifests


def settings_of(service: str) -> type[ServiceSettings]:
    module = import_module(f"services.{service}.settings")
    found: type[ServiceSettings] = getattr(module, f"{service.capitalize()}Settings")
    return found


def variables_of(service: str) -> set[str]:
    fields = settings_of(service).model_fields
    return {f"HEDGEROW_{service.upper()}_{name.upper()}" for name in fields}


def config_maps(workload: Manifest, manifests: list[Manifest]) -> dict[str, str]:
    """Return what a container has from its ConfigMaps, of which the last has the last word."""
    found: dict[str, str] = {}
    for source in container_of(workload).get("envFrom", []):
        name = source["configMapRef"]["name"]
        found |= rendering.named(manifests, "ConfigMap", name)["data"]
    return found


def environment(workload: Manifest, manifests: list[Manifest]) -> dict[str, str]:
    """Return the variables of a container as a kubelet would set them."""
    return config_maps(workload, manifests) | {
        entry["name"]: _value(entry) for entry in container_of(workload)["env"]
    }


def _value(entry: Mapping[str, Any]) -> str:
    source = entry.get("valueFrom", {})
    if "fieldRef" in source:
        assert source["fieldRef"]["fieldPath"] == "status.podIP"
        return POD_IP
    if "secretKeyRef" in source:
        assert source["secretKeyRef"]["name"] == "hedgerow-log"
        return SECRET
    value: str = entry["value"]
    return value


def settings(
    workload: Manifest, manifests: list[Manifest], monkeypatch: pytest.MonkeyPatch
) -> ServiceSettings:
    """Return the settings that a service has in its container."""
    for name in [name for name in os.environ if name.startswith("HEDGEROW_")]:
        monkeypatch.delenv(name)
    for name, value in environment(workload, manifests).items():
        monkeypatch.setenv(name, value)
    return load(settings_of(component_of(workload)))


def test_each_variable_is_a_setting_of_the_service_that_has_it() -> None:
    everyones = SHARED.union(*(variables_of(service) for service in SERVICES))
    for where, service, workload, manifests in ours():
        own = {entry["name"] for entry in container_of(workload)["env"]}
        assert own <= SHARED | variables_of(service), where
        for name in config_maps(workload, manifests):
            assert name in everyones or name.startswith("OTEL_"), where


def test_every_service_understands_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for where, service, workload, manifests in ours():
        with monkeypatch.context() as patch:
            told = settings(workload, manifests, patch)
        assert told.address(told.port) == f"{POD_IP}:{told.port}", where
        if "external-redis" in where:
            assert told.log_url == SECRET
        else:
            assert told.log_url == "redis://hedgerow-log:6379/0"
            assert told.log_password.get_secret_value() == SECRET
        if isinstance(told, ExecutorSettings):
            assert told.host_ports == (8410, 8473)
        assert service in container_of(workload)["args"][0]


def test_each_port_is_one_that_the_service_listens_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for where, _, workload, manifests in ours():
        with monkeypatch.context() as patch:
            told = settings(workload, manifests, patch)
        ports = {p["name"]: p["containerPort"] for p in container_of(workload)["ports"]}
        listens = {"grpc": told.port} | (
            {"metrics": told.metrics_port} if told.metrics_port else {}
        )
        assert ports == listens, where


def test_services_lead_to_ports_that_their_pods_have() -> None:
    for where, manifests in rendering.everything():
        for service in rendering.of_kind(manifests, "Service"):
            pods = [
                container_of(workload)
                for workload in rendering.workloads(manifests)
                if _selects(service["spec"]["selector"], workload)
            ]
            assert pods, where
            for port in service["spec"]["ports"]:
                for pod in pods:
                    found = [p for p in pod["ports"] if p["name"] == port["targetPort"]]
                    assert [p["containerPort"] for p in found] == [port["port"]], where


def _selects(labels: Mapping[str, str], workload: Manifest) -> bool:
    has: Mapping[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels.items() <= has.items()


def test_probes_name_health_services_that_exist() -> None:
    for where, service, workload, _ in ours():
        container = container_of(workload)
        served: type[Service] = getattr(
            import_module(f"services.{service}.server"), service.capitalize()
        )
        asked = {
            kind: container[f"{kind}Probe"]["grpc"] for kind in ("startup", "readiness", "liveness")
        }
        assert {probe["port"] for probe in asked.values()} == {
            container["ports"][0]["containerPort"]
        }
        assert asked["startup"]["service"] == asked["liveness"]["service"] == LIVENESS, where
        assert asked["readiness"]["service"] in served.services, where


def test_each_command_is_a_module_that_can_be_run() -> None:
    for where, service, workload, _ in ours():
        container = container_of(workload)
        assert "command" not in container, where
        assert container["args"] == [f"services.{service}"], where
        assert (rendering.ROOT / "services" / service / "__main__.py").exists()
        image = container["image"].partition(":")[0].removeprefix("hedgerow-")
        assert entry_point(image)[-2:] == ("python", "-m")


def test_what_is_written_is_written_to_volumes(monkeypatch: pytest.MonkeyPatch) -> None:
    for where, _, workload, manifests in ours():
        with monkeypatch.context() as patch:
            told = settings(workload, manifests, patch)
        mounts = {Path(m["mountPath"]): m["name"] for m in container_of(workload)["volumeMounts"]}
        volumes = {v["name"]: v for v in workload["spec"]["template"]["spec"]["volumes"]}
        assert Path("/tmp") in mounts, where
        if isinstance(told, RegistrySettings | RouterSettings):
            assert told.state_dir in mounts, where
        if isinstance(told, ExecutorSettings):
            assert told.cache_dir in (told.state_folder, *told.state_folder.parents), where
        if isinstance(told, RegistrySettings):
            room = quantity(volumes[mounts[told.spool_dir]]["emptyDir"]["sizeLimit"])
            assert room >= 2 * told.max_definition_bytes, "room for two pushes at once"
        if isinstance(told, ExecutorSettings):
            room = quantity(volumes[mounts[told.cache_dir]]["emptyDir"]["sizeLimit"])
            assert room > told.cache_bytes, "or the pod is evicted before the cache makes room"


def test_a_pod_has_the_time_to_end_that_its_service_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    for where, _, workload, manifests in ours():
        with monkeypatch.context() as patch:
            told = settings(workload, manifests, patch)
        # Draining, and then the calls in flight, have the whole grace each.
        needs = told.drain_delay + 2 * told.stop_grace
        if isinstance(told, ExecutorSettings):
            needs += told.drain_timeout
        grace = workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        assert grace >= needs.total_seconds() + 5, where
