"""What people read when something is missing says what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from images.cli import main
from images.engines import BUILDERS, Engine, Problem, find


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is on the PATH, for engines of the test's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_without_an_engine_it_says_which_to_install(
    commands: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["build"]) == 1

    said = capsys.readouterr().err
    assert said == (
        "images: this needs docker, podman or buildah, and none of them works here; install one\n"
    )


def test_an_engine_that_was_asked_for_and_is_not_here_is_not_replaced(commands: Path) -> None:
    install(commands, "podman", "exit 0")

    with pytest.raises(Problem, match="buildah does not work here"):
        find("buildah", BUILDERS)


def test_docker_without_its_daemon_is_passed_over(commands: Path) -> None:
    install(commands, "docker", "exit 1")
    install(commands, "buildah", "exit 0")

    assert find(None, BUILDERS).name == "buildah"


def test_a_base_that_cannot_be_had_is_named_with_what_to_do(commands: Path) -> None:
    install(commands, "buildah", "echo 'trying' >&2; echo 'no such image' >&2; exit 125")

    with pytest.raises(Problem) as problem:
        Engine("buildah").ensure("python@sha256:0")

    assert str(problem.value) == (
        "there is no base python@sha256:0 here, and buildah cannot pull it (no such image);"
        " name one with BASE=..., or make one with `make image-base`"
    )


def test_a_build_that_fails_is_a_line_and_an_exit_code(
    commands: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(commands, "buildah", '[ "$1" = inspect ]')

    assert main(["build", "--engine", "buildah"]) == 1

    assert "buildah could not build the image" in capsys.readouterr().err


def test_sizes_are_those_of_the_roots(
    commands: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    install(
        commands,
        "buildah",
        'case "$*" in *type=tar*service*|*service*type=tar*)'
        f" {_path_of('head')} -c 280000000 /dev/zero;; esac",
    )

    assert main(["build", "--engine", "buildah", "--tag", "x"]) == 1

    said = capsys.readouterr()
    assert "service   hedgerow-service:x     280 MB" in said.out
    assert "hedgerow-service:x has to be smaller than 275 MB" in said.err


def _path_of(command: str) -> str:
    return next(
        str(path)
        for folder in os.defpath.split(os.pathsep)
        if (path := Path(folder or "/") / command).exists()
    )
