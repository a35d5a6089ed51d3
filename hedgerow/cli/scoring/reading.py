"""Records of a CSV file or of JSON lines, in batches, each with the number of its line."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from hedgerow.cli.scoring.lines import Line, LineReader
from hedgerow.data.records import Record, Value
from hedgerow.errors import InvalidRecord

_TRUTH = {"true": True, "false": False}
# Longer numbers may be whole and beyond what a double holds exactly.
_EXACT_DIGITS = 15


@dataclass(slots=True)
class Numbered:
    """A batch, and for each record its line and the columns that are kept and not sent."""

    lines: list[int] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    """One a record; none at all if there is no column of keys."""

    def part(self, start: int, stop: int) -> Numbered:
        """Return the records from `start` up to `stop`."""
        part = slice(start, stop)
        return Numbered(self.lines[part], self.records[part], self.kept[part], self.keys[part])


def no_records() -> InvalidRecord:
    """Return what is wrong with an input that has none."""
    return InvalidRecord("there are no records; give CSV with a first line of names, or JSON lines")


class RecordReader:
    """The records of a stream. `is_json` holds once the first have come.

    A CSV cell is a number if it reads as one, true or false, missing if it is empty, and else text.
    Columns to `keep` are no features: they are left as they are and not sent. Nor is the column `key`, if
    there is one: it has the records' keys.
    """

    def __init__(
        self, stream: BinaryIO, batch_size: int, keep: Sequence[str], key: str = ""
    ) -> None:
        self._reader = LineReader(stream)
        self._batch_size = batch_size
        self._keep = keep
        self._key = key

    @property
    def is_json(self) -> bool:
        """Whether these are JSON lines; else they are CSV."""
        return self._reader.is_json

    async def batches(self) -> AsyncIterator[Numbered]:
        """Yield batches of at most `batch_size`; fewer where no more has arrived yet.

        Raises InvalidRecord, naming the line.
        """
        parse: Callable[[Sequence[Line]], list[dict[str, Any]]] | None = None
        async for lines in self._reader.lines():
            if parse is None:
                parse = (
                    _parse_json if self.is_json else _Csv([*self._keep, *filter(None, [self._key])])
                )
            rows = parse(lines)
            numbers = [line.number for line in lines[len(lines) - len(rows) :]]
            for start in range(0, len(rows), self._batch_size):
                stop = start + self._batch_size
                yield self._batch(numbers[start:stop], rows[start:stop])

    def _batch(self, numbers: list[int], rows: list[dict[str, Any]]) -> Numbered:
        keys = [_key(row.get(self._key)) for row in rows] if self._key else []
        kept = [{name: row.pop(name, None) for name in self._keep} for row in rows]
        for row in rows:
            row.pop(self._key, None)
        return Numbered(numbers, list(rows), kept, keys)


def _key(cell: object) -> str:
    """Return what a cell says as a key; nothing is none, and what JSON has is as JSON writes it."""
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else json.dumps(cell)


def _parse_json(lines: Sequence[Line]) -> list[dict[str, Any]]:
    return [_json_object(line) for line in lines]


def _json_object(line: Line) -> dict[str, Any]:
    try:
        value = json.loads(line.text)
    except RecursionError as error:
        raise InvalidRecord(f"line {line.number} is nested too deeply for a record") from error
    except ValueError as error:
        raise InvalidRecord(
            f"line {line.number} is not JSON: {error}; write each record on a line of its own, as"
            " `jq -c .` does"
        ) from error
    if not isinstance(value, dict):
        raise InvalidRecord(
            f'line {line.number} is no JSON object; write a record a line: {{"alcohol": 13.2, ...}}'
        )
    return value


class _Csv:
    """Rows under the names of the first line."""

    def __init__(self, keep: Sequence[str]) -> None:
        self._keep = keep
        self._names: list[str] = []

    def __call__(self, lines: Sequence[Line]) -> list[dict[str, Any]]:
        """Return a record a line."""
        if not self._names:
            self._names = self._header(lines[0])
            lines = lines[1:]
        return [self._record(line) for line in lines]

    def _header(self, line: Line) -> list[str]:
        names = [name.strip() for name in _cells(line)]
        if len(set(names)) != len(names) or "" in names:
            raise InvalidRecord(
                f"line {line.number}: the first line must name each column, and each differently"
            )
        if all(isinstance(_value(name), float | int) for name in names):
            raise InvalidRecord(
                f"line {line.number} has numbers where the names of the columns should be; "
                "write the features' names into the first line"
            )
        for name in self._keep:
            if name not in names:
                raise InvalidRecord(f"there is no column {name!r}; there are: {', '.join(names)}")
        return names

    def _record(self, line: Line) -> dict[str, Any]:
        cells = _cells(line)
        if len(cells) != len(self._names):
            raise InvalidRecord(
                f"line {line.number} has {len(cells)} values for {len(self._names)} columns"
            )
        record: dict[str, Any] = dict(zip(self._names, cells, strict=True))
        return {n: cell if n in self._keep else _value(cell) for n, cell in record.items()}


def _cells(line: Line) -> list[str]:
    try:
        return next(csv.reader([line.text], strict=True))
    except csv.Error as error:
        raise InvalidRecord(f"line {line.number} is not CSV: {error}") from error


def _value(cell: str) -> Value:
    text = cell.strip()
    if not text:
        return None
    try:
        return (
            int(text) if len(text) > _EXACT_DIGITS and text.lstrip("-").isdigit() else float(text)
        )
    except ValueError:
        return _TRUTH.get(text.lower(), cell)
