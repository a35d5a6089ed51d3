"""What tests of a whole collector start from."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.collector.settings import CollectorSettings


@pytest.fixture
def settings(log_url: str) -> CollectorSettings:
    """Settings of a collector on the log of this test."""
    return CollectorSettings(log_url=log_url, port=0, drain_timeout=timedelta(milliseconds=50))
