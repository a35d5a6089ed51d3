"""What the documents show of overlays renders, and does what they say."""

from __future__ import annotations

import os
import re
from pathlib import Path

import yaml

from tests.kubernetes.manifests import rendering
from tests.kubernetes.manifests.rendering import K8S, ROOT, Manifest, container_of, named


def shown(document: Path) -> str:
    """Return the one block of YAML in a document."""
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", document.read_text(), re.M | re.S)
    text: str = block
    return text


def rendered(kustomization: str, folder: Path) -> list[Manifest]:
    (folder / "kustomization.yaml").write_text(kustomization)
    return rendering.render(folder)


def variables(manifest: Manifest) -> dict[str, str]:
    return {entry["name"]: entry.get("value", "") for entry in container_of(manifest)["env"]}


def test_the_overlay_that_the_readme_shows_is_one(tmp_path: Path) -> None:
    k8s = os.path.relpath(K8S, tmp_path)
    namespace = (K8S / "overlays" / "local" / "namespace.yaml").read_text()
    (tmp_path / "namespace.yaml").write_text(namespace.replace("name: hedgerow", "name: scoring"))
    made = rendered(shown(K8S / "README.md").replace("../hedgerow/k8s", k8s), tmp_path)
    assert {m["metadata"].get("namespace", "scoring") for m in made} == {"scoring"}
    executor = named(made, "Deployment", "hedgerow-executor")
    assert container_of(executor)["image"] == "registry.example.org/hedgerow-executor:0.1.0"
    assert container_of(executor)["resources"]["limits"]["memory"] == "6Gi"
    (settings,) = [m for m in made if m["metadata"]["name"].startswith("hedgerow-settings")]
    assert settings["data"]["HEDGEROW_ROUTER_MAX_IN_FLIGHT"] == "8192"
    assert not rendering.of_kind(made, "StatefulSet"), "the log is somebody else's"


def test_a_log_that_writes_always_is_one_line_away(tmp_path: Path) -> None:
    overlay = os.path.relpath(K8S / "overlays" / "production", tmp_path)
    patch = yaml.safe_load(shown(ROOT / "docs" / "deploy.md"))
    (log,) = rendering.of_kind(
        rendered(yaml.safe_dump({"resources": [overlay], **patch}), tmp_path), "StatefulSet"
    )
    (before,) = rendering.of_kind(rendering.overlay("production"), "StatefulSet")
    assert variables(before)["VALKEY_APPENDFSYNC"] == "everysec"
    assert variables(log) == {**variables(before), "VALKEY_APPENDFSYNC": "always"}
