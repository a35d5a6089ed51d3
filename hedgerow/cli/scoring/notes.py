"""What somebody who scores should know besides the answers: which models took no part in them."""

from __future__ import annotations

from collections import Counter

from hedgerow.data.answers import Answers, ModelState

_WORTH_TELLING = 0.1
"""Share of the records for which a model was late. A few always are, in a plan with a short deadline."""


class Notes:
    """Counts over all batches what became of each model."""

    def __init__(self, data_type: str) -> None:
        self._data_type = data_type
        self._records = 0
        self._models: dict[str, None] = {}
        self._late: Counter[str] = Counter()
        self._without_host: Counter[str] = Counter()
        self._largest = 0

    def add(self, answers: Answers) -> None:
        """Count a batch."""
        rows = len(answers)
        self._records += rows
        self._largest = max(self._largest, rows)
        for model in answers.models:
            self._models[model.name] = None
            if model.state is ModelState.LATE:
                self._late[model.name] += rows
            elif model.state is ModelState.NO_HOST:
                self._without_host[model.name] += rows

    def lines(self) -> list[str]:
        """Return what is worth telling, a line each."""
        told = [self._late_line(name) for name in self._models if self._is_often_late(name)]
        return ([self._hosts_line()] if self._without_host else []) + told

    def _is_often_late(self, name: str) -> bool:
        return self._late[name] > _WORTH_TELLING * self._records

    def _late_line(self, name: str) -> str:
        smaller = "smaller batches (--batch-size), or " if self._largest > 1 else ""
        times = f"{self._late[name]:,} of {self._records:,} records"
        return f"note: {name} was late in {times}; {smaller}a longer deadline?"

    def _hosts_line(self) -> str:
        missing = [name for name in self._models if self._without_host[name] == self._records]
        serving = len(self._models) - len(missing)
        if missing:
            says = f"{serving} of {len(self._models)} models serve; not {', '.join(missing)}"
        else:
            says = f"not all models served from the beginning: {', '.join(self._without_host)}"
        return f"note: {says}. Still loading? See `hedgerow state {self._data_type}`"
