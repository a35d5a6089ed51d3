"""A record that a model could not score is refused, and the refusal names model and feature."""

import pytest

from hedgerow.data.records import Batch, Record
from hedgerow.data.signatures import Needs, SignatureCheck
from hedgerow.errors import InvalidRecord
from hedgerow.v1.models_pb2 import Feature, Signature

TREE = Needs(
    "tree@1",
    Signature(
        features=[
            Feature(name="ash", type=Feature.TYPE_DOUBLE),
            Feature(name="hue", type=Feature.TYPE_DOUBLE, may_be_missing=True),
            Feature(name="year", type=Feature.TYPE_INTEGER),
            Feature(name="grape", type=Feature.TYPE_STRING),
            Feature(name="red", type=Feature.TYPE_BOOLEAN),
            Feature(name="cellar", type=Feature.TYPE_STRING, unused=True),
        ]
    ),
)
NET = Needs("net@3", Signature(features=[Feature(name="ash"), Feature(name="proline")]))
GOOD: Record = {"ash": 1.5, "hue": 0.5, "year": 1997, "grape": "syrah", "red": True}


def check(record: Record, *needs: Needs) -> None:
    SignatureCheck(needs or (TREE,)).check(Batch.from_records("wine", [GOOD, record]))


def refusal(record: Record, *needs: Needs) -> str | None:
    """Why a record by itself is refused, None if it is not."""
    try:
        SignatureCheck(needs or (TREE,)).check(Batch.from_records("wine", [record]))
    except InvalidRecord as error:
        return str(error)
    return None


def test_a_record_that_fits_passes() -> None:
    assert refusal(GOOD) is None


def test_unused_features_may_be_sent_or_left_out() -> None:
    assert "cellar" not in GOOD
    for record in (GOOD, {**GOOD, "cellar": "north"}, {**GOOD, "cellar": None}):
        assert refusal(record) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ash": None}, r"tree@1: feature 'ash' of record 1 is missing \(or NaN\)"),
        ({"ash": float("nan")}, r"tree@1: feature 'ash' of record 1 is missing \(or NaN\)"),
        ({"ash": float("inf")}, "feature 'ash' of record 1 is infinite"),
        ({"year": 1997.5}, "tree@1: feature 'year' of record 1 must be a whole number"),
        ({"grape": None}, "tree@1: feature 'grape' of record 1 is missing"),
        ({"red": None}, "tree@1: feature 'red' of record 1 is missing"),
    ],
)
def test_a_bad_value_is_refused(change: Record, said: str) -> None:
    with pytest.raises(InvalidRecord, match=said):
        check({**GOOD, **change})


@pytest.mark.parametrize(
    ("feature", "value", "said"),
    [
        ("ash", "1.5", "tree@1: feature 'ash' must be a number, and is text"),
        ("grape", 7.0, "tree@1: feature 'grape' must be text, and is a number"),
        ("red", 1.0, "tree@1: feature 'red' must be true or false, and is a number"),
        ("ash", True, "tree@1: feature 'ash' must be a number, and is true or false"),
    ],
)
def test_a_wrong_type_is_refused(feature: str, value: str | float, said: str) -> None:
    with pytest.raises(InvalidRecord, match=said):
        SignatureCheck([TREE]).check(Batch.from_records("wine", [{**GOOD, feature: value}]))


def test_a_feature_that_is_not_sent_is_refused() -> None:
    record = {name: value for name, value in GOOD.items() if name != "grape"}
    with pytest.raises(InvalidRecord, match="tree@1: feature 'grape' is missing; send it"):
        SignatureCheck([TREE]).check(Batch.from_records("wine", [record]))


def test_a_feature_that_no_model_knows_is_refused_naming_the_models() -> None:
    with pytest.raises(InvalidRecord, match="tree@1, net@3: feature 'colour' is not one"):
        SignatureCheck([TREE, NET]).check(
            Batch.from_records("wine", [{**GOOD, "proline": 1.0, "colour": 2.0}])
        )


def test_a_feature_that_only_one_of_the_models_knows_is_fine() -> None:
    record = {**GOOD, "proline": 1.0}
    assert refusal(record, TREE) is not None
    assert refusal(record, NET) is not None
    assert refusal(record, TREE, NET) is None


def test_what_the_document_has_a_rule_for_may_be_missing() -> None:
    without = {name: value for name, value in GOOD.items() if name != "hue"}
    for record in (without, {**GOOD, "hue": None}, {**GOOD, "hue": float("nan")}):
        assert refusal(record) is None


def test_a_missing_value_that_one_model_accepts_is_refused_for_the_other() -> None:
    strict = Needs("strict@2", Signature(features=[Feature(name="hue")]))
    with pytest.raises(InvalidRecord, match="strict@2: feature 'hue'"):
        check({**GOOD, "hue": None}, TREE, strict)


def test_the_same_layout_is_fitted_once() -> None:
    checks = SignatureCheck([TREE])
    for _ in range(3):
        checks.check(Batch.from_records("wine", [GOOD]))
    assert len(checks._fitted) == 1
