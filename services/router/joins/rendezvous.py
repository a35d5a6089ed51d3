"""Which of several nodes a key belongs to: rendezvous hashing, highest random weight.

Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (IEEE/ACM Transactions on
Networking 6(1), 1998): each node has a weight for each key, and the key belongs to the heaviest. So when a
node leaves only its keys move, each to the node that was its second; when it comes back it has them again.

The weight is the finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) of the BLAKE2b hashes, 8
bytes little-endian, of key and node, joined by exclusive or. It depends on nothing else: all routers, in
all versions, must come to the same, or a key is in two places at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_MASK = 2**64 - 1

Hashes = npt.NDArray[np.uint64]


@lru_cache(maxsize=4096)
def hash_of_key(key: str) -> int:
    """Return what stands for a key, 64 bits."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "little")


@lru_cache(maxsize=4096)
def hash_of_node(node: str) -> int:
    """Return what stands for a node, 64 bits; it is another one than a key of that name has."""
    digest = blake2b(node.encode(), digest_size=8, person=b"node").digest()
    return int.from_bytes(digest, "little")


def weight(key: int, node: int) -> int:
    """Return the weight that a node has for a key, by the hashes of both, 64 bits."""
    mixed = key ^ node
    mixed = (mixed ^ mixed >> 30) * _FIRST & _MASK
    mixed = (mixed ^ mixed >> 27) * _SECOND & _MASK
    return mixed ^ mixed >> 31


def weights(keys: Sequence[str], nodes: Sequence[str]) -> Hashes:
    """Return the weights [keys, nodes] that nodes have for keys, as `weight` does."""
    of_keys = np.array([hash_of_key(key) for key in keys], np.uint64)
    of_nodes = np.array([hash_of_node(node) for node in nodes], np.uint64)
    mixed: Hashes = of_keys[:, None] ^ of_nodes
    mixed = (mixed ^ mixed >> np.uint64(30)) * np.uint64(_FIRST)
    mixed = (mixed ^ mixed >> np.uint64(27)) * np.uint64(_SECOND)
    return mixed ^ mixed >> np.uint64(31)
