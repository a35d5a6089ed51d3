"""Which versions live together: the light ones, and those that do stay where they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.common.recent_versions import VersionKey
from services.executor.versions.packing import (
    OTHERS_MOVE,
    Group,
    Limits,
    Member,
    Packing,
    pack,
)

LIMITS = Limits(seconds=0.001, versions=8)


def key(name: str, version: int = 1, data_type: str = "wine") -> VersionKey:
    return VersionKey(data_type, name, version)


def member(
    name: str,
    milliseconds: float | None = 0.1,
    version: int = 1,
    data_type: str = "wine",
    engine: str = "jvm",
    alone: str = "",
) -> Member:
    seconds = None if milliseconds is None else milliseconds / 1000
    return Member(key(name, version, data_type), engine, seconds, alone)


def group(*names: str, version: int = 1) -> Group:
    return frozenset(key(name, version) for name in names)


def groups(packed: Packing) -> set[Group]:
    return set(packed.groups.values())


def test_light_versions_of_a_data_type_live_together() -> None:
    packed = pack([member("a"), member("b"), member("c")], [], LIMITS)
    assert groups(packed) == {group("a", "b", "c")}
    assert not packed.alone


def test_the_cheapest_come_first_and_one_that_is_too_much_is_told_why_it_is_alone() -> None:
    packed = pack([member("a", 0.9), member("b", 0.3), member("c", 0.3)], [], LIMITS)
    assert groups(packed) == {group("b", "c")}
    assert packed.alone == {
        key("a"): "a task takes 2 ms on it, with b@1, c@1, and 1 ms are allowed"
    }


def test_versions_of_another_engine_or_data_type_live_elsewhere() -> None:
    members = [member("a"), member("b", engine="other"), member("c", data_type="iris")]
    packed = pack(members, [], LIMITS)
    assert not packed.groups
    assert set(packed.alone.values()) == {
        "there is no other light version of its data type and engine"
    }


def test_of_several_data_types_when_told_each_whole_as_long_as_there_is_room() -> None:
    members = [
        member(name, data_type=data_type) for data_type in ("x", "y", "z") for name in ("a", "b")
    ]
    packed = pack(members, [], Limits(0.001, versions=4, across=True))
    found = sorted(sorted({k.data_type for k in g}) for g in groups(packed))
    assert found == [["x", "y"], ["z"]]


def test_what_a_task_takes_on_models_of_other_data_types_does_not_count() -> None:
    members = [member(name, 0.6, data_type=name) for name in ("a", "b", "c")]
    packed = pack(members, [], Limits(0.001, versions=8, across=True))
    assert len(groups(packed)) == 1


def test_data_types_that_stand_together_stay_so_when_another_comes() -> None:
    limits = Limits(0.001, versions=4, across=True)
    old = [member(n, data_type=t) for t in ("m", "z") for n in ("a", "b")]
    (standing,) = groups(pack(old, [], limits))
    packed = pack([*old, *(member(n, data_type="a") for n in ("a", "b"))], [standing], limits)
    assert packed.groups[key("a", data_type="m")] == standing
    assert packed.groups[key("a", data_type="a")] != standing


def test_a_group_that_is_moving_is_seen_through_before_another_joins_it() -> None:
    serves, moving = group("a", "b"), group("a", "b", "c")
    members = [member(name) for name in "abcd"]
    packed = pack(members, [serves, moving], LIMITS, moving)
    assert groups(packed) == {moving}
    assert packed.alone == {key("d"): OTHERS_MOVE}
    assert groups(pack(members, [moving], LIMITS)) == {group("a", "b", "c", "d")}


def test_one_that_is_moving_is_not_kept_for_a_version_that_must_leave() -> None:
    moving = group("a", "b", "c")
    members = [member("a"), member("b"), member("c", alone="the plan says packing: never")]
    packed = pack(members, [group("a", "b"), moving], LIMITS, moving)
    assert key("c") not in packed.groups


def test_one_that_must_be_alone_is_with_the_reason() -> None:
    packed = pack([member("a"), member("b"), member("c", alone="it is new")], [], LIMITS)
    assert groups(packed) == {group("a", "b")}
    assert packed.alone == {key("c"): "it is new"}


def test_one_of_which_nothing_is_measured_is_alone() -> None:
    packed = pack([member("a"), member("b"), member("c", None)], [], LIMITS)
    assert groups(packed) == {group("a", "b")}
    assert "not known" in packed.alone[key("c")]


def test_a_version_that_is_gone_is_no_reason_to_load_the_others_anew() -> None:
    standing = group("a", "b", "c")
    packed = pack([member("a"), member("b")], [standing], LIMITS)
    assert groups(packed) == {standing}


def test_one_that_joins_is_and_what_was_gone_goes_with_it() -> None:
    standing = group("a", "b", "c")
    packed = pack([member("a"), member("b"), member("c", version=2)], [standing], LIMITS)
    assert groups(packed) == {frozenset({key("a"), key("b"), key("c", 2)})}


def test_a_process_of_which_less_than_half_is_wanted_is_given_up() -> None:
    standing = group("a", "b", "c", "d", "e")
    packed = pack([member("a"), member("b")], [standing], LIMITS)
    assert groups(packed) == {group("a", "b")}


def test_versions_that_are_together_may_take_more_than_those_that_are_to_be() -> None:
    members = [member("a", 0.9), member("b", 0.9)]
    assert not pack(members, [], LIMITS).groups
    assert groups(pack(members, [group("a", "b")], LIMITS)) == {group("a", "b")}
    heavy = [member("a", 0.9), member("b", 3.0)]
    assert not pack(heavy, [group("a", "b")], LIMITS).groups


def test_no_more_live_together_than_are_allowed() -> None:
    packed = pack([member(str(i), 0.01) for i in range(10)], [], LIMITS)
    assert sorted(map(len, groups(packed))) == [8]
    assert set(packed.alone.values()) == {"8 versions share a process already"}


MEMBERS = st.lists(
    st.builds(
        member,
        name=st.sampled_from("abcdef"),
        milliseconds=st.one_of(st.none(), st.floats(0, 2)),
        version=st.integers(1, 2),
        data_type=st.sampled_from(["x", "y", "z"]),
        engine=st.sampled_from(["jvm", "other"]),
        alone=st.sampled_from(["", "", "it is new"]),
    ),
    unique_by=lambda one: one.key,
    max_size=20,
)


@given(MEMBERS, MEMBERS, st.booleans())
def test_whatever_stands_a_second_look_changes_nothing(
    before: list[Member], members: list[Member], across: bool
) -> None:
    limits = Limits(0.001, versions=5, across=across)
    standing = groups(pack(before, [], limits))
    packed = pack(members, standing, limits)
    assert packed.groups.keys().isdisjoint(packed.alone)
    assert packed.groups.keys() | packed.alone.keys() == {one.key for one in members}
    engines = {one.key: one.engine for one in members}
    for found in groups(packed):
        here = [engines[k] for k in packed.groups if packed.groups[k] == found]
        assert len(set(here)) == 1
        assert across or len({k.data_type for k in found}) == 1
    assert pack(members, groups(packed), limits).groups == packed.groups
    for moving in groups(packed) - standing:
        meanwhile = pack(members, [*standing, moving], limits, moving)
        assert all(meanwhile.groups[k] == moving for k in moving)
