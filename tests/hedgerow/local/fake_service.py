"""A service that does nothing but answer health; run as a script, with the service's name.

FAKE_<SERVICE>: `fail` ends at once with a reason; `mute` never gets ready; `stubborn` ignores SIGTERM;
`child` starts a process that ignores SIGTERM, in the same group.
"""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2_grpc

_IGNORES = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def main(service: str) -> None:
    manner = os.environ.get(f"FAKE_{service.upper()}", "")
    print(f"I am the {service}; the log is at {os.environ['HEDGEROW_LOG_URL']}", flush=True)
    if manner == "fail":
        sys.exit("the dog ate my settings")
    if manner == "child":
        child = subprocess.Popen([sys.executable, "-c", _IGNORES])
        print(f"child {child.pid}", flush=True)
    if manner != "mute":
        _serve(int(os.environ[f"HEDGEROW_{service.upper()}_PORT"]))
    _wait(ignore=manner == "stubborn")


def _serve(port: int) -> None:
    server = grpc.server(ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()


def _wait(*, ignore: bool) -> None:
    # The handler ends the process itself: an event that it sets would be locked by an earlier signal's.
    signal.signal(signal.SIGTERM, lambda *_: None if ignore else os._exit(0))
    while True:
        time.sleep(0.05)


if __name__ == "__main__":
    main(sys.argv[1])
