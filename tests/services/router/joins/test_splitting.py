"""Batches are split by where the keys of their records belong, and only where they must be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.data.records import Batch
from services.router.joins import splitting
from services.router.joins.keyed import home_of
from services.router.joins.splitting import Part, part_of, split
from tests.services.router.joins.placed import Placed, hosts_on

keys_of_batches = st.lists(st.sampled_from(["", *(f"c-{n}" for n in range(12))]), max_size=40)
fleets = st.lists(
    st.lists(st.sampled_from("abcd"), max_size=5).map(
        lambda executors: [Placed(f"{e}{n}", e) for n, e in enumerate(executors)]
    ),
    min_size=1,
    max_size=4,
)


@given(keys_of_batches, fleets)
def test_each_record_is_in_one_part_and_all_of_a_part_go_to_the_same_hosts(
    keys: list[str], fleet: list[list[Placed]]
) -> None:
    def homes(key: str) -> list[Placed | None]:
        return [home_of(key, hosts) if hosts else None for hosts in fleet]

    parts = split(keys, fleet)
    records = [list(range(len(keys))) if p.records is None else list(p.records) for p in parts]
    assert sorted(record for part in records for record in part) == list(range(len(keys)))
    assert (len(parts) == 1) == (parts[0].records is None)
    seen = []
    for part, places in zip(parts, records, strict=True):
        assert places == sorted(places)
        found = {keys[place] for place in places if keys[place]}
        assert part.key in found or not any(keys)
        assert all(homes(key) == homes(part.key) for key in found)
        seen.append(homes(part.key))
    assert all(seen.count(one) == 1 for one in seen)


def test_records_without_a_key_go_with_the_fewest() -> None:
    fleet = [hosts_on("a", "b", "c")]
    many, few = "c-0", next(k for k in map(str, range(99)) if homes_differ("c-0", k, fleet[0]))
    assert split([many, many, "", few, ""], fleet) == [
        Part(many, [0, 1], has_several=False),
        Part(few, [2, 3, 4], has_several=False),
    ]


def homes_differ(one: str, other: str, hosts: list[Placed]) -> bool:
    return home_of(one, hosts) != home_of(other, hosts)


@pytest.mark.parametrize(
    ("keys", "executors", "key"),
    [
        ([], "abc", ""),
        (["", "", ""], "abc", ""),
        (["c-1", "", "c-1"], "abc", "c-1"),
        (["c-1", "c-2", "c-3"], "a", "c-1"),
        (["c-1", "c-2", "c-3"], "", "c-1"),
    ],
)
def test_what_need_not_be_split_is_one_part_and_costs_no_choice(
    keys: list[str], executors: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitting, "homes_of", None)  # nobody asks it
    several = len(set(keys)) > 2
    assert split(keys, [hosts_on(*executors)]) == [Part(key, None, several)]


def test_parts_have_the_records_alone() -> None:
    batch = Batch.from_records("wine", [{"ash": float(n)} for n in range(3)])
    message = batch.to_proto()
    message.keys.extend(["a", "b", "a"])
    message.ids.extend(["1", "2", "3"])
    assert part_of(message, batch, Part("a")) == batch.to_proto()
    some = part_of(message, batch, Part("a", [0, 2]))
    assert some == batch.take([0, 2]).to_proto()
    assert len(message.keys) == 3  # the caller has them still
