"""Which versions share a process. Pure: what is known of each in, sets of versions out.

A message costs more than a light model: three that score a record in 16 to 70 us each, in a process of
their own, cost the mesh twice what they cost in one. So versions that are light and behave live together:
those of one data type, or of several where that is asked for. A task has all light models of its data type
in one process, so what they take together is what counts.

What stands is kept. Processes are loaded beside what serves and take over from it, which is work: a set is
loaded anew when a version joins it, and not because one has left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.common.recent_versions import VersionKey

Group = frozenset[VersionKey]
"""Versions that share a process."""

OTHERS_MOVE = "others that it is to live with are moving"

_STAYS = 3
"""Times what is allowed to those that are to share a process is allowed to those that do: else they would
come and go with the weather."""


@dataclass(frozen=True)
class Member:
    """A version that serves."""

    key: VersionKey
    engine: object
    """What its process has imported; only versions of the same can share one."""
    seconds: float | None = None
    """What a task takes on it."""
    alone: str = ""
    """Why it must be alone. Empty: nothing but what it takes speaks against it."""


@dataclass(frozen=True)
class Limits:
    """How much may share a process."""

    seconds: float
    """That a task may take on all its models together."""
    versions: int
    """In one process, of all data types."""
    across: bool = False
    """Versions of several data types may share a process."""


@dataclass
class Packing:
    """Where each version should run."""

    groups: dict[VersionKey, Group] = field(default_factory=dict)
    """The versions in whose process it should be, itself among them."""
    alone: dict[VersionKey, str] = field(default_factory=dict)
    """Why a version should have a process of its own."""


def pack(
    members: Iterable[Member],
    standing: Collection[Group],
    limits: Limits,
    moving: Group | None = None,
) -> Packing:
    """Return where each member should run, given the groups that stand: that serve, or are loading.

    The one of them that its versions are `moving` to is seen through before others join it: where versions
    come faster than they load, none would ever arrive else.
    """
    found = Packing()
    units: dict[tuple[object, str], list[Member]] = {}
    for member in sorted(members, key=lambda member: member.key):
        if member.alone:
            found.alone[member.key] = member.alone
        else:
            units.setdefault((member.engine, member.key.data_type), []).append(member)
    by_engine: dict[object, list[Group]] = {}
    for (engine, _), unit in units.items():
        if light := _light(unit, standing, limits, found.alone):
            by_engine.setdefault(engine, []).append(light)
    for sets in by_engine.values():
        for group in _joined(sets, standing, limits) if limits.across else sets:
            _settle(group, standing, moving, found)
    return found


def _light(
    unit: Sequence[Member],
    standing: Collection[Group],
    limits: Limits,
    alone: dict[VersionKey, str],
) -> Group:
    """Return those of a data type's versions that may live together, the cheapest first."""
    together = {key for group in standing for key in group if len(group) > 1}
    kept: list[VersionKey] = []
    total = 0.0
    for member in sorted(unit, key=lambda one: (one.seconds or 0.0, one.key)):
        allowed = limits.seconds * (_STAYS if member.key in together else 1)
        if member.seconds is None:
            alone[member.key] = "what a record takes on it is not known yet"
        elif total + member.seconds > allowed:
            others = f", with {', '.join(_name(key) for key in kept)}," if kept else ""
            alone[member.key] = (
                f"a task takes {_milliseconds(total + member.seconds)} on it{others} and "
                f"{_milliseconds(limits.seconds)} are allowed"
            )
        elif len(kept) >= limits.versions:
            alone[member.key] = f"{limits.versions} versions share a process already"
        else:
            kept.append(member.key)
            total += member.seconds
    return frozenset(kept)


def _joined(sets: Sequence[Group], standing: Collection[Group], limits: Limits) -> list[Group]:
    """Join the sets of several data types, each whole; those that stand together stay so."""
    bins: list[set[VersionKey]] = []
    of_home: dict[Group, set[VersionKey]] = {}
    # The largest, for a set may be in two: in one that serves, and in the one that it moves to.
    homes = [max((h for h in standing if h & one), key=_size, default=None) for one in sets]
    for home, one in sorted(zip(homes, sets, strict=True), key=lambda pair: pair[0] is None):
        there = bins if home is None else [of_home[home]] if home in of_home else []
        room = next((some for some in there if len(some | one) <= limits.versions), None)
        if room is None:
            room = set()
            bins.append(room)
        if home is not None:
            of_home.setdefault(home, room)
        room |= one
    return [frozenset(some) for some in bins]


def _settle(
    group: Group, standing: Collection[Group], moving: Group | None, found: Packing
) -> None:
    """Note where versions should run: together, and where they already do if nobody joins them."""
    if moving is not None and moving < group:
        found.groups |= dict.fromkeys(moving, moving)
        found.alone |= dict.fromkeys(group - moving, OTHERS_MOVE)
        return
    if len(group) == 1:
        (key,) = group
        found.alone[key] = "there is no other light version of its data type and engine"
        return
    there = [one for one in standing if group <= one and 2 * len(group) >= len(one)]
    home = min(there, key=_size, default=group)
    for key in group:
        found.groups[key] = home


def _size(group: Group) -> tuple[int, list[VersionKey]]:
    return len(group), sorted(group)


def group_of(key: VersionKey, groups: Mapping[VersionKey, Group]) -> Group:
    """Return the versions in whose process a version should be."""
    return groups.get(key, frozenset((key,)))


def _name(key: VersionKey) -> str:
    return f"{key.name}@{key.version}"


def _milliseconds(seconds: float) -> str:
    # One figure: what varies all the time would be news all the time.
    return f"{float(f'{seconds * 1000:.1g}'):g} ms"
