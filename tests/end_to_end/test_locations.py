"""A version whose bytes are in an object store, from its push to its deletion."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pytest

from hedgerow.client.registry import Tracked
from hedgerow.errors import Corrupt
from hedgerow.v1.execution_pb2 import HostState
from hedgerow.v1.models_pb2 import VERSION_STATE_FAILED, ExecutorReport
from tests.end_to_end.conftest import FEATURES, Mesh
from tests.end_to_end.test_two_executors import another_executor
from tests.support import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

RECORD = {"a": 1.0, "b": 0.0}


async def test_a_version_at_a_location_serves_and_other_bytes_that_come_to_lie_there_never_do(
    mesh: Mesh, data_type: str, tmp_path: Path
) -> None:
    definition = json.dumps({"features": FEATURES, "value": 2}).encode()
    key = f"{data_type}.json"
    location = mesh.store.put(key, definition, mesh.bucket)
    before = await mesh.serve(data_type, "one", value=1)
    pushed = await mesh.registry.push_model(
        data_type=data_type,
        name="one",
        model_type="constant",
        location=location,
        sha256=hashlib.sha256(definition).hexdigest(),
    )
    await mesh.wait_for(pushed.model, HostState.HOST_STATE_SERVING)
    assert (await mesh.client.score(data_type, RECORD)).value == 2
    pulled = io.BytesIO()
    await mesh.registry.pull_model(data_type, "one", 2, to=pulled)
    assert pulled.getvalue() == definition

    here = mesh.local.ports.address("executor")

    async def shown() -> Tracked:
        return await mesh.registry.show_model(data_type, "one", 2)

    async def elsewhere() -> ExecutorReport:
        reports = (await shown()).life.executors
        return next((r for r in reports if r.executor != here), ExecutorReport())

    async def has_failed() -> bool:
        return (await elsewhere()).state == VERSION_STATE_FAILED

    async def are_served_by(*counts: int) -> bool:
        hosts = [await mesh.hosts(model, "router") for model in (before, pushed.model)]
        serving = [[h for h in some if h.state == HostState.HOST_STATE_SERVING] for some in hosts]
        return [len(some) for some in serving] == list(counts)

    mesh.store.put(key, b"something else", mesh.bucket)
    async with another_executor(mesh, data_type, tmp_path / "empty"):
        await wait_until(has_failed, "who has not got the bytes has failed", timeout=30)
        assert f"{location} has other bytes than when it was pushed" in (await elsewhere()).reason
        await wait_until(lambda: are_served_by(1, 1), "it serves the version before", timeout=30)
        assert (await mesh.client.score(data_type, RECORD)).value == 2
        with pytest.raises(Corrupt, match="has other bytes than when it was pushed"):
            await mesh.registry.pull_model(data_type, "one", 2, to=io.BytesIO())

        mesh.store.put(key, definition, mesh.bucket)
        await mesh.registry.retry_model(data_type, "one", 2)
        await wait_until(lambda: are_served_by(0, 2), "it is tried again at once", timeout=14)

    deleted = await mesh.registry.delete_model(data_type, "one", 2, force=True)
    assert deleted.freed == 0
    assert mesh.store.get(key, mesh.bucket) == definition, "it is not ours to remove"
    await mesh.wait_for(before, HostState.HOST_STATE_SERVING)
    assert (await mesh.client.score(data_type, RECORD)).value == 1
