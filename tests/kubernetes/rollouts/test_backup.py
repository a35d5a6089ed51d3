"""What docs/deploy.md says of backups is so: a log that is lost with its volume comes back from a copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kubernetes.rollouts.theatre import Theatre


@pytest.mark.timeout(240)
def test_versions_and_plans_are_there_after_a_restore_and_no_request_fails(
    stage: Callable[[str], Theatre], tmp_path: Path
) -> None:
    scene, copy = stage("local"), tmp_path / "log.tar"
    scene.do("start")
    scene.do("back_up", str(copy))
    seen = scene.do("restore", str(copy))
    assert seen["models"] == ["wine-boosting@1", "wine-logistic@1", "wine-tree@1"]
    assert seen["plan"] == ["wine-logistic", "wine-boosting", "wine-tree"]
    assert (seen["failed"], seen["wrong"]) == (0, 0), seen["reasons"]
