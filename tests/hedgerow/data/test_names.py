"""Keys and ids of records: as many as there are, or none, and none too long."""

from __future__ import annotations

import pytest

from hedgerow.data.names import check_names, without_names
from hedgerow.errors import InvalidRecord
from hedgerow.v1 import records_pb2 as pb


def batch(**said: list[str]) -> pb.Batch:
    return pb.Batch(data_type="wine", rows=2, blocks=[pb.Block(names=["ash"])], **said)


@pytest.mark.parametrize(
    "said",
    [{}, {"keys": ["", "c"]}, {"keys": ["k" * 1024, "\U0001f377" * 256], "ids": ["i" * 256, ""]}],
)
def test_as_many_as_records_or_none_are_allowed(said: dict[str, list[str]]) -> None:
    check_names(batch(**said))
    assert without_names(batch(**said)) == batch()


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"keys": ["c"]}, "there are 1 keys for 2 records; give one a record, or none at all"),
        ({"ids": ["1", "2", "3"]}, "there are 3 ids for 2 records"),
        ({"keys": ["", "k" * 1025]}, "record 2 of 2: its key has 1025 bytes; give at most 1024"),
        ({"ids": ["\u00e4" * 129, ""]}, "record 1 of 2: its id has 258 bytes; give at most 256"),
    ],
)
def test_others_are_refused(said: dict[str, list[str]], problem: str) -> None:
    with pytest.raises(InvalidRecord, match=problem):
        check_names(batch(**said))
