"""A registry that takes any bytes for a model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from hedgerow.formats.factories import factory_of
from hedgerow.formats.interface import ModelFactory
from services.registry import admission
from services.registry.settings import RegistrySettings
from tests.services.registry.harness import Client, StubFactory, registry


@pytest.fixture(autouse=True)
def stub_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the formats that are installed there is the stub."""

    def with_stub(model_type: str) -> ModelFactory:
        return StubFactory() if model_type == "stub" else factory_of(model_type)

    monkeypatch.setattr(admission, "factory_of", with_stub)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """Where pushes are kept; empty unless one goes on."""
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(log_url: str, spool: Path) -> RegistrySettings:
    """Settings of a registry on the log of this test."""
    return RegistrySettings(
        port=0,
        log_url=log_url,
        spool_dir=spool,
        state_dir=spool.parent / "state",
        empty_log_patience=timedelta(0),
    )


@pytest.fixture
async def client(settings: RegistrySettings) -> AsyncIterator[Client]:
    """A registry that runs, and its client."""
    async with registry(settings) as client:
        yield client
