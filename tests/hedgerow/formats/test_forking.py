"""Hosts are forked from a process that has every engine imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hedgerow.formats.factories import factories
from tests.hedgerow.formats.conftest import WINE, wine_descriptor
from tests.hedgerow.formats.samples import inspect

SCRIPT = Path(__file__).with_name("fork_and_score.py")
FILES = ["wine-tree.pmml", "wine-net.zip", "wine-graph.pb", "wine-boosting.pmml"]


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, object]]:
    """What each model answers in a process forked from one that has all engines, and gRPC besides."""
    models = []
    for file in FILES:
        said = wine_descriptor(file)
        said.signature.CopyFrom(inspect(WINE / file, said))
        models.append([str(WINE / file), said.SerializeToString().hex()])
    given = json.dumps({"models": models, "records": str(WINE / "records.csv")})
    command = [sys.executable, str(SCRIPT)]
    output = subprocess.run(command, input=given, capture_output=True, text=True, timeout=50)
    assert output.returncode == 0, output.stderr
    answers: dict[str, dict[str, object]] = json.loads(output.stdout.splitlines()[-1])
    return answers


@pytest.mark.parametrize("file", FILES)
def test_an_engine_starts_in_a_fork_of_a_process_that_imported_them_all(
    answers: dict[str, dict[str, object]], file: str
) -> None:
    assert answers[file]["label"] == "2"
    assert answers[file]["engine_was_imported"]


def test_what_is_imported_before_the_fork_starts_no_thread_and_is_frozen() -> None:
    modules = [module for factory in factories().values() for module in factory.preload]
    code = (
        "import gc, importlib, json, threading\n"
        f"for module in {[*modules, 'hedgerow.formats.preloaded']!r}: importlib.import_module(module)\n"
        "threads = [str(thread) for thread in threading.enumerate()]\n"
        "print(json.dumps([threads, gc.get_freeze_count()]))\n"
    )
    command = [sys.executable, "-c", code]

    found = subprocess.run(command, check=True, timeout=50, stdout=subprocess.PIPE)

    threads, frozen = json.loads(found.stdout.splitlines()[-1])
    assert len(threads) == 1, threads
    assert frozen > 100_000
