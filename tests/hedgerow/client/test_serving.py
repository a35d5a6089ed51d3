"""Waiting until versions serve: what ends it, and what it says when it is in vain."""

from __future__ import annotations

import json

import pytest

from hedgerow import Registry, errors
from hedgerow.client.registry import AsyncRegistry
from hedgerow.client.serving import AliasGoal, Goal, PlanGoal, VersionGoal, wait_until_serving
from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1 import models_pb2
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from hedgerow.v1.state_pb2 import GetStateResponse
from tests.hedgerow.fakes.state import TellingRouter
from tests.hedgerow.real_registry import RealRegistry

PLAN = "data_type: {}\nmodels:\n  - name: {}\npolicy:\n  timeout: {{}}\n"


class Mesh:
    """A registry, and what a router tells."""

    def __init__(self, real: RealRegistry, router: str, told: TellingRouter, name: str) -> None:
        self.real, self.router, self.told, self.data_type = real, router, told, name
        self.registry = Registry(real.address)
        self.lines: list[str] = []

    def push(self, **said: object) -> None:
        definition = json.dumps({"value": 1.0, **said}).encode()
        self.registry.push_model(
            definition, data_type=self.data_type, name="tree", model_type="constant"
        )

    def state(self, *hosts: str, executors: str = "", answering: str = "") -> GetStateResponse:
        """A state with hosts (`e:1 @2 SERVING`, `e:1 @2 FAILED no such layer`), and who answers."""
        state = GetStateResponse()
        for said in hosts:
            executor, version, name, failure = [*said.split(" ", 3), ""][:4]
            host = state.hosts.add(
                executor=executor, state=f"HOST_STATE_{name}", failure=failure.strip()
            )
            descriptor = ModelDescriptor(data_type=self.data_type, name="tree")
            host.model.CopyFrom(ModelVersion(descriptor=descriptor, version=int(version[1:])))
        for executor in executors.split():
            address, _, model_type = executor.partition("/")
            state.executors.add(
                address=address, data_types=["*"], model_types=[model_type or "constant"]
            )
        if answering:
            reference, version = answering.split(" ")
            state.plan_models.add(
                data_type=self.data_type, reference=reference, answering=int(version)
            )
        return state

    async def wait(self, goal: Goal | None = None, seconds: float = 20, executors: int = 0) -> None:
        """Wait for version 2, unless another goal is given."""
        async with AsyncRegistry(self.real.address) as client:
            goal = goal or VersionGoal(client, self.data_type, "tree", 2)
            goal._registry = client
            await wait_until_serving(
                self.router,
                goal,
                executors=executors or None,
                seconds=seconds,
                told=self.lines.append,
            )


@pytest.fixture
def mesh(real: RealRegistry, teller: str, told: TellingRouter, data_type: str) -> Mesh:
    """A mesh with two versions of `tree`."""
    mesh = Mesh(real, teller, told, data_type)
    mesh.push()
    mesh.push(value=2.0)
    return mesh


async def test_it_waits_until_the_very_version_serves_on_all_executors_that_can(mesh: Mesh) -> None:
    three = "e:1 e:2 e:3/pmml"
    mesh.told.states = [
        mesh.state("e:1 @1 SERVING"),
        mesh.state("e:1 @2 LOADING", "e:1 @1 SERVING", executors=three),
        mesh.state("e:1 @2 SERVING", "e:2 @2 LOADING", executors=three),
        mesh.state("e:1 @2 SERVING", "e:2 @2 LOADING", executors=three),
        mesh.state("e:1 @2 SERVING", "e:2 @2 SERVING", executors=three, answering="tree 1"),
        mesh.state("e:1 @2 SERVING", "e:2 @2 SERVING", executors=three, answering="tree 2"),
    ]
    await mesh.wait()
    assert len(mesh.told.states) == 1
    assert mesh.lines == [
        "tree@2 has no host; does an executor run that serves its data type and type?",
        "tree@2: serving on 0 of 2 executors, loading on 1",
        "tree@2: serving on 1 of 2 executors, loading on 1",
        "tree@2: serving; the router does not answer by it yet",
        "tree@2: serving on 2 of 2 executors",
    ]


async def test_so_many_executors_as_are_asked_for_are_enough(mesh: Mesh) -> None:
    mesh.told.states = [mesh.state("e:1 @2 SERVING", "e:2 @2 FAILED out", executors="e:1 e:2")]
    await mesh.wait(executors=1)
    assert mesh.lines == ["tree@2: serving on 1 of 1 executor, failed on 1 (out)"]
    with pytest.raises(errors.Refused, match=r"tree@2 cannot serve: failed on 1 \(out\)"):
        await mesh.wait(executors=3)
    mesh.told.states = [mesh.state("e:1 @2 SERVING", executors="e:1")]
    with pytest.raises(
        errors.Unavailable, match=r"in vain: .* serving on 1 of 3 executors \(there are 1"
    ):
        await mesh.wait(executors=3, seconds=0)


async def test_a_router_that_is_started_again_meanwhile_is_waited_for(mesh: Mesh) -> None:
    loading = mesh.state("e:1 @2 LOADING", executors="e:1")
    mesh.told.states = [loading, *[None] * 8, mesh.state("e:1 @2 SERVING", executors="e:1")]
    await mesh.wait()
    assert mesh.lines[0] == "tree@2: serving on 0 of 1 executor, loading on 1"
    assert mesh.lines[1].endswith("the router is stopping")
    assert mesh.lines[2:] == ["tree@2: serving on 1 of 1 executor"]


@pytest.mark.parametrize(
    ("hosts", "executors", "said"),
    [
        (["e:1 @2 FAILED no layer"], "", "tree@2 cannot serve: failed on 1 (no layer)"),
        (["e:1 @2 FAILED no", "e:2 @2 SERVING"], "e:1 e:2", "failed on 1 (no)"),
        (["e:1 @2 LOADING the disk is full"], "", "in vain: tree@2: serving on 0 of 1 executor, l"),
        (["e:1 @2 LOADING the disk is full"], "e:1", "loading on 1 (the disk is full)"),
        (["e:1 @1 SERVING"], "e:1", "in vain: tree@2 has no host; does an executor run"),
    ],
)
async def test_what_is_in_the_way_is_told(
    mesh: Mesh, hosts: list[str], executors: str, said: str
) -> None:
    mesh.told.states = [mesh.state(*hosts, executors=executors)]
    fails = "FAILED" in hosts[0]
    with pytest.raises(errors.Refused if fails else errors.Unavailable) as caught:
        await mesh.wait(seconds=20 if fails else 0)
    assert said in str(caught.value)


async def test_what_the_log_remembers_counts_where_no_host_says_otherwise(mesh: Mesh) -> None:
    mesh.real.report(
        mesh.data_type, ("tree", 2), models_pb2.VERSION_STATE_QUARANTINED, reason="it dies"
    )
    with pytest.raises(errors.Refused, match=r"tree@2 cannot serve: failed on 1 \(it dies\)"):
        await mesh.wait()


async def test_a_version_that_nobody_asks_for_or_that_is_retired_is_not_waited_for(
    mesh: Mesh,
) -> None:
    mesh.push(value=3.0)
    with pytest.raises(errors.Refused, match="no executor loads tree@2: it is not the newest"):
        await mesh.wait()
    mesh.registry.retire_model(mesh.data_type, "tree", 2)
    mesh.told.states = [mesh.state("e:1 @2 SERVING")]
    with pytest.raises(errors.Refused, match="tree@2 is retired"):
        await mesh.wait()


async def test_a_plan_is_waited_for_as_it_stands_at_each_moment(mesh: Mesh) -> None:
    text = PLAN.format(mesh.data_type, "tree@champion")
    mesh.registry.set_alias(mesh.data_type, "tree", 1, "champion")
    plan = mesh.registry.apply_plan(plan_from_yaml(text)).plan
    goal = PlanGoal(AsyncRegistry(mesh.real.address), mesh.data_type, plan.revision)
    behind = mesh.state("e:1 @1 SERVING")
    behind.plans.add(data_type=mesh.data_type)
    mesh.told.states = [behind]
    with pytest.raises(errors.Unavailable, match="goes by revision 0 of the plan"):
        await mesh.wait(goal, seconds=0)
    mesh.told.states = [mesh.state("e:1 @1 SERVING")]
    await mesh.wait(goal)

    alias = AliasGoal(AsyncRegistry(mesh.real.address), mesh.data_type, "tree", "champion", 2)
    with pytest.raises(errors.Refused, match="tree@champion is tree@1 by now, and not tree@2"):
        await mesh.wait(alias)

    mesh.real.report(mesh.data_type, ("tree", 1), models_pb2.VERSION_STATE_LIVE)
    mesh.registry.set_alias(mesh.data_type, "tree", 2, "champion")
    mesh.real.give_up(mesh.data_type, "tree@champion", 2, "it did not load within 10 min")
    for given_up in (goal, alias):
        with pytest.raises(errors.Refused, match="tree@2 was given up: it did not load within"):
            await mesh.wait(given_up)

    mesh.registry.apply_plan(plan_from_yaml(PLAN.format(mesh.data_type, "tree")))
    with pytest.raises(errors.Refused, match=r"revision 2 of the plan of .* by now"):
        await mesh.wait(goal)


async def test_a_router_that_is_not_there_is_told(mesh: Mesh, nobody: str) -> None:
    mesh.router = nobody
    with pytest.raises(errors.Unavailable, match="nothing answers"):
        await mesh.wait()
