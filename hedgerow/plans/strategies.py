"""Strategies as users write them, in YAML, and as the wire carries them: when the models of a plan start.

    models:
      - name: wine-net
      - name: wine-forest
        start_after: 5ms        # or p95: the running quantile of response times of those before it
      - name: wine-boosting
        start: on_doubt
    parallelism: 2              # at the most
    replica_hedge: p95          # or a time: a second host of the same model, when the first is late

In a plan the starts stand beside the models, as above; by itself, as a request carries it, a strategy is
`{starts: {wine-forest: 5ms, wine-boosting: on_doubt}, parallelism: 2, replica_hedge: p95}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hedgerow.durations import format_duration, parse_duration
from hedgerow.errors import InvalidInput, InvalidPlan
from hedgerow.plans.yaml_values import mapping, text, wrong
from hedgerow.references import Reference
from hedgerow.v1 import plans_pb2 as pb

KEYS = ("parallelism", "replica_hedge")
"""What a strategy has besides the starts of models."""

MODEL_KEYS = ("start", "start_after")
"""What is said of a model's start beside its name."""

_DELAY = "a time such as 5ms, or a percentile such as p95"
_PERCENTILE = re.compile(r"p([0-9]{1,3}(?:\.[0-9]{1,20})?)")
_AT_ONCE, _ON_DOUBT = "at_once", "on_doubt"


def strategy_of_plan(
    models: Mapping[str, Mapping[str, Any]], fields: Mapping[str, Any]
) -> pb.Strategy:
    """Read what a plan says: the keys of each model by its path, and those of the plan.

    Raises InvalidPlan.
    """
    strategy = pb.Strategy()
    for path, model in models.items():
        start = _start_of_model(path, model)
        if start is not None:
            strategy.starts[model["name"]].CopyFrom(start)
    _read_rest("", fields, strategy)
    return strategy


def strategy_from(path: str, item: object) -> pb.Strategy:
    """Read a strategy that stands by itself. Raises InvalidPlan, naming the path of what is wrong."""
    fields = mapping(path, item, ("starts", *KEYS))
    strategy = pb.Strategy()
    starts = f"{path}.starts"
    for name, said in mapping(starts, fields.get("starts")).items():
        there = f"{starts}.{name}"
        allowed = f"{_AT_ONCE}, {_ON_DOUBT}, {_DELAY}"
        start = _named(text(there, said, allowed)) or pb.Start(after=_delay(there, said, allowed))
        if start.WhichOneof("kind"):
            strategy.starts[name].CopyFrom(start)
    _read_rest(f"{path}.", fields, strategy)
    return strategy


def starts_to(strategy: pb.Strategy, model: pb.PlanModel) -> dict[str, Any]:
    """Write how a model of a plan starts, as the keys beside its name."""
    name = str(Reference.of(model))
    if name not in strategy.starts:
        return {}
    start = strategy.starts[name]
    if start.WhichOneof("kind") == "after":
        return {"start_after": format_delay(start.after)}
    return {"start": _ON_DOUBT} if start.on_doubt else {}


def rest_to(strategy: pb.Strategy) -> dict[str, Any]:
    """Write what a strategy says besides the starts of models."""
    fields: dict[str, Any] = {}
    if strategy.parallelism:
        fields["parallelism"] = strategy.parallelism
    if strategy.HasField("replica_hedge"):
        fields["replica_hedge"] = format_delay(strategy.replica_hedge)
    return fields


def format_delay(delay: pb.Delay) -> str:
    """Write a delay as people do: `5ms`, `p95`."""
    if delay.WhichOneof("kind") == "quantile":
        percent = Decimal(repr(delay.quantile)) * 100
        return f"p{percent.normalize():f}"
    return format_duration(delay.time.ToTimedelta())


def _start_of_model(path: str, model: Mapping[str, Any]) -> pb.Start | None:
    if "start" in model and "start_after" in model:
        raise InvalidPlan(f"{path}: 'start' and 'start_after' contradict each other; give one")
    if "start_after" in model:
        there = f"{path}.start_after"
        return pb.Start(after=_delay(there, model["start_after"], _DELAY))
    if "start" not in model:
        return None
    said = model["start"]
    start = _named(said) if isinstance(said, str) else None
    if start is None:
        allowed = f"{_AT_ONCE} or {_ON_DOUBT}; a time is given by start_after"
        raise wrong(f"{path}.start", said, allowed)
    return start if start.WhichOneof("kind") else None


def _named(said: str) -> pb.Start | None:
    if said == _ON_DOUBT:
        return pb.Start(on_doubt=True)
    return pb.Start() if said == _AT_ONCE else None


def _read_rest(prefix: str, fields: Mapping[str, Any], strategy: pb.Strategy) -> None:
    if "parallelism" in fields:
        count = fields["parallelism"]
        if isinstance(count, bool) or not isinstance(count, int) or not 0 < count < 2**32:
            allowed = "how many models may run at a time, 1 or more"
            raise wrong(f"{prefix}parallelism", count, allowed)
        strategy.parallelism = count
    if "replica_hedge" in fields:
        there = f"{prefix}replica_hedge"
        strategy.replica_hedge.CopyFrom(_delay(there, fields["replica_hedge"], _DELAY))


def _delay(path: str, item: object, allowed: str) -> pb.Delay:
    said = text(path, item, allowed)
    delay = pb.Delay()
    if percentile := _PERCENTILE.fullmatch(said):
        delay.quantile = float(Decimal(percentile[1]) / 100)
        return delay
    try:
        delay.time.FromTimedelta(parse_duration(said))
    except InvalidInput as exc:
        raise wrong(path, item, allowed) from exc
    return delay
