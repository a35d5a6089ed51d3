"""What admission needs to know of a request, read without decoding it."""

from __future__ import annotations

from typing import NamedTuple

from google.protobuf.duration_pb2 import Duration

from hedgerow.v1.records_pb2 import Batch
from hedgerow.v1.scoring_pb2 import ScoreRequest

_BATCH = ScoreRequest.DESCRIPTOR.fields_by_name["batch"].number
_DEADLINE = ScoreRequest.DESCRIPTOR.fields_by_name["deadline"].number
_DATA_TYPE = Batch.DESCRIPTOR.fields_by_name["data_type"].number

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
"""Wire types (protobuf.dev/programming-guides/encoding)."""


class Head(NamedTuple):
    """Of a request as it came. What cannot be read is left out: decoding it will say what is wrong."""

    data_type: str = ""
    deadline: float | None = None
    """Seconds; None if the request has none of its own."""


def read_head(raw: bytes) -> Head:
    """Read the head of an encoded ScoreRequest. Steps over the values, however many there are."""
    view = memoryview(raw)
    try:
        fields = _fields(view, {_BATCH, _DEADLINE})
        batch = _fields(fields.get(_BATCH, view[:0]), {_DATA_TYPE})
        data_type = bytes(batch.get(_DATA_TYPE, b"")).decode()
        if _DEADLINE not in fields:
            return Head(data_type)
        duration = Duration.FromString(bytes(fields[_DEADLINE]))
        return Head(data_type, duration.ToNanoseconds() / 1e9)
    except Exception:  # whatever is wrong with these bytes
        return Head()


def _fields(view: memoryview, wanted: set[int]) -> dict[int, memoryview]:
    """Return the first value of each wanted field that has a length."""
    found: dict[int, memoryview] = {}
    at = 0
    while at < len(view) and len(found) < len(wanted):
        tag, at = _varint(view, at)
        number, kind = tag >> 3, tag & 7
        if kind == _BYTES:
            length, at = _varint(view, at)
            if number in wanted:
                found[number] = view[at : at + length]
            at += length
        elif kind == _VARINT:
            _, at = _varint(view, at)
        elif kind in (_FIXED64, _FIXED32):
            at += 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {kind}")
    return found


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    """Return the number at a place, and the place after it."""
    value = shift = 0
    while True:
        byte = view[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
