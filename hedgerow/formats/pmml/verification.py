"""Makes a Verification of a PMML document's ModelVerification.

What is compared is the answer: the target or, where the table has outputs, what those say of it (by the
standard the target is then what was observed, not what is expected). Labels come from the output
`predictedValue`, else from the probabilities of all classes; confidences from the probability of the label.
Other outputs are not compared.

- `precision` is a share of the expected number, as a relative tolerance is. A Verification has one
  tolerance: the loosest of the fields that are compared.
- `zeroThreshold` matters only for expected numbers below it that are more than rounding. Where there are
  such, the tolerance is absolute: the threshold or, if that is more, the precision of the largest number.
- A cell that is empty or not there is a missing value; of an answer it says that there is none.
- Rows that no record can be like, for a value is missing that may not be, are left out, and so are those in
  which two classes share the highest probability and nothing says which is the label.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.data.records import Batch, Value
from hedgerow.errors import InvalidModel
from hedgerow.formats.pmml.verification_table import Table, VerificationField, table_of
from hedgerow.formats.verification_checks import check_verification, class_of
from hedgerow.v1.models_pb2 import Feature, Signature, Verification
from hedgerow.v1.rules_pb2 import Tolerance

_ROUNDING = 1e-12
"""A threshold up to here asks for no more than every comparison allows."""

_TRUTH = {"true": True, "1": True, "false": False, "0": False}

Row = dict[str, str]
_Value = TypeVar("_Value")


def verification_of(definition: Path, signature: Signature, data_type: str) -> Verification | None:
    """Return the verification of a document with that signature; None if it has none.

    Raises InvalidModel if it has one that cannot be understood.
    """
    table = table_of(definition)
    if table is None:
        return None
    made = _Making(table, signature).verification(data_type)
    if made is None:
        return None
    try:
        return check_verification(made, signature, data_type)
    except InvalidModel as error:
        raise InvalidModel(f"{table}: {error}") from error


@dataclass(frozen=True)
class _Answer:
    """What is expected for a row; without a value there is no answer."""

    value: str | None
    confidence: float | None


class _Making:
    """Sorts the fields of a table by what they are."""

    def __init__(self, table: Table, signature: Signature) -> None:
        self._table = table
        self._signature = signature
        self._classes = tuple(signature.classes)
        self._features: dict[str, VerificationField] = {}
        self._outputs: list[VerificationField] = []
        self._target: VerificationField | None = None
        features = {feature.name for feature in signature.features}
        for field in table.fields:
            self._sort(field, features)
        self._value = self._find_value()
        self._probabilities, self._probability = self._find_probabilities()
        self._check_complete()

    def _sort(self, field: VerificationField, features: set[str]) -> None:
        if field.name in features:
            self._features[field.name] = field
        elif field.name in self._table.outputs:
            self._outputs.append(field)
        elif field.name in self._table.targets:
            self._target = field
        else:
            raise InvalidModel(
                f"{field} is neither a feature, nor the target, nor an OutputField; correct its name, or"
                " remove it"
            )

    def _find_value(self) -> VerificationField | None:
        """Return the field with the answer itself."""
        if not self._outputs:
            return self._target
        kinds = self._table.outputs
        return next((f for f in self._outputs if kinds[f.name].feature == "predictedValue"), None)

    def _find_probabilities(self) -> tuple[dict[int, VerificationField], VerificationField | None]:
        """Return the fields with a probability, by the place of the class, and that of the answer."""
        by_class: dict[int, VerificationField] = {}
        of_answer = None
        for field in self._outputs:
            output = self._table.outputs[field.name]
            if output.feature != "probability":
                continue
            place = class_of(output.value, self._classes)
            if not output.value:
                of_answer = field
            elif place is not None:
                by_class[place] = field
        return by_class, of_answer

    def _check_complete(self) -> None:
        if self._value is None and len(self._probabilities) < max(len(self._classes), 1):
            raise InvalidModel(
                f"{self._table} has no expected answers: neither the target alone, nor an OutputField of"
                " the predictedValue, nor the probabilities of all classes; add one, or remove it"
            )
        for feature in self._required():
            if feature.name not in self._features:
                raise InvalidModel(
                    f"{self._table} has no VerificationField {feature.name!r}, which may not be missing;"
                    " add it, or remove the ModelVerification"
                )

    def _required(self) -> list[Feature]:
        return [f for f in self._signature.features if not (f.unused or f.may_be_missing)]

    # -- the rows ----------------------------------------------------------------------------------

    def verification(self, data_type: str) -> Verification | None:
        """Return what the rows make, None if not one of them can be used."""
        records, answers = [], []
        for number, row in enumerate(self._table.rows):
            record, answer = self._record(number, row), self._answer(number, row)
            if answer is not None and all(f.name in record for f in self._required()):
                records.append(record)
                answers.append(answer)
        if not records:
            return None
        # A feature that every row lacks has no type; it is left out as a whole.
        names = {name for record in records for name in record}
        batch = Batch.from_records(
            data_type, [{name: record.get(name) for name in names} for record in records]
        )
        return Verification(
            records=batch.to_proto(),
            expected=self._predictions(answers).to_proto(),
            tolerance=self._tolerance(answers),
        )

    def _record(self, number: int, row: Row) -> dict[str, Value]:
        record: dict[str, Value] = {}
        for feature in self._signature.features:
            field = self._features.get(feature.name)
            text = _cell(row, field)
            if field is None or text is None or feature.unused:
                continue
            record[feature.name] = self._read(number, field, text, _PARSE[feature.type])
        return record

    def _answer(self, number: int, row: Row) -> _Answer | None:
        """Return what is expected; None if that cannot be told."""
        probabilities = {
            place: self._read(number, field, text, _probability)
            for place, field in self._probabilities.items()
            if (text := _cell(row, field)) is not None
        }
        if self._value is None:
            return self._most_probable(number, probabilities)
        value = _cell(row, self._value)
        if value is None:
            return _Answer(None, None)
        if (text := _cell(row, self._probability)) is not None and self._probability:
            return _Answer(value, self._read(number, self._probability, text, _probability))
        place = class_of(value, self._classes)
        return _Answer(value, None if place is None else probabilities.get(place))

    def _most_probable(self, number: int, probabilities: dict[int, float]) -> _Answer | None:
        if not probabilities:
            return _Answer(None, None)
        if len(probabilities) < len(self._classes):
            raise InvalidModel(f"{self._table}: row {number} lacks a probability; add it")
        highest = max(probabilities.values())
        places = [place for place, found in probabilities.items() if found == highest]
        return _Answer(self._classes[places[0]], highest) if len(places) == 1 else None

    def _read(
        self, number: int, field: VerificationField, text: str, parse: Callable[[str], _Value]
    ) -> _Value:
        try:
            return parse(text)
        except (KeyError, ValueError) as error:
            raise InvalidModel(
                f"{self._table}: {text!r} in row {number} is no value of {field.name!r}; correct it"
            ) from error

    # -- what is expected --------------------------------------------------------------------------

    def _predictions(self, answers: Sequence[_Answer]) -> Predictions:
        absent = tuple(row for row, answer in enumerate(answers) if answer.value is None)
        labels = Labels.of([answer.value or "" for answer in answers])
        found = [answer.confidence for answer in answers]
        if all(confidence is None for confidence in found):
            return Predictions(labels, None, absent)
        confidences = np.array([math.nan if one is None else one for one in found])
        return Predictions(labels, confidences, absent)

    def _tolerance(self, answers: Iterable[_Answer]) -> Tolerance:
        compared = [*self._probabilities.values(), *filter(None, [self._probability])]
        numbers = [a.confidence for a in answers if a.confidence is not None]
        if not self._classes and self._value is not None:
            compared.append(self._value)
            numbers += [number for a in answers if (number := _finite(a.value)) is not None]
        precision = max((field.precision for field in compared), default=0.0)
        threshold = max((field.zero_threshold for field in compared), default=0.0)
        if threshold > _ROUNDING and any(abs(number) <= threshold for number in numbers):
            largest = max(abs(number) for number in numbers)
            return Tolerance(absolute=max(threshold, precision * largest))
        return Tolerance(relative=min(precision, 1.0))


# -- cells -----------------------------------------------------------------------------------------


def _cell(row: Row, field: VerificationField | None) -> str | None:
    """Return the text of a cell, None if it is empty or not there."""
    return (row.get(field.column, "").strip() or None) if field is not None else None


def _finite(text: str | None) -> float | None:
    """Return the number that a text is; None if it is none."""
    try:
        return None if text is None else _number(text)
    except ValueError:
        return None


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _whole(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return _number(text)


def _probability(text: str) -> float:
    """Read a probability; what rounding has put beyond 0 or 1 is put back."""
    return min(max(_number(text), 0.0), 1.0)


_PARSE: dict[int, Callable[[str], Value]] = {
    Feature.TYPE_UNSPECIFIED: _number,
    Feature.TYPE_DOUBLE: _number,
    Feature.TYPE_INTEGER: _whole,
    Feature.TYPE_STRING: str,
    Feature.TYPE_BOOLEAN: lambda text: _TRUTH[text.lower()],
}
