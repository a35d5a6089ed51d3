"""Large definitions of each format, made of the small ones of the example."""

from __future__ import annotations

import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path

from bench.models import BenchModel, wine_model
from bench.sizes.size import MIB
from hedgerow.formats.v1.tensorflow_pb2 import Node

_MIB = 256
_PMML_MIB = 64
"""The largest that was loaded into a Java machine so far has 74 (hedgerow/formats/pmml/jvm.py)."""
_LEAF = re.compile(r"<Node[^>]*>\s*<SimplePredicate[^>]*/>\s*</Node>")


def saved_model(folder: Path) -> BenchModel:
    """Return the network with an asset of that size, which does not shrink."""
    known, target = wine_model("wine-net"), folder / "large.zip"
    assert isinstance(known.definition, Path)
    with zipfile.ZipFile(known.definition) as small, zipfile.ZipFile(target, "w") as large:
        for name in small.namelist():
            large.writestr(name, small.read(name))
        large.writestr("assets/large", os.urandom(_MIB * MIB))
    return replace(known, definition=target)


def frozen_graph(folder: Path) -> BenchModel:
    """Return the graph with a constant of that size."""
    known, target = wine_model("wine-graph"), folder / "large.pb"
    assert isinstance(known.definition, Path)
    value = os.urandom(_MIB * MIB)
    node = Node(name="large", op="Const").SerializeToString() + _field(5, value)
    target.write_bytes(_field(1, node) + known.definition.read_bytes())
    return replace(known, definition=target)


def pmml(folder: Path) -> BenchModel:
    """Return the boosting with a leaf of its first tree again and again."""
    known, target = wine_model("wine-boosting"), folder / "large.pmml"
    assert isinstance(known.definition, Path)
    text = known.definition.read_text(encoding="utf-8")
    leaf = _LEAF.search(text)
    assert leaf is not None
    more = leaf[0] * (_PMML_MIB * MIB // len(leaf[0]))
    target.write_text(text[: leaf.end()] + more + text[leaf.end() :], encoding="utf-8")
    return replace(known, definition=target)


def _field(number: int, content: bytes) -> bytes:
    """Return a field of a message, as protobuf writes bytes and messages."""
    head, size = bytearray([number << 3 | 2]), len(content)
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + content
