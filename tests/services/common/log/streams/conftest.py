"""A stream of records and who reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.common.log import Log
from services.common.log.streams import Partition, RecordReader
from tests.cluster import any_client

WINE = Partition("wine")


@pytest.fixture
async def redis(log_url: str) -> AsyncIterator[Any]:
    """What producers and consumers have: a Redis client."""
    async with any_client(log_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def reader(log: Log) -> RecordReader:
    """A router."""
    return log.streams.reader(WINE, "one")


@pytest.fixture
def other(log: Log) -> RecordReader:
    """Another one."""
    return log.streams.reader(WINE, "other")
