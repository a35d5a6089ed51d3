"""SavedModels: what the registry refuses without TensorFlow, and scoring with it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hedgerow.data.predictions import Labels
from hedgerow.data.records import Batch, Record
from hedgerow.errors import InvalidModel
from hedgerow.formats import Model
from hedgerow.formats.factories import factory_of
from hedgerow.v1.models_pb2 import Feature, ModelDescriptor, Signature
from tests.hedgerow.formats.samples import (
    STRING,
    descriptor,
    inspect,
    saved_model,
    tensor,
    write_zip,
)

Load = Callable[[str], Model]


def said(
    features: str = "a b", classes: str = "x y", input: str = "", output: str = ""
) -> ModelDescriptor:
    found = descriptor("saved_model", features.split(), classes.split())
    found.signature.input, found.signature.output = input, output
    return found


def check(tmp_path: Path, graph: bytes, by: ModelDescriptor | None = None) -> Signature:
    return inspect(write_zip(tmp_path / "model.zip", {"saved_model.pb": graph}), by or said())


# -- the registry's look ---------------------------------------------------------------------------


def test_the_signature_is_completed(tmp_path: Path) -> None:
    signature = check(tmp_path, saved_model())

    assert [(f.name, f.type) for f in signature.features] == [
        ("a", Feature.TYPE_DOUBLE),
        ("b", Feature.TYPE_DOUBLE),
    ]
    assert signature.prediction_type == Signature.PREDICTION_TYPE_CLASSIFICATION
    assert (signature.input, signature.output) == ("in", "out")


def test_without_classes_it_is_a_regression(tmp_path: Path) -> None:
    graph = saved_model(outputs={"out": tensor((-1, 1))})

    assert (
        check(tmp_path, graph, said(classes="")).prediction_type
        == Signature.PREDICTION_TYPE_REGRESSION
    )


def test_one_of_several_outputs_is_named(tmp_path: Path) -> None:
    graph = saved_model(outputs={"out": tensor(), "hidden": tensor((-1, 64))})

    assert check(tmp_path, graph, said(output="out")).output == "out"
    with pytest.raises(InvalidModel, match=r"gives hidden, out; say which .* --output"):
        check(tmp_path, graph)


def test_sizes_that_are_not_known_are_taken_on_trust(tmp_path: Path) -> None:
    graph = saved_model({"in": tensor(None)}, {"out": tensor((-1, -1))})

    assert check(tmp_path, graph).output == "out"


def test_unused_features_are_not_stacked(tmp_path: Path) -> None:
    by = said("a b c")
    by.signature.features[1].unused = True

    assert [f.unused for f in check(tmp_path, saved_model(), by).features] == [False, True, False]


def test_a_single_score_may_stand_for_two_classes(tmp_path: Path) -> None:
    graph = saved_model(outputs={"out": tensor((-1, 1))})

    assert list(check(tmp_path, graph).classes) == ["x", "y"]


@pytest.mark.parametrize(
    ("graph", "by", "reason"),
    [
        (b"\xff\xff", said(), "saved_model.pb is damaged"),
        (b"", said(), "no graph with the tag 'serve'; there is: no graph"),
        (saved_model(tags=["train"]), said(), "no graph with the tag 'serve'; there is: train"),
        (saved_model(tags=["serve", "gpu"]), said(), "there is: serve\\+gpu"),
        (saved_model(signature="score"), said(), "no signature 'serving_default' \\(there is: score\\)"),
        (saved_model({"a": tensor(), "b": tensor()}), said(), "takes a, b; a model takes one tensor"),
        (saved_model(), said(input="no"), "no input 'no'; there is: in"),
        (saved_model(), said(output="no"), "no output 'no'; there is: out"),
        (saved_model(), said(features=""), "which features it takes, in order: --features a,b,c"),
        (saved_model(), said(features="a a"), "feature 'a' is named twice"),
        (saved_model(), said(classes="x x"), "class 'x' is named twice"),
        (saved_model(), said(features="a b c"), "takes 2 features and 3 are named"),
        (saved_model(), said(classes="x y z"), "gives 2 scores a record and 3 classes are named"),
        (saved_model(), said(classes=""), "gives 2 numbers a record; name what they are of with --classes"),
        (saved_model({"in": tensor((-1, 2), STRING)}), said(), "input 'in' is of string; it must be"),
        (saved_model(outputs={"out": tensor((-1, 2), 9)}), said(), "output 'out' is of int64"),
        (saved_model({"in": tensor((8, 2))}), said(), "input 'in' is made for 8 records at a time"),
        (saved_model({"in": tensor((-1, 2, 2))}), said(), "input 'in' has 3 dimensions"),
        (saved_model(outputs={"out": tensor((-1, 2, 2))}), said(), "output 'out' has 3 dimensions"),
        (saved_model(outputs={"out": tensor((1, 2))}), said(), "output 'out' is made for 1 records"),
        (saved_model(ops=["ReadFile"]), said(), "the operation ReadFile, which reads files"),
        (saved_model(function_ops=["WriteFile"]), said(), "WriteFile, which writes files"),
        (saved_model(function_ops=["PyFunc"]), said(), "PyFunc, which runs Python"),
        (saved_model(function_ops=["DataServiceDatasetV4"]), said(), "which reaches the network"),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_refused(
    tmp_path: Path, graph: bytes, by: ModelDescriptor, reason: str
) -> None:
    with pytest.raises(InvalidModel, match=reason):
        check(tmp_path, graph, by)


def test_text_cannot_be_stacked(tmp_path: Path) -> None:
    by = said()
    by.signature.features[0].type = Feature.TYPE_STRING

    with pytest.raises(InvalidModel, match="feature 'a' is text"):
        check(tmp_path, saved_model(), by)


@pytest.mark.parametrize(
    ("prediction_type", "classes", "reason"),
    [
        (Signature.PREDICTION_TYPE_REGRESSION, "x y", "a regression has no classes"),
        (Signature.PREDICTION_TYPE_CLASSIFICATION, "", "which classes the scores are of"),
    ],
)
def test_a_task_and_classes_that_contradict_are_refused(
    tmp_path: Path, prediction_type: Signature.PredictionType, classes: str, reason: str
) -> None:
    by = said(classes=classes)
    by.signature.prediction_type = prediction_type

    with pytest.raises(InvalidModel, match=reason):
        check(tmp_path, saved_model(), by)


def test_the_functions_that_save_and_restore_a_model_are_let_pass(tmp_path: Path) -> None:
    graph = saved_model(function_ops=["SaveV2", "RestoreV2", "MergeV2Checkpoints"])

    assert check(tmp_path, graph).output == "out"


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.zip").write_bytes(saved_model())

    with pytest.raises(InvalidModel, match="not a zip or tar archive"):
        inspect(tmp_path / "model.zip", said())


# -- scoring ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "right"), [("wine-net.zip", 59), ("wine-net-2.zip", 60)])
def test_a_model_is_right_as_often_as_when_it_was_made(
    file: str, right: int, load_wine_model: Load, wine: Batch, wine_classes: list[str]
) -> None:
    predictions = load_wine_model(file).score(wine)

    assert isinstance(predictions.values, Labels)
    found = predictions.values.to_list()
    assert sum(a == b for a, b in zip(found, wine_classes, strict=True)) == right


def test_scores_are_those_that_tensorflow_gives_by_itself(
    load_wine_model: Load, wine: Batch
) -> None:
    import tensorflow as tf

    from hedgerow.formats.tensorflow.archive import unpack
    from tests.hedgerow.formats.conftest import WINE

    model = load_wine_model("wine-net.zip")
    with tempfile.TemporaryDirectory() as folder:
        directory = unpack(WINE / "wine-net.zip", Path(folder))
        function = tf.saved_model.load(str(directory)).signatures["serving_default"]
        rows = wine.numbers([feature.name for feature in model.signature.features], np.float32)
        expected = function(tf.constant(rows))["probabilities"].numpy()

    outputs = model.score(wine, explain=True).outputs
    found = np.stack([outputs[f"probabilities({label})"] for label in "012"], axis=1)  # type: ignore[misc]
    assert found == pytest.approx(expected, abs=1e-6)


def test_rows_scored_alone_have_the_answers_they_have_together(
    load_wine_model: Load, wine: Batch
) -> None:
    model = load_wine_model("wine-net.zip")

    together = model.score(wine).confidences
    alone = [model.score(wine.rows_of(row, row + 1)).confidences for row in range(wine.rows)]

    assert together is not None
    assert together == pytest.approx([c[0] for c in alone if c is not None], abs=1e-6)


def test_nothing_stays_of_what_was_unpacked(
    load_wine_model: Load, wine: Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    model = factory_of("saved_model").restore(load_wine_model("wine-net.zip").to_bytes())

    assert list(tmp_path.iterdir()) == []
    assert model.score(wine).absent == ()


def test_a_restored_model_answers_as_the_one_it_was_made_of(
    load_wine_model: Load, wine: Batch
) -> None:
    model = load_wine_model("wine-net.zip")

    restored = factory_of("saved_model").restore(model.to_bytes())

    assert restored.signature == model.signature
    assert restored.model_type == "saved_model"
    assert restored.score(wine).confidences == pytest.approx(model.score(wine).confidences)


def export(tmp_path: Path, function: Callable[..., object], width: int = 2) -> Path:
    """Write a SavedModel of a function of a float64 tensor, and archive it."""
    import tensorflow as tf

    module = tf.Module()
    module.weight = tf.Variable(2.0, dtype=tf.float64)
    spec = tf.TensorSpec([None, width], tf.float64, name="rows")
    module.call = tf.function(lambda rows: function(tf, module, rows), input_signature=[spec])
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.call)
    files = {
        file.relative_to(tmp_path / "saved").as_posix(): file.read_bytes()
        for file in (tmp_path / "saved").rglob("*")
        if file.is_file()
    }
    return write_zip(tmp_path / "model.zip", files)


def create(archive: Path, by: ModelDescriptor) -> Model:
    by.signature.CopyFrom(inspect(archive, by))
    return factory_of("saved_model").create(by, archive)


def test_a_regression_in_double_precision_is_scored_as_such(tmp_path: Path) -> None:
    archive = export(tmp_path, lambda tf, m, rows: {"sum": tf.reduce_sum(rows, axis=1) * m.weight})
    model = create(archive, said(classes=""))

    rows: list[Record] = [{"a": 1e10, "b": 1.0}, {"b": 3, "a": 4}]
    batch = Batch.from_records("test", rows)

    for predictions in (model.score(batch), model.score(Batch.from_proto(batch.to_proto()))):
        assert isinstance(predictions.values, np.ndarray)
        assert predictions.values.tolist() == [20_000_000_002.0, 14.0]


def test_a_checkpoint_operation_that_would_run_to_score_is_refused_by_the_host(
    tmp_path: Path,
) -> None:
    def score(tf, module, rows):  # type: ignore[no-untyped-def]
        stolen = tf.raw_ops.RestoreV2(
            prefix="elsewhere", tensor_names=["w"], shape_and_slices=[""], dtypes=[tf.float64]
        )
        return {"out": rows * stolen[0]}

    with pytest.raises(InvalidModel, match="RestoreV2, which reads or writes checkpoint files"):
        create(export(tmp_path, score), said())


def test_what_tensorflow_cannot_load_is_refused_with_its_reason(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "model.zip", {"saved_model.pb": saved_model(ops=["NoSuchOp"])})

    with pytest.raises(InvalidModel, match="TensorFlow does not load the model: "):
        create(archive, said())


def test_a_model_that_fails_says_what_tensorflow_said(tmp_path: Path) -> None:
    def score(tf, module, rows):  # type: ignore[no-untyped-def]
        with tf.control_dependencies([tf.debugging.assert_positive(rows, "not positive")]):
            return {"out": rows * module.weight}

    model = create(export(tmp_path, score), said())

    with pytest.raises(RuntimeError, match=r"TensorFlow failed: .*not positive"):
        model.score(Batch.from_records("test", [{"a": -1.0, "b": 1.0}]))


def test_a_batch_off_the_wire_in_another_order_is_scored_the_same(
    load_wine_model: Load, wine: Batch
) -> None:
    """Its memory is read-only, and picking its columns leaves them in another order of memory."""
    model = load_wine_model("wine-net.zip")
    shuffled = [dict(reversed(record.items())) for record in wine.to_records()]
    sent = Batch.from_proto(Batch.from_records("wine", shuffled).to_proto())

    assert model.score(sent).confidences == pytest.approx(model.score(wine).confidences)
