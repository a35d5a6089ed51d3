"""What holds for every pod: it may do little, its end is announced, and its absence is borne."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests.kubernetes.manifests import rendering
from tests.kubernetes.manifests.rendering import (
    K8S,
    SERVICES,
    Manifest,
    component_of,
    container_of,
    named,
    of_kind,
    workloads,
)


def pods() -> Iterator[tuple[str, Manifest, list[Manifest]]]:
    for where, manifests in rendering.everything():
        for workload in workloads(manifests):
            yield where, workload, manifests


def test_no_pod_may_do_more_than_it_needs() -> None:
    for where, workload, _ in pods():
        pod: Any = workload["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True, where
        assert pod["securityContext"]["runAsUser"] >= 10_000, where
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, where
        assert container_of(workload)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, where


def test_each_workload_has_an_account_of_its_own_without_a_token() -> None:
    for where, manifests in rendering.everything():
        names = []
        for workload in workloads(manifests):
            pod = workload["spec"]["template"]["spec"]
            names.append(pod["serviceAccountName"])
            account = named(manifests, "ServiceAccount", pod["serviceAccountName"])
            assert account["automountServiceAccountToken"] is False, where
            assert pod["automountServiceAccountToken"] is False, where
        assert len(set(names)) == len(names), where


def test_kubernetes_sets_no_variables_that_look_like_settings() -> None:
    """A Service named hedgerow-router would have HEDGEROW_ROUTER_PORT be an address in every pod."""
    for where, workload, _ in pods():
        assert workload["spec"]["template"]["spec"]["enableServiceLinks"] is False, where


def test_each_container_says_what_it_needs_and_has_a_bound_of_memory() -> None:
    for where, workload, _ in pods():
        resources = container_of(workload)["resources"]
        assert {"cpu", "memory"} <= resources["requests"].keys(), where
        assert "memory" in resources["limits"], where
        if component_of(workload) == "executor":
            assert "cpu" in resources["limits"], "threads of TensorFlow and Java go by it"


def test_each_folder_that_can_be_written_has_a_bound() -> None:
    for where, workload, _ in pods():
        for volume in workload["spec"]["template"]["spec"].get("volumes", []):
            assert "sizeLimit" in volume.get("emptyDir", {"sizeLimit": ""}), where


def test_a_roll_out_takes_no_pod_before_there_is_another() -> None:
    for where, workload, _ in pods():
        if workload["kind"] == "Deployment":
            update = workload["spec"]["strategy"]["rollingUpdate"]
            assert update == {"maxSurge": 1, "maxUnavailable": 0}, where


def test_only_what_there_is_two_of_has_a_disruption_budget() -> None:
    for where, manifests in rendering.everything():
        for budget in of_kind(manifests, "PodDisruptionBudget"):
            (workload,) = [
                w
                for w in workloads(manifests)
                if budget["spec"]["selector"]["matchLabels"] == w["spec"]["selector"]["matchLabels"]
            ]
            assert budget["spec"]["maxUnavailable"] == 1, where
            assert least(workload, manifests) >= 2, where
    budgets = of_kind(rendering.overlay("production"), "PodDisruptionBudget")
    assert {m["metadata"]["name"] for m in budgets} == {
        f"hedgerow-{service}" for service in SERVICES
    }


def least(workload: Manifest, manifests: list[Manifest]) -> int:
    """Return how many pods a workload has at least, by itself or by what scales it."""
    for scaler in of_kind(manifests, "HorizontalPodAutoscaler", "ScaledObject"):
        spec = scaler["spec"]
        if spec["scaleTargetRef"]["name"] == workload["metadata"]["name"]:
            assert "replicas" not in workload["spec"], "two would say how many"
            return int(spec.get("minReplicas") or spec["minReplicaCount"])
    return int(workload["spec"]["replicas"])


def test_what_scales_scales_something_and_once() -> None:
    for where, manifests in rendering.everything():
        scalers = of_kind(manifests, "HorizontalPodAutoscaler", "ScaledObject")
        targets = [scaler["spec"]["scaleTargetRef"]["name"] for scaler in scalers]
        assert len(set(targets)) == len(targets), where
        assert set(targets) <= {w["metadata"]["name"] for w in workloads(manifests)}, where


def test_pods_of_one_workload_are_spread_and_are_selected_by_it_alone() -> None:
    for where, manifests in rendering.everything():
        made = workloads(manifests)
        for workload in made:
            selector = workload["spec"]["selector"]["matchLabels"]
            chosen = [
                other
                for other in made
                if selector.items() <= other["spec"]["template"]["metadata"]["labels"].items()
            ]
            assert chosen == [workload], where
            for spread in workload["spec"]["template"]["spec"].get("topologySpreadConstraints", []):
                assert spread["labelSelector"]["matchLabels"] == selector, where
            if component_of(workload) in SERVICES:
                assert workload["spec"]["template"]["spec"]["topologySpreadConstraints"], where


def test_a_change_of_the_settings_rolls_the_pods() -> None:
    for where, workload, _ in pods():
        if component_of(workload) in SERVICES:
            (settings, *_) = container_of(workload)["envFrom"]
            name = settings["configMapRef"]["name"]
            assert re.fullmatch(r"hedgerow-settings-[a-z0-9]{10}", name), where


def test_no_secret_is_in_the_manifests() -> None:
    for where, manifests in rendering.everything():
        assert not of_kind(manifests, "Secret"), where
        for workload in workloads(manifests):
            for entry in container_of(workload).get("env", []):
                if "PASSWORD" in entry["name"]:
                    assert entry["valueFrom"]["secretKeyRef"]["name"] == "hedgerow-log", where


def test_images_are_named_in_one_place() -> None:
    """In `images:` of an overlay; nothing else says a tag."""
    for file in [*K8S.glob("base/**/*.yaml"), *K8S.glob("components/**/*.yaml")]:
        for manifest in yaml.safe_load_all(file.read_text()):
            if isinstance(manifest, dict) and manifest.get("kind") in ("Deployment", "StatefulSet"):
                assert ":" not in container_of(manifest)["image"], file
    for name in rendering.OVERLAYS:
        for workload in workloads(rendering.overlay(name)):
            assert ":" in container_of(workload)["image"]
    observed = rendering.combination(rendering.Combination(("observability",)))
    collector = named(observed, "Deployment", "hedgerow-otel-collector")
    assert ":" in container_of(collector)["image"], "no overlay of ours has it"


def test_everything_bears_the_labels_of_the_application() -> None:
    for name in rendering.OVERLAYS:
        for manifest in rendering.overlay(name):
            if manifest["kind"] != "Namespace":
                assert manifest["metadata"]["labels"]["app.kubernetes.io/part-of"] == "hedgerow"
        for workload in workloads(rendering.overlay(name)):
            labels = workload["spec"]["template"]["metadata"]["labels"]
            assert {"app.kubernetes.io/name", "app.kubernetes.io/component"} <= labels.keys()


def test_the_pod_that_restores_the_log_is_as_confined_and_of_the_same_image() -> None:
    restore: Any = yaml.safe_load((K8S / "restore.yaml").read_text())
    (log,) = of_kind(rendering.overlay("production"), "StatefulSet")
    template: Any = log["spec"]["template"]["spec"]
    (container,) = restore["spec"]["containers"]
    assert container["image"] == container_of(log)["image"]
    assert container["securityContext"] == container_of(log)["securityContext"]
    inherited = {k: v for k, v in template["securityContext"].items() if k != "fsGroupChangePolicy"}
    assert restore["spec"]["securityContext"] == inherited
    (volume,) = restore["spec"]["volumes"]
    (claim,) = log["spec"]["volumeClaimTemplates"]
    expected = f"{claim['metadata']['name']}-{log['metadata']['name']}-0"
    assert volume["persistentVolumeClaim"]["claimName"] == expected


def test_two_overlays_in_one_cluster_share_nothing() -> None:
    """Everything but the Namespace itself is in a namespace, and no name reaches into another."""
    for where, manifests in rendering.everything():
        for manifest in manifests:
            if manifest["kind"] != "Namespace":
                assert manifest["metadata"]["namespace"], where
        text = repr(manifests)
        assert ".svc.cluster.local" not in text, where
        assert "hostPort" not in text, where
        assert "hostNetwork" not in text, where
        assert "nodePort" not in text, where
