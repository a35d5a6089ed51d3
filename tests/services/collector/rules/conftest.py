"""Every example is tried as it stands, and in bulk.

In bulk each record is there twenty times, which is worth judging by columns; the same must come of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.services.collector.rules.batch import Batch, BatchOf


@pytest.fixture(params=[1, 20], ids=["as it stands", "in bulk"])
async def batch_of(request: pytest.FixtureRequest) -> AsyncIterator[BatchOf]:
    """Makes a batch; after the test nothing may be left of it."""
    batches: list[Batch] = []

    def make(policy: str, models: str = "a b c", records: int = 1) -> Batch:
        batches.append(Batch(request.param, policy, models, records))
        return batches[-1]

    yield make
    for batch in batches:
        batch.desk.assert_empty()
        batch.desk.open_tasks.close()
