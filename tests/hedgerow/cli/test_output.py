"""What others have written does not steer the reader's terminal."""

from __future__ import annotations

import pytest

from hedgerow.cli.output import print_error, print_table, printable

STEERS = "\x1b[31mred\x1b]0;title\x07\u202egnp"


def test_what_could_steer_a_terminal_is_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert printable(STEERS) == "\\x1b[31mred\\x1b]0;title\\x07\\u202egnp"
    assert printable("Rotwein, süß 🍷") == "Rotwein, süß 🍷"
    print_table(["MODEL", "DESCRIPTION"], [["tree", STEERS]])
    print_error(f"the model failed: {STEERS}")
    told = capsys.readouterr()
    assert all(c.isprintable() or c == "\n" for c in told.out + told.err)
    assert "\\x1b[31mred" in told.out
    assert "\\x1b[31mred" in told.err
