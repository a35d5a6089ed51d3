"""The plans that take turns: each way to decide, and each way to start."""

from __future__ import annotations

from soak.models import NUMBERS, ORDERED, WINE

DEADLINE_SECONDS = 3.0

PARTITIONS = 4
"""Of the stream whose records keep the order of their keys."""

_MODELS = "models: [{name: one}, {name: two}, {name: three}]"
_HEDGED = "models: [{name: one}, {name: two, start_after: p95}, {name: three, start_after: 60ms}]"
_PINNED = "models: [{name: one@{version}}, {name: two}, {name: three}]"
_CONSENSUS = "consensus: {quorum: majority, tolerance: 0.5}"


def _policy(rule: str) -> str:
    return f"policy: {{deadline: {DEADLINE_SECONDS:g}s, {rule}}}"


PLANS = {
    "consensus": f"{_MODELS}\nreplica_hedge: 30ms\n{_policy(_CONSENSUS)}",
    "quality": f"{_MODELS}\n{_policy('quality: {by: accuracy}')}",
    "preferred": f"{_MODELS}\nreplica_hedge: 50ms\n{_policy('timeout: {}')}",
    "hedged": f"{_HEDGED}\n{_policy('quality: {good_enough: 0}')}",
    "pinned": f"{_PINNED}\nreplica_hedge: 30ms\n{_policy(_CONSENSUS)}",
}
"""Of `numbers`, by what is particular about them. `pinned` stays on the newest version of `one`."""


def numbers_plan(name: str, version: int) -> str:
    """Return a plan of `numbers` in YAML; `version` is the newest of the model `one`."""
    return f"data_type: {NUMBERS}\n" + PLANS[name].replace("{version}", str(version))


ORDERED_PLAN = f"""
data_type: {ORDERED}
models: [{{name: echo}}]
join: keyed
stream: {{partitions: {PARTITIONS}}}
{_policy("timeout: {}")}
"""

WINE_PLAN = f"""
data_type: {WINE}
models: [{{name: wine-net}}, {{name: wine-logistic}}, {{name: wine-tree}}]
replica_hedge: 100ms
{_policy("consensus: {quorum: majority}")}
"""
