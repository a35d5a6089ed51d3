"""Batches that wait together are more than one message may have: each leaves in time, in several."""

from __future__ import annotations

import asyncio

from hedgerow.data.records import Batch
from hedgerow.v1.models_pb2 import Feature
from hedgerow.v1.scoring_pb2 import ScoreRequest
from tests.services.router.rig import FIRST_WINS, rigged
from tests.support import wait_until

_BATCHES, _BYTES = 45, 3_000_000


async def test_a_host_is_not_lost_by_what_waits_for_it(log_url: str) -> None:
    async with rigged(log_url) as rig:
        rig.know("a", Feature(name="ash"), Feature(name="note", type=Feature.TYPE_STRING))
        rig.plan(f"models: [{{name: a}}]\n{FIRST_WINS}")
        host = await rig.host("a", "x", held=True)
        large = Batch.from_records("wine", [{"ash": 1.0, "note": "n" * _BYTES}]).to_proto()
        request = ScoreRequest(batch=large)
        scoring = [
            asyncio.create_task(rig.core.score(request, None, None)) for _ in range(_BATCHES)
        ]
        # Without credit left, all others wait in the router, to leave in as few frames as may be.
        await wait_until(lambda: rig.core.fleet.outstanding == _BATCHES, "all wait for the host")
        await wait_until(lambda: host.servicer.waiting >= 4, "its credit is used up")
        host.release()
        decisions = await asyncio.gather(*scoring)
        assert {decision.labels.classes[0] for decision in decisions} == {"x"}
        assert rig.can_use(host)
