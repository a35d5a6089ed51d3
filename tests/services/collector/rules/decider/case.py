"""What the tests of the decider share: a policy that is asked about one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hedgerow.v1.rules_pb2 import Reason
from services.collector.rules.decider import decide
from services.collector.rules.policy import Policy, compile_policy
from services.collector.rules.verdict import NOBODY, Value
from tests.services.collector.harness import plan_of

OUT = object()
"""Said of a model: it may still answer."""

FAILED = None
"""Said of a model: it will not answer."""


class Case:
    """A policy over some models, asked about what they said."""

    def __init__(self, policy: str, models: str = "a b c", qualities: Sequence[float] = ()) -> None:
        self.names = models.replace("~", "").split()
        self.policy: Policy = compile_policy(plan_of(policy, models), qualities)

    def decide(
        self,
        *said: object,
        at_deadline: bool = False,
        confidences: Mapping[str, float] | None = None,
    ) -> tuple[str, str, str] | None:
        """Return who answered, why, and who agreed; None if the record waits."""
        values: list[Value] = [value if isinstance(value, str | float) else None for value in said]
        trust = [(confidences or {}).get(name, 0.0) for name in self.names]
        outstanding = sum(1 << place for place, value in enumerate(said) if value is OUT)
        verdict = decide(self.policy, values, trust, outstanding, at_deadline)
        if verdict is None:
            return None
        place, reason, agreed = verdict
        who = "-" if place == NOBODY else self.names[place]
        with_it = "".join(name for i, name in enumerate(self.names) if agreed >> i & 1)
        return who, Reason.Name(reason).removeprefix("REASON_"), with_it


MAJORITY = Case("{consensus: {quorum: majority}}")
