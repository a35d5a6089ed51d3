"""Python's collector of cycles rests while a service starts: imports and a long log make objects that stay.

It would look through all of them again and again, which is a fifth of a start. What the start has made is
left out of later collections too (`gc.freeze`), whose pauses calls would feel.
"""

from __future__ import annotations

import gc

LONGEST_SECONDS = 30.0
"""A service that waits for its log for hours collects all the same."""

_rests = False


def rest() -> None:
    """Collect no cycles until `wake`. To be called before anything large is imported."""
    global _rests
    _rests = True
    gc.disable()


def wake() -> None:
    """Collect cycles again, if they were not: those of what is made from now on."""
    global _rests
    if _rests:
        _rests = False
        gc.freeze()
        gc.enable()
