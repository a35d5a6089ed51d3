"""Who reads which partition: all routers come to the same, and one that leaves moves its share only."""

from __future__ import annotations

from services.router.streams.sharing import consumer_of, readers, router_of

ROUTERS = frozenset(f"10.0.0.{n}:8400" for n in range(5))
TAGS = [f"wine/{n}" for n in range(200)]


def alone(routers: frozenset[str]) -> dict[str, str]:
    return {tag: readers(tag, len(TAGS), routers, is_alone=True)[0] for tag in TAGS}


def test_one_that_leaves_moves_its_partitions_and_no_others() -> None:
    gone = "10.0.0.3:8400"
    before, after = alone(ROUTERS), alone(ROUTERS - {gone})
    assert {tag for tag in TAGS if before[tag] != after[tag]} == {
        tag for tag, router in before.items() if router == gone
    }
    counts = [list(before.values()).count(router) for router in ROUTERS]
    assert min(counts) > 20
    assert before["wine/0"] == "10.0.0.2:8400", "in all versions, or two read it"


def test_beside_each_other_at_least_two_read_and_of_one_partition_all() -> None:
    assert len(readers("wine", 8, ROUTERS, is_alone=False)) == 2
    assert set(readers("wine", 1, ROUTERS, is_alone=False)) == ROUTERS
    assert readers("wine", 8, {"a"}, is_alone=False) == ["a"]


def test_the_name_in_the_log_tells_which_router_it_is() -> None:
    consumer = consumer_of("[::1]:8400", "ab12cd34")
    assert consumer == "[::1]:8400/ab12cd34"
    assert router_of(f"{consumer}#7") == "[::1]:8400"
