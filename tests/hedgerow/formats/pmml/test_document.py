"""What the registry finds in a PMML document, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hedgerow.errors import InvalidModel
from hedgerow.v1.models_pb2 import Feature, ModelDescriptor, Signature
from tests.hedgerow.formats.conftest import DOCUMENTS, WINE
from tests.hedgerow.formats.samples import (
    FIELDS,
    NODE,
    SCHEMA,
    descriptor,
    ensemble,
    inspect,
    pmml,
    tree,
)

SignatureOf = Callable[..., Signature]


@pytest.fixture
def signature_of(tmp_path: Path) -> SignatureOf:
    def signature(document: str | bytes, said: ModelDescriptor | None = None) -> Signature:
        file = tmp_path / "document.pmml"
        file.write_bytes(document.encode() if isinstance(document, str) else document)
        return inspect(file, said or descriptor("pmml"))

    return signature


# -- what it finds ---------------------------------------------------------------------------------


def test_fields_become_features_by_type_and_use() -> None:
    signature = inspect(DOCUMENTS / "loan-tree.pmml", descriptor("pmml"))

    assert [(f.name, f.type, f.unused) for f in signature.features] == [
        ("id", Feature.TYPE_STRING, True),
        ("opened", Feature.TYPE_UNSPECIFIED, True),
        ("income", Feature.TYPE_DOUBLE, False),
        ("children", Feature.TYPE_INTEGER, False),
        ("region", Feature.TYPE_STRING, False),
        ("owner", Feature.TYPE_BOOLEAN, False),
    ]


def test_classes_are_the_valid_values_of_the_target_in_their_order() -> None:
    signature = inspect(DOCUMENTS / "loan-tree.pmml", descriptor("pmml"))

    assert signature.prediction_type == Signature.PREDICTION_TYPE_CLASSIFICATION
    assert list(signature.classes) == ["grant", "refuse"]


def test_a_regression_has_no_classes() -> None:
    signature = inspect(DOCUMENTS / "rent-regression.pmml", descriptor("pmml"))

    assert signature.prediction_type == Signature.PREDICTION_TYPE_REGRESSION
    assert not signature.classes


@pytest.mark.parametrize("file", sorted(WINE.glob("*.pmml")), ids=lambda file: file.name)
def test_the_models_of_the_example_take_all_measurements_of_a_wine(file: Path) -> None:
    signature = inspect(file, descriptor("pmml"))

    assert len(signature.features) == 13
    assert list(signature.classes) == ["0", "1", "2"]
    assert not any(feature.may_be_missing for feature in signature.features)


def test_a_prefix_for_the_namespace_is_understood(signature_of: SignatureOf) -> None:
    document = (
        pmml(tree()).replace("<", "<p:").replace("<p:/", "</p:").replace("xmlns=", "xmlns:p=")
    )

    assert list(signature_of(document).classes) == ["a", "b"]


def test_a_target_may_be_named_by_the_targets_element_alone(signature_of: SignatureOf) -> None:
    inside = '<Targets><Target field="y"/></Targets>' + NODE
    model = tree(schema='<MiningField name="x"/>', inside=inside)

    assert [f.name for f in signature_of(pmml(model)).features] == ["x"]


# -- missing values --------------------------------------------------------------------------------


def mining_field(attributes: str) -> str:
    return SCHEMA.replace('name="x"', f'name="x" {attributes}')


REPLACED = mining_field('missingValueReplacement="1"')
RETURNED = mining_field('missingValueTreatment="returnInvalid"')
BOTH = mining_field('missingValueReplacement="1" missingValueTreatment="returnInvalid"')
DERIVED = SCHEMA.replace('"x"', '"derived"')
ASKS = '<Node score="a"><SimplePredicate field="x" operator="isMissing"/></Node>'


@pytest.mark.parametrize(
    ("model", "may_be_missing"),
    [
        (tree(), False),
        (tree('missingValueStrategy="none"'), False),
        (tree('missingValueStrategy="nullPrediction"'), False),
        (tree('missingValueStrategy="lastPrediction"'), True),
        (tree('missingValueStrategy="defaultChild"'), True),
        (tree('missingValueStrategy="weightedConfidence"'), True),
        (tree(schema=REPLACED), True),
        (tree(schema=mining_field('missingValueTreatment="asIs"')), False),
        (tree(schema=mining_field('missingValueTreatment="asMean"')), False),
        (tree('missingValueStrategy="defaultChild"', schema=RETURNED), False),
        (tree(schema=BOTH), False),
        (tree(inside=f"<Node><True/>{ASKS}</Node>"), True),
        (tree(inside=f'<Node><True/>{ASKS.replace("x", "z")}</Node>'), False),
        (ensemble(tree('missingValueStrategy="defaultChild"')), True),
        (ensemble(tree('missingValueStrategy="defaultChild"'), tree()), False),
        (ensemble(tree(), schema=REPLACED), True),
        (ensemble(tree(schema=REPLACED)), True),
        (ensemble(ensemble(tree('missingValueStrategy="lastPrediction"'))), True),
        (ensemble(tree('missingValueStrategy="defaultChild"', schema=DERIVED)), False),
    ],
)  # fmt: skip
def test_a_feature_may_be_missing_only_where_the_document_says_what_then(
    signature_of: SignatureOf,
    model: str,
    may_be_missing: bool,
) -> None:
    (feature,) = signature_of(pmml(model)).features

    assert feature.may_be_missing is may_be_missing


def test_a_tree_that_estimates_numbers_has_no_weighted_confidence(
    signature_of: SignatureOf,
) -> None:
    model = tree('missingValueStrategy="weightedConfidence"', function="regression")

    (feature,) = signature_of(pmml(model)).features

    assert not feature.may_be_missing


# -- what it refuses -------------------------------------------------------------------------------

TARGET = '<MiningField name="y" usageType="target"/>'
ENTITY = '<!DOCTYPE PMML [<!ENTITY who SYSTEM "file:///etc/passwd">]>\n'


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("", "line 1: not well-formed XML"),
        (b"PK\x03\x04", "line 1: not well-formed XML"),
        ("<PMML>\n<Header>", "line 2: not well-formed XML"),
        ('<?xml version="1.0" encoding="no-such"?><PMML/>', "line 1: not well-formed XML"),
        ("<html/>", "root element is html, not PMML"),
        (pmml(tree(), prolog='<?xml version="1.0"?>\n<!DOCTYPE PMML>\n'), "line 2: the document has a DTD"),
        (pmml(tree(), prolog=ENTITY), "line 1: the document has a DTD"),
        (pmml(tree(), header=""), "no Header"),
        ("<PMML><Header/></PMML>", "no DataDictionary"),
        (pmml(""), "no model element"),
        (pmml("<BaselineModel functionName='regression'/>"), "BaselineModel (line 4) is a model that"),
        (pmml(ensemble(tree(), "<GaussianProcessModel/>")), "GaussianProcessModel (line 6) is a model"),
        (pmml("<MiningModel functionName='regression'/>"), "MiningModel (line 4) has no Segmentation"),
        (pmml(ensemble(tree(), method="selectAll")), "Segmentation (line 4) has multipleModelMethod"),
        (pmml("<ClusteringModel functionName='clustering'/>"), "functionName 'clustering'"),
        (pmml("<AssociationModel functionName='associationRules'/>"), "functionName 'associationRules'"),
        (pmml(tree(schema='<MiningField name="x"/>')), "TreeModel (line 4) has no target"),
        (pmml(tree(schema=SCHEMA + TARGET.replace('"y"', '"x"'))), "several targets (y, x)"),
        (pmml(tree(schema=SCHEMA.replace('"y"', '"z"'))), "target 'z' of TreeModel (line 4) is not in"),
        (pmml(tree(), fields=FIELDS.replace("Value", "Interval")), "list its classes"),
        (pmml(tree(schema=SCHEMA + '<MiningField name="z"/>')), "MiningField (line 5) 'z' is not in the"),
        (pmml(tree(schema=SCHEMA.replace('"x"', '"x" usageType="supplementary"'))), "no active field"),
        (pmml(tree(), fields=FIELDS.replace("double", "time")), "DataField (line 3) 'x' has dataType"),
    ],
)  # fmt: skip
def test_a_document_that_cannot_be_served_is_refused_with_its_place(
    signature_of: SignatureOf,
    document: str | bytes,
    reason: str,
) -> None:
    with pytest.raises(InvalidModel) as refusal:
        signature_of(document)

    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Signature(input="x"), "no tensors"),
        (
            Signature(prediction_type=Signature.PREDICTION_TYPE_REGRESSION),
            "says regression and the document classification",
        ),
        (Signature(classes=["a", "c"]), "the classes a, c and the document a, b"),
        (Signature(features=[Feature(name="z")]), "feature 'z' is not in the document"),
    ],
)
def test_a_descriptor_that_contradicts_the_document_is_refused(
    signature_of: SignatureOf,
    said: Signature,
    reason: str,
) -> None:
    with pytest.raises(InvalidModel, match=reason):
        signature_of(pmml(tree()), ModelDescriptor(model_type="pmml", signature=said))


def test_a_descriptor_that_repeats_the_document_is_fine(signature_of: SignatureOf) -> None:
    said = descriptor("pmml", ["x"], ["b", "a"])

    assert list(signature_of(pmml(tree()), said).classes) == ["a", "b"]


def test_a_million_nodes_leave_little_behind(signature_of: SignatureOf) -> None:
    nodes = '<Node score="a"><SimplePredicate field="x" operator="lessThan" value="1"/></Node>'
    document = pmml(tree(inside=f"<Node><True/>{nodes * 20_000}</Node>"))

    assert len(signature_of(document).features) == 1
