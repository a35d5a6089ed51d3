"""The logs that starts are measured on are such as a registry writes."""

from __future__ import annotations

from bench.starts.logs import Shape, write
from services.common.log import Log
from tests.services.common.log.reading import mirroring


async def test_a_log_has_what_its_shape_says_and_can_be_compacted(log: Log, log_url: str) -> None:
    shape = Shape(data_types=2, models=3, versions=4, reports=12)
    write(log_url, shape)
    assert shape.events == 36
    async with mirroring(log) as mirror:
        await mirror.caught_up.wait()
        before = [mirror.catalog.snapshot(name) for name in ("type-0", "type-1")]
        assert [len(list(mirror.catalog.versions(name))) for name in ("type-0", "type-1")] == [
            12,
            12,
        ]
    await log.compactor.compact("type-0")
    async with mirroring(log) as mirror:
        await mirror.caught_up.wait()
        assert [mirror.catalog.snapshot(name) for name in ("type-0", "type-1")] == before
