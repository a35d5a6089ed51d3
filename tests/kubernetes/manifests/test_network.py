"""The network policies let through exactly the connections that the services make."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib import import_module
from itertools import product

import psutil

from hedgerow import AsyncClient
from hedgerow.client.registry import AsyncRegistry
from hedgerow.local.folder import temporary_folder
from hedgerow.local.mesh import LocalMesh
from hedgerow.local.ports import Ports
from services.common.settings import ServiceSettings
from tests.kubernetes.manifests import rendering
from tests.kubernetes.manifests.policies import Connection, Policies
from tests.support import wait_until

WINE = rendering.ROOT / "examples" / "wine"
COMPONENTS = (*rendering.SERVICES, "log")
AGENT, HOST = 8402, 8410
PORTS = {"registry": 8401, "router": 8400, "collector": 8403, "executor": AGENT, "log": 6379}
"""In the manifests, which other tests hold against the settings; of hosts the first of their range."""


def labels_of(component: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": "hedgerow", "app.kubernetes.io/component": component}


def family(pid: int) -> Iterator[psutil.Process]:
    process = psutil.Process(pid)
    yield process
    yield from process.children(recursive=True)


def seen(processes: dict[str, int]) -> set[Connection]:
    """Return the connections between the parts of a mesh just now."""
    listeners: dict[int, tuple[str, int]] = {}
    made: list[tuple[str, int]] = []
    for component, pid in processes.items():
        for process in family(pid):
            port = PORTS[component] if process.pid == pid else HOST
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN:
                    listeners[connection.laddr.port] = (component, port)
                elif connection.raddr:
                    made.append((component, connection.raddr.port))
    return {Connection(source, *listeners[port]) for source, port in made if port in listeners}


async def record() -> set[Connection]:
    """Return every connection seen while models were pushed and a record scored."""
    found: set[Connection] = set()
    with temporary_folder() as folder:
        mesh = LocalMesh(folder, Ports.free(), lambda part, what: None)
        await mesh.start()
        try:
            async with AsyncRegistry(mesh.ports.address("registry")) as registry:
                await registry.push_model(
                    WINE / "wine-tree.pmml", data_type="wine", name="tree", model_type="pmml"
                )
            with (WINE / "records.csv").open() as file:
                rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]

            async def answered() -> bool:
                found.update(seen(mesh.processes))
                try:
                    return bool(await client.score("wine", rows[0]))
                except Exception:
                    return False

            async with AsyncClient(mesh.ports.address("router")) as client:
                await wait_until(answered, "a record is scored", timeout=40)
                found.update(seen(mesh.processes))
        finally:
            await mesh.stop()
    return found


async def test_what_the_services_connect_to_is_let_through_and_nothing_else() -> None:
    connections = await record()
    policies = Policies(rendering.overlay("production"))
    allowed = {
        Connection(source, target, port)
        for source, target in product(COMPONENTS, COMPONENTS)
        for port in {PORTS[target], HOST if target == "executor" else PORTS[target]}
        if policies.allow(labels_of(source), labels_of(target), port)
    }
    assert connections == allowed


def test_the_whole_range_of_hosts_is_open_and_nothing_beside_it() -> None:
    policies = Policies(rendering.overlay("production"))
    router, executor = labels_of("router"), labels_of("executor")
    open_ports = {port for port in range(8390, 8490) if policies.allow(router, executor, port)}
    assert open_ports == {AGENT, *range(8410, 8474)}


def test_a_group_of_executors_has_the_policy_of_executors() -> None:
    policies = Policies(rendering.overlay("executor-groups"))
    router, collector, log = (labels_of(name) for name in ("router", "collector", "log"))
    for group in ("pmml", "tensorflow"):
        executor = labels_of("executor") | {"hedgerow-group": group}
        assert policies.allow(router, executor, HOST)
        assert policies.allow(executor, collector, PORTS["collector"])
        assert policies.allow(executor, log, PORTS["log"])
        assert not policies.allow(executor, router, PORTS["router"])


def test_a_store_outside_is_open_to_those_who_read_models_from_it() -> None:
    with_store = rendering.combination(rendering.Combination(("object-store",)))
    policy = rendering.named(with_store, "NetworkPolicy", "hedgerow-object-store")["spec"]
    (chosen,) = policy["podSelector"]["matchExpressions"]
    readers = [name for name in rendering.SERVICES if _has_setting(name, "locations")]
    assert sorted(chosen["values"]) == sorted(readers) == ["executor", "registry"]
    assert [port["port"] for rule in policy["egress"] for port in rule["ports"]] == [443]


def _has_setting(service: str, name: str) -> bool:
    module = import_module(f"services.{service}.settings")
    settings: type[ServiceSettings] = getattr(module, f"{service.capitalize()}Settings")
    return name in settings.model_fields


def test_clients_are_let_in_by_their_label() -> None:
    policies = Policies(rendering.overlay("production"))
    rules = {
        "router": ("hedgerow-client", PORTS["router"]),
        "registry": ("hedgerow-registry-client", PORTS["registry"]),
        "log": ("hedgerow-log-client", PORTS["log"]),
    }
    for component, (label, port) in rules.items():
        (policy,) = [
            m
            for m in rendering.of_kind(rendering.overlay("production"), "NetworkPolicy")
            if m["metadata"]["name"] == f"hedgerow-{component}"
        ]
        (ingress,) = policy["spec"]["ingress"]
        chosen = {"matchLabels": {label: "true"}}
        assert {"podSelector": chosen} in ingress["from"]
        assert {"podSelector": chosen, "namespaceSelector": chosen} in ingress["from"]
        assert not policies.allow({label: "true"}, labels_of(component), port), (
            "the client's own way out is its own affair, and here everything is closed"
        )


def test_every_pod_is_closed_but_for_what_is_let_through() -> None:
    for where, manifests in rendering.everything():
        policies = Policies(manifests)
        for workload in rendering.workloads(manifests):
            assert policies.closed(workload["spec"]["template"]["metadata"]["labels"]), where
        assert policies.closed({"any": "pod"}), where


def test_pods_of_another_namespace_do_not_meet_ours() -> None:
    """Peers without a namespace are of their own; two overlays in one cluster share nothing."""
    for where, manifests in rendering.everything():
        for policy in rendering.of_kind(manifests, "NetworkPolicy"):
            for rule in [*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])]:
                for peer in [*rule.get("from", []), *rule.get("to", [])]:
                    said = peer.get("podSelector", {}).get("matchLabels", {})
                    if "namespaceSelector" in peer:
                        assert not said.keys() & {"app.kubernetes.io/component"}, where
