"""Rules: all that the contract has can be written, and each comes back as it was."""

from __future__ import annotations

import pytest
import yaml

from hedgerow.plans.plan import policy_from_yaml
from hedgerow.plans.policies import policy_to
from hedgerow.plans.rules.reasons import Reason, reason_of
from hedgerow.plans.rules.rule import KINDS
from hedgerow.v1 import rules_pb2 as pb

OF_THE_CONTRACT = [field.name for field in pb.Rule.DESCRIPTOR.oneofs_by_name["kind"].fields]


def test_every_rule_of_the_contract_can_be_written() -> None:
    assert list(KINDS) == OF_THE_CONTRACT


@pytest.mark.parametrize("kind", OF_THE_CONTRACT)
def test_a_rule_that_says_nothing_comes_back_as_it_was(kind: str) -> None:
    policy = policy_from_yaml(f"{kind}:")

    assert policy.rule.WhichOneof("kind") == kind
    assert policy_to(policy) == {kind: {}}
    assert policy_from_yaml(yaml.safe_dump(policy_to(policy))) == policy


def test_every_reason_of_the_contract_has_a_word() -> None:
    of_the_contract = {number: name for name, number in pb.Reason.items() if number}

    assert {reason_of(number) for number in of_the_contract} == set(Reason) - {Reason.UNKNOWN}
    for number, name in of_the_contract.items():
        assert f"REASON_{reason_of(number).name}" == name
    assert reason_of(0) is reason_of(999) is Reason.UNKNOWN
