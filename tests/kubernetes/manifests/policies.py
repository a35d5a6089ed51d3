"""What network policies let through, as far as pods of one namespace go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.kubernetes.manifests.rendering import Manifest, of_kind


class Connection(NamedTuple):
    """From a component to a port of another, or of the same."""

    source: str
    target: str
    port: int


class Policies:
    """The policies of one rendering."""

    def __init__(self, manifests: list[Manifest]) -> None:
        self._policies = [manifest["spec"] for manifest in of_kind(manifests, "NetworkPolicy")]

    def allow(
        self, source: Mapping[str, str], target: Mapping[str, str], port: int, protocol: str = "TCP"
    ) -> bool:
        """Tell whether pods with these labels may connect: one must be let out, the other let in."""
        return self._open("egress", "to", source, target, port, protocol) and self._open(
            "ingress", "from", target, source, port, protocol
        )

    def closed(self, labels: Mapping[str, str]) -> bool:
        """Tell whether a pod with these labels is selected for both directions: all else is refused."""
        kinds = {kind for policy in self._of(labels) for kind in policy["policyTypes"]}
        return kinds == {"Ingress", "Egress"}

    def _of(self, labels: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        return (policy for policy in self._policies if selects(policy["podSelector"], labels))

    def _open(
        self,
        direction: str,
        peers: str,
        pod: Mapping[str, str],
        other: Mapping[str, str],
        port: int,
        protocol: str,
    ) -> bool:
        rules = [rule for policy in self._of(pod) for rule in policy.get(direction) or []]
        return any(
            any(_is_peer(peer, other) for peer in rule[peers])
            and any(_has_port(said, port, protocol) for said in rule["ports"])
            for rule in rules
        )


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Tell whether a selector chooses what has these labels."""
    wanted = selector.get("matchLabels", {})
    for said in selector.get("matchExpressions", []):
        assert said["operator"] == "In", "no other is used"
        if labels.get(said["key"]) not in said["values"]:
            return False
    return bool(wanted.items() <= labels.items())


def _is_peer(peer: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Of pods in the same namespace, which has none of the labels that other namespaces are known by."""
    if "ipBlock" in peer or peer.get("namespaceSelector"):
        return False
    return selects(peer["podSelector"], labels)


def _has_port(said: Mapping[str, Any], port: int, protocol: str) -> bool:
    last: int = said.get("endPort", said["port"])
    return said["protocol"] == protocol and port in range(said["port"], last + 1)
