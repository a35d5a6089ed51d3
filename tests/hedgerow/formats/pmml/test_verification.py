"""ModelVerification: read by the registry, held against the engine by a host."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidModel
from hedgerow.formats.factories import factory_of
from hedgerow.formats.verification import verify
from hedgerow.v1.models_pb2 import ModelDescriptor, Verification
from hedgerow.v1.rules_pb2 import Tolerance
from tests.hedgerow.formats.conftest import load_model
from tests.hedgerow.formats.samples import NODE, descriptor, ensemble, inspect, pmml, tree

FIELDS = (
    '<DataField name="x" optype="continuous" dataType="double"/>'
    '<DataField name="z" optype="categorical" dataType="string"/>'
    '<DataField name="y" optype="categorical" dataType="string">'
    '<Value value="a"/><Value value="b"/></DataField>'
)
SCHEMA = (
    '<MiningField name="x"/><MiningField name="z" missingValueReplacement="n"/>'
    '<MiningField name="y" usageType="target"/>'
)
SPLIT = (
    '<Node score="a"><True/>'
    '<Node score="a" recordCount="4"><SimplePredicate field="x" operator="lessThan" value="1"/>'
    '<ScoreDistribution value="a" recordCount="3"/><ScoreDistribution value="b" recordCount="1"/></Node>'
    '<Node score="b" recordCount="5"><SimplePredicate field="x" operator="greaterOrEqual" value="1"/>'
    '<ScoreDistribution value="a" recordCount="1"/><ScoreDistribution value="b" recordCount="4"/></Node>'
    "</Node>"
)
OUTPUT = (
    '<Output><OutputField name="said" feature="predictedValue"/>'
    '<OutputField name="p(a)" feature="probability" value="a"/>'
    '<OutputField name="p(b)" feature="probability" value="b"/>'
    '<OutputField name="p" feature="probability"/>'
    '<OutputField name="id" feature="entityId"/></Output>'
)


def fields(*names: str) -> str:
    """VerificationFields; a name may come with attributes."""
    listed = "".join(f"<VerificationField field={name}/>" for name in names)
    return f"<VerificationFields>{listed}</VerificationFields>"


def rows(*cells: str) -> str:
    return "<InlineTable>" + "".join(f"<row>{row}</row>" for row in cells) + "</InlineTable>"


def document(verified: str, output: str = OUTPUT) -> str:
    """A tree of `x`: below 1 `a` with 3/4, else `b` with 4/5."""
    inside = f"{output}\n{SPLIT}\n<ModelVerification>{verified}</ModelVerification>"
    return pmml(tree(schema=SCHEMA, inside=inside), fields=FIELDS)


def write(folder: Path, text: str) -> tuple[Path, ModelDescriptor]:
    file, said = folder / "document.pmml", descriptor("pmml")
    file.write_text(text)
    said.signature.CopyFrom(inspect(file, said))
    return file, said


def read(folder: Path, text: str) -> Verification | None:
    """Do what the registry does."""
    file, said = write(folder, text)
    return factory_of("pmml").own_verification(said, file)


def found(folder: Path, text: str) -> Verification:
    verification = read(folder, text)
    assert verification is not None
    return verification


def expected(verification: Verification) -> tuple[list[str], list[float] | None, tuple[int, ...]]:
    said = Predictions.from_proto(verification.expected)
    assert isinstance(said.values, Labels)
    confidences = None if said.confidences is None else said.confidences.tolist()
    return said.values.to_list(), confidences, said.absent


TARGET = fields('"x"', '"z"', '"y"')


# -- what is read ----------------------------------------------------------------------------------


def test_a_document_without_one_has_none_and_a_segments_own_does_not_count(tmp_path: Path) -> None:
    assert read(tmp_path, pmml(tree())) is None
    verified = "<ModelVerification>" + fields('"nobody"') + rows("") + "</ModelVerification>"
    assert read(tmp_path, pmml(ensemble(tree(inside=NODE + verified)))) is None


def test_rows_are_records_and_the_target_is_what_is_expected(tmp_path: Path) -> None:
    table = rows("<x>0.5</x><z>m</z><y>a</y>", "<x> 2 </x><z></z><y>b</y>", "<x>3</x><y> </y>")
    verification = found(tmp_path, document(TARGET + table))
    batch = Batch.from_proto(verification.records)
    assert batch.data_type == "test"
    assert batch.to_records() == [
        {"x": 0.5, "z": "m"},
        {"x": 2.0, "z": None},
        {"x": 3.0, "z": None},
    ]
    labels, confidences, absent = expected(verification)
    assert labels[:2] == ["a", "b"]
    assert (confidences, absent) == (None, (2,))


def test_columns_may_have_other_names_than_fields_and_prefixes(tmp_path: Path) -> None:
    named = fields('"x" column="data:c1"', '"p(a)" column="data:pa"', '"p(b)" column="pb"')
    table = rows("<d:c1>0.5</d:c1><d:pa>0.75</d:pa><pb>0.25</pb>").replace(
        "<InlineTable", '<InlineTable xmlns:d="urn:data"'
    )
    assert expected(found(tmp_path, document(named + table))) == (["a"], [0.75], ())


def test_with_outputs_the_target_is_what_was_observed_and_does_not_count(tmp_path: Path) -> None:
    named = fields('"x"', '"y"', '"said"', '"p(a)"', '"p(b)"')
    row = "<x>2</x><y>a</y><said>b</said><p_a>0.2</p_a><p_b>0.8</p_b>"
    named = named.replace('"p(a)"', '"p(a)" column="p_a"').replace('"p(b)"', '"p(b)" column="p_b"')
    assert expected(found(tmp_path, document(named + rows(row)))) == (["b"], [0.8], ())


def test_the_probability_of_the_predicted_class_is_its_confidence(tmp_path: Path) -> None:
    table = rows("<x>2</x><said>b</said><p>0.8</p>", "<x>2</x><said>b</said>")
    _, confidences, _ = expected(found(tmp_path, document(fields('"x"', '"said"', '"p"') + table)))
    assert confidences == pytest.approx([0.8, np.nan], nan_ok=True)


def test_a_row_in_which_two_classes_are_as_probable_tells_no_label(tmp_path: Path) -> None:
    named = fields('"x"', '"p(a)" column="pa"', '"p(b)" column="pb"')
    table = rows("<x>1</x><pa>0.5</pa><pb>0.5</pb>", "<x>2</x><pa>0.2</pa><pb>0.8</pb>", "<x>3</x>")
    labels, confidences, absent = expected(found(tmp_path, document(named + table)))
    assert labels[0] == "b"
    assert confidences == pytest.approx([0.8, np.nan], nan_ok=True)
    assert absent == (1,)


def test_rows_that_no_record_can_be_like_are_left_out(tmp_path: Path) -> None:
    table = rows("<z>m</z><y>a</y>", "<x>2</x><y>b</y>")
    assert expected(found(tmp_path, document(TARGET + table)))[0] == ["b"]
    assert read(tmp_path, document(TARGET + rows("<z>m</z><y>a</y>"))) is None


def test_of_many_rows_the_first_thousand_are_used(tmp_path: Path) -> None:
    table = rows(*(f"<x>{i}</x><y>b</y>" for i in range(1, 1203)))
    verification = found(tmp_path, document(TARGET + table))
    assert Batch.from_proto(verification.records).column("x")[-1] == 1000.0
    assert verification.records.rows == 1000


def test_a_document_in_another_encoding_has_its_own_too(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="utf-16"?>' + document(TARGET + rows("<x>2</x><y>b</y>"))
    (tmp_path / "document.pmml").write_bytes(text.encode("utf-16"))
    said = descriptor("pmml")
    said.signature.CopyFrom(inspect(tmp_path / "document.pmml", said))
    assert factory_of("pmml").own_verification(said, tmp_path / "document.pmml") is not None


@pytest.mark.parametrize(
    ("precisions", "tolerance"),
    [
        (("", ""), Tolerance(relative=1e-6)),
        (('precision="1E-3"', 'precision="0.01"'), Tolerance(relative=0.01)),
        (('zeroThreshold="0.001"', ""), Tolerance(relative=1e-6)),
        (('zeroThreshold="0.9"', 'precision="0.01"'), Tolerance(absolute=0.9)),
    ],
)
def test_the_tolerance_is_the_loosest_of_what_is_compared(
    tmp_path: Path, precisions: tuple[str, str], tolerance: Tolerance
) -> None:
    named = fields(
        '"x" precision="0.5"', '"said"', f'"p(a)" column="pa" {precisions[0]}',
        f'"p(b)" column="pb" {precisions[1]}',
    )  # fmt: skip
    table = rows("<x>2</x><said>b</said><pa>0.2</pa><pb>0.8</pb>")
    assert found(tmp_path, document(named + table)).tolerance == tolerance


MISSING = '<VerificationFields><VerificationField field="x"/></VerificationFields>'


@pytest.mark.parametrize(
    ("verified", "problem"),
    [
        (rows("<x>1</x>"), "has no VerificationFields; add them"),
        (TARGET, "has no InlineTable with rows"),
        (TARGET + "<InlineTable/>", "has no InlineTable with rows"),
        (fields('"x"', '"w"') + rows("<x>1</x>"), r"'w' \(line \d+\) is neither a feature"),
        (fields('"x"') + rows("<x>1</x>"), "has no expected answers"),
        (fields('"x"', '"id"', '"y"') + rows("<x>1</x>"), "has no expected answers"),
        (
            fields('"z"', '"y"') + rows("<y>a</y>"),
            "no VerificationField 'x', which may not be missing",
        ),
        (TARGET + rows("<x>1</x><y>c</y>"), "expects 'c' for record 0, which is no class"),
        (TARGET + rows("<x>one</x><y>a</y>"), "'one' in row 0 is no value of 'x'"),
        (fields('"x" precision="much"', '"y"') + rows("<x>1</x>"), "precision 'much' is none"),
        (
            fields('"x"', '"p(a)" column="pa"', '"p(b)" column="pb"') + rows("<x>1</x><pa>1</pa>"),
            "row 0 lacks a probability",
        ),
        (TARGET + rows("<x>1</x><y>a</y>").replace("</row>", "", 1), "not well-formed"),
    ],
)
def test_what_cannot_be_understood_is_refused_when_it_is_pushed(
    tmp_path: Path, verified: str, problem: str
) -> None:
    (tmp_path / "document.pmml").write_text(document(verified))
    with pytest.raises(InvalidModel, match=problem):
        inspect(tmp_path / "document.pmml", descriptor("pmml"))


# -- against the engine ----------------------------------------------------------------------------

NAMED = fields('"x"', '"z"', '"said"', '"p(a)" column="pa"', '"p(b)" column="pb"')


def verified_by_engine(folder: Path, text: str) -> None:
    """Do what a host does."""
    file, said = write(folder, text)
    verification = factory_of("pmml").own_verification(said, file)
    assert verification is not None
    verify(load_model(file, descriptor("pmml")), verification)


def test_a_document_that_reproduces_its_rows_passes(tmp_path: Path) -> None:
    right = rows(
        "<x>0</x><z>m</z><said>a</said><pa>0.75</pa><pb>0.25</pb>",
        "<x>2</x><said>b</said><pa>0.2</pa><pb>0.8</pb>",
    )
    verified_by_engine(tmp_path, document(NAMED + right))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("<x>2</x><said>a</said>", "record 1 is 'b' .* and should be 'a'"),
        ("<x>2</x><said>b</said><pb>0.7</pb>", "record 1 is 'b' with confidence 0.8 and .* 0.7"),
        ("<x>2</x>", "record 1 is 'b' .* and should be without an answer"),
    ],
)
def test_a_document_that_does_not_is_refused(tmp_path: Path, row: str, problem: str) -> None:
    right = "<x>0</x><said>a</said><pa>0.75</pa><pb>0.25</pb>"
    with pytest.raises(InvalidModel, match=problem + ".*; 1 of 2 records differ"):
        verified_by_engine(tmp_path, document(NAMED + rows(right, row)))


def regression(precision: str, *answers: float) -> str:
    """The double of `x`, said to be something."""
    table = rows(*(f"<x>{x}</x><y>{y}</y>" for x, y in enumerate(answers)))
    verified = fields('"x"', f'"y" {precision}') + table
    return pmml(
        '<RegressionModel functionName="regression"><MiningSchema><MiningField name="x"/>'
        '<MiningField name="y" usageType="target"/></MiningSchema><RegressionTable intercept="0">'
        '<NumericPredictor name="x" coefficient="2"/></RegressionTable>'
        f"<ModelVerification>{verified}</ModelVerification></RegressionModel>",
        fields='<DataField name="x" optype="continuous" dataType="double"/>'
        '<DataField name="y" optype="continuous" dataType="double"/>',
    )


def test_numbers_are_compared_by_the_documents_precision(tmp_path: Path) -> None:
    verified_by_engine(tmp_path, regression("", 0.0, 2.0, 4.0))
    verified_by_engine(tmp_path, regression('precision="0.1"', 0.0, 2.1, 4.0))
    verified_by_engine(tmp_path, regression('zeroThreshold="0.01"', 0.005, 2.0, 4.0))
    with pytest.raises(InvalidModel, match=r"record 1 is 2\.0 and should be 2\.1; 1 of 3"):
        verified_by_engine(tmp_path, regression("", 0.0, 2.1, 4.0))
