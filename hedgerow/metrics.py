"""Metrics: what was measured of a model beforehand. `accuracy=0.97`, `accuracy=0.97@held-out-2026-06`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from hedgerow.errors import InvalidInput, InvalidModel
from hedgerow.v1.models_pb2 import Metric

MAX_METRICS = 32
"""Of a model; more than anybody compares, and an end to what a listing carries."""
NAME_LENGTH = 64
DATA_SET_LENGTH = 128

_NAME = re.compile(rf"[A-Za-z][A-Za-z0-9_-]{{0,{NAME_LENGTH - 1}}}")
_TAKEN = {
    "confidence": "it is a measure of its own, of each answer; give another name",
    "registered": "it was a measure of plans; say what was measured: 'accuracy', say",
}


def parse_metric(text: str, lower_is_better: bool = False) -> Metric:
    """Parse a metric as people write it. Raises InvalidModel."""
    name, equals, measured = text.partition("=")
    value, at, data_set = measured.partition("@")
    if not equals or (at and not data_set):
        raise InvalidModel(f"{text!r} is no metric; write name=value or name=value@data-set")
    try:
        number = float(value)
    except ValueError:
        raise InvalidModel(
            f"metric {text!r}: {value!r} is no number; write {name}=0.97, say"
        ) from None
    metric = Metric(
        name=name.strip(), value=number, data_set=data_set, lower_is_better=lower_is_better
    )
    check_metrics([metric])
    return metric


def metric_text(metric: Metric) -> str:
    """Return a metric for people: `accuracy 0.97 (held-out-2026-06)`."""
    data_set = f" ({metric.data_set})" if metric.data_set else ""
    return short_text(metric) + data_set


def short_text(metric: Metric) -> str:
    """Return a metric without its data set: `accuracy 0.97`."""
    return f"{metric.name} {metric.value:.6g}"


def check_metrics(metrics: Iterable[Metric]) -> None:
    """Raise InvalidModel, naming the metric, if a model cannot have these together."""
    directions: dict[str, bool] = {}
    seen: set[tuple[str, str]] = set()
    for metric in metrics:
        _check(metric)
        key = metric.name, metric.data_set
        if key in seen:
            on = f" on data set {metric.data_set!r}" if metric.data_set else ""
            raise InvalidModel(f"metric {metric.name!r} is given twice{on}; give it once")
        if directions.setdefault(metric.name, metric.lower_is_better) != metric.lower_is_better:
            raise InvalidModel(
                f"metric {metric.name!r} is better when higher and better when lower; say one of the two"
            )
        seen.add(key)
    if len(seen) > MAX_METRICS:
        raise InvalidModel(f"there are {len(seen)} metrics; give at most {MAX_METRICS}")


def name_problem(name: str) -> str | None:
    """Return why nothing can be measured by this name; None if it can."""
    if name in _TAKEN:
        return f"{name!r} cannot name a metric: {_TAKEN[name]}"
    if not _NAME.fullmatch(name):
        return (
            f"{name[: 2 * NAME_LENGTH]!r} cannot name a metric; use letters, digits, '_' and '-', "
            f"at most {NAME_LENGTH}, the first a letter"
        )
    return None


def data_set_problem(data_set: str) -> str | None:
    """Return why nothing can be measured on a data set of this name; None if it can."""
    if len(data_set) > DATA_SET_LENGTH or not data_set.isprintable():
        return (
            f"{data_set[:DATA_SET_LENGTH]!r} cannot name a data set; use printable characters, "
            f"at most {DATA_SET_LENGTH}"
        )
    return None


def find_metric(metrics: Iterable[Metric], name: str, data_set: str = "") -> Metric | None:
    """Return a metric by its name, and by its data set if one is said; None if there is none.

    Raises InvalidInput where none is said and the metric was measured on several.
    """
    found = [m for m in metrics if m.name == name and data_set in ("", m.data_set)]
    if len(found) > 1:
        there = ", ".join(sorted(metric.data_set or "one without a name" for metric in found))
        raise InvalidInput(
            f"metric {name!r} was measured on several data sets: {there}; say which one"
        )
    return found[0] if found else None


def _check(metric: Metric) -> None:
    problem = name_problem(metric.name) or data_set_problem(metric.data_set)
    if problem is None and not math.isfinite(metric.value):
        problem = f"metric {metric.name!r} is {metric.value:g}; give a finite number"
    if problem is not None:
        raise InvalidModel(problem)
