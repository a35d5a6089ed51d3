"""What the demo prints, with and without a terminal."""

from __future__ import annotations

import io

from rich.console import Console

from hedgerow.demo.stage import Stage


def printed(stage: Stage) -> str:
    """What was printed."""
    file = stage.console.file
    assert isinstance(file, io.TextIOWrapper)
    file.flush()
    buffer = file.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(file.encoding)


def stage_with(encoding: str) -> Stage:
    return Stage(io.TextIOWrapper(io.BytesIO(), encoding=encoding))


def play(stage: Stage) -> str:
    stage.scene(1, "A title", "A sentence that says what is seen. " * 4)
    with stage.working("something"):
        stage.check(True, "this is so")
    stage.check(False, "that is so", "something else")
    return printed(stage)


def test_without_a_terminal_there_are_no_control_characters_and_80_columns() -> None:
    text = play(stage_with("utf-8"))
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert "  ✓ this is so" in text


def test_a_claim_that_does_not_hold_is_kept_and_says_what_was_expected() -> None:
    stage = stage_with("utf-8")
    assert "✗ expected: that is so\n    found: something else\n" in play(stage)
    assert stage.failures == ["that is so"]


def test_a_terminal_without_unicode_gets_ascii() -> None:
    text = play(stage_with("ascii"))
    assert "  ok this is so" in text
    assert "  NO expected: that is so" in text


def test_a_wide_terminal_is_not_used_to_its_end() -> None:
    stage = Stage(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert Console(width=300).width == 300
    assert stage.console.width <= 100
