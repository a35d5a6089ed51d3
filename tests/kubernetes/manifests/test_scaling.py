"""What scales by a metric asks for one that services have, in the way that KEDA wants it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from services.common.telemetry.metrics import STREAM_METRICS
from tests.kubernetes.manifests import rendering

SCORING = Path(__file__).parents[3] / "services" / "router" / "scoring.py"


def scaled_objects() -> Iterator[Mapping[str, Any]]:
    for _, manifests in rendering.everything():
        yield from (m for m in manifests if m["kind"] == "ScaledObject")


def triggers() -> Iterator[Mapping[str, Any]]:
    for scaled in scaled_objects():
        yield from scaled["spec"]["triggers"]


def metrics() -> set[str]:
    """The names that a router has for Prometheus."""
    gauges = re.findall(r'"(\w+)": (?:len\()?self\.', SCORING.read_text())
    names = {f"hedgerow_router_{name}" for name in gauges}
    return names | {f"hedgerow_router_stream_{name}" for name in STREAM_METRICS}


def test_queries_name_metrics_that_routers_have() -> None:
    asked = [
        trigger["metadata"]["query"] for trigger in triggers() if trigger["type"] == "prometheus"
    ]
    found = {name for query in asked for name in re.findall(r"hedgerow_\w+", query)}
    assert {"hedgerow_router_tasks_at_hosts", "hedgerow_router_stream_waiting"} <= found
    assert found <= metrics()


def test_streams_that_stand_still_ask_for_no_executors() -> None:
    asked = [t["metadata"]["query"] for t in triggers() if t["type"] == "prometheus"]
    of_streams = [query for query in asked if "stream_waiting" in query]
    assert of_streams
    assert all(" unless hedgerow_router_stream_paused == 1" in query for query in of_streams)


def test_scalers_go_down_when_it_has_been_quiet_for_five_minutes() -> None:
    for scaled in scaled_objects():
        assert "cooldownPeriod" not in scaled["spec"], "it is for scaling down to none"
        behavior = scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        assert behavior["scaleDown"]["stabilizationWindowSeconds"] == 300


def test_triggers_have_what_keda_requires() -> None:
    for trigger in triggers():
        told = trigger["metadata"]
        assert all(isinstance(value, str) for value in told.values()), "KEDA takes text"
        if trigger["type"] == "prometheus":
            assert {"serverAddress", "query", "threshold"} <= told.keys()
            assert float(told["threshold"]) > 0
        else:
            assert (trigger["type"], trigger["metricType"]) == ("cpu", "Utilization")
            assert 0 < float(told["value"]) <= 100
