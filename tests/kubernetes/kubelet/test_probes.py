"""A probe's count of answers, as a kubelet keeps it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.kubernetes.kubelet.probes import Probe


async def heard(said: Mapping[str, int], answers: str) -> list[bool | None]:
    """Return what is known after each answer; `+` is a good one."""
    coming = iter(answers)

    async def ask(seconds: float) -> bool:
        return next(coming) == "+"

    probe = Probe(said, ask)
    return [await probe.once() for _ in answers]


@pytest.mark.parametrize(
    ("said", "answers", "known"),
    [
        ({}, "+", [True]),
        ({}, "---", [None, None, False]),
        ({}, "--+--", [None, None, True, None, None]),
        ({"failureThreshold": 1}, "-+", [False, True]),
        ({"successThreshold": 2}, "+-++", [None, None, None, True]),
    ],
    ids=["one is enough", "three in a row", "not in a row", "at once", "two good ones"],
)
async def test_so_many_answers_in_a_row_change_what_is_so(
    said: Mapping[str, int], answers: str, known: list[bool | None]
) -> None:
    assert await heard(said, answers) == known
