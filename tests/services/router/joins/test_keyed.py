"""Which host a key belongs to: always the same, a fair share each, and only those move that must."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.router.joins.keyed import home_of, homes_of
from services.router.joins.rendezvous import hash_of_key, hash_of_node, weight, weights
from tests.services.router.joins.placed import Placed, hosts_on

EXECUTORS = tuple(f"10.0.0.{number}:8301" for number in range(1, 6))
KEYS = [f"c-{number}" for number in range(10_000)]

names = st.text(min_size=1, max_size=20)
placed = st.lists(
    st.builds(Placed, names, st.sampled_from(EXECUTORS)),
    min_size=2,
    max_size=8,
    unique_by=lambda host: host.address,
)


def test_the_weight_is_the_same_everywhere_and_for_ever() -> None:
    # Routers of this and of other versions must agree; these were computed apart from the code.
    assert hash_of_key("c-17") == int.from_bytes(bytes.fromhex("35afc6d819306272"), "little")
    assert weight(hash_of_key("c-17"), hash_of_node("10.0.0.1:8301")) == 0x28A31FBA207FFB67


@given(st.lists(names, min_size=1, max_size=8), st.lists(names, min_size=1, max_size=8))
def test_weights_by_columns_are_those_one_by_one(keys: list[str], nodes: list[str]) -> None:
    one_by_one = [[weight(hash_of_key(k), hash_of_node(n)) for n in nodes] for k in keys]
    assert weights(keys, nodes).tolist() == one_by_one


@given(st.lists(names, min_size=1, max_size=20), placed)
def test_homes_by_columns_are_those_one_by_one(keys: list[str], hosts: list[Placed]) -> None:
    assert [hosts[place] for place in homes_of(keys, hosts)] == [home_of(k, hosts) for k in keys]


@given(names, placed, st.randoms(use_true_random=False))
def test_when_a_host_leaves_only_its_keys_move(
    key: str, hosts: list[Placed], random: Random
) -> None:
    leaving = random.choice(hosts)
    others = [host for host in hosts if host is not leaving]
    before, after = home_of(key, hosts), home_of(key, others)
    assert after == before or before == leaving


def test_of_five_executors_each_has_a_fifth_of_the_keys_and_so_many_move_when_it_leaves() -> None:
    hosts = hosts_on(*EXECUTORS)
    before = [home_of(key, hosts) for key in KEYS]
    shares = Counter(before)
    assert all(0.18 < shares[host] / len(KEYS) < 0.22 for host in hosts)
    after = [home_of(key, hosts[1:]) for key in KEYS]
    moved = Counter(now for was, now in zip(before, after, strict=True) if was != now)
    assert sum(moved.values()) == shares[hosts[0]]
    # Each of the others gets a like share of them.
    assert all(0.21 < moved[host] / shares[hosts[0]] < 0.29 for host in hosts[1:])


@given(names, st.permutations(EXECUTORS))
def test_a_key_is_on_one_executor_for_all_models_whatever_their_hosts_are(
    key: str, order: list[str]
) -> None:
    home = home_of(key, hosts_on(*EXECUTORS, model="tree@1"))
    assert home_of(key, hosts_on(*order, model="net@7")).executor == home.executor


@given(names)
def test_hosts_of_one_executor_share_its_keys(key: str) -> None:
    twice = [*hosts_on(*EXECUTORS, model="a"), *hosts_on(*EXECUTORS, model="b")]
    assert home_of(key, twice).executor == home_of(key, hosts_on(*EXECUTORS)).executor
    assert home_of(key, twice) == home_of(key, twice[::-1])
