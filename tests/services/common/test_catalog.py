"""The fold of events."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hedgerow.errors import NotFound
from hedgerow.v1.models_pb2 import ModelEvent
from hedgerow.v1.rules_pb2 import QUALITY_MEASURE_REGISTERED
from services.common.catalog import Catalog
from tests.services.common.events import applied, pushed


@pytest.fixture
def catalog() -> Catalog:
    """Two data types; wine has two models, one of them in two versions."""
    catalog = Catalog()
    catalog.apply("wine", pushed("tree", 1, quality=0.9))
    catalog.apply("wine", pushed("net", 1, quality=0.95))
    catalog.apply("wine", pushed("tree", 2, quality=0.97))
    catalog.apply("iris", pushed("knn", data_type="iris"))
    return catalog


def test_an_empty_catalog_has_nothing() -> None:
    catalog = Catalog()
    assert catalog.data_types == []
    assert list(catalog.versions()) == []
    assert catalog.find("wine", "tree") is None
    with pytest.raises(NotFound, match="no data type 'wine'; there are: none yet"):
        catalog.plan("wine")


def test_it_knows_data_types_models_and_versions(catalog: Catalog) -> None:
    assert catalog.data_types == ["iris", "wine"]
    assert {n: [v.version for v in vs] for n, vs in catalog.models("wine").items()} == {
        "tree": [1, 2],
        "net": [1],
    }


def test_versions_come_by_data_type_name_and_version(catalog: Catalog) -> None:
    assert [(v.descriptor.name, v.version) for v in catalog.versions()] == [
        ("knn", 1),
        ("net", 1),
        ("tree", 1),
        ("tree", 2),
    ]
    assert [v.descriptor.name for v in catalog.versions("iris")] == ["knn"]


def test_version_0_is_the_newest(catalog: Catalog) -> None:
    assert catalog.model("wine", "tree").version == 2
    assert catalog.model("wine", "tree", 1).version == 1
    newest = catalog.find("wine", "tree", 0)
    assert newest is not None
    assert newest.version == 2


@pytest.mark.parametrize(
    ("data_type", "name", "version", "message"),
    [
        ("beer", "tree", 0, "no data type 'beer'; there are: iris, wine"),
        ("wine", "forest", 0, "no model 'forest'; there are: net, tree; in data type 'wine'"),
        ("wine", "tree", 7, "no version 'tree@7'; there are: tree@1 to tree@2; in data type"),
        ("wine", "net", 2, "no version 'net@2'; there are: net@1; in data type 'wine'"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(
    catalog: Catalog, data_type: str, name: str, version: int, message: str
) -> None:
    with pytest.raises(NotFound) as refusal:
        catalog.model(data_type, name, version)
    assert str(refusal.value).startswith(message)
    assert catalog.find(data_type, name, version) is None


def test_the_default_plan_lists_all_models_best_first(catalog: Catalog) -> None:
    plan = catalog.plan("wine")
    assert plan.revision == 0
    assert plan.data_type == "wine"
    assert [(model.name, model.version) for model in plan.models] == [("tree", 0), ("net", 0)]
    assert plan.policy.rule.quality.by == QUALITY_MEASURE_REGISTERED
    assert plan.policy.deadline.ToTimedelta() == timedelta(milliseconds=100)


def test_the_default_plan_goes_by_the_newest_version_then_by_name(catalog: Catalog) -> None:
    catalog.plan("wine")
    catalog.apply("wine", pushed("tree", 3, quality=0.1))
    catalog.apply("wine", pushed("oracle"))
    catalog.apply("wine", pushed("abacus"))
    names = [model.name for model in catalog.plan("wine").models]
    assert names == ["net", "tree", "abacus", "oracle"]


def test_the_default_plan_has_at_most_64_models() -> None:
    catalog = Catalog()
    for number in range(70):
        catalog.apply("wine", pushed(f"m{number:02}"))
    assert [m.name for m in catalog.plan("wine").models] == [f"m{n:02}" for n in range(64)]


def test_the_plan_applied_last_is_in_force(catalog: Catalog) -> None:
    catalog.apply("wine", applied(1, "tree"))
    catalog.apply("wine", applied(2, "net"))
    assert catalog.plan("wine").revision == 2
    assert catalog.plan("iris").revision == 0
    assert catalog.default_plan("wine").revision == 0


def test_an_entry_folded_in_twice_counts_once() -> None:
    catalog = Catalog()
    assert catalog.apply("wine", pushed("tree"), "5-1")
    assert not catalog.apply("wine", pushed("tree"), "5-1")
    assert not catalog.apply("wine", pushed("tree"), "5-0")
    assert len(list(catalog.versions())) == 1
    assert catalog.last_id("wine") == "5-1"
    assert catalog.last_id("iris") == "0-0"
    assert catalog.has("wine", "4-9")
    assert not catalog.has("wine", "10-0")


def test_events_of_a_newer_program_change_nothing(catalog: Catalog) -> None:
    before = list(catalog.versions())
    assert catalog.apply("wine", ModelEvent(), "9-0")
    assert list(catalog.versions()) == before
    assert catalog.last_id("wine") == "9-0"


def test_definitions_say_where_the_bytes_are(catalog: Catalog) -> None:
    large = pushed("large", data=b"abc")
    large.pushed.chunks = 3
    catalog.apply("wine", large, "7-0")
    definition = catalog.definition("wine", "large")
    assert (definition.data_type, definition.entry_id) == ("wine", "7-0")
    assert (definition.chunks, definition.size) == (3, 3)
    assert definition.sha256 == large.pushed.model.sha256
    assert catalog.definition("wine", "tree", 1).chunks == 0


def test_it_keeps_nothing_of_the_event_alive() -> None:
    catalog = Catalog()
    event = pushed("tree")
    catalog.apply("wine", event)
    event.pushed.model.version = 9  # a part that were not copied would hold all of the event
    assert catalog.model("wine", "tree").version == 1


def test_becoming_another_forgets_everything(catalog: Catalog) -> None:
    other = Catalog()
    other.apply("wine", pushed("oracle"), "1-0")
    catalog.become(other)
    assert catalog.data_types == ["wine"]
    assert list(catalog.models("wine")) == ["oracle"]
    assert catalog.last_id("wine") == "1-0"
