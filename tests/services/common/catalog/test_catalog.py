"""The fold of events."""

from __future__ import annotations

import pytest

from hedgerow.errors import NotFound
from hedgerow.references import Reference
from hedgerow.v1.events_pb2 import ModelEvent, NumbersUsed, TagsChanged
from services.common.catalog import Catalog, Definition
from tests.services.common.events import (
    abandoned,
    alias_deleted,
    alias_set,
    applied,
    named,
    pushed,
    reported,
)


@pytest.fixture
def catalog() -> Catalog:
    """Two data types; wine has two models, one of them in two versions."""
    catalog = Catalog()
    catalog.apply("wine", pushed("tree", 1))
    catalog.apply("wine", pushed("net", 1))
    catalog.apply("wine", pushed("tree", 2))
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
    assert {name: list(model.versions) for name, model in catalog.models("wine").items()} == {
        "tree": [1, 2],
        "net": [1],
    }


def test_versions_come_by_data_type_name_and_version(catalog: Catalog) -> None:
    assert [(v.model.descriptor.name, v.model.version) for v in catalog.versions()] == [
        ("knn", 1),
        ("net", 1),
        ("tree", 1),
        ("tree", 2),
    ]
    assert [v.model.descriptor.name for v in catalog.versions("iris")] == ["knn"]


def test_version_0_is_the_newest(catalog: Catalog) -> None:
    assert catalog.version("wine", "tree").model.version == 2
    assert catalog.version("wine", "tree", 1).model.version == 1
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
        catalog.version(data_type, name, version)
    assert str(refusal.value).startswith(message)
    assert catalog.find(data_type, name, version) is None


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
    large.pushed.model.verification_sha256 = "f" * 64
    large.pushed.verification_chunks = 2
    catalog.apply("wine", large, "7-0")
    sha256 = large.pushed.model.sha256
    assert catalog.definition("wine", "large") == Definition("wine", sha256, size=3, chunks=3)
    assert catalog.verification("wine", "large", 1) == Definition("wine", "f" * 64, 0, chunks=2)
    assert catalog.verification("wine", "tree", 1) is None
    elsewhere = pushed("elsewhere", data=b"abc")
    elsewhere.pushed.ClearField("chunks")
    elsewhere.pushed.model.descriptor.location = "s3://models/a"
    catalog.apply("wine", elsewhere, "8-0")
    definition = catalog.definition("wine", "elsewhere")
    assert definition == Definition("wine", sha256, 3, chunks=0, location="s3://models/a")


def test_it_keeps_nothing_of_the_event_alive() -> None:
    catalog = Catalog()
    event = pushed("tree")
    event.pushed.inline = b"x"
    catalog.apply("wine", event)
    event.pushed.model.version = 9  # a part that were not copied would hold all of the event
    assert catalog.version("wine", "tree").model.version == 1


def test_becoming_another_forgets_everything(catalog: Catalog) -> None:
    other = Catalog()
    other.apply("wine", pushed("oracle"), "1-0")
    catalog.become(other)
    assert catalog.data_types == ["wine"]
    assert list(catalog.models("wine")) == ["oracle"]
    assert catalog.last_id("wine") == "1-0"


def test_numbers_that_were_used_are_not_given_again(catalog: Catalog) -> None:
    assert (catalog.highest("wine", "tree"), catalog.highest_revision("wine")) == (2, 0)
    used = NumbersUsed(versions={"tree": 7, "net": 0, "gone": 3}, revision=5)
    catalog.apply("wine", ModelEvent(numbers_used=used))
    assert catalog.highest("wine", "tree") == 7
    assert catalog.highest("wine", "net") == 1
    assert catalog.highest("wine", "gone") == 3
    assert catalog.highest_revision("wine") == 5
    assert list(catalog.models("wine")) == ["tree", "net"]  # a number makes no model
    catalog.apply("wine", pushed("tree", 8))
    with pytest.raises(NotFound, match="no version 'tree@5'; there are: tree@1 to tree@8"):
        catalog.version("wine", "tree", 5)


def test_numbers_may_be_all_that_is_known_of_a_data_type() -> None:
    catalog = Catalog()
    catalog.apply("wine", ModelEvent(numbers_used=NumbersUsed(versions={"tree": 7}, revision=5)))
    assert catalog.data_types == []
    again = Catalog()
    again.load("wine", catalog.snapshot("wine"))
    assert again.highest("wine", "tree") == 7
    again.apply("wine", pushed("tree", 8))
    with pytest.raises(NotFound, match="no version 'tree@7'; there are: tree@8; in data type"):
        again.version("wine", "tree", 7)


def test_what_a_backup_knows_is_added_and_what_is_known_stays(catalog: Catalog) -> None:
    old = Catalog()
    for version in (1, 2, 3):
        old.apply("wine", pushed("tree", version, data=b"old"))
    old.apply("wine", alias_set("tree@3"))
    old.apply("wine", applied(1, "tree@3"))
    old.apply("wine", pushed("forest"))
    new = Catalog()
    new.apply("wine", ModelEvent(numbers_used=NumbersUsed(versions={"tree": 3}, revision=1)))
    new.apply("wine", pushed("tree", 4, data=b"new"))
    restored = ModelEvent(restored=old.snapshot("wine"))
    new.apply("wine", restored, "9-0")
    assert new.last_id("wine") == "9-0"
    assert list(new.models("wine")["tree"].versions) == [1, 2, 3, 4]
    assert new.version("wine", "tree", alias="champion").model.version == 3
    assert new.plan("wine").revision == 1
    assert new.resolve("wine", Reference("forest")) == 1
    before = catalog.snapshot("wine")
    catalog.apply("wine", applied(4, "net"))
    catalog.apply("wine", restored)
    assert catalog.version("wine", "tree", 1).model == before.models[1].versions[0].pushed.model
    assert catalog.plan("wine").revision == 4
    assert catalog.highest("wine", "tree") == 3


def test_tags_change_and_what_was_handed_out_before_does_not(catalog: Catalog) -> None:
    before = catalog.version("wine", "tree", 1).model
    change = TagsChanged(model=named("tree@1"), set={"run": "4", "commit": "9f"})
    catalog.apply("wine", ModelEvent(tags_changed=change))
    change = TagsChanged(model=named("tree@1"), set={"run": "5"}, removed=["commit", "no"])
    catalog.apply("wine", ModelEvent(tags_changed=change))
    assert dict(catalog.version("wine", "tree", 1).model.tags) == {"run": "5"}
    assert not before.tags


def test_events_of_what_is_not_there_change_nothing(catalog: Catalog) -> None:
    before = list(catalog.versions())
    for event in (
        ModelEvent(tags_changed=TagsChanged(model=named("oak@1"), set={"a": "b"})),
        ModelEvent(retired=named("tree@9")),
        ModelEvent(deleted=named("oak@1")),
        ModelEvent(retried=named("oak@1")),
        reported("tree@9"),
        alias_deleted("oak"),
        abandoned("oak@champion", 1),
    ):
        catalog.apply("wine", event)
    assert list(catalog.versions()) == before
    assert sorted(catalog.models("wine")) == ["net", "tree"]


def test_a_log_that_began_anew_may_keep_what_it_lost_with_its_lines() -> None:
    old = Catalog()
    for version in (1, 2):
        old.apply("wine", pushed("tree", version))
        old.apply("wine", reported(f"tree@{version}"))
    old.apply("wine", applied(1, "tree@2"))
    old.apply("wine", applied(2, "tree@1"))
    new = Catalog()
    new.apply("wine", ModelEvent(numbers_used=NumbersUsed(versions={"tree": 7})))
    new.inherit(old)
    assert new.lost() == ["wine/tree"]
    assert new.highest("wine", "tree") == 7
    assert list(new.lines("wine")[0].targets) == [1, 2]


def test_versions_are_listed_from_any_place_on() -> None:
    catalog = Catalog()
    for data_type, name, version in [
        ("wine", "tree", 1),
        ("wine", "tree", 2),
        ("wine", "net", 1),
        ("iris", "tree", 1),
        ("iris", "knn", 1),
    ]:
        catalog.apply(data_type, pushed(name, version, data_type=data_type))

    def listed(data_type: str, after: tuple[str, str, int] | None) -> list[tuple[str, str, int]]:
        found = [version.model for version in catalog.versions(data_type, after)]
        return [(m.descriptor.data_type, m.descriptor.name, m.version) for m in found]

    every = listed("", None)
    assert every == sorted(every)
    for number, place in enumerate(every):
        assert listed("", place) == every[number + 1 :]
    assert listed("", ("iris", "no such", 7)) == every[1:]
    assert listed("wine", ("iris", "tree", 1)) == every[2:]
    assert listed("iris", ("wine", "net", 1)) == []
