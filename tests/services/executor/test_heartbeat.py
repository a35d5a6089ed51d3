"""The heartbeat: two maps of one file, one that its host writes and one that its agent reads."""

from __future__ import annotations

import subprocess
import sys
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


def test_counts_of_several_models_and_the_one_that_is_called_are_told_apart(tmp_path: Path) -> None:
    agents = Heartbeat.create(tmp_path / "heartbeat", models=3)
    hosts = Heartbeat(tmp_path / "heartbeat")
    hosts.scored(1, 5, 2, 1.5)
    hosts.scores(2)
    assert agents.scoring == 2
    assert agents.read() == [WorkDone(), WorkDone(5, 0, 0, 1.5, 0.0, 5, 2), WorkDone()]
    hosts.scored(2, 1, 1, 0.5)
    assert agents.scoring is None
    hosts.tries(True)
    assert agents.tries_suspects
    assert agents.read()[2] == WorkDone(1, 0, 0, 0.5, 0.0, 1, 1)
    agents.close()
    hosts.close()


BEATS = """
import sys
from pathlib import Path
from services.executor.heartbeat import Heartbeat
heartbeat = Heartbeat(Path(sys.argv[1]))
print("beats", flush=True)
while True:
    heartbeat.scored(0, 1, 1, 1.0)
"""


def test_whoever_looks_while_it_is_written_sees_a_beat_and_counts_that_only_grow(
    pair: Pair, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", BEATS, str(tmp_path / "heartbeat")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        assert host.stdout.readline() == "beats\n"
        looks = [(pair.agents.silence, pair.agents.read()[0]) for _ in range(100_000)]
        host.kill()
    assert max(silence for silence, _ in looks) < 60
    rows = [work.rows_scored for _, work in looks]
    assert rows[-1] > rows[0]
    assert rows == sorted(rows)
    seconds = [work.scoring_seconds for _, work in looks]
    assert seconds == sorted(seconds)
