"""Scoring PMML documents in the engine itself."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.data.records import Batch, Record, Value
from hedgerow.errors import Corrupt, InvalidModel, InvalidRecord
from hedgerow.formats import Model
from hedgerow.formats.factories import factory_of
from hedgerow.v1.models_pb2 import ModelDescriptor
from tests.hedgerow.formats.conftest import WINE, load_model
from tests.hedgerow.formats.samples import FIELDS, descriptor, pmml, tree

Load = Callable[[str], Model]


def score(model: Model, *records: Record, explain: bool = False) -> Predictions:
    return model.score(Batch.from_records("test", records), explain=explain)


def labels(predictions: Predictions) -> list[str]:
    assert isinstance(predictions.values, Labels)
    return predictions.values.to_list()


def numbers(predictions: Predictions) -> list[float]:
    assert isinstance(predictions.values, np.ndarray)
    return [float(value) for value in predictions.values]


def load_text(tmp_path: Path, document: str | bytes) -> Model:
    file = tmp_path / "document.pmml"
    file.write_bytes(document.encode() if isinstance(document, str) else document)
    return load_model(file, descriptor("pmml"))


# -- the models of the example ---------------------------------------------------------------------

ACCURACY = {
    "wine-tree.pmml": 52,
    "wine-tree-2.pmml": 58,
    "wine-logistic.pmml": 59,
    "wine-boosting.pmml": 58,
}


@pytest.mark.parametrize("file", ACCURACY)
def test_a_model_is_right_as_often_as_when_it_was_made(
    file: str, load_wine_model: Load, wine: Batch, wine_classes: list[str]
) -> None:
    predictions = load_wine_model(file).score(wine)

    right = sum(a == b for a, b in zip(labels(predictions), wine_classes, strict=True))
    assert right == ACCURACY[file]
    assert predictions.absent == ()


@pytest.mark.parametrize("file", ACCURACY)
def test_the_confidence_is_the_probability_of_the_label(
    file: str, load_wine_model: Load, wine: Batch
) -> None:
    predictions = load_wine_model(file).score(wine, explain=True)

    assert predictions.confidences is not None
    assert list(predictions.outputs) == ["probability(0)", "probability(1)", "probability(2)"]
    for row, label in enumerate(labels(predictions)):
        output = predictions.outputs[f"probability({label})"]
        assert isinstance(output, np.ndarray)
        assert predictions.confidences[row] == pytest.approx(output[row])


def test_rows_scored_alone_have_the_answers_they_have_together(
    load_wine_model: Load, wine: Batch
) -> None:
    model = load_wine_model("wine-boosting.pmml")

    together = model.score(wine)
    alone = [model.score(wine.rows_of(row, row + 1)) for row in range(wine.rows)]

    assert labels(together) == [labels(predictions)[0] for predictions in alone]


def test_explaining_changes_nothing_for_the_next_batch(load_wine_model: Load, wine: Batch) -> None:
    model = load_wine_model("wine-boosting.pmml")
    before = model.score(wine)

    model.score(wine, explain=True)

    after = model.score(wine)
    assert labels(after) == labels(before)
    assert np.array_equal(after.confidences, before.confidences)  # type: ignore[arg-type]
    assert not after.outputs


def test_a_model_that_is_cleaned_up_leaves_others_as_they_are(wine: Batch) -> None:
    first, second = (load_model(WINE / "wine-tree.pmml", descriptor("pmml")) for _ in range(2))
    before = labels(second.score(wine))

    first.cleanup()

    assert labels(second.score(wine)) == before


def test_the_order_of_features_in_a_record_does_not_matter(
    load_wine_model: Load, wine: Batch
) -> None:
    model = load_wine_model("wine-logistic.pmml")
    shuffled = [dict(reversed(record.items())) for record in wine.to_records()]
    sent = Batch.from_proto(Batch.from_records("wine", shuffled).to_proto())

    assert labels(model.score(sent)) == labels(model.score(wine))


# -- types and missing values ----------------------------------------------------------------------

LOAN: dict[str, Value] = {"income": 500.0, "children": 1, "region": "north", "owner": True}


@pytest.mark.parametrize(
    ("change", "label", "confidence"),
    [
        ({}, "grant", 0.7),
        ({"income": 2000.0}, "grant", 0.9),
        ({"income": None}, "refuse", 0.6),
        ({"children": 0}, "refuse", 0.95),
        ({"children": None}, "refuse", 0.8),
        ({"owner": False}, "refuse", 0.85),
        ({"owner": None}, "refuse", 0.7),
        ({"region": None}, "refuse", 0.7),
        ({"region": "n/a"}, "refuse", 0.7),
    ],
)
def test_every_type_of_feature_and_its_missing_value_reach_the_engine(
    load_document: Load, change: dict[str, Value], label: str, confidence: float
) -> None:
    """A whole number and a boolean that are missing must not become 0 and false."""
    predictions = score(load_document("loan-tree.pmml"), LOAN | change)

    assert labels(predictions) == [label]
    assert predictions.confidences == pytest.approx([confidence])


def test_a_batch_may_lack_the_column_of_a_feature_that_may_be_missing(load_document: Load) -> None:
    predictions = score(load_document("loan-tree.pmml"), {"income": 500.0})

    assert labels(predictions) == ["refuse"]


def test_a_value_that_the_document_does_not_know_leaves_its_row_absent(
    load_document: Load,
) -> None:
    model = load_document("loan-tree.pmml")

    predictions = score(model, LOAN, LOAN | {"region": "west"}, LOAN | {"children": 0})

    assert predictions.absent == (1,)
    assert labels(predictions)[::2] == ["grant", "refuse"]
    assert predictions.confidences is not None
    assert np.isnan(predictions.confidences[1])


def test_missing_values_are_replaced_as_the_document_says(load_document: Load) -> None:
    model = load_document("rent-regression.pmml")
    flat: Record = {"size": 100.0, "rooms": 3, "place": "centre"}

    predictions = score(model, flat, {**flat, "size": None}, {**flat, "rooms": None})

    assert numbers(predictions) == [1250, 930, 1200]
    assert predictions.confidences is None


def test_a_number_out_of_its_interval_leaves_its_row_absent(load_document: Load) -> None:
    flat: Record = {"size": 5.0, "rooms": 1, "place": "edge"}

    predictions = score(load_document("rent-regression.pmml"), flat, {**flat, "size": 50.0})

    assert predictions.absent == (0,)
    assert numbers(predictions)[1] == 550


def test_a_feature_that_must_be_there_is_missed_by_name(load_document: Load) -> None:
    with pytest.raises(InvalidRecord, match="'place' is missing"):
        score(load_document("rent-regression.pmml"), {"size": 100.0, "rooms": 3})


# -- answers ---------------------------------------------------------------------------------------


def test_labels_of_integers_are_the_texts_of_the_document(load_document: Load) -> None:
    predictions = score(
        load_document("stars-integer.pmml"), {"votes": 5}, {"votes": 50}, {"votes": 5000}
    )

    assert labels(predictions) == ["1", "5", "1000"]


def test_whole_numbers_beyond_a_double_reach_the_engine(tmp_path: Path) -> None:
    number = 2**53 + 1
    field = f'<DataField name="x" optype="categorical" dataType="integer"><Value value="{number}"/>'
    known = FIELDS.replace(
        '<DataField name="x" optype="continuous" dataType="double"/>', field + "</DataField>"
    )
    model = load_text(tmp_path, pmml(tree(), fields=known))

    predictions = score(model, {"x": number}, {"x": number - 1})

    assert predictions.absent == (1,)
    assert labels(predictions)[0] == "a"


def test_a_whole_number_that_is_missing_is_not_a_zero(tmp_path: Path) -> None:
    """Also where all features are numbers, which go to the engine another way."""
    node = '<SimplePredicate field="x" operator="equal" value="0"/>'
    model = tree(
        'missingValueStrategy="lastPrediction"',
        inside=f'<Node score="a"><True/><Node score="b">{node}</Node></Node>',
    )
    whole = FIELDS.replace("double", "integer")

    predictions = score(load_text(tmp_path, pmml(model, fields=whole)), {"x": 0}, {"x": None})

    assert labels(predictions) == ["b", "a"]


def test_a_document_without_probabilities_gives_no_confidence(load_document: Load) -> None:
    assert score(load_document("stars-integer.pmml"), {"votes": 5}).confidences is None


def test_only_the_first_segment_that_holds_answers(load_document: Load) -> None:
    model = load_document("tariff-select-first.pmml")

    predictions = score(model, {"weight": 0.5}, {"weight": 10.0}, {"weight": 50.0}, explain=True)

    assert numbers(predictions)[:2] == [2, 10]
    assert predictions.absent == (2,)
    assert list(predictions.outputs) == ["predicted"]


def test_outputs_are_explained_by_their_names(load_document: Load) -> None:
    outputs = score(load_document("loan-tree.pmml"), LOAN, explain=True).outputs

    assert isinstance(outputs["advice"], Labels)
    assert outputs["advice"].to_list() == ["grant"]
    assert outputs["p(grant)"] == pytest.approx([0.7])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_a_document_is_read_in_the_encoding_that_it_declares(tmp_path: Path, encoding: str) -> None:
    prolog = f"<?xml version='1.0' encoding='{encoding.removesuffix('-sig')}'?>"
    document = pmml(tree(), prolog=prolog).replace('"a"', '"rosé"')

    model = load_text(tmp_path, document.encode(encoding))

    assert labels(score(model, {"x": 1.0})) == ["rosé"]


def test_what_the_engine_does_not_load_is_refused_with_its_reason(tmp_path: Path) -> None:
    broken = tree(inside='<Node><SimplePredicate field="z" operator="equal" value="1"/></Node>')

    with pytest.raises(InvalidModel, match=r"engine does not load the document: .*z"):
        load_text(tmp_path, pmml(broken))


def test_a_row_that_the_engine_fails_on_leaves_the_others_their_answers(
    load_document: Load,
) -> None:
    model = load_document("code-substring.pmml")

    predictions = score(model, {"code": "abcty"}, {"code": ""}, {"code": "abcde"}, explain=True)

    assert predictions.absent == (1,)
    assert labels(predictions)[::2] == ["toy", "tool"]
    kinds = predictions.outputs["predicted_kind"]
    assert isinstance(kinds, Labels)
    assert kinds.to_list() == ["toy", "", "tool"]


@pytest.mark.parametrize("rows", [1, 2])
def test_a_batch_that_the_engine_fails_on_says_what_java_said(
    load_document: Load, rows: int
) -> None:
    with pytest.raises(RuntimeError, match="StringIndexOutOfBounds"):
        score(load_document("code-substring.pmml"), *[{"code": ""}] * rows)


# -- the rest of the contract ----------------------------------------------------------------------


def test_a_restored_model_answers_as_the_one_it_was_made_of(
    load_wine_model: Load, wine: Batch
) -> None:
    model = load_wine_model("wine-logistic.pmml")

    restored = factory_of("pmml").restore(model.to_bytes())
    again = factory_of("pmml").restore(restored.to_bytes())

    assert again.signature == model.signature
    assert isinstance(again.descriptor, ModelDescriptor)
    assert again.descriptor.name == "wine-logistic"
    assert labels(again.score(wine)) == labels(model.score(wine))


def test_bytes_of_something_else_are_not_restored() -> None:
    with pytest.raises(Corrupt, match="no model"):
        factory_of("pmml").restore(b"\xff\xff")


def test_java_is_not_asked_when_python_collects_garbage(load_wine_model: Load) -> None:
    load_wine_model("wine-tree.pmml")

    assert not [call for call in gc.callbacks if call.__name__ == "_collect"]


def test_a_model_knows_values_that_it_takes_where_its_document_lists_them(
    load_document: Load,
) -> None:
    assert load_document("loan-tree.pmml").examples == {"region": ["north", "south"]}
    assert load_document("stars-integer.pmml").examples == {}
