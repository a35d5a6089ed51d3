"""How many entries are read at once."""

from __future__ import annotations

from services.router.streams.flow.read_size import ReadSize


class Clock:
    """Stands still."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_reads_of_small_entries_become_as_large_as_a_batch() -> None:
    size = ReadSize(Clock())
    asked = []
    for _ in range(11):
        asked.append(size.entries(512))
        size.seen(asked[-1], asked[-1])
    assert asked == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 512]


def test_after_large_entries_less_is_read_at_once_and_after_small_ones_soon_more() -> None:
    size = ReadSize(Clock())
    size.seen(512, 512)
    size.seen(512, 512 * 256)  # that was not known
    assert size.entries(512) == 2
    size.seen(2, 512)
    assert size.entries(512) == 2
    size.seen(2, 2)
    assert size.entries(512) == 4
    size.seen(3, 300_000)
    assert size.entries(512) == 1


def test_what_was_read_long_ago_says_nothing() -> None:
    clock = Clock()
    size = ReadSize(clock)
    size.seen(512, 512)
    clock.now = 59.0
    assert size.entries(512) == 512
    clock.now = 60.0
    assert size.entries(512) == 1


def test_what_waits_is_read_though_little_came_before() -> None:
    size = ReadSize(Clock())
    size.seen(3, 3)
    assert size.entries(512) == 6
