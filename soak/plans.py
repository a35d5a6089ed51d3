"""The plans that take turns: each way to decide, and each way to start."""

from __future__ import annotations

from soak.models import NUMBERS, WINE

DEADLINE_SECONDS = 3.0

_MODELS = "models: [{name: one}, {name: two}, {name: three}]"
_CONSENSUS = "consensus: {quorum: majority, tolerance: 0.5}"

PLANS = {
    "consensus": f"{_MODELS}\nreplica_hedge: 30ms\npolicy: {{deadline: 3s, {_CONSENSUS}}}",
    "quality": f"{_MODELS}\npolicy: {{deadline: 3s, quality: {{by: registered}}}}",
    "preferred": f"{_MODELS}\nreplica_hedge: 50ms\npolicy: {{deadline: 3s, timeout: {{}}}}",
    "hedged": "models: [{name: one}, {name: two, start_after: p95}, {name: three, start_after: 60ms}]"
    "\npolicy: {deadline: 3s, quality: {by: registered, good_enough: 0}}",
    "pinned": "models: [{name: one@{version}}, {name: two}, {name: three}]\nreplica_hedge: 30ms"
    "\npolicy: {deadline: 3s, " + _CONSENSUS + "}",
}
"""Of `numbers`, by what is particular about them. `pinned` stays on the newest version of `one`."""


def numbers_plan(name: str, version: int) -> str:
    """Return a plan of `numbers` in YAML; `version` is the newest of the model `one`."""
    return f"data_type: {NUMBERS}\n" + PLANS[name].replace("{version}", str(version))


WINE_PLAN = f"""
data_type: {WINE}
models: [{{name: wine-net}}, {{name: wine-logistic}}, {{name: wine-tree}}]
replica_hedge: 100ms
policy:
  deadline: 3s
  consensus: {{quorum: majority}}
"""
