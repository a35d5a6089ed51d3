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


def test_grpc_takes_the_words_without_a_word() -> None:
    environment = {**os.environ, "GRPC_VERBOSITY": "error"}
    environment.pop("GRPC_EXPERIMENTS", None)
    done = subprocess.run(
        [sys.executable, "-c", CALL],
        env=environment,
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    assert done.stdout.split() == ["1"]
    assert not done.stderr


@pytest.mark.parametrize(("said", "is_told"), [(None, next(iter(POLLER.values()))), ("", "")])
def test_who_says_something_else_is_left_alone(said: str | None, is_told: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "GRPC_EXPERIMENTS"}
    if said is not None:
        environment["GRPC_EXPERIMENTS"] = said
    command = "import os, services; print(os.environ['GRPC_EXPERIMENTS'])"
    done = subprocess.run(
        [sys.executable, "-c", command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    assert done.stdout.rstrip("\n") == is_told
