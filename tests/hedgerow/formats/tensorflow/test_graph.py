"""Frozen graphs: what the registry refuses without TensorFlow, and scoring with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from hedgerow.data.predictions import Labels
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidModel
from hedgerow.formats import Model
from hedgerow.formats.factories import factory_of
from hedgerow.formats.v1.tensorflow_pb2 import Graph, Node
from hedgerow.v1.models_pb2 import ModelDescriptor
from tests.hedgerow.formats.conftest import WINE
from tests.hedgerow.formats.samples import descriptor, inspect, saved_model

Load = Callable[[str], Model]


def said(
    features: str = "a b", classes: str = "x y", input: str = "in", output: str = "out"
) -> ModelDescriptor:
    found = descriptor("tensorflow_graph", features.split(), classes.split())
    found.signature.input, found.signature.output = input, output
    return found


def graph(ops: Iterable[str] = ("Placeholder", "Softmax"), functions: Iterable[str] = ()) -> bytes:
    """A graph whose nodes are `in`, `n1` and so on, and `out`; nothing can run it."""
    nodes = [Node(name=f"n{i}", op=op) for i, op in enumerate(ops)]
    nodes[0].name, nodes[-1].name = "in", "out"
    message = Graph(nodes=nodes)
    message.library.functions.add().nodes.extend(Node(name=op, op=op) for op in functions)
    return message.SerializeToString()


# -- the registry's look ---------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["out", "out:0"])
def test_a_tensor_is_named_with_or_without_its_place(tmp_path: Path, output: str) -> None:
    (tmp_path / "graph.pb").write_bytes(graph())

    signature = inspect(tmp_path / "graph.pb", said(output=output))

    assert (signature.input, signature.output) == ("in:0", "out:0")


@pytest.mark.parametrize(
    ("data", "by", "reason"),
    [
        (b"\xff\xff\xff", said(), "not a serialized GraphDef"),
        (b"", said(), "no operations of a GraphDef"),
        (saved_model(), said(), "if it is a SavedModel, push its directory"),
        (graph(), said(input=""), "which tensor is the input: --input in:0"),
        (graph(), said(output=""), "which tensor is the output: --output out:0"),
        (graph(["Const", "Neg"]), said(input=""), "it has no placeholder"),
        (graph(), said(input="no:0"), "no tensor 'no:0' for the input; likely is in:0"),
        (graph(), said(output="no"), "no tensor 'no' for the output; likely is out:0"),
        (graph(), said(features=""), "--features a,b,c"),
        (graph(["Placeholder", "VarHandleOp", "Softmax"]), said(), "not frozen: 'n1' is a variable"),
        (graph(["Placeholder", "WriteFile", "Softmax"]), said(), "WriteFile, which writes files"),
        (graph(functions=["EagerPyFunc"]), said(), "EagerPyFunc, which runs Python"),
        (graph(functions=["RestoreV2"]), said(), "RestoreV2, which reads or writes checkpoint files"),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_refused(
    tmp_path: Path, data: bytes, by: ModelDescriptor, reason: str
) -> None:
    (tmp_path / "graph.pb").write_bytes(data)

    with pytest.raises(InvalidModel, match=reason):
        inspect(tmp_path / "graph.pb", by)


# -- scoring ---------------------------------------------------------------------------------------


def test_a_model_is_right_as_often_as_when_it_was_made(
    load_wine_model: Load, wine: Batch, wine_classes: list[str]
) -> None:
    predictions = load_wine_model("wine-graph.pb").score(wine)

    assert isinstance(predictions.values, Labels)
    found = predictions.values.to_list()
    assert sum(a == b for a, b in zip(found, wine_classes, strict=True)) == 58
    assert predictions.confidences is not None
    assert ((predictions.confidences > 1 / 3) & (predictions.confidences <= 1)).all()


def test_scores_are_those_of_the_network_worked_out_by_hand(
    load_wine_model: Load, wine: Batch
) -> None:
    import tensorflow as tf

    model = load_wine_model("wine-graph.pb")
    definition = tf.compat.v1.GraphDef.FromString((WINE / "wine-graph.pb").read_bytes())
    constants = [
        tf.make_ndarray(node.attr["value"].tensor) for node in definition.node if node.op == "Const"
    ]
    (first,) = [c for c in constants if c.shape == (13, 8)]
    (second,) = [c for c in constants if c.shape == (8, 3)]
    hidden_bias, bias = [c for c in constants if c.shape in ((8,), (3,))]
    mean, scale = [c for c in constants if c.shape == (13,)]
    rows = wine.numbers([feature.name for feature in model.signature.features])

    hidden = np.maximum((rows - mean) / scale @ first + hidden_bias, 0)
    logits = np.exp(hidden @ second + bias)
    expected = logits / logits.sum(axis=1, keepdims=True)

    outputs = model.score(wine, explain=True).outputs
    found = np.stack([outputs[f"probabilities({label})"] for label in "012"], axis=1)  # type: ignore[misc]
    assert found == pytest.approx(expected, abs=1e-5)


def test_a_restored_model_answers_as_the_one_it_was_made_of(
    load_wine_model: Load, wine: Batch
) -> None:
    model = load_wine_model("wine-graph.pb")

    restored = factory_of("tensorflow_graph").restore(model.to_bytes())

    assert restored.signature == model.signature
    assert restored.score(wine).confidences == pytest.approx(model.score(wine).confidences)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"features": "a b"}, "takes 13 features and 2 are named"),
        ({"classes": "x y z w"}, "gives 3 scores a record and 4 classes are named"),
        ({"output": "probabilities:1"}, "no tensor 'probabilities:1'"),
    ],
)
def test_what_only_tensorflow_knows_is_checked_when_it_loads(
    change: dict[str, str], reason: str
) -> None:
    names = "abcdefghijklm"
    given = {"features": " ".join(names), "classes": "x y z", "input": "features:0"}
    by = said(**({"output": "probabilities:0"} | given | change))
    file = WINE / "wine-graph.pb"
    by.signature.CopyFrom(inspect(file, by))

    with pytest.raises(InvalidModel, match=reason):
        factory_of("tensorflow_graph").create(by, file)
