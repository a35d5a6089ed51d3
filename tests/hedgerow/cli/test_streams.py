"""`hedgerow stream`."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hedgerow.cli.streams.pace import Pace
from hedgerow.v1 import streams_pb2
from tests.hedgerow.cli.conftest import Run
from tests.hedgerow.fakes.streams import FIRST_MS, FakeStreams
from tests.hedgerow.fakes.terminal import in_a_terminal
from tests.support import wait_until

CSV = "id,customer,alcohol\n" + "".join(f"s-{i},c-{i % 7},{i}\n" for i in range(1000))
COMMAND = [sys.executable, "-m", "hedgerow.cli", "stream"]


@pytest.fixture(autouse=True)
def _by_environment(streamer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDGEROW_ROUTER", streamer)
    monkeypatch.setenv("TZ", "UTC")


# -- send ------------------------------------------------------------------------------------------


def test_records_of_a_file_are_sent_with_their_ids_and_keys(
    run: Run, fake_streams: FakeStreams, tmp_path: Path
) -> None:
    file = tmp_path / "records.csv"
    file.write_text(CSV)
    done = run("stream", "send", "wine", str(file), "--id", "id", "--key", "customer")
    assert re.fullmatch(r"1,000 records are in the stream, in [\d.]+ s \([\d,]+/s\)\n", done.out)
    assert done.err == ""
    assert fake_streams.ids == [f"s-{i}" for i in range(1000)]
    sent = fake_streams.sent
    assert [key for batch in sent for key in batch.keys] == [f"c-{i % 7}" for i in range(1000)]
    assert {name for batch in sent for block in batch.blocks for name in block.names} == {"alcohol"}


def test_json_lines_of_a_pipe_are_sent_and_told_as_json(
    run: Run, fake_streams: FakeStreams
) -> None:
    lines = '{"n": 7, "alcohol": 13.2}\n{"n": null, "alcohol": 1}\n'
    told = json.loads(run("stream", "send", "wine", "-", "--key", "n", "--json", input=lines).out)
    assert (told["sent"], told["complete"]) == (2, True)
    assert told["per_second"] > 0
    assert list(fake_streams.sent[0].keys) == ["7", ""]


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        ("", (), "there are no records; give CSV"),
        ("alcohol\n", (), "there are no records; give CSV"),
        (CSV, ("--key", "colour"), "there is no column 'colour'; there are: id, customer, alcohol"),
        ('{"alcohol": 1}\n', ("--id", "n"), "line 1: there is no 'n' in this record"),
        ('{"n": 1}\n{"n": 1.5}\n', ("--id", "n"), "the id of line 2 is a float; give text or a"),
        ('{"a": 1}\n\n{"a": []}\n', (), "line 3: feature 'a' has a value of type list"),
        ('{"a": 1}\n{"a": "x"}\n', (), "lines 1-2: feature 'a' has values of several types"),
        ('{"a": 1}\n{"a"\n', (), "line 2 is not JSON"),
    ],
)
def test_records_that_cannot_be_sent_are_told_by_their_line(
    run: Run, fake_streams: FakeStreams, text: str, arguments: tuple[str, ...], said: str
) -> None:
    done = run("stream", "send", "wine", "-", *arguments, input=text)
    assert done.code == 1
    assert done.error.startswith(said)
    assert fake_streams.ids == []


def test_records_are_sent_no_faster_than_asked(run: Run, fake_streams: FakeStreams) -> None:
    lines = '{"alcohol": 13.2}\n' * 300
    told = json.loads(
        run("stream", "send", "wine", "-", "--rate", "1000", "--json", input=lines).out
    )
    assert [batch.rows for batch in fake_streams.sent] == [50] * 6
    assert told["seconds"] >= 0.25  # five pauses between six batches


def test_what_was_sent_before_a_bad_record_is_told(run: Run, fake_streams: FakeStreams) -> None:
    text = CSV.replace("\ns-700,", "\n" + "x" * 300 + ",")
    done = run("stream", "send", "wine", "-", "--id", "id", input=text)
    assert "the id of line 702 has 300 bytes; it may have 256; " in done.error
    found = re.search(r"; (\d+) records are in the stream$", done.error)
    assert found
    assert len(fake_streams.ids) >= int(found[1]) >= 512


def test_what_is_asked_wrongly_to_send_is_refused(run: Run, nobody: str, tmp_path: Path) -> None:
    for rate in ("0", "-1", "inf", "nan"):
        done = run("stream", "send", "wine", "-", "--rate", rate, input=CSV)
        assert (done.code, "give more than 0" in done.error) == (2, True)
    both = run("stream", "send", "wine", "-", "--id", "id", "--key", "id", input=CSV)
    assert (both.code, "'id' is the column of the keys already" in both.error) == (2, True)
    unknown = run("stream", "send", "beer", "-", input=CSV)
    assert (unknown.code, unknown.error) == (1, "no data type 'beer'; there are: wine")
    assert "cannot read" in run("stream", "send", "wine", str(tmp_path / "no.csv")).error
    down = run("stream", "send", "wine", "-", "--router", nobody, input=CSV)
    assert f"nothing answers at {nobody}" in down.error


async def test_a_rate_is_kept_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock of its own: every batch is due when those before it are over."""
    now, sleeps = 100.0, []

    async def sleep(seconds: float) -> None:
        nonlocal now
        sleeps.append(round(seconds, 6))
        now += max(seconds, 0)

    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now, raising=False)
    pace = Pace(500)
    assert pace.batch_size == 25
    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "sleep", sleep)
        for _ in range(4):
            await pace.wait(25)
        now += 0.15  # the mesh pauses
        await pace.wait(25)
        await pace.wait(25)
        now += 60
        for _ in range(20):
            await pace.wait(25)
    assert sleeps[:4] == [0, 0.05, 0.05, 0.05]
    assert sleeps[4:6] == [-0.1, -0.05]  # which is caught up with
    assert sleeps[6] == -0.25  # a long one is not: no burst of what it held up
    assert sleeps[-1] == 0.05
    assert [Pace(rate).batch_size for rate in (None, 0.1, 1e6)] == [256, 1, 256]


def test_ctrl_c_says_how_many_were_sent(fake_streams: FakeStreams) -> None:
    process = subprocess.Popen(
        [*COMMAND, "send", "wine", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    process.stdin.write('{"alcohol": 13.2}\n' * 3)
    process.stdin.flush()
    asyncio.run(wait_until(lambda: len(fake_streams.ids) == 3, "they are sent", timeout=30))
    time.sleep(0.5)  # it hears of it
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert out.startswith("stopped: 3 records are in the stream, in ")
    assert process.returncode == 130


def test_in_a_terminal_there_is_progress(fake_streams: FakeStreams, tmp_path: Path) -> None:
    file = tmp_path / "records.csv"
    file.write_text(CSV)
    shown = in_a_terminal(*COMMAND, "send", "wine", str(file), "--rate", "5000")
    assert "1,000 records" in shown
    assert "a second" in shown
    assert "records are in the stream" in shown


# -- scores ----------------------------------------------------------------------------------------


def test_scores_are_printed_a_line_each(run: Run, fake_streams: FakeStreams) -> None:
    for i in range(5):
        fake_streams.score(f"s-{i}", "k")
    lines = run("stream", "scores", "wine").out.splitlines()
    assert lines[0].split() == ["ID", "VALUE", "CONF", "MODEL", "REASON", "TIME"]
    assert lines[1].split()[:5] == ["s-0", "red", "0.75", "wine-tree@2", "consensus"]
    assert re.fullmatch(r"2025-11-\d\d \d\d:\d\d:00", " ".join(lines[1].split()[5:]))
    assert len(lines) == 6


def test_scores_may_be_had_as_json_from_anywhere_and_so_many(
    run: Run, fake_streams: FakeStreams
) -> None:
    for i in range(9):
        fake_streams.score(str(i))

    def ids(*arguments: str) -> list[str]:
        out = run("stream", "scores", "wine", "--json", *arguments).out
        return [json.loads(line)["id"] for line in out.splitlines()]

    assert ids("--limit", "2") == ["0", "1"]
    assert ids("--from", "start", "--limit", "1") == ["0"]
    assert ids("--from", "0") == [str(i) for i in range(9)]
    assert ids("--from", f"{FIRST_MS + 6}-0") == ["7", "8"]
    assert ids("--from", f"{FIRST_MS + 7}") == ["8"]
    assert ids("--from", "10m") == []  # they are of 2025
    assert ids("--from", "400000h", "--follow", "--limit", "9")[-1] == "8"


def test_values_of_all_kinds_can_be_printed(run: Run, fake_streams: FakeStreams) -> None:
    kinds: list[dict[str, Any]] = [
        {"id": "n" * 30, "number": 1234567.891, "model": "a-model-with-a-name", "version": 12},
        {"id": "none", "reason": "REASON_DEFAULT"},
        {
            "id": "late",
            "label": "\x1b[31mred",
            "reason": "REASON_BEST_QUALITY_IN_TIME",
            "overdue": True,
        },
    ]
    fake_streams.scores[""] = [streams_pb2.Score(position=f"{FIRST_MS}-0", **one) for one in kinds]
    lines = run("stream", "scores", "wine").out.splitlines()
    assert "1.23457e+06" in lines[1]
    assert "n" * 30 in lines[1]
    assert lines[2].split()[:5] == ["none", "-", "-", "-", "default"]
    assert "\\x1b[31mred" in lines[3]
    assert "best_quality_in_time, overdue" in lines[3]
    shown = in_a_terminal(*COMMAND, "scores", "wine").splitlines()
    assert len(shown) == 4
    assert max(map(len, shown)) <= 80
    assert "…" in shown[1]


@pytest.mark.parametrize("start", ["yesterday", "s-1", "1764500000000-", "-5m"])
def test_a_place_that_is_none_is_refused(run: Run, start: str) -> None:
    done = run("stream", "scores", "wine", f"--from={start}")
    assert done.code == 2
    assert "neither 'start', nor a position such as 1764500000000-0, nor how long ago" in done.error


def test_scores_that_cannot_be_had_are_told(run: Run, nobody: str) -> None:
    assert run("stream", "scores", "beer").error == "no data type 'beer'; there are: wine"
    assert "nothing answers" in run("stream", "scores", "wine", "--router", nobody).error
    assert run("stream", "scores", "wine", "--limit", "0").code == 2


def test_scores_are_followed_until_ctrl_c(fake_streams: FakeStreams) -> None:
    process = subprocess.Popen(
        [*COMMAND, "scores", "wine", "--follow", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    asyncio.run(wait_until(lambda: fake_streams.responses == 2, "it waits", timeout=30))
    for id in ("a", "b"):
        fake_streams.score(id)
        assert json.loads(process.stdout.readline())["id"] == id
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 130


def test_whoever_has_enough_scores_is_not_bothered(fake_streams: FakeStreams) -> None:
    for i in range(3000):
        fake_streams.score(str(i))
    process = subprocess.Popen(
        [*COMMAND, "scores", "wine", "--follow", "--from", "start"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(30) == 1


# -- lag -------------------------------------------------------------------------------------------


def _state(partition: str, waiting: int, oldest_ms: int, paused: str = "") -> Any:
    state = streams_pb2.StreamState(
        data_type="wine",
        partition=partition,
        key="hedgerow:{wine}:records",
        waiting=waiting,
        in_flight=12,
        scores=1000,
        dead_letters=1,
        paused=paused,
        readers=["10.0.0.1:8400"],
    )
    if oldest_ms:
        state.oldest.FromMilliseconds(oldest_ms)
    return state


def test_the_lag_is_shown_by_partition_and_in_all(run: Run, fake_streams: FakeStreams) -> None:
    fake_streams.states = [_state("0", 1_234_567, 72_500, "the log is full"), _state("1", 3, 340)]
    lines = run("stream", "lag", "wine").out.splitlines()
    wide = [re.split(r" {2,}", line.strip()) for line in lines]
    assert wide[0][-2:] == ["PAUSED BECAUSE", "READERS"]
    assert wide[1][:3] == ["wine/0", "1,234,567", "1m 12s"]
    assert wide[1][-2:] == ["the log is full", "10.0.0.1:8400"]
    assert wide[2][:4] == ["wine/1", "3", "340 ms", "12"]
    assert wide[3] == ["all", "1,234,570", "1m 12s", "24", "2,000", "2", "10.0.0.1:8400"]
    fake_streams.states[1].remark = "more scores are kept"
    assert run("stream", "lag", "wine").out.splitlines()[-1] == "wine/1: more scores are kept"
    told = json.loads(run("stream", "lag", "wine", "--json").out)
    assert (told[0]["waiting"], told[0]["oldest_seconds"], told[0]["paused"]) == (
        1_234_567,
        72.5,
        "the log is full",
    )
    assert told[1]["paused"] is None
    assert (told[0]["remark"], told[1]["remark"]) == (None, "more scores are kept")
    shown = in_a_terminal(*COMMAND, "lag", "wine").splitlines()
    assert max(map(len, shown)) <= 80
    assert "the log is full" in shown[1]


def test_a_single_stream_has_no_totals(run: Run, fake_streams: FakeStreams) -> None:
    fake_streams.states = [_state("", 0, 0)]
    lines = run("stream", "lag", "wine").out.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [["wine", "0", "-"]]
    assert "PAUSED" not in lines[0]


def test_the_lag_is_watched_and_a_router_that_is_lost_is_waited_for(
    fake_streams: FakeStreams,
) -> None:
    fake_streams.states = [_state("", 7, 10)]
    fake_streams.looks_that_fail = {1}
    process = subprocess.Popen(
        [*COMMAND, "lag", "wine", "--watch", "--every", "0.1", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    for _ in range(3):
        assert json.loads(process.stdout.readline())[0]["waiting"] == 7
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert told.startswith("error: ")
    assert told.endswith("the log is out of reach; it goes on when it is back\n")
    assert told.count("\n") == 1
    assert process.returncode == 130


def test_the_lag_of_nothing_is_told(run: Run, fake_streams: FakeStreams, nobody: str) -> None:
    assert run("stream", "lag", "wine").out == "nothing was sent into the stream yet\n"
    assert run("stream", "lag", "beer").error == "no data type 'beer'; there are: wine"
    assert "nothing answers" in run("stream", "lag", "wine", "--router", nobody).error
