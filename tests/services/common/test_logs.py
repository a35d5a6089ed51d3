"""Log lines: JSON for programs, text for people, and who wrote them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest

WRITES = """
import structlog
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from services.common.logs import configure_logging, fields_of
configure_logging("router", "info", FORM)
log = structlog.get_logger()
model = ModelVersion(descriptor=ModelDescriptor(data_type="wine", name="net"), version=3)
log.debug("below the level")
log.info("a host was lost", host="127.0.0.1:1", **fields_of(model))
try:
    raise ValueError("why")
except ValueError as error:
    log.error("a call failed", exc_info=error)
"""


def written(form: str) -> tuple[int, list[str]]:
    """The lines of a process of its own, for logging is set up for good."""
    code = WRITES.replace("FORM", repr(form))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    out, lines = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    return process.pid, lines.splitlines()


def test_a_line_of_json_says_what_happened_to_what_and_who_wrote_it() -> None:
    pid, lines = written("json")
    lost, failed = map(json.loads, lines)
    assert lost.pop("timestamp").endswith("Z")
    assert lost == {
        "event": "a host was lost",
        "level": "info",
        "service": "router",
        "pid": pid,
        "host": "127.0.0.1:1",
        "data_type": "wine",
        "model": "net",
        "version": 3,
    }
    assert failed["level"] == "error"
    assert "ValueError: why" in failed["exception"]


def test_people_get_text_without_colours_where_there_is_no_terminal() -> None:
    _, lines = written("console")
    assert "a host was lost" in lines[0]
    assert "model=net" in lines[0]
    assert "below the level" not in "".join(lines)
    assert "\x1b" not in "".join(lines)
    assert lines[-1] == "ValueError: why"


@pytest.mark.parametrize("form", ["json", "console"])
def test_lines_go_to_stderr_alone(form: str) -> None:
    _, lines = written(form)
    assert lines


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_line_is_written_whole_for_others_write_to_the_same_place(form: str) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)  # it keeps writes apart
    with ours, theirs:
        code = WRITES.replace("FORM", repr(form))
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run(
            [sys.executable, "-c", code], stderr=theirs.fileno(), env=environment, check=True
        )
        ours.settimeout(5)
        writes = [ours.recv(65536) for _ in range(2)]
    assert all(write.endswith(b"\n") for write in writes)
    assert b"a host was lost" in writes[0]
    assert b"a call failed" in writes[1]
