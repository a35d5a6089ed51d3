"""The arithmetic of the bench: a ratio is taken pair by pair, a target holds or does not."""

import pytest

from bench.figures import Figure, Target, compared
from bench.report import number


def test_the_ratio_is_the_median_of_the_ratios_of_each_pair() -> None:
    figure = compared("x", "requests/s", [(100, 50), (10, 9), (1000, 600)])
    assert (figure.floor, figure.value, figure.ratio) == (100, 50, 0.6)


@pytest.mark.parametrize(
    ("target", "held"),
    [(Target(0.5), True), (Target(0.7), False), (Target(0.6, at_most=True), True)],
)
def test_a_target_in_x_is_held_against_the_ratio(target: Target, held: bool) -> None:
    assert compared("x", "ms", [(100, 60)], target).held is held


def test_a_target_in_a_unit_is_held_against_the_figure_itself() -> None:
    assert Figure("in time", 99.8, "%", target=Target(99.9, "%")).held is False
    assert Figure("failed", 0, "", target=Target(0, "", at_most=True)).held is True


def test_a_figure_without_a_target_neither_holds_nor_fails() -> None:
    assert compared("x", "ms", [(1, 2)]).held is None


@pytest.mark.parametrize(
    ("value", "text"), [(12345.6, "12,346"), (99.25, "99.2"), (0.456, "0.46"), (3, "3")]
)
def test_numbers_are_written_with_the_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text
