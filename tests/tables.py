"""How much the tables of an object hold, all that it is made of included: what must not grow for ever."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping

_OURS = ("services.", "hedgerow.")


def table_sizes(root: object, besides: Collection[type] = ()) -> dict[str, int]:
    """Return the number of entries of each table that can be reached from `root`, by its name.

    It goes through attributes of our own objects and through the tables themselves, the number of whose
    entries is added up where one table is in another. Objects of the types `besides` are left out.
    """
    sizes: dict[str, int] = {}
    seen: set[int] = set()
    rest = [(type(root).__name__, root)]
    while rest:
        name, one = rest.pop()
        if id(one) in seen or type(one) in besides:
            continue
        seen.add(id(one))
        if isinstance(one, (Mapping, list, set, deque)):
            sizes[name] = sizes.get(name, 0) + len(one)
        rest += [(part or name, found) for part, found in _parts(name, one)]
    return sizes


def _parts(name: str, one: object) -> Iterator[tuple[str, object]]:
    if isinstance(one, Mapping):
        yield from (("", value) for value in list(one.values()))
    elif isinstance(one, (list, set, deque, tuple)):
        yield from (("", value) for value in list(one))
    elif type(one).__module__.startswith(_OURS) and "v1" not in type(one).__module__.split("."):
        attributes = dict(getattr(one, "__dict__", {}))
        for kind in type(one).__mro__:
            for slot in getattr(kind, "__slots__", ()):
                if hasattr(one, slot):
                    attributes[slot] = getattr(one, slot)
        yield from ((f"{type(one).__name__}.{key}", value) for key, value in attributes.items())
