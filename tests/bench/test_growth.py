"""The arithmetic of growth: what is reckoned by hand comes out, more of one takes more of another."""

from __future__ import annotations

import math

import pytest

from bench.growth.costs import Costs, together
from bench.growth.path import delay
from bench.growth.report import LOADS, ROWS, cells_of, load_of
from bench.growth.sizing import FULL, MODELS, Load, size
from bench.sizes import book

HOSTS = ("host.wine-tree", "host.wine-logistic", "host.wine-boosting")
STREAMS = [
    (at, of)
    for at in ("router", "collector", "host")
    for of in ("router", "collector", "host")
    if at != of
]


def costs(stream: float = 0.0, frame: float = 0.0, **more: float) -> Costs:
    """A router's task takes 1,000 µs, a collector's 200, a host's 400; 256 records 255 µs more."""
    sizes: dict[str, float] = {}
    for process, micros in {
        "router": 1000.0,
        "collector": 200.0,
        **dict.fromkeys(HOSTS, 400.0),
    }.items():
        sizes[f"processor.3-models.1-rows.64-clients.{process}"] = micros
        sizes[f"frames.3-models.1-rows.64-clients.{process}"] = micros + frame
        sizes[f"processor.3-models.256-rows.4-clients.{process}"] = micros + 255
    sizes["processor.3-models.1-rows.64-clients.rate"] = 1000.0
    for at, of in STREAMS:
        sizes[f"streams.{at}.{of}.core"] = stream
        sizes[f"streams.{at}.{of}.memory"] = 1024.0
    sizes |= {f"log.poll.{members}": 50.0 + members / 10 for members in (10, 100, 1000)}
    sizes |= {"streams.log.router": 6.0, "streams.log.collector": 1.0, "streams.log.mesh": 11.0}
    sizes |= {f"memory.{process}.load": 100.0 for process in (*HOSTS, "executor")}
    sizes |= {"memory.fork-server.pmml.anonymous": 30.0, "log.renewal": 100.0}
    return Costs({**sizes, **more})


def test_a_task_costs_what_was_measured_where_it_was_measured() -> None:
    known = costs(frame=700)
    assert known.task("router", 1, together=8) == pytest.approx(1000e-6)
    assert known.task("router", 1, together=1) == pytest.approx(1700e-6)
    assert known.task("router", 256, together=8) == pytest.approx(1255e-6)


def test_frames_hold_what_is_gathered_in_eight_milliseconds_of_one_data_type() -> None:
    assert together(1000) == 8
    assert together(1000, data_types=4) == 2
    assert together(10) == 1
    assert together(100_000) == 32


def test_processes_are_as_many_as_their_work_fills_to_the_bound() -> None:
    found = size(Load(records=10_000, rows=1, data_types=10), costs())
    assert found.routers == math.ceil(10_000 * 1000e-6 / FULL) == 15
    assert found.collectors == math.ceil(10_000 * 200e-6 / FULL) == 3
    assert found.executors == 2, "a tenth of it is 0.4 of a core, and one more may go"
    assert found.hosts == 2 * MODELS * 10
    assert found.streams == 15 * 60 + 15 * 3 + 60 * 3


def test_batches_take_less_than_their_records_one_by_one() -> None:
    found = size(Load(records=2_560_000, rows=256, data_types=1), costs())
    assert found.routers == math.ceil(10_000 * 1255e-6 / FULL) == 18
    assert found.executors == math.ceil(10_000 * 655e-6 / FULL) == 10


def test_streams_take_cores_and_become_a_wall() -> None:
    load = Load(records=50_000, rows=1, data_types=10)
    free, dear = size(load, costs()), size(load, costs(stream=0.2))
    assert dear.routers > free.routers
    assert not dear.fits
    assert "streams" in dear.wall
    cells, one = cells_of(load, costs(stream=0.2))
    assert cells > 1
    assert one.fits
    assert cells * one.streams < dear.streams


def test_groups_make_executors_smaller_and_not_fewer_hosts() -> None:
    load = Load(records=1000, rows=1, data_types=30)
    together, apart = size(load, costs()), size(load, costs(), groups=3)
    assert together.wall == "ports of an executor"
    assert apart.fullness["ports of an executor"] == together.fullness["ports of an executor"] / 3
    assert apart.hosts == together.hosts


def test_one_server_alone_delays_as_theory_says() -> None:
    """M/M/1: the time there is exponential, by how much faster it serves than it is asked."""
    seen = delay(0.5, router=0.1, host=1e-9, collector=1e-9)
    assert seen.p50 == pytest.approx(math.log(2) / 5 * 1e3, rel=0.1)
    assert seen.p99 == pytest.approx(math.log(100) / 5 * 1e3, rel=0.1)


def test_what_is_busier_waits_longer() -> None:
    waits = [delay(busy, 1e-3, 4e-4, 2e-4).p99 for busy in (0.5, 0.7, 0.9)]
    assert waits == sorted(waits)


def test_every_load_that_is_told_of_can_be_carried_by_measured_costs() -> None:
    measured = Costs(book.read())
    for rows in ROWS:
        for times in LOADS:
            load = load_of(times, rows)
            cells, one = cells_of(load, measured)
            assert one.fits
            assert cells * one.routers >= load.records / rows * measured.task("router", rows, 32)
