"""Answers as CSV or as JSON lines, one a record, in the order of the records."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol, TextIO

from hedgerow.data.answers import Answer, Answers, ModelState, Report

_COLUMNS = ("value", "confidence", "model", "version", "reason", "agreed")


class Writer(Protocol):
    """Writes the answers of a batch, with what was kept of its records."""

    def __call__(self, kept: Sequence[Mapping[str, Any]], answers: Answers) -> None:
        """Write a line a record."""


class CsvWriter:
    """Answers as CSV. With `explain` a last column has what each model said."""

    def __init__(self, stream: TextIO, keep: Sequence[str], explain: bool) -> None:
        self._writer = csv.writer(stream, lineterminator="\n")
        self._explain = explain
        self._keep = keep
        self._writer.writerow([*keep, *_COLUMNS, *(["said"] if explain else [])])

    def __call__(self, kept: Sequence[Mapping[str, Any]], answers: Answers) -> None:
        """Write a line a record."""
        for row, (columns, answer) in enumerate(zip(kept, answers, strict=True)):
            said = [_said_text(answers, row)] if self._explain else []
            cells = [columns[name] for name in self._keep]
            self._writer.writerow([*cells, *_cells(answer), *said])


class JsonWriter:
    """Answers as JSON lines. With `explain` each has what became of each model."""

    def __init__(self, stream: TextIO, explain: bool) -> None:
        self._stream = stream
        self._explain = explain

    def __call__(self, kept: Sequence[Mapping[str, Any]], answers: Answers) -> None:
        """Write a line a record."""
        for row, (columns, answer) in enumerate(zip(kept, answers, strict=True)):
            entry = {**columns, **_fields(answer)}
            if self._explain:
                entry["elapsed_ms"] = _milliseconds(answers.elapsed)
                entry["models"] = [_report(report, row) for report in answers.models]
            self._stream.write(json.dumps(entry, ensure_ascii=False) + "\n")


def _cells(answer: Answer) -> list[Any]:
    fields = _fields(answer)
    return ["" if fields[name] is None else fields[name] for name in _COLUMNS[:-1]] + [
        " ".join(answer.agreed)
    ]


def _fields(answer: Answer) -> dict[str, Any]:
    return {
        "value": answer.value,
        "confidence": answer.confidence,
        "model": answer.model,
        "version": answer.version,
        "reason": str(answer.reason),
        "agreed": list(answer.agreed),
    }


def _said_text(answers: Answers, row: int) -> str:
    """`wine-tree@1: 2 (0.97); wine-net@1: late; wine-graph@1: not started (not needed)`."""
    return "; ".join(_opinion(report, row, len(answers)) for report in answers.models)


def _opinion(report: Report, row: int, rows: int) -> str:
    name = f"{report.name}@{report.version}" if report.version else report.name
    value, confidence = report.said(row)
    if value is None:
        return f"{name}: {_silence(report, rows)}"
    return f"{name}: {value}" + (f" ({confidence:.4g})" if confidence is not None else "")


def _silence(report: Report, rows: int) -> str:
    """Say why a model has no answer to a record."""
    match report.state:
        case ModelState.ANSWERED:
            absent = len(report.predictions.absent) if report.predictions is not None else 0
            # If as many are absent as it was not started for, then it was not for this one.
            return "not asked" if 0 < absent == rows - report.records else "no answer"
        case ModelState.NOT_STARTED if report.failure:
            return f"not started ({report.failure})"
        case state:
            return state.replace("_", " ")


def _report(report: Report, row: int) -> dict[str, Any]:
    value, confidence = report.said(row)
    elapsed = report.elapsed
    return {
        "name": report.name,
        "version": report.version or None,
        "state": str(report.state),
        "elapsed_ms": _milliseconds(elapsed) if elapsed is not None else None,
        "failure": report.failure or None,
        "shadow": report.shadow,
        "records": report.records,
        "value": value,
        "confidence": confidence,
    }


def _milliseconds(duration: timedelta) -> float:
    return duration / timedelta(milliseconds=1)
