"""A short soak as one types it: real processes, real faults."""

from __future__ import annotations

import pytest

from soak.cli import main


@pytest.mark.timeout(120)
def test_a_short_soak_is_well(capfd: pytest.CaptureFixture[str]) -> None:
    said = ["--seconds", "12", "--seed", "1", "--warm-up", "2", "--light", "--rate", "40"]
    code = main(said)
    out = capfd.readouterr().out
    assert code == 0, out
    assert "seed 1: the same again with `--seed 1`" in out
    assert "| all calls, quiet times too |" in out
    assert "well: nothing wrong, nothing lost, nothing left over" in out


def test_a_rate_of_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--rate", "0"])
    assert "--rate must be more than 0" in capsys.readouterr().err
