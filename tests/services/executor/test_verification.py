"""Versions that do not say what they should never serve, and the ones before them go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from hedgerow.formats.expectations import verification_of
from hedgerow.formats.verification_checks import check_verification
from hedgerow.v1.execution_pb2 import HostState
from hedgerow.v1.models_pb2 import ModelVersion, Signature, Verification
from services.executor.host.spec import ModelSpec
from services.executor.processes.fork_servers import ForkServer
from services.executor.processes.host_process import HostProcess, State
from tests.hedgerow.formats.pmml.test_verification import regression
from tests.hedgerow.formats.samples import descriptor, inspect
from tests.services.executor.agent_rig import AgentRig
from tests.services.executor.harness import frame, router, spec_of
from tests.support import wait_until

SERVES, FAILED = HostState.HOST_STATE_SERVING, HostState.HOST_STATE_FAILED
NUMBERS = Signature(prediction_type=Signature.PREDICTION_TYPE_REGRESSION)


def expecting(value: float) -> Verification:
    """One record without a feature, and what is to be said of it."""
    return check_verification(verification_of("wine", [{"expected": value}]), NUMBERS, "wine")


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[AgentRig]:
    made = AgentRig(tmp_path)
    yield made
    await made.stop()


async def test_a_version_that_fails_its_verification_never_serves_and_the_one_before_goes_on(
    rig: AgentRig,
) -> None:
    rig.push("one", value=1.0, verification=expecting(1.0))
    await wait_until(lambda: rig.states() == {"one@1": SERVES}, "what says what it should serves")
    before = rig.pid("one@1")
    rig.push("one", 2, value=2.0, verification=expecting(1.0))
    seen: list[HostState] = []

    def given_up() -> bool:
        seen.append(rig.states().get("one@2", FAILED))
        return rig.has("one@2", FAILED)

    await wait_until(given_up, "the other is given up")
    reason = "does not reproduce its verification: record 0 is 2.0 and should be 1.0; 1 of 1"
    assert reason in rig.failure("one@2")
    assert SERVES not in seen
    assert rig.has("one@1", SERVES)
    assert rig.pid("one@1") == before


async def test_a_host_is_warmed_up_with_batches_as_large_as_its_model_has_had(
    rig: AgentRig,
) -> None:
    rig.push("one", value=1.0)
    await wait_until(lambda: rig.states() == {"one@1": SERVES}, "serves")
    async with router(rig.announced[0].address) as stream:
        await stream.hears()
        await stream.write(frame(1, *range(1, 701)))
        assert await stream.hears_done() == [1]
    rig.push("one", 2, value=2.0, most_rows=600)
    await wait_until(lambda: rig.has("one@2", FAILED), "what fails on such a batch is given up")
    assert "fails on 700 records in one batch: 700 rows are too many" in rig.failure("one@2")
    assert rig.has("one@1", SERVES)


async def test_a_document_that_fails_the_verification_inside_of_it_never_serves(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    definition, said = tmp_path / "double.pmml", descriptor("pmml")
    definition.write_text(regression("", 0.0, 3.0))
    model = ModelVersion(descriptor=said, signature=inspect(definition, said))
    of_model = ModelSpec(model.SerializeToString(), definition, verification=None, batch_rows=())
    spec = replace(spec_of(tmp_path), models=(of_model,))
    heard: list[State] = []
    host = HostProcess([model], spec.heartbeat, lambda host: heard.append(host.state), fork_server)
    await host.start(spec)
    async with asyncio.timeout(50):
        await host.gone()
    assert heard == [State.ENDED]
    assert host.refused.endswith("record 1 is 2.0 and should be 3.0; 1 of 2 records differ")
