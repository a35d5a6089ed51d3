"""Desks at which nothing may be left after a test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.services.collector.harness import Desk, DeskOf


@pytest.fixture
async def desk_of() -> AsyncIterator[DeskOf]:
    """Makes a desk; after the test nothing may be left on it."""
    desks: list[Desk] = []

    def make(policy: str = "{consensus: {}}", models: str = "a b c") -> Desk:
        desks.append(Desk(policy, models))
        return desks[-1]

    yield make
    for desk in desks:
        desk.assert_empty()
        desk.open_tasks.close()


@pytest.fixture
async def desk(desk_of: DeskOf) -> Desk:
    """A desk of three models whose majority decides."""
    return desk_of()
