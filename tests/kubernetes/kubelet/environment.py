"""The environment of a container, as a kubelet puts it together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.kubernetes.manifests.rendering import Manifest

_REFERENCE = re.compile(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)")


class ConfigError(Exception):
    """What a kubelet calls CreateContainerConfigError: the container is not even made."""


class Sources:
    """The ConfigMaps and Secrets of a namespace."""

    def __init__(self) -> None:
        self.config_maps: dict[str, Mapping[str, str]] = {}
        self.secrets: dict[str, Mapping[str, str]] = {}

    def take(self, manifest: Manifest) -> None:
        """Keep a ConfigMap."""
        self.config_maps[manifest["metadata"]["name"]] = manifest.get("data", {})

    def environment(
        self, container: Mapping[str, Any], fields: Mapping[str, str]
    ) -> dict[str, str]:
        """Return the variables of a container; `fields` are the downward API's. Raises ConfigError."""
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            found |= _of(self.config_maps, "configmap", source["configMapRef"]["name"])
        for entry in container.get("env", []):
            found[entry["name"]] = self._value(entry, found, fields)
        return found

    def _value(
        self, entry: Mapping[str, Any], known: Mapping[str, str], fields: Mapping[str, str]
    ) -> str:
        source = entry.get("valueFrom")
        if source is None:
            return expand(entry.get("value", ""), known)
        if "fieldRef" in source:
            return fields[source["fieldRef"]["fieldPath"]]
        reference = source["secretKeyRef"]
        secret = _of(self.secrets, "secret", reference["name"])
        if reference["key"] not in secret:
            raise ConfigError(f"couldn't find key {reference['key']} in Secret {reference['name']}")
        return secret[reference["key"]]


def expand(text: str, known: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by a variable, where there is one."""
    return _REFERENCE.sub(lambda found: known.get(found[1], found[0]), text)


def _of(kept: Mapping[str, Mapping[str, str]], kind: str, name: str) -> Mapping[str, str]:
    if name not in kept:
        raise ConfigError(f'{kind} "{name}" not found')
    return kept[name]
