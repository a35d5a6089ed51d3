"""Scenes, each in a cluster of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.kubernetes.rollouts.theatre import Theatre, why_not


@pytest.fixture(scope="session")
def _namespaces() -> None:
    if reason := why_not():
        pytest.skip(f"no namespaces on this machine: {reason}")


@pytest.fixture(scope="module")
def mesh(_namespaces: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The overlay `production` under load: two of each, three PMML models."""
    with Theatre(tmp_path_factory.mktemp("production")) as theatre:
        theatre.do("start")
        yield theatre


@pytest.fixture
def stage(_namespaces: None, tmp_path: Path) -> Iterator[Callable[[str], Theatre]]:
    """Gives clusters in which nothing has begun."""
    with ExitStack() as stack:
        yield lambda overlay: stack.enter_context(Theatre(tmp_path / overlay, overlay))
