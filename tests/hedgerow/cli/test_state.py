"""`hedgerow state`."""

from __future__ import annotations

import json
import re
from typing import Any

from hedgerow.v1 import state_pb2
from tests.hedgerow.cli.conftest import Run
from tests.hedgerow.fakes.server import served
from tests.hedgerow.fakes.state import FakeState


def test_the_state_of_a_service_is_shown(run: Run) -> None:
    with served(FakeState()) as address:
        shown = [line.rstrip() for line in run("state", address).out.splitlines()]
        told = json.loads(run("state", address, "--json").out)
    assert shown[:3] == [
        "everything 1.2.3, since 2026-01-02T03:04:05Z",
        "plan of wine: revision 4",
        "tasks_in_flight: 3",
    ]
    assert shown[4].split() == ["wine/wine-tree@2", "serving", "127.0.0.1:1234", "77"]
    assert shown[6].split()[:2] == ["wine/wine-tree@2", "9"]
    assert shown[6].endswith("1.50 ms")
    assert told["hosts"][0]["pid"] == 77


def test_which_versions_share_a_process_is_said_and_why_others_do_not(run: Run) -> None:
    class Sharing(FakeState):
        def GetState(self, request: Any, context: Any) -> state_pb2.GetStateResponse:
            response = super().GetState(request, context)
            (shared,) = response.hosts
            others = (shared.address, *(f"127.0.0.1:{port}" for port in (2, 3)))
            for name, address in zip(("wine-net", "wine-new", "wine-gbm"), others, strict=True):
                host = response.hosts.add(address=address, state="HOST_STATE_SERVING")
                host.model.CopyFrom(shared.model)
                host.model.descriptor.name = name
            for host in response.hosts[-2:]:
                host.alone = "it is new; it may share a process when it has behaved for 30 s"
            return response

    with served(Sharing()) as address:
        of_service = run("state", address).out.splitlines()
        of_type = run("state", "wine", "--router", address).out.splitlines()
    for lines in (of_service, of_type):
        at = lines.index("one process: wine/wine-tree@2, wine/wine-net@2")
        assert lines[at + 1 : at + 3] == [
            "own process: wine/wine-new@2, wine/wine-gbm@2",
            "  it is new; it may share a process when it has behaved for 30 s",
        ]
        assert all(len(line) <= 80 for line in lines[at : at + 3])


def test_what_the_mesh_knows_of_a_data_type_is_added_up(run: Run) -> None:
    with served(FakeState()) as address:
        out = run("state", "wine", "--router", address).out
        told = json.loads(run("state", "wine", "--router", address, "--json").out)
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "# plan revision 4" in lines
    assert "timeout: {}" in out
    assert "asked: everything, collector 127.0.0.1:1, collector 127.0.0.1:2" in out
    assert "wine-tree@2 300 90.0 % 2.0 % 0 4 0 0 0" in lines
    assert "wine-net@1 20 100.0 % 0.0 % 0 0 0 0 0 shadow" in lines
    assert "wine-tree@2 300 7 0 1200.0 ms 28.0 ms 15.0 ms 0 0" in lines
    assert "wine-gone" not in out
    assert [other["service"] for other in told["others"]] == ["collector", "collector", "executor"]


def test_the_streams_of_records_are_shown(run: Run) -> None:
    class Streaming(FakeState):
        def GetState(self, request: Any, context: Any) -> state_pb2.GetStateResponse:
            response = super().GetState(request, context)
            stream = response.streams.add(
                data_type="wine", waiting=7000, in_flight=3, scored=9, died=1
            )
            stream.oldest.FromMilliseconds(1500)
            response.streams.add(data_type="wine", partition="1", paused="the log is full")
            return response

    with served(Streaming()) as address:
        of_service = run("state", address).out
        of_type = run("state", "wine", "--router", address).out
        told = json.loads(run("state", address, "--json").out)
    for out in (of_service, of_type):
        rows = [re.split(r" {2,}", line.strip()) for line in out.splitlines()]
        assert [
            "STREAM OF",
            "WAITING",
            "OLDEST",
            "IN FLIGHT",
            "SCORED",
            "DEAD",
            "PAUSED BECAUSE",
        ] in rows
        assert ["wine", "7,000", "1.5 s", "3", "9", "1"] in rows
        assert ["wine/1", "0", "-", "0", "0", "0", "the log is full"] in rows
    assert told["streams"][1] == {
        "data_type": "wine",
        "partition": "1",
        "paused": "the log is full",
    }


def test_a_data_type_that_is_not_there_is_named_with_those_that_are(run: Run) -> None:
    with served(FakeState()) as address:
        error = run("state", "beer", "--router", address).error
    assert "no data type 'beer'; there are: wine; for a service give host:port" in error


def test_what_is_neither_a_data_type_nor_an_address_is_refused(run: Run) -> None:
    assert "data type" in run("state", "no/type").error


def test_where_nothing_listens_it_says_so(run: Run, nobody: str) -> None:
    assert f"nothing answers at {nobody}" in run("state", nobody).error
