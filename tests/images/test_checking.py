"""The check of the images can fail: zombies, hosts that do not come back, wrong answers."""

from __future__ import annotations

import pytest

from hedgerow.demo.examples import load_examples
from images.checking import fork_servers, healed, right
from images.containers import Process
from images.engines import Problem

SERVER = "python -c from multiprocessing.forkserver import main"
BEFORE = [
    Process(1, 0, "S", "dumb-init -- python -m services.executor"),
    Process(7, 1, "S", "python -m services.executor"),
    Process(8, 7, "S", SERVER),
    Process(9, 8, "S", SERVER),
]
AFTER = [*BEFORE[:2], Process(20, 7, "S", SERVER), Process(21, 20, "S", SERVER)]


def test_a_fork_server_is_told_from_the_hosts_that_look_like_it() -> None:
    assert [process.pid for process in fork_servers(BEFORE)] == [8]


@pytest.mark.parametrize(
    ("now", "is_healed"),
    [
        (AFTER, True),
        (BEFORE, False),
        (AFTER[:3], False),
        ([*AFTER, Process(9, 1, "Z", "")], False),
        ([*AFTER[:3], Process(9, 1, "Z", "")], False),
    ],
)
def test_it_is_healed_when_all_are_new_and_none_is_a_zombie(
    now: list[Process], is_healed: bool
) -> None:
    assert healed(now, BEFORE) is is_healed


def test_answers_are_counted_against_the_truth() -> None:
    examples = load_examples(None)
    answers = [{"value": truth} for truth in examples.truth]
    answers[0] = {"value": "none of them"}

    assert right(answers, examples) == len(answers) - 1
    with pytest.raises(Problem, match="not one a record"):
        right(answers[1:], examples)
