"""The head of a request, read from its bytes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.data.records import Batch
from hedgerow.v1.scoring_pb2 import ScoreRequest
from services.router.admission.head import Head, read_head


@given(
    data_type=st.text(max_size=300),
    rows=st.integers(0, 2**32 - 1),
    deadline=st.none() | st.integers(-(10**15), 10**15),
    explain=st.booleans(),
)
def test_it_says_what_decoding_would(
    data_type: str, rows: int, deadline: int | None, explain: bool
) -> None:
    request = ScoreRequest(explain=explain)
    request.batch.data_type = data_type
    request.batch.rows = rows
    request.batch.blocks.add(names=["ash"], float64=bytes(800))
    if deadline is not None:
        request.deadline.FromMicroseconds(deadline)
    request.policy.SetInParent()
    head = read_head(request.SerializeToString())
    assert head.data_type == data_type
    assert head.deadline == (None if deadline is None else pytest.approx(deadline / 1e6))


@given(st.binary(max_size=200))
def test_whatever_the_bytes_are_it_says_something(raw: bytes) -> None:
    assert isinstance(read_head(raw), Head)


def test_a_request_that_is_cut_off_does_not_hang() -> None:
    batch = Batch.from_records("wine", [{"ash": 1.0}] * 100).to_proto()
    whole = ScoreRequest(batch=batch, deadline=timedelta(seconds=1)).SerializeToString()
    for length in range(len(whole)):
        read_head(whole[:length])
    assert read_head(whole) == Head("wine", 1.0)
