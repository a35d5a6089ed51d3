"""What the commands of dead letters say alike."""

from __future__ import annotations

from datetime import datetime


def moment_text(moment: datetime | None) -> str:
    """Return a moment in the user's time zone, to the second; empty if it is not known."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" if moment else ""


def letters_text(count: int) -> str:
    """Return so many dead letters, in words."""
    return "1 dead letter" if count == 1 else f"{count:,} dead letters"
