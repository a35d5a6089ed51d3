"""The deciding function: pure, for one record.

It knows the policy, what the models have said so far, who is still out and whether the deadline has come,
and nothing else: no clock, no order of arrival, no chance. Three things follow and are tested as
properties: an answer is one that a voter gave (or the plan's default); the same answers give the same
verdict in whatever order they came; and when there is a verdict, more answers never take it away.

The collector asks at every result of a voter and once more at the deadline, and the first verdict stands.
So which results there *are* does depend on time, that is the point of speculation, but never what is made
of them. A model that failed, was lost, has no host, or gave no answer for this record has answered with
nothing: nobody waits for it and it joins no group, though its vote still counts in what a quorum needs.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.collector.rules.policy import Policy
from services.collector.rules.verdict import Value, Verdict


def decide(
    policy: Policy,
    values: Sequence[Value],
    confidences: Sequence[float],
    outstanding: int,
    at_deadline: bool = False,
) -> Verdict | None:
    """Decide one record, or return None to wait for a voter that is outstanding.

    `values` and `confidences` have an entry for each model of the plan: None where there is no answer,
    0 where it has no confidence. `outstanding` has a bit for each model that may still answer. At the
    deadline, and when no voter is outstanding, there always is a verdict: an answer if there is any,
    else the plan's default (DEFAULT), else none (NO_ANSWER).
    """
    verdict = policy.rule.judge(values, confidences, outstanding, at_deadline)
    if verdict is None and (at_deadline or not outstanding & policy.voters):
        return policy.nothing
    return verdict
