"""The registry's client, against a real gRPC server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hedgerow import errors
from hedgerow.client import history
from hedgerow.client.registry import AsyncRegistry
from hedgerow.client.registry.caller import default_caller, metadata_of
from hedgerow.client.sync import Registry
from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1 import models_pb2, registry_pb2
from tests.hedgerow.fakes.registry import FakeRegistry
from tests.hedgerow.real_registry import RealRegistry


def test_all_that_a_registry_can_be_asked_can_be_asked_in_python() -> None:
    service = registry_pb2.DESCRIPTOR.services_by_name["RegistryService"]
    calls = {re.sub(r"(?<!^)(?=[A-Z])", "_", method.name).lower() for method in service.methods}
    functions = {"watch_models", "backup", "restore"}
    assert functions <= calls & set(history.__all__)
    public = [
        {name for name in dir(client) if name[0] != "_"} for client in (AsyncRegistry, Registry)
    ]
    assert public[0] == public[1]
    assert calls - functions <= public[0]


def test_a_model_is_pushed_listed_and_pulled(registry: str, tmp_path: Path) -> None:
    definition = tmp_path / "tree.pmml"
    definition.write_bytes(b"<PMML/>" * 400_000)
    seen: list[tuple[int, int]] = []
    with Registry(registry) as client:
        pushed = client.push_model(
            definition,
            data_type="wine",
            name="tree",
            model_type="pmml",
            metrics={"accuracy": 0.9},
            parent="tree@1",
            tags={"run": "4711"},
            features=["alcohol"],
            classes=["0", "1"],
            progress=lambda done, total: seen.append((done, total)),
        )
        again = client.push_model(
            definition.read_bytes(),
            data_type="wine",
            name="tree",
            model_type="pmml",
            metrics={"accuracy": 0.9},
            parent="tree@1",
            tags={"run": "4711"},
            features=["alcohol"],
            classes=["0", "1"],
        )
        assert (pushed.model.version, pushed.created, again.created) == (1, True, False)
        assert [model.descriptor.name for model in client.list_models()] == ["tree"]
        found = client.get_model("wine", "tree")
        assert found.signature.classes == ["0", "1"]
        assert [(m.name, m.value) for m in found.descriptor.metrics] == [("accuracy", 0.9)]
        assert (found.descriptor.parent, dict(found.tags)) == ("tree@1", {"run": "4711"})
        with (tmp_path / "pulled").open("wb") as file:
            client.pull_model("wine", "tree", to=file)
    assert (tmp_path / "pulled").read_bytes() == definition.read_bytes()
    assert seen[-1] == (2_800_000, 2_800_000)
    assert len(seen) == 3


def test_what_the_registry_refuses_is_raised_as_what_it_is(
    registry: str, fake_registry: FakeRegistry, tmp_path: Path
) -> None:
    fake_registry.limit = 3_000_000
    with Registry(registry) as client:
        with pytest.raises(errors.InvalidModel, match="not PMML"):
            client.push_model(b"not a model", data_type="wine", name="t", model_type="pmml")
        with pytest.raises(errors.LimitExceeded, match="over the limit"):
            client.push_model(bytes(20_000_000), data_type="wine", name="t", model_type="pmml")
        with pytest.raises(errors.InvalidInput, match="No such file"):
            client.push_model(tmp_path / "no", data_type="wine", name="t", model_type="pmml")
        with pytest.raises(errors.NotFound, match="wine-net"):
            client.get_model("wine", "nobody")
    assert fake_registry.models == []


def test_a_definition_that_is_not_what_was_pushed_is_corrupt(
    registry: str, fake_registry: FakeRegistry, tmp_path: Path
) -> None:
    fake_registry.corrupt = True
    with Registry(registry) as client, (tmp_path / "pulled").open("wb") as file:
        client.push_model(b"abc", data_type="wine", name="tree", model_type="pmml")
        with pytest.raises(errors.Corrupt, match="tree@1"):
            client.pull_model("wine", "tree", to=file)


def test_a_listing_is_read_to_its_last_page(registry: str) -> None:
    with Registry(registry) as client:
        for number in range(5):  # the fake gives pages of two
            client.push_model(
                b"<PMML/>" + bytes([number]), data_type="wine", name="tree", model_type="pmml"
            )
        assert [model.version for model in client.list_models()] == [1, 2, 3, 4, 5]


PLAN = "data_type: {}\nmodels:\n  - name: {}\npolicy:\n  timeout: {{}}\n"


def test_a_release_is_walked_through_by_the_python_client(
    real: RealRegistry, data_type: str
) -> None:
    with Registry(real.address, caller="ada") as client:
        for number in (1, 2):
            definition = b'{"value": %d}' % number
            client.push_model(
                definition, data_type=data_type, name="tree", model_type="constant", tags={"n": "1"}
            )
        moved = client.set_alias(data_type, "tree", 1, "champion")
        assert (moved.changed, moved.alias.version) == (True, 1)
        assert not client.set_alias(data_type, "tree", 1, "champion").changed
        client.set_alias(data_type, "tree", 2, "champion")
        assert client.get_model(data_type, "tree", alias="champion").version == 2
        plan = plan_from_yaml(PLAN.format(data_type, "tree@champion"))
        tried = client.apply_plan(plan, expected_revision=0, dry_run=True)
        assert (tried.plan.revision, tried.versions) == (1, [2])
        assert client.get_plan(data_type).revision == 0
        assert client.apply_plan(plan).plan.applied_by.name == "ada"
        with pytest.raises(errors.Outdated, match="revision 1 of the plan"):
            client.apply_plan(plan, expected_revision=0)

        assert client.rollback_alias(data_type, "tree", "champion").version == 1
        with pytest.raises(errors.Refused, match="nothing to go back to"):
            client.rollback_alias(data_type, "tree", "champion")
        (alias,) = client.list_aliases(data_type)
        assert [change.version for change in alias.alias.changes] == [1, 2, 1]
        tagged = client.set_tags(data_type, "tree", 2, {"run": "4711"}, remove=["n"])
        assert dict(tagged.tags) == {"run": "4711"}

        client.apply_plan(plan_from_yaml(PLAN.format(data_type, "tree@1")))
        assert [plan.revision for plan in client.list_plans(data_type)] == [1, 2]
        assert client.rollback_plan(data_type, expected_revision=2).restores == 1
        assert client.get_plan(data_type, 2).models[0].version == 1
        _, (line,) = client.get_plan_lines(data_type)
        assert (line.reference, list(line.targets)) == ("tree@champion", [1, 2])

        with pytest.raises(errors.Refused, match="has not failed"):
            client.retry_model(data_type, "tree", 2)
        assert (
            client.retire_model(data_type, "tree", 2).life.state == models_pb2.VERSION_STATE_RETIRED
        )
        assert (
            client.delete_model(data_type, "tree", 2).life.state == models_pb2.VERSION_STATE_DELETED
        )
        assert len(client.list_tracked(data_type)) == 2
        client.apply_plan(plan_from_yaml(PLAN.format(data_type, "tree@1")))
        client.delete_alias(data_type, "tree", "champion")
        assert not client.show_model(data_type, "tree", 1).life.aliases


def test_a_push_has_either_bytes_or_a_location(registry: str) -> None:
    with Registry(registry) as client, pytest.raises(errors.InvalidModel, match="give one of them"):
        client.push_model(data_type="wine", name="tree", model_type="pmml")
    with Registry(registry) as client, pytest.raises(errors.InvalidModel, match="give one of them"):
        client.push_model(
            b"x", data_type="wine", name="tree", model_type="pmml", location="s3://a/b"
        )


@pytest.mark.parametrize(
    ("caller", "told"),
    [
        ("pipeline 7", "pipeline 7"),
        ("Jürgen, 100 %", "J%C3%BCrgen, 100 %25"),
        ("two\nlines", "two%0Alines"),
        ("\udc80", "?"),
        ("", ""),
    ],
)
async def test_every_call_says_who_makes_it_whatever_the_name(
    registry: str, fake_registry: FakeRegistry, caller: str, told: str
) -> None:
    async with AsyncRegistry(registry, caller) as client:
        await client.push_model(b"<PMML/>", data_type="wine", name="tree", model_type="pmml")
        await client.list_models()
    assert fake_registry.callers == [told] * 2


def test_the_caller_is_the_user_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HEDGEROW_CALLER", raising=False)
    user, at, host = default_caller().partition("@")
    assert user
    assert (at, bool(host)) == ("@", True)
    monkeypatch.setenv("HEDGEROW_CALLER", "pipeline 7")
    assert default_caller() == "pipeline 7"


def test_a_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HEDGEROW_CALLER", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000 % 2**31)
    assert default_caller().startswith(f"uid-{4_000_000_000 % 2**31}@")
    assert metadata_of(default_caller())
