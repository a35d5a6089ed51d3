"""What docs/clients.md says of clients, in Python and in other languages, is so."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from hedgerow.client import patience
from hedgerow.client.service_config import SERVICE_CONFIG
from services.router.settings import RouterSettings
from tests.docs.test_docs import blocks
from tests.hedgerow.fakes.router import FakeRouter
from tests.hedgerow.fakes.server import served
from tests.hedgerow.fakes.streams import FakeStreams

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "clients.md"
CONFIG = ROOT / "examples" / "clients" / "service-config.json"


def test_other_languages_are_given_the_very_config_of_the_python_client() -> None:
    assert json.loads(CONFIG.read_text()) == SERVICE_CONFIG
    for language in ("go", "java"):
        (shown,) = blocks(DOCUMENT, language)
        assert CONFIG.name in shown


def test_the_python_shown_runs() -> None:
    said = []
    for script in blocks(DOCUMENT, "python"):
        with served(FakeRouter(), FakeStreams()) as router:
            command = [sys.executable, "-c", script.replace("localhost:8400", router)]
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=30, check=True, cwd=ROOT
            )
        said.append(done.stdout)
        assert not done.stderr
    assert said == [
        "red\n",
        "red wine-tree@2 consensus\n" * 2,
        "60\n",
        "all five, each once\n",
    ]


def test_the_settings_named_exist() -> None:
    named = re.findall(r"HEDGEROW_ROUTER_([A-Z_]+)", DOCUMENT.read_text())
    assert {name.lower() for name in named} <= RouterSettings.model_fields.keys()
    assert named


def test_the_figures_told_are_those_of_the_client() -> None:
    text = " ".join(DOCUMENT.read_text().split())
    assert (patience.BETWEEN_ANSWERS, patience.BEFORE_ANSWERS) == (10.0, 0.5)
    assert "after ten seconds in vain (half a second if there was no answer at all yet)" in text
    throttling = SERVICE_CONFIG["retryThrottling"]
    assert f"after {throttling['maxTokens'] // 2} failures nothing is sent again" in text
    assert throttling["tokenRatio"] == 1 / 5
    assert "five for each failure" in text
