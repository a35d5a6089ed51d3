"""What is known of the peers without any of them: what they lack, their vote, and what they are asked."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from bench import cli
from bench.figures import Figure
from bench.load import Load, run_load
from bench.peers.answers import vote, wrong_answers
from bench.peers.environments import PACKAGES, ROOT, lacking, version_of
from bench.peers.server import Server, first_answer
from bench.peers.servers.triton_home import lacking as libraries_lacking
from bench.peers.wine import CLASSES, FEATURES, Said, Vote
from bench.protocols import PROTOCOLS
from bench.protocols.inference import Request, Response
from bench.report import Outcome
from bench.scenes import SCENES, Scene, peers
from bench.session import Session


def test_the_scene_needs_all_environments(tmp_path: Path) -> None:
    for name in PACKAGES:
        assert name in lacking(tmp_path)
        assert "`make bench-peers` first" in lacking(tmp_path)
        (tmp_path / name).mkdir()
        (tmp_path / name / ".ready").touch()
    assert lacking(tmp_path) == ""
    assert [scene.lacking for scene in SCENES if scene.name == "peers"] == [lacking]


def test_make_installs_every_peer_from_its_pins() -> None:
    assert f"PEERS := {' '.join(PACKAGES)}\n" in (ROOT / "Makefile").read_text()
    for name, package in PACKAGES.items():
        assert version_of(name).startswith(f"{package} ")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the scenes that are kept; there is one, and one that lacks something."""

    async def run(_: Session) -> list[Figure]:
        return [Figure("rate", 1.0, "")]

    names: list[str] = []

    def keep(outcomes: list[Outcome], *_: Any) -> list[Path]:
        names.extend(outcome.name for outcome in outcomes)
        return []

    scenes = (Scene("there", "one", run), Scene("lame", "two", run, lambda: "`make it` first"))
    monkeypatch.setattr(cli, "SCENES", scenes)
    monkeypatch.setattr(cli, "keep", keep)
    return names


def test_a_scene_that_lacks_something_is_left_out_of_all(
    kept: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([]) == 0
    assert kept == ["there"]
    assert "two: left out; `make it` first" in capsys.readouterr().out


def test_a_scene_that_lacks_something_is_refused_by_its_name(
    kept: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["lame"])
    assert "lame: `make it` first" in capsys.readouterr().err
    assert kept == []


def test_the_vote_of_the_peers_is_the_one_by_hand() -> None:
    chance = random.Random(1)
    labels = list(itertools.product(range(3), repeat=3))
    confidences = [[chance.random() for _ in range(3)] for _ in labels]
    said = [
        Said(np.array([row[i] for row in labels]), np.array([row[i] for row in confidences]))
        for i in range(3)
    ]
    taken = Vote.of(said)
    by_hand = [
        vote([(CLASSES[label], confidence) for label, confidence in zip(*row, strict=True)])
        for row in zip(labels, confidences, strict=True)
    ]
    assert [CLASSES[label] for label in taken.said.labels] == by_hand
    for row, winner in enumerate(taken.winners):
        assert labels[row].index(taken.said.labels[row]) == winner
        assert taken.said.confidences[row] == confidences[row][winner]


def test_what_ldd_does_not_find_is_lacking() -> None:
    said = "\tlibpython3.11.so.1.0 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x00007f)\n"
    assert libraries_lacking(said) == ["libpython3.11.so.1.0"]


async def test_a_server_of_the_open_inference_protocol_is_asked_and_its_answers_compared() -> None:
    async with _inference_server(label=1) as address:
        assert await first_answer(address, "inference")
        server = Server("peer", address, "inference", 0.0, ())
        assert await server.labels(3) == 16 * [3 * ["1"]]
        wrong, asked = await wrong_answers(server, 59 * ["1"] + ["2"])
        assert asked == 60 + 16 * 256
        assert wrong == 1 + 16 * 4 + sum(start + 16 > 60 for start in range(16))
        seen = await run_load(Load(address, 2, 0.2, rows=3, warm_up=0, protocol="inference"))
    assert seen.rows == 3 * seen.requests > 0
    assert seen.failures == {}


async def test_who_answers_wrong_has_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    async def right(_: Any) -> list[str]:
        return 60 * ["1"]

    monkeypatch.setattr(peers, "right_answers", right)
    session = Session(0.1, 1, lambda _: None)
    async with _inference_server(label=1) as one, _inference_server(label=2) as two:
        mesh, other = [Server("mesh", address, "inference", 0.0, ()) for address in (one, two)]
        peer = replace(other, name="kserve")
        figures, honest = await peers._check(session, [mesh, peer])
        assert honest == [mesh]
        assert [(figure.value, figure.held) for figure in figures] == [(0, True), (4156, False)]
        with pytest.raises(ValueError, match="the mesh has 4156 wrong answers"):
            await peers._check(session, [other, replace(mesh, name="kserve")])


async def test_a_server_that_has_ended_is_not_waited_for() -> None:
    assert not await first_answer("127.0.0.1:1", "inference", lambda: True)


@asynccontextmanager
async def _inference_server(label: int) -> AsyncIterator[str]:
    """Run a server to which everything is of one class."""

    async def infer(request: Any, _: Any) -> Any:
        (records,) = request.inputs
        assert (request.model_name, records.name, records.datatype) == ("wine", "records", "FP64")
        rows, width = records.shape
        assert width == len(FEATURES)
        assert np.frombuffer(request.raw_input_contents[0], "<f8").size == rows * width
        tensors = {"confidence": np.ones(rows), "label": np.full(rows, label)}
        return Response(
            outputs=[{"name": name, "shape": [rows]} for name in tensors],
            raw_output_contents=[tensor.tobytes() for tensor in tensors.values()],
        )

    method = PROTOCOLS["inference"].method.split("/")
    handler = grpc.unary_unary_rpc_method_handler(
        infer, Request.FromString, Response.SerializeToString
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(method[1], {method[2]: handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)
