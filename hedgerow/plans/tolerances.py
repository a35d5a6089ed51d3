"""How far numbers may be apart and count as one: `0.5`, or `5%` of the larger one."""

from __future__ import annotations

import math
from decimal import Decimal

from hedgerow.plans.yaml_values import number, refusal, wrong
from hedgerow.v1 import rules_pb2 as pb


def tolerance_from(path: str, item: object) -> pb.Tolerance:
    """Read a tolerance: a number, or a text of a share. Raises InvalidPlan, naming the path."""
    allowed = "a number such as 0.5 or a share such as 5%"
    if isinstance(item, str) and item.endswith("%"):
        try:
            return pb.Tolerance(relative=float(Decimal(item[:-1].strip()) / 100))
        except ArithmeticError as exc:
            raise wrong(path, item, allowed) from exc
    return pb.Tolerance(absolute=number(path, item, allowed))


def check_tolerance(path: str, tolerance: pb.Tolerance) -> None:
    """Raise InvalidPlan, naming the path, if it is none."""
    kind = tolerance.WhichOneof("kind")
    if kind == "absolute" and not (math.isfinite(tolerance.absolute) and tolerance.absolute >= 0):
        raise refusal(path, f"{tolerance.absolute:g} is no tolerance; give 0 or more")
    # Beyond 100 % numbers of different signs would agree with each other but not with those between.
    if kind == "relative" and not 0 <= tolerance.relative <= 1:
        raise refusal(path, f"{100 * tolerance.relative:g}% is no tolerance; give 0% to 100%")
