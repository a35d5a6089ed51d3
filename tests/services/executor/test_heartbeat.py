"""The heartbeat: two maps of one file, one that its host writes and one that its agent reads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.executor.heartbeat import Heartbeat
from services.executor.work_done import WorkDone


class Pair:
    """The two sides."""

    def __init__(self, path: Path) -> None:
        self.agents = Heartbeat.create(path)
        self.hosts = Heartbeat(path)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path / "heartbeat")
    yield made
    made.agents.close()
    made.hosts.close()


def test_a_host_that_has_not_beaten_yet_counts_as_alive_and_idle(pair: Pair) -> None:
    assert 0 <= pair.agents.silence < 60  # and not since the machine was started
    assert pair.agents.read() == [WorkDone()]


def test_a_beat_ends_the_silence(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic() + 100
    monkeypatch.setattr("time.monotonic", lambda: now)
    assert pair.agents.silence > 99
    pair.hosts.beat()
    assert pair.agents.silence == 0


def test_every_count_arrives_with_the_next_beat_and_not_before(pair: Pair) -> None:
    pair.hosts.works[0].rows_dropped = 2
    pair.hosts.works[0].withheld = 3
    pair.hosts.works[0].wasted_seconds = 0.25
    assert pair.agents.read() == [WorkDone()]
    pair.hosts.scored(0, 5, 2, 1.5)
    pair.hosts.scored(0, 1, 1, 0.5)
    assert pair.agents.read() == [WorkDone(6, 2, 3, 2.0, 0.25, largest_batch=5, tasks=3)]
