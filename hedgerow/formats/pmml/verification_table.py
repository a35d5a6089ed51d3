"""Reads what a PMML document has to verify itself by: its ModelVerification, and what that refers to.

A pass of its own over the document, made only where it has one: the rows of the table are elements of any
name with text in them, which nobody else wants.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from mmap import ACCESS_READ, mmap
from pathlib import Path
from xml.sax.xmlreader import AttributesImpl

from hedgerow.errors import InvalidModel
from hedgerow.formats.pmml.document import MODELS, LineHandler, local, parse
from hedgerow.formats.verification_checks import MOST_RECORDS

_ELEMENT = "ModelVerification"
_TARGET_USAGES = ("target", "predicted")
_FIELD_PATH = [_ELEMENT, "VerificationFields"]
_TABLE_PATH = [_ELEMENT, "InlineTable"]
_PRECISION, _ZERO_THRESHOLD = 1e-6, 1e-16
"""Where the document says none, by the standard."""


@dataclass(frozen=True, slots=True)
class VerificationField:
    """A field of the table."""

    name: str
    column: str
    """The tag of its cells."""
    precision: float
    """A number may be off by this share of the expected one."""
    zero_threshold: float
    """An expected number that is no larger than this stands for 0, and so does such an answer."""
    line: int

    def __str__(self) -> str:
        return f"VerificationField {self.name!r} (line {self.line})"


@dataclass(frozen=True, slots=True)
class OutputField:
    """An output that the document names."""

    feature: str
    """What it is of the answer: `predictedValue`, `probability`."""
    value: str
    """The class that a probability is of; empty: the predicted one."""


@dataclass(slots=True)
class Table:
    """A ModelVerification. `rows` are the first ones, as many as are used."""

    line: int
    fields: list[VerificationField] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    outputs: dict[str, OutputField] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{_ELEMENT} (line {self.line})"


def table_of(definition: Path) -> Table | None:
    """Return the ModelVerification of the document's model, if it has one; those of segments do not count.

    Raises InvalidModel if it is malformed.
    """
    if not _mentions_one(definition):
        return None
    reader = _Reader()
    parse(definition, reader)
    table = reader.table
    if not table.line:
        return None
    if not table.fields:
        raise InvalidModel(f"{table} has no VerificationFields; add them, or remove it")
    if not table.rows:
        raise InvalidModel(f"{table} has no InlineTable with rows; add one, or remove it")
    return table


def _mentions_one(definition: Path) -> bool:
    """Look for the element's name among the bytes, in the encodings that the parser knows."""
    names = [_ELEMENT.encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be")]
    with definition.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        return any(data.find(name) >= 0 for name in names)


class _Reader(LineHandler):
    """Fills a table. Only what stands in the document's first model counts, not what its segments have."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Table(line=0)
        self._path: list[str] = []
        self._models = 0
        self._row: dict[str, str] | None = None
        self._text: list[str] = []

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        tag = local(name)
        if tag == "OutputField":
            self._output(attrs)
        elif len(self._path) == 1:
            self._models += tag in MODELS
        elif self._models == 1:
            self._part(tag, self._path[2:], attrs)
        self._path.append(tag)
        self._text = []

    def _part(self, tag: str, inside: list[str], attrs: AttributesImpl) -> None:
        """Take an element of the model; `inside` are those between the two."""
        table = self.table
        if tag == _ELEMENT and not inside:
            table.line = self.line
        elif tag == "MiningField" and inside == ["MiningSchema"]:
            if attrs.get("usageType") in _TARGET_USAGES:
                table.targets.append(attrs.get("name", ""))
        elif tag == "Target" and inside == ["Targets"]:
            table.targets.append(attrs.get("field", ""))
        elif tag == "VerificationField" and inside == _FIELD_PATH:
            table.fields.append(self._field(attrs))
        elif tag == "row" and inside == _TABLE_PATH and len(table.rows) < MOST_RECORDS:
            self._row = {}

    def characters(self, content: str) -> None:
        if self._row is not None:
            self._text.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802
        tag = self._path.pop()
        inside = self._path[2:]
        if self._row is None:
            return
        if inside == _TABLE_PATH:
            self.table.rows.append(self._row)
            self._row = None
        elif inside[:2] == _TABLE_PATH and len(inside) == 3:
            self._row[tag] = "".join(self._text)

    def _field(self, attrs: AttributesImpl) -> VerificationField:
        name = attrs.get("field", "")
        return VerificationField(
            name=name,
            column=local(attrs.get("column", name)),
            precision=self._number(attrs, "precision", _PRECISION),
            zero_threshold=self._number(attrs, "zeroThreshold", _ZERO_THRESHOLD),
            line=self.line,
        )

    def _number(self, attrs: AttributesImpl, name: str, default: float) -> float:
        said = attrs.get(name)
        try:
            number = default if said is None else float(said)
        except ValueError:
            number = math.nan
        if not 0 <= number < math.inf:
            raise InvalidModel(f"line {self.line}: {name} {said!r} is none; give 0 or more")
        return number

    def _output(self, attrs: AttributesImpl) -> None:
        # Outputs of a segment, and those that are not the best of several, are not the model's answer.
        if "segmentId" in attrs or attrs.get("rank", "1") != "1":
            feature = "other"
        else:
            feature = attrs.get("feature", "predictedValue")
        found = OutputField(feature, attrs.get("value", ""))
        self.table.outputs.setdefault(attrs.get("name", ""), found)
