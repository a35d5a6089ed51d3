"""Many records at once: what was said about them, and what is decided, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from services.collector.rules.verdict import Verdict

Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

WAITS = -2
"""In place of a model: there is no verdict yet, or no answer."""

BY_ITSELF = -3
"""In place of a model: the record is for `Rule.judge`."""

ABSENT = -1
"""In place of a code: no answer of a model."""

NOTHING = -2
"""In place of the code of what was decided: no answer. It is nobody's code."""

FIRST_LABEL = 0x7FF8_0000_0000_0001
"""The code of the first label. The code of a number is its bits. From here on, and where ABSENT and
NOTHING are, no bits are those of a number: codes of labels and of numbers can stand side by side."""


class Columns:
    """What some models, at least one, said about n records.

    `models` are their places in the plan, ascending. `codes` [models, n] are equal where answers are, and
    ABSENT where there is none (see FIRST_LABEL); `confidences` [models, n] are 0 where there is none;
    `numbers` [models, n] are the answers for regression, NaN where there is none, else None.
    """

    __slots__ = ("bits", "codes", "confidences", "models", "numbers", "present", "size")

    def __init__(
        self,
        models: Sequence[int],
        codes: Places,
        confidences: Numbers,
        numbers: Numbers | None = None,
    ) -> None:
        self.models = np.array(models, np.int64)
        self.bits: Bits = np.array([1 << model for model in models], np.uint64)
        self.codes = codes
        self.confidences = confidences
        self.numbers = numbers
        self.present: Flags = codes != ABSENT
        self.size = codes.shape[1]

    def take(self, rows: npt.NDArray[Any]) -> Columns:
        """Return some of the records."""
        numbers = None if self.numbers is None else self.numbers[:, rows]
        models = self.models.tolist()
        return Columns(models, self.codes[:, rows], self.confidences[:, rows], numbers)

    def masks(self, flags: Flags) -> Bits:
        """Return for each record the bits of the models whose flag [models, n] is set."""
        bits: Bits = np.bitwise_or.reduce(
            np.where(flags, self.bits[:, np.newaxis], np.uint64(0)), axis=0
        )
        return bits


class Verdicts:
    """For each record the place of the model that answers (or WAITS, BY_ITSELF), the reason, who agreed."""

    __slots__ = ("agreed", "models", "reasons")

    def __init__(self, size: int) -> None:
        self.models: Places = np.full(size, WAITS, np.int64)
        self.reasons: Places = np.zeros(size, np.int64)
        self.agreed: Bits = np.zeros(size, np.uint64)

    @classmethod
    def left_to_judge(cls, size: int) -> Verdicts:
        """Leave each record to `Rule.judge`."""
        verdicts = cls(size)
        verdicts.models[:] = BY_ITSELF
        return verdicts

    @classmethod
    def of_columns(cls, columns: Columns, chosen: Places, reasons: Places) -> Verdicts:
        """Make verdicts of the place in `columns` that is chosen for each record, or WAITS.

        Those who agree are those with an equal answer.
        """
        verdicts = cls(columns.size)
        answered = chosen >= 0
        column = np.where(answered, chosen, 0)
        codes = np.take_along_axis(columns.codes, column[np.newaxis], 0)
        same = (columns.codes == codes) & answered
        verdicts.models = np.where(answered, columns.models[column], WAITS)
        verdicts.reasons = reasons
        verdicts.agreed = columns.masks(same)
        return verdicts

    def put(self, rows: Flags, other: Verdicts) -> None:
        """Take over verdicts for some of the records: `other` has those alone, in their order."""
        self.models[rows] = other.models
        self.reasons[rows] = other.reasons
        self.agreed[rows] = other.agreed

    def to_list(self) -> list[Verdict]:
        """Return the verdicts one by one, WAITS and BY_ITSELF in the place of a model."""
        return list(
            zip(self.models.tolist(), self.reasons.tolist(), self.agreed.tolist(), strict=True)
        )
