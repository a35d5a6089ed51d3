"""The registry's client, against a real gRPC server."""

from __future__ import annotations

from pathlib import Path

import pytest

from hedgerow import errors
from hedgerow.client.sync import Registry
from tests.hedgerow.fakes.registry import FakeRegistry


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
            quality=0.9,
            features=["alcohol"],
            classes=["0", "1"],
            progress=lambda done, total: seen.append((done, total)),
        )
        again = client.push_model(
            definition.read_bytes(),
            data_type="wine",
            name="tree",
            model_type="pmml",
            quality=0.9,
            features=["alcohol"],
            classes=["0", "1"],
        )
        assert (pushed.model.version, pushed.created, again.created) == (1, True, False)
        assert [model.descriptor.name for model in client.list_models()] == ["tree"]
        assert client.get_model("wine", "tree").signature.classes == ["0", "1"]
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
