"""Files of records with the answers that are expected of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hedgerow.cli.models.verification_file import read_verification
from hedgerow.data.predictions import Labels, Predictions
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidInput
from hedgerow.v1.models_pb2 import Verification
from hedgerow.v1.rules_pb2 import Tolerance


def read(folder: Path, text: str, tolerance: Tolerance | None = None) -> Verification:
    file = folder / "records"
    file.write_text(text)
    return read_verification(file, "wine", tolerance)


def test_csv_and_json_lines_say_the_same(tmp_path: Path) -> None:
    csv = read(tmp_path, "ash,expected,expected_confidence\n1.5,1,0.75\n,, \n2,x,\n")
    lines = read(
        tmp_path,
        '{"ash": 1.5, "expected": "1", "expected_confidence": 0.75}\n'
        '{"ash": null, "expected": null}\n{"ash": 2, "expected": "x"}\n',
    )
    assert csv == lines
    assert Batch.from_proto(csv.records).to_records() == [{"ash": 1.5}, {"ash": None}, {"ash": 2.0}]
    expected = Predictions.from_proto(csv.expected)
    assert isinstance(expected.values, Labels)
    assert expected.values.to_list() == ["1", "", "x"]
    assert expected.absent == (1,)
    assert expected.confidences is not None
    assert expected.confidences[0] == 0.75


def test_a_label_stays_the_text_that_it_is(tmp_path: Path) -> None:
    found = read(tmp_path, "ash,expected\n1,007\n2,True\n", Tolerance(relative=0.1))
    assert list(found.expected.labels.classes) == ["007", "True"]
    assert found.tolerance == Tolerance(relative=0.1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there are 0 records"),
        ("ash\n1\n", "there is no column 'expected'; there are: ash"),
        ('{"ash": 1}\n', "no record says what answer is expected"),
        ("ash,expected\n1\n", "line 2 has 1 values for 2 columns"),
        ("ash,expected\n" + "1,1\n" * 1001, "there are more than 1000 records"),
    ],
)
def test_what_is_wrong_is_told_with_the_name_of_the_file(
    tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(InvalidInput, match=f"records: .*{problem}"):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"cannot read .*none\.csv: No such file"):
        read_verification(tmp_path / "none.csv", "wine")
