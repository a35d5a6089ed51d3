"""A real S3 server: moto's, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from types import TracebackType
from urllib.request import Request, urlopen

import pytest

REGION = "us-east-1"


class ObjectStore:
    """The server, and what tests put into it. One bucket of it belongs to nobody else: `bucket`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().decode().strip()
        self.bucket = ""
        self._count = 0

    def new_bucket(self) -> str:
        self._count += 1
        self.bucket = f"models-{self._count}"
        self._ask("PUT", f"/{self.bucket}")
        return self.bucket

    def put(self, key: str, data: bytes, bucket: str = "") -> str:
        """Put an object into the bucket, or into another one; return its location."""
        bucket = bucket or self.bucket
        self._ask("PUT", f"/{bucket}/{key}", data)
        return f"s3://{bucket}/{key}"

    def get(self, key: str, bucket: str = "") -> bytes:
        return self._ask("GET", f"/{bucket or self.bucket}/{key}")

    def ask_for_rights(self, asks: bool) -> None:
        """Have the server believe only those whom it knows; it knows nobody."""
        self._ask("POST", "/moto-api/reset-auth", b"0" if asks else b"inf")

    def _ask(self, method: str, path: str, data: bytes | None = None) -> bytes:
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential=tests/20260101/{REGION}/s3/aws4_request",
            "Content-Type": "application/octet-stream",
        }
        request = Request(f"{self.url}{path}", data, headers, method=method)
        with urlopen(request, timeout=30) as response:
            return bytes(response.read())

    def __enter__(self) -> ObjectStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.wait()


def environment_of(store: ObjectStore) -> dict[str, str]:
    """What a process needs to find the server, and to be trusted by it."""
    return {
        "AWS_ENDPOINT_URL": store.url,
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "tests",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def use(store: ObjectStore, monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    """Have this process find the server and credentials for it, and nothing else of the kind."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {**environment_of(store), "HOME": home}.items():
        monkeypatch.setenv(name, value)


def _serve() -> None:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    _serve()
