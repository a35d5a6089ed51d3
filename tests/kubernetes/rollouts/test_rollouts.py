"""Whatever is rolled, changed or lost in a cluster: no request fails, and no answer is wrong.

The load is that of 16 clients on two routers; each answer is held against what its model must say. All
tests share a cluster, so each also runs on what the one before it left.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.kubernetes.manifests.rendering import SERVICES
from tests.kubernetes.rollouts.theatre import Theatre

OLD = "374ae61"
"""The oldest commit of today's contract; an upgrade runs its code beside today's."""


@pytest.fixture(autouse=True)
def _nothing_is_left_over(mesh: Theatre) -> None:
    mesh.do("settle")


def nothing_lost(seen: dict[str, Any]) -> None:
    """Hold what the load saw while something was done."""
    assert seen["failed"] == 0, seen["reasons"]
    assert seen["wrong"] == 0
    # Some 60 a second are sent; a mesh that stood still for a while would answer far fewer.
    assert seen["answered"] > 25 * seen["seconds"]
    assert seen["restarts"] == 0
    assert not seen["killed"], "they ended within their grace"
    assert all(codes in ([0], []) for codes in seen["ended"].values()), seen["ended"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_rolling_restart_loses_nothing(mesh: Theatre, service: str) -> None:
    seen = mesh.do("roll", f"hedgerow-{service}")
    nothing_lost(seen)
    assert len(seen["ended"]) == 2, "both were replaced"
    assert all(codes == [0] for codes in seen["ended"].values())


def test_streams_flow_through_a_rolling_restart_of_everything(mesh: Theatre) -> None:
    """The log is lost for a while, too. Each record has one score, those of a key in order if so joined."""
    mesh.do("start_flow")
    nothing_lost(mesh.do("roll", *(f"hedgerow-{service}" for service in SERVICES)))
    seen = mesh.do("replace_log")
    assert (seen["failed"], seen["wrong"], seen["restarts"]) == (0, 0, 0), seen
    for data_type, told in mesh.do("end_flow").items():
        assert told["scored"] == told["sent"] > 300, told
        assert (told["missing"], told["twice"], told["dead"]) == ([], [], []), data_type
        assert told["disorder"] == [] or data_type == "wine", told


def test_the_logs_pod_comes_back_on_its_volume(mesh: Theatre) -> None:
    seen = mesh.do("replace_log")
    nothing_lost(seen)
    assert seen["ended"] == {"hedgerow-log-0": [0]}
    assert seen["models"] == ["wine-boosting@1", "wine-logistic@1", "wine-tree@1"]


def test_the_loss_of_a_node_loses_nothing(mesh: Theatre) -> None:
    seen = mesh.do("lose_node")
    nothing_lost(seen)
    assert len(seen["ended"]) == len(SERVICES), "one pod of each service"


@pytest.mark.timeout(150)
def test_a_change_of_the_settings_rolls_everything_and_loses_nothing(mesh: Theatre) -> None:
    seen = mesh.do("change_settings", "HEDGEROW_ROUTER_MAX_IN_FLIGHT=2048")
    nothing_lost(seen)
    assert len(seen["ended"]) == 2 * len(SERVICES)


@pytest.mark.timeout(240)
def test_old_code_beside_new_loses_nothing(mesh: Theatre) -> None:
    """Back to an older commit, as after an upgrade that somebody regrets, and forward again."""
    seen = mesh.do("upgrade", OLD)
    if seen is None:
        pytest.skip(f"this history does not have {OLD}")
    nothing_lost(seen)
    assert len(seen["ended"]) == 2 * len(SERVICES)
    seen = mesh.do("upgrade", "")
    nothing_lost(seen)
