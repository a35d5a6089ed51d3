"""Which node of a cluster a command goes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.crc import key_slot
from redis.exceptions import ClusterDownError

from services.common.log.connection.urls import Address

_SLOTS = 2**14

_THIRD = frozenset({"EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO", "FCALL", "FCALL_RO"})
"""Commands whose first key is the third word after them, behind a script and the number of keys."""

_SECOND = frozenset({"XGROUP", "XINFO", "OBJECT", "MEMORY"})
"""Commands whose key is the second word after them, behind a subcommand."""


class Slots:
    """The node that has each slot."""

    def __init__(self, ranges: Sequence[tuple[int, int, Address]] = ()) -> None:
        self._owners: list[Address | None] = [None] * _SLOTS
        for first, last, owner in ranges:
            self._owners[first : last + 1] = [owner] * (last + 1 - first)

    @classmethod
    def told(cls, answer: list[Any], asked: Address) -> Slots:
        """Return what a node says to CLUSTER SLOTS. One that does not know its own address says none."""
        return cls([(first, last, _owner(node, asked)) for first, last, node, *_ in answer])

    def __bool__(self) -> bool:
        return any(self._owners)

    @property
    def nodes(self) -> set[Address]:
        """All that have slots."""
        return {owner for owner in self._owners if owner is not None}

    def owner(self, slot: int) -> Address:
        """Return who has a slot. Raises ClusterDownError if nobody has."""
        if (owner := self._owners[slot]) is None:
            raise ClusterDownError(f"no node has slot {slot}")
        return owner

    def move(self, slot: int, owner: Address) -> None:
        """Note that a node has a slot now."""
        self._owners[slot] = owner


def slot_of(command: Sequence[Any]) -> int:
    """Return the slot of a command's key, the first if it has several.

    Raises ValueError for a command without a key: a cluster has no node for it.
    """
    words = [*str(command[0]).split(), *command[1:]]
    name = words[0].upper()
    if name in ("XREAD", "XREADGROUP"):
        at = 1 + next(
            (i for i, word in enumerate(words) if word in ("STREAMS", b"STREAMS")), len(words)
        )
    else:
        at = 3 if name in _THIRD else 2 if name in _SECOND else 1
    if at >= len(words):
        raise ValueError(f"{name} has no key, so no node of a cluster is the one to ask")
    key = words[at]
    return int(key_slot(key if isinstance(key, bytes) else str(key).encode()))


def _owner(node: list[Any], asked: Address) -> Address:
    host = (node[0] or b"").decode()
    return (host if host not in ("", "?") else asked[0]), int(node[1])
