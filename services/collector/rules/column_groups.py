"""Groups of models that agree, for many records at once. `groups` says what a group is."""

from __future__ import annotations

import numpy as np

from services.collector.rules.columns import BY_ITSELF, Bits, Columns, Flags, Places, Verdicts
from services.collector.rules.groups import Votes
from services.collector.rules.tolerance import Tolerance


class ColumnGroups:
    """The largest group of each record.

    `most`: its votes, 0 where nobody answered. `second`: the votes of the next largest, not counted for
    numbers with a tolerance. `tied`: there is another as large. `spokesmen`: the place whose answer is the
    group's. `members`: bits.
    """

    __slots__ = ("members", "most", "second", "spokesmen", "tied")

    def __init__(
        self, most: Places, second: Places, tied: Flags, spokesmen: Places, members: Bits
    ) -> None:
        self.most = most
        self.second = second
        self.tied = tied
        self.spokesmen = spokesmen
        self.members = members

    def settle(self, rows: Flags, reason: int, verdicts: Verdicts) -> None:
        """Let the largest groups answer some of the records.

        Ties are rare and what breaks them is long, so that is written once, in `Rule.judge`.
        """
        verdicts.models[rows] = np.where(self.tied, BY_ITSELF, self.spokesmen)[rows]
        verdicts.reasons[rows] = reason
        verdicts.agreed[rows] = self.members[rows]


def column_groups_of(votes: Votes, columns: Columns, tolerance: Tolerance | None) -> ColumnGroups:
    """Find the largest groups."""
    votes_of = dict(votes)
    weights = np.array([votes_of[model] for model in columns.models.tolist()], np.int64)
    if tolerance is None or columns.numbers is None:
        return _equal(columns, weights)
    return _near(columns, weights, tolerance)


def _equal(columns: Columns, votes: Places) -> ColumnGroups:
    codes = columns.codes
    # For each model the votes of all who gave the answer that it gave.
    together = np.stack([votes @ (codes == column) for column in codes])
    together[~columns.present] = 0
    most = together.max(axis=0)
    leader = together.argmax(axis=0)[np.newaxis]
    leading = (codes == np.take_along_axis(codes, leader, 0)) & columns.present
    second = np.where(leading, 0, together).max(axis=0)
    tied = (second == most) & (most > 0)
    return ColumnGroups(most, second, tied, columns.models[leader[0]], columns.masks(leading))


def _near(columns: Columns, votes: Places, tolerance: Tolerance) -> ColumnGroups:
    assert columns.numbers is not None
    numbers = columns.numbers
    order = numbers.argsort(axis=0, kind="stable")  # those without an answer are last
    ordered = np.take_along_axis(numbers, order, 0)
    most = np.zeros(columns.size, np.int64)
    start, count, tied = most, most, most.astype(bool)
    # A window that is not the largest from its first member on has fewer votes than the one before it.
    for place, low in enumerate(ordered):
        inside = tolerance.agree_columns(low, ordered[place:])
        window = (votes[order[place:]] * inside).sum(axis=0)
        larger = window > most
        tied = ~larger & (tied | ((window == most) & (window > 0)))
        start = np.where(larger, place, start)
        count = np.where(larger, inside.sum(axis=0), count)
        most = np.where(larger, window, most)
    members = _put_back(order, start, count)
    # The two in the middle of an even number of members are equally near their median.
    lower = np.take_along_axis(ordered, (start + np.maximum(count - 1, 0) // 2)[np.newaxis], 0)
    upper = np.take_along_axis(ordered, (start + count // 2)[np.newaxis], 0)
    nearest = members & ((numbers == lower) | (numbers == upper))
    spokesmen = columns.models[nearest.argmax(axis=0)]
    return ColumnGroups(most, np.zeros_like(most), tied, spokesmen, columns.masks(members))


def _put_back(order: Places, start: Places, count: Places) -> Flags:
    """Flag, in the models' own order, the `count` from `start` on in sorted order."""
    place = np.arange(len(order))[:, np.newaxis]
    flags = np.zeros(order.shape, bool)
    np.put_along_axis(flags, order, (place >= start) & (place < start + count), 0)
    return flags
