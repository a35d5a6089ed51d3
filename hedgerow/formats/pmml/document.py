"""Reads what a PMML document says of itself: which features it takes, and what it answers.

The document comes from anybody, so it is read with a parser that refuses a DTD and entities, and only the
elements that matter here are kept: one with a million tree nodes leaves a few hundred behind. Nothing is
loaded to read it. `pmml_signature` makes a signature of what was read.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl, Locator

from hedgerow.errors import InvalidModel

ENGINE_MODELS = frozenset(
    {
        "AnomalyDetectionModel",
        "AssociationModel",
        "ClusteringModel",
        "GeneralRegressionModel",
        "MiningModel",
        "NaiveBayesModel",
        "NearestNeighborModel",
        "NeuralNetwork",
        "RegressionModel",
        "RuleSetModel",
        "Scorecard",
        "SupportVectorMachineModel",
        "TreeModel",
    }
)
"""The model elements that PMML4S 1.5.8 has a builder for (org.pmml4s.xml.Builder)."""

MODELS = ENGINE_MODELS | {
    "BayesianNetworkModel",
    "BaselineModel",
    "GaussianProcessModel",
    "SequenceModel",
    "TextModel",
    "TimeSeriesModel",
}
"""All model elements of PMML 4.4."""

_KEPT = MODELS | {
    "DataDictionary",
    "DataField",
    "Header",
    "MiningField",
    "MiningSchema",
    "PMML",
    "Segment",
    "Segmentation",
    "SimplePredicate",
    "Target",
    "Targets",
    "Value",
}
_ENCODING = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([\w.-]+)["']""")


@dataclass(slots=True)
class Element:
    """An element that was kept; its children are the kept ones below it."""

    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.tag} (line {self.line})"

    def get(self, attribute: str, default: str = "") -> str:
        """Return an attribute."""
        return self.attributes.get(attribute, default)

    def all(self, tag: str) -> list[Element]:
        """Return the children of that name."""
        return [child for child in self.children if child.tag == tag]

    def below(self, tag: str) -> list[Element]:
        """Return the children of that name in the element that groups them (`MiningSchema`)."""
        return [grandchild for child in self.all(tag) for grandchild in child.children]

    def walk(self) -> Iterator[Element]:
        """Yield this element and all below it, in the order of the document."""
        yield self
        for child in self.children:
            yield from child.walk()


def read(definition: Path) -> Element:
    """Return the root element. Raises InvalidModel if this is no PMML document, or not a safe one."""
    handler = _Keeper()
    parse(definition, handler)
    assert handler.root is not None  # a document without an element is not well-formed
    return handler.root


def parse(definition: Path, handler: LineHandler) -> None:
    """Have a handler see a document. Raises InvalidModel if it is not well-formed, or not a safe one."""
    # Not every client has it, and all of them look a format up by a file's name.
    from defusedxml.common import DefusedXmlException
    from defusedxml.expatreader import DefusedExpatParser

    parser = DefusedExpatParser(forbid_dtd=True, forbid_entities=True, forbid_external=True)
    parser.setContentHandler(handler)
    try:
        with definition.open("rb") as file:
            parser.parse(file)
    except DefusedXmlException as exc:
        raise InvalidModel(
            f"line {handler.line}: the document has a DTD or an entity; remove it and write out what"
            " its entities stand for"
        ) from exc
    except (SAXException, LookupError, ValueError) as exc:
        raise InvalidModel(f"line {handler.line}: not well-formed XML ({_reason(exc)})") from exc


def read_text(definition: Path) -> str:
    """Return the document's text. The engine reads every file as UTF-8, whatever it declares."""
    data = definition.read_bytes()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    declared = _ENCODING.match(data)
    encoding = declared[1].decode() if declared else "utf-8"
    return data.removeprefix(codecs.BOM_UTF8).decode(encoding)


def _reason(exc: Exception) -> str:
    return exc.getMessage() if isinstance(exc, SAXException) else str(exc)


class LineHandler(ContentHandler):
    """Knows which line is being read."""

    _locator: Locator | None = None

    @property
    def line(self) -> int:
        """The line that is being read."""
        return (self._locator.getLineNumber() if self._locator else None) or 1

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802
        self._locator = locator


def local(name: str) -> str:
    """Return a name without its prefix. Prefixes are rare; asking the parser for namespaces is slow."""
    return name.rpartition(":")[2]


class _Keeper(LineHandler):
    """Builds the tree of the kept elements."""

    def __init__(self) -> None:
        super().__init__()
        self.root: Element | None = None
        self._open: list[Element] = []

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        tag = local(name)
        if not self._open and tag != "PMML":
            raise InvalidModel(f"the root element is {tag}, not PMML; push a PMML document")
        if not _is_kept(tag, attrs):
            self._open.append(self._open[-1])
            return
        element = Element(tag, dict(attrs.items()), self.line)
        if self._open:
            self._open[-1].children.append(element)
        self.root = self.root or element
        self._open.append(element)

    def endElement(self, name: str) -> None:  # noqa: N802
        self._open.pop()


def _is_kept(tag: str, attributes: AttributesImpl) -> bool:
    """Of the predicates, which may be millions, only the tests for a missing value count."""
    if tag == "SimplePredicate":
        return attributes.get("operator") in ("isMissing", "isNotMissing")
    return tag in _KEPT
