"""Splits a batch by where its records' keys belong: a part for each set of hosts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from hedgerow.data.names import without_names
from hedgerow.data.records import Batch
from hedgerow.v1 import records_pb2 as pb
from services.router.joins.keyed import PlacedHost, Places, homes_of


class Part(NamedTuple):
    """Records of a batch that go to the same host of each model."""

    key: str
    """A key of theirs: where it belongs all of them do. "": they go anywhere."""
    records: Sequence[int] | None = None
    """Their places in the batch, ascending; None: it is the whole batch."""
    has_several: bool = False
    """They have other keys too, which may belong elsewhere as soon as a host comes or goes."""


def part_of(message: pb.Batch, batch: Batch, part: Part) -> pb.Batch:
    """Return a part of a batch for the wire, without keys and ids; `batch` is what the message holds."""
    if part.records is None:
        return without_names(message)
    return batch.take(part.records).to_proto()


def split(keys: Sequence[str], hosts: Iterable[Sequence[PlacedHost]]) -> list[Part]:
    """Split a batch by the keys of its records; `hosts` are those of each model of the plan.

    Records without a key go with the fewest. A batch that need not be split is one part.
    """
    distinct = list(dict.fromkeys(key for key in keys if key))
    if not distinct:
        return [Part("")]
    groups = _groups(distinct, hosts) if len(distinct) > 1 else None
    if groups is None:
        return [Part(distinct[0], None, len(distinct) > 1)]
    group_of = dict(zip(distinct, groups.tolist(), strict=True))
    parts: dict[int, list[int]] = {}
    for record, key in enumerate(keys):
        if key:
            parts.setdefault(group_of[key], []).append(record)
    without = [record for record, key in enumerate(keys) if not key]
    fewest = min(parts.values(), key=len)
    fewest[:] = sorted(fewest + without)
    return [_part(keys, records) for records in parts.values()]


def within(part: Part, pieces: Iterable[Part]) -> list[Part]:
    """Return what a part is split into as parts of the batch."""
    records = part.records
    if records is None:
        return list(pieces)
    return [
        piece._replace(
            records=records if piece.records is None else [records[i] for i in piece.records]
        )
        for piece in pieces
    ]


def _groups(keys: Sequence[str], hosts: Iterable[Sequence[PlacedHost]]) -> Places | None:
    """Number the sets of hosts that keys belong to [keys]; None: there is one."""
    groups: Places | None = None
    seen: set[tuple[str, ...]] = set()
    for some in hosts:
        executors = tuple(host.executor for host in some)
        # Models that run on the same executors, once on each, have their keys divided alike.
        if len(some) < 2 or (executors in seen and len(set(executors)) == len(executors)):
            continue
        seen.add(executors)
        homes = homes_of(keys, some)
        if groups is not None:
            homes += groups * len(some)
        groups = np.unique(homes, return_inverse=True)[1].reshape(-1)
    return groups if groups is not None and groups.any() else None


def _part(keys: Sequence[str], records: Sequence[int]) -> Part:
    first, *others = dict.fromkeys(key for record in records if (key := keys[record]))
    return Part(first, records, bool(others))
