"""What the strategy of a plan must not say. See `checks`."""

from __future__ import annotations

from datetime import timedelta

from hedgerow.durations import format_duration
from hedgerow.errors import InvalidPlan
from hedgerow.references import Reference
from hedgerow.v1 import plans_pb2 as pb

DEFAULT_DEADLINE = timedelta(milliseconds=100)
"""Of a policy that has none."""

_LEAST_QUANTILE, _LARGEST_QUANTILE = 0.5, 0.999
_HOUR = timedelta(hours=1) // timedelta(microseconds=1)


def check_strategy(plan: pb.Plan) -> None:
    """Raise InvalidPlan, naming the path, if a strategy contradicts itself or the plan."""
    strategy = plan.strategy
    for name, start in sorted(strategy.starts.items()):
        _check_start(plan, name, start)
    if strategy.HasField("replica_hedge"):
        _check_delay("strategy.replica_hedge", strategy.replica_hedge)
    if not any(not model.shadow and _starts_at_once(plan, model) for model in plan.models):
        raise InvalidPlan(
            "strategy: nothing would start; let at least one model that votes start at once"
        )


def _check_start(plan: pb.Plan, name: str, start: pb.Start) -> None:
    path = f"strategy.starts.{name}"
    models = {str(Reference.of(model)): model for model in plan.models}
    if name not in models:
        raise InvalidPlan(f"{path}: {name!r} is not in the plan; there are {', '.join(models)}")
    if models[name].shadow and start.WhichOneof("kind"):
        raise InvalidPlan(f"{path}: {name!r} is a shadow, and shadows start at once; leave it out")
    if start.WhichOneof("kind") != "after":
        return
    _check_delay(path, start.after)
    if start.after.WhichOneof("kind") == "quantile":
        _check_learnable(plan, path, name)
    elif start.after.time.ToTimedelta() >= (deadline := _deadline_of(plan.policy)):
        within = format_duration(deadline)
        raise InvalidPlan(
            f"{path}: it would never start within the deadline of {within}; give less"
        )


def _check_delay(path: str, delay: pb.Delay) -> None:
    kind = delay.WhichOneof("kind")
    if kind is None:
        raise InvalidPlan(f"{path}: there is no time; give one such as 5ms, or a percentile")
    if kind == "time" and not 0 < delay.time.ToMicroseconds() <= _HOUR:
        raise InvalidPlan(f"{path}: it must be more than 0 and at most 1h")
    if kind == "quantile" and not _LEAST_QUANTILE <= delay.quantile <= _LARGEST_QUANTILE:
        percent = 100 * delay.quantile
        raise InvalidPlan(f"{path}: p{percent:g} cannot be waited for; give p50 to p99.9")


def _check_learnable(plan: pb.Plan, path: str, name: str) -> None:
    """A percentile is that of the models before it, so there must be one that is not on doubt."""
    for model in plan.models:
        if str(Reference.of(model)) == name:
            raise InvalidPlan(
                f"{path}: no model that votes and starts by itself is listed before it, so there are"
                " no response times to learn from; give a time such as 5ms"
            )
        if not model.shadow and not _start_of(plan, model).on_doubt:
            return


def _deadline_of(policy: pb.Policy) -> timedelta:
    return policy.deadline.ToTimedelta() if policy.HasField("deadline") else DEFAULT_DEADLINE


def _starts_at_once(plan: pb.Plan, model: pb.PlanModel) -> bool:
    start = _start_of(plan, model)
    return start.WhichOneof("kind") is None or not (start.HasField("after") or start.on_doubt)


def _start_of(plan: pb.Plan, model: pb.PlanModel) -> pb.Start:
    starts = plan.strategy.starts
    name = str(Reference.of(model))
    return starts[name] if name in starts else pb.Start()
