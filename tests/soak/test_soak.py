"""A short soak as one types it: real processes, real faults."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from soak.cli import main
from soak.faults import Fault
from soak.strikes import Striker

ROOT = Path(__file__).parents[2]
LIGHT = ["--light", "--warm-up", "2", "--rate", "40", "--records", "100"]
WELL = "well: nothing wrong, nothing lost, nothing left over"


@pytest.mark.story
@pytest.mark.timeout(120)
def test_a_short_soak_is_well(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    report, logs = tmp_path / "report.md", tmp_path / "logs"
    kept = ["--report", str(report), "--logs", str(logs)]
    code = main(["--seconds", "12", "--seed", "1", *LIGHT, *kept])
    out = capfd.readouterr().out
    assert code == 0, out
    assert "seed 1: the same again with `--seed 1`" in out
    assert "| all the time |" in report.read_text()
    assert "all the time" in out
    assert max(map(len, out.splitlines())) <= 100
    assert WELL in out
    assert "the service serves" in (logs / "router-2.log").read_text()


@pytest.mark.story
@pytest.mark.timeout(120)
def test_one_that_is_told_to_end_says_what_it_saw() -> None:
    command = [sys.executable, "-m", "soak", "--seed", "2", *LIGHT]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if " s  " in line:  # the first fault is over
                break
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 0, rest
    assert "told to end" in rest
    assert "all the time" in rest
    assert WELL in rest


@pytest.mark.story
@pytest.mark.timeout(120)
def test_one_that_fails_itself_is_not_well_and_says_what_it_saw(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def strike(_: Striker, fault: Fault) -> float:
        raise RuntimeError(f"cannot strike {fault}")

    monkeypatch.setattr(Striker, "strike", strike)
    code = main(["--seconds", "5", "--seed", "1", *LIGHT])
    out = capfd.readouterr().out
    assert code == 1, out
    assert "RuntimeError('cannot strike" in out
    assert "all the time" in out
    assert WELL not in out


@pytest.mark.parametrize("option", ["--report", "--logs"])
def test_what_could_not_be_written_in_the_end_is_refused_at_the_beginning(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([option, str(tmp_path / "nowhere" / "seen")])
    assert "nowhere for seen; make it first" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["0", "nan", "inf"])
@pytest.mark.parametrize("option", ["--rate", "--records", "--seconds", "--warm-up"])
def test_a_number_that_cannot_be_is_refused(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([option, value])
    assert f"{option} must be more than 0" in capsys.readouterr().err
