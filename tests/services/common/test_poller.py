"""What gRPC is told of how to poll: it knows the words, and who says something else is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from services import POLLER

CALL = """
import asyncio
import services
import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

async def main():
    server = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(health.aio.HealthServicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        print((await stub.Check(health_pb2.HealthCheckRequest())).status)
    await server.stop(0)

asyncio.run(main())
"""


def test_the_grpc_that_is_tested_is_one_of_which_it_is_known() -> None:
    """A newer one: measure again, and name it or not (docs/performance.md)."""
    assert version("grpcio").rpartition(".")[0] in POLLER


def run(program: str, **said: str) -> subprocess.CompletedProcess[str]:
    """Run a program where nobody has said anything to gRPC but what is said here."""
    inherited = {name: value for name, value in os.environ.items() if name != "GRPC_EXPERIMENTS"}
    command = [sys.executable, "-c", program]
    environment = inherited | said
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=50, check=True
    )


def test_grpc_takes_the_words_without_a_word() -> None:
    done = run(CALL, GRPC_VERBOSITY="error")
    assert done.stdout.split() == ["1"]
    assert not done.stderr


@pytest.mark.parametrize(
    ("said", "is_told"), [({}, next(iter(POLLER.values()))), ({"GRPC_EXPERIMENTS": ""}, "")]
)
def test_who_says_something_else_is_left_alone(said: dict[str, str], is_told: str) -> None:
    done = run("import os, services; print(os.environ['GRPC_EXPERIMENTS'])", **said)
    assert done.stdout.rstrip("\n") == is_told
