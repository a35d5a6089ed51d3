"""What is wrong in a cluster is told in one line by the pod that has it; nothing is restarted in vain."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.kubernetes.manifests.rendering import SERVICES
from tests.kubernetes.rollouts.theatre import Theatre

Stage = Callable[[str], Theatre]
OURS = [f"hedgerow-{service}" for service in SERVICES]


def test_without_the_secret_no_container_is_made_and_with_it_all_start(stage: Stage) -> None:
    scene = stage("local")
    scene.do("begin")
    pods = scene.do("pods", 3)
    assert {pod["waiting"] for pod in pods.values()} == {
        'CreateContainerConfigError: secret "hedgerow-log" not found'
    }
    assert not any(pod["runs"] for pod in pods.values())
    scene.do("give_secret")
    scene.do("settle")


def test_with_a_wrong_address_of_the_log_pods_are_not_ready_and_say_why(stage: Stage) -> None:
    scene = stage("local")
    scene.do("begin", "HEDGEROW_LOG_URL=redis://hedgerow-lug:6379/0")
    scene.do("give_secret")
    pods = scene.do("pods", 20)
    for name in OURS:
        assert_waits(pods[name], "hedgerow-lug:6379")


def test_with_a_wrong_password_of_the_log_pods_are_not_ready_and_say_why(stage: Stage) -> None:
    scene = stage("local")
    scene.do("begin", "HEDGEROW_LOG_URL=redis://:wrong@hedgerow-log:6379/0")
    scene.do("give_secret")
    pods = scene.do("pods", 20)
    for name in OURS:
        assert_waits(pods[name], "the log does not let us in")
        assert "wrong" not in pods[name]["output"].replace("wrong number of arguments", "")


def assert_waits(pod: dict[str, Any], reason: str) -> None:
    """It lives, is not ready, and has said why in a line of its log, once."""
    assert pod["runs"]
    assert not pod["ready"]
    assert pod["restarts"] == 0, "liveness does not depend on the log"
    lines = [json.loads(line) for line in pod["output"].splitlines() if line.startswith("{")]
    said = [line["event"] for line in lines if reason in line.get("reason", "")]
    assert said, pod["output"]
    assert len(set(said)) == len(said), "each thing once, however often it is tried"


def test_a_url_that_is_none_ends_a_pod_with_the_variable_named(stage: Stage) -> None:
    scene = stage("local")
    scene.do("begin", "HEDGEROW_LOG_URL=hedgerow-log")
    scene.do("give_secret")
    pods = scene.do("pods", 15)
    for name in OURS:
        assert pods[name]["restarts"] > 0
        assert "_LOG_URL='hedgerow-log': " in pods[name]["output"].splitlines()[-1]


def test_when_the_logs_volume_is_full_scoring_goes_on_and_pushes_say_so(stage: Stage) -> None:
    scene = stage("local")
    scene.do("small_volume", 24)
    scene.do("start")
    seen = scene.do("fill_volume")
    assert (seen["failed"], seen["wrong"], seen["restarts"]) == (0, 0, 0), seen
    assert "disk" in seen["refused"], "the push that did not fit was refused, with its reason"
    assert seen["then"] == "", "and when there is room again all is well"
