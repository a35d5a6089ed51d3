"""`hedgerow models`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from hedgerow.cli.models.remarks import remark
from hedgerow.client.registry import Pushed
from hedgerow.v1 import state_pb2
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from tests.hedgerow.cli.conftest import Done, Run
from tests.hedgerow.fakes.registry import FakeRegistry
from tests.hedgerow.fakes.server import served
from tests.hedgerow.fakes.state import FakeState


def versioned(version: int) -> ModelVersion:
    """A version of a model."""
    return ModelVersion(version=version, descriptor=ModelDescriptor(name="tree"))


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    """Something that looks like a model to the fake registry."""
    file = tmp_path / "tree.pmml"
    file.write_bytes(b"<PMML/>")
    return file


def push(run: Run, registry: str, file: Path, *more: str) -> Done:
    where = ("--registry", registry, "--data-type", "wine", "--name", "wine-tree")
    return run("models", "push", str(file), *where, "--type", "pmml", *more)


def test_a_pushed_model_has_a_version(run: Run, registry: str, definition: Path) -> None:
    assert push(run, registry, definition).out == "wine-tree@1\n"
    assert push(run, registry, definition).out == "wine-tree@1 was there already\n"
    assert push(run, registry, definition, "--metric", "accuracy=0.9").out == "wine-tree@2\n"


def test_everything_that_is_said_of_a_model_is_passed_on(
    run: Run, registry: str, fake_registry: FakeRegistry, definition: Path
) -> None:
    more = ["--description", "a tree", "--classes", "0", "--parent", "wine-tree@1"]
    more += [
        "--metric",
        "accuracy=0.93@held-out",
        "--lower-metric",
        "rmse=0.31",
        "--tag",
        "run=4=7",
    ]
    more += ["--input", "x:0", "--output", "y:0", "--features", "alcohol, hue"]
    done = push(run, registry, definition, *more, "--json")
    said = json.loads(done.out)
    assert said["features"] == ["alcohol", "hue"]
    assert (said["created"], said["version"], said["lacks_metric"]) == (True, 1, None)
    assert said["metrics"] == [
        {"name": "accuracy", "value": 0.93, "data_set": "held-out", "lower_is_better": False},
        {"name": "rmse", "value": 0.31, "data_set": None, "lower_is_better": True},
    ]
    assert (said["parent"], said["tags"]) == ("wine-tree@1", {"run": "4=7"})
    descriptor = fake_registry.models[0][0].descriptor
    assert descriptor.description == "a tree"
    assert (descriptor.signature.input, descriptor.signature.output) == ("x:0", "y:0")


class Hosts(FakeState):
    """A router that knows a host that serves version 2, and that version 1 was given up."""

    def GetState(
        self, request: state_pb2.GetStateRequest, context: grpc.ServicerContext
    ) -> state_pb2.GetStateResponse:
        response = super().GetState(request, context)
        failed = response.hosts.add(state="HOST_STATE_FAILED", failure="no such layer")
        failed.model.CopyFrom(response.hosts[0].model)
        failed.model.version = 1
        return response


@pytest.fixture
def hosts() -> Iterator[str]:
    """The address of that router."""
    with served(Hosts()) as address:
        yield address


def test_models_are_listed(run: Run, registry: str, hosts: str, definition: Path) -> None:
    where = ("--registry", registry, "--router", hosts)
    assert "no models yet" in run("models", "list", *where).out
    push(run, registry, definition, "--metric", "accuracy=0.93@held-out", "--description", "a tree")
    more = ("--metric", "accuracy=0.94", "--lower-metric", "rmse=3", "--description", "another")
    push(run, registry, definition, *more)

    done = run("models", "list", *where)
    listed = done.out.splitlines()
    heads = "MODEL STATE ALIASES METRICS FORMAT SIZE PUSHED HOSTS DESCRIPTION"
    assert " ".join(listed[0].split()) == heads
    cells = ["wine/wine-tree@1", "failed", "accuracy", "0.93", "pmml", "7", "B"]
    assert listed[1].split()[:7] == cells
    assert listed[2].split()[1] == "live"
    assert "accuracy 0.94, rmse 3  pmml    7 B" in listed[2]
    assert listed[1].rstrip().endswith("1 failed   a tree")
    assert listed[2].rstrip().endswith("1 serving  another")
    assert done.err == "note: wine/wine-tree@1: no such layer\n"

    first, second = json.loads(run("models", "list", *where, "--json").out)
    assert (first["name"], first["version"]) == ("wine-tree", 1)
    assert [host["failure"] for host in first["hosts"]] == ["no such layer"]
    assert [host["state"] for host in second["hosts"]] == ["serving"]


def test_models_are_listed_without_a_router_too(
    run: Run, registry: str, nobody: str, definition: Path
) -> None:
    where = ("--registry", registry, "--router", nobody)
    push(run, registry, definition)
    done = run("models", "list", *where)
    assert done.out.splitlines()[1].split()[-1] == "?"
    assert "hosts are not known: nothing answers" in done.err
    (model,) = json.loads(run("models", "list", *where, "--json").out)
    assert model["hosts"] is None


def test_a_model_is_pulled_to_a_file(
    run: Run, registry: str, definition: Path, tmp_path: Path
) -> None:
    push(run, registry, definition)
    target = tmp_path / "pulled.pmml"
    where = ("--registry", registry, "--data-type", "wine", "--to", str(target))
    assert run("models", "pull", "wine-tree@1", *where).out == f"{target}: wine-tree@1, 7 B\n"
    assert target.read_bytes() == definition.read_bytes()


def test_a_pull_that_fails_leaves_no_file(
    run: Run, registry: str, fake_registry: FakeRegistry, definition: Path, tmp_path: Path
) -> None:
    push(run, registry, definition)
    fake_registry.corrupt = True
    where = ("--registry", registry, "--data-type", "wine", "--to", str(tmp_path / "pulled"))
    assert "pull it again" in run("models", "pull", "wine-tree", *where).error
    assert [file.name for file in tmp_path.iterdir()] == ["tree.pmml"]

    unwritable = ("--registry", registry, "--data-type", "wine", "--to", str(tmp_path / "no" / "x"))
    assert "cannot write" in run("models", "pull", "wine-tree", *unwritable).error


def test_a_file_that_cannot_be_pushed_is_told(
    run: Run, registry: str, nobody: str, tmp_path: Path
) -> None:
    missing = push(run, registry, tmp_path / "no.pmml")
    assert (missing.code, "there is no file" in missing.error) == (1, True)

    assert "is a directory" in push(run, registry, tmp_path).error

    bad = tmp_path / "bad.pmml"
    bad.write_bytes(b"not a model")
    assert push(run, registry, bad).error == "the definition is not PMML"

    down = push(run, nobody, bad)
    assert (down.code, f"nothing answers at {nobody}" in down.error) == (1, True)
    assert "hedgerow up" in down.error


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (("--metric", "accuracy"), "'accuracy' is no metric; write name=value"),
        (("--metric", "confidence=0.9"), "'confidence' cannot name a metric"),
        (("--lower-metric", "rmse=low"), "'low' is no number"),
        (("--tag", "run"), "'run' is no tag; write key=value"),
    ],
)
def test_what_cannot_be_said_of_a_model_is_asked_wrongly(
    run: Run, nobody: str, definition: Path, said: tuple[str, ...], problem: str
) -> None:
    done = push(run, nobody, definition, *said)
    assert done.code == 2
    assert problem in done.error


@pytest.mark.parametrize(
    ("pushed", "said"),
    [
        (Pushed(versioned(2), True, 2, ""), ""),
        (
            Pushed(versioned(2), True, 2, "accuracy"),
            " lacks the metric accuracy that the plan ranks by, so that of the version before it counts;"
            " --metric accuracy=... says its own",
        ),
        (Pushed(versioned(2), False, 2, ""), " was there already"),
        (
            Pushed(versioned(1), False, 3, ""),
            " was there already; tree@3 is newer, and the plan in force has neither",
        ),
    ],
)
def test_a_push_tells_what_one_might_not_expect(pushed: Pushed, said: str) -> None:
    assert remark(pushed, []) == said
