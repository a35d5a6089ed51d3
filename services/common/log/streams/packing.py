"""MessagePack, as much of it as scripts are given: arrays, strings and small numbers.

Redis' Lua unpacks it by `cmsgpack`. The format is at github.com/msgpack/msgpack/blob/master/spec.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import pack


def array(length: int) -> bytes:
    """Return the head of an array; its elements follow."""
    return pack(">BH", 0xDC, length) if length < 2**16 else pack(">BI", 0xDD, length)


def small(number: int) -> bytes:
    """Return a number from 0 to 127."""
    return bytes((number,))


def text(value: str | bytes) -> bytes:
    """Return a string; of bytes too, which Lua does not tell apart."""
    raw = value.encode() if isinstance(value, str) else value
    length = len(raw)
    if length < 32:
        return bytes((0xA0 | length,)) + raw
    if length < 2**8:
        return bytes((0xD9, length)) + raw
    if length < 2**16:
        return pack(">BH", 0xDA, length) + raw
    return pack(">BI", 0xDB, length) + raw


def texts(values: Iterable[str | bytes]) -> bytes:
    """Return an array of strings."""
    packed = [text(value) for value in values]
    return array(len(packed)) + b"".join(packed)
