"""The rig of many data types does what a router does with a record, and keeps nothing of it."""

from __future__ import annotations

from bench.breadth.core import Rig


async def test_records_of_all_data_types_are_taken_in_and_forgotten() -> None:
    rig = Rig(3)
    assert rig.records(10) > 0
    assert rig.change() > 0
    state, one = await rig.state(), await rig.state("type-1")
    assert [plan.data_type for plan in state.plans] == ["type-0", "type-1", "type-2"]
    assert [plan.data_type for plan in one.plans] == ["type-1"]
    assert {gauge.value for gauge in state.gauges} == {0}
    assert len(rig.router._plans._prepared) == 3
    await rig.router.close()
