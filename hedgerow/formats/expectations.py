"""Makes a Verification of what people have: records, each with the answer that is expected of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidRecord
from hedgerow.formats.verification_checks import MOST_RECORDS
from hedgerow.v1.models_pb2 import Verification
from hedgerow.v1.rules_pb2 import Tolerance

EXPECTED, CONFIDENCE = "expected", "expected_confidence"
"""What a record has beside its features."""


def verification_of(
    data_type: str, records: Sequence[Mapping[str, Any]], tolerance: Tolerance | None = None
) -> Verification:
    """Return the verification of records that have their answer under `expected`.

    That is a label or a number; None, or nothing, where the model is to have no answer. They may have the
    probability of a label under `expected_confidence`. Everything else is a feature. Answers go as text,
    for only the model's signature tells the label 1 from the number; `check_verification` does so.

    Raises InvalidRecord, naming the record, counted from 0.
    """
    if not 1 <= len(records) <= MOST_RECORDS:
        raise InvalidRecord(
            f"there are {len(records)} records to verify the model by; give 1 to {MOST_RECORDS}"
        )
    answers = [_answer(row, record.get(EXPECTED)) for row, record in enumerate(records)]
    if not any(answers):
        raise InvalidRecord(
            f"no record says what answer is expected of it; give each one under {EXPECTED!r}"
        )
    features = [{k: v for k, v in r.items() if k not in (EXPECTED, CONFIDENCE)} for r in records]
    made = Verification(
        records=Batch.from_records(data_type, features).to_proto(),
        expected=_predictions(answers, records).to_proto(),
    )
    if tolerance is not None:
        made.tolerance.CopyFrom(tolerance)
    return made


def _predictions(answers: Sequence[str], records: Sequence[Mapping[str, Any]]) -> Predictions:
    found = [_confidence(row, record.get(CONFIDENCE)) for row, record in enumerate(records)]
    confidences = None if all(map(math.isnan, found)) else np.array(found)
    absent = tuple(row for row, answer in enumerate(answers) if not answer)
    return Predictions(Labels.of(answers), confidences, absent)


def _answer(row: int, said: object) -> str:
    """Return an answer as text, empty where there is to be none."""
    if said is None:
        return ""
    if isinstance(said, str):
        return said.strip()
    if isinstance(said, bool | np.bool_):
        return str(bool(said)).lower()
    if isinstance(said, int | float | np.integer | np.floating):
        return "" if said != said else repr(said.item() if isinstance(said, np.generic) else said)
    raise InvalidRecord(
        f"record {row} expects {said!r}; give a label or a number under {EXPECTED!r}"
    )


def _confidence(row: int, said: object) -> float:
    if said is None:
        return math.nan
    if isinstance(said, bool) or not isinstance(said, int | float | np.floating):
        raise InvalidRecord(f"record {row} expects the confidence {said!r}; give a number")
    return float(said)
