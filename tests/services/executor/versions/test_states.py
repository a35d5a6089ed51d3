"""What the log is to know of versions here."""

from __future__ import annotations

from hedgerow.v1 import models_pb2 as pb
from services.common.recent_versions import VersionKey
from services.executor.versions.setbacks import Lasts, Setbacks
from services.executor.versions.states import states

TREE, NET = VersionKey("wine", "tree", 1), VersionKey("wine", "net", 1)


def setbacks(deaths: int = 2) -> Setbacks:
    return Setbacks(deaths, 60.0, lambda: 0.0)


def test_hosts_load_or_are_live() -> None:
    found = states({TREE: True, NET: False}, setbacks())
    assert found[TREE] == pb.ExecutorReport(state=pb.VERSION_STATE_LIVE)
    assert found[NET] == pb.ExecutorReport(state=pb.VERSION_STATE_LOADING)


def test_a_refusal_is_a_failure_and_deaths_are_a_quarantine() -> None:
    met = setbacks()
    met.refuse(TREE, "no such layer")
    met.died(NET, "signal SIGSEGV", 1.0)
    met.died(NET, "signal SIGSEGV", 1.0)
    found = states({}, met)
    assert found[TREE] == pb.ExecutorReport(state=pb.VERSION_STATE_FAILED, reason="no such layer")
    assert found[NET].state == pb.VERSION_STATE_QUARANTINED
    assert "SIGSEGV" in found[NET].reason


def test_what_passes_is_still_loading_and_what_does_not_pass_by_itself_has_failed_for_now() -> None:
    met = setbacks()
    met.prevented(TREE, "the log is away")
    met.prevented(NET, "no space left", Lasts.UNTIL_ROOM)
    found = states({}, met)
    assert found[TREE].state == pb.VERSION_STATE_LOADING
    assert found[NET].state == pb.VERSION_STATE_FAILED
    assert found[NET].tried_again
    assert "no space left" in found[NET].reason
