"""Whatever happens, the fold is one: it does not matter where it was begun anew, or who looked at it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.v1.events_pb2 import ModelEvent, NumbersUsed, Snapshot, TagsChanged
from hedgerow.v1.models_pb2 import (
    VERSION_STATE_FAILED,
    VERSION_STATE_LIVE,
    VERSION_STATE_LOADING,
    VERSION_STATE_PUSHED,
    VERSION_STATE_QUARANTINED,
)
from hedgerow.v1.plans_pb2 import Plan
from services.common.catalog import Catalog
from tests.services.common.events import (
    abandoned,
    alias_deleted,
    alias_set,
    applied,
    named,
    pushed,
    reported,
)

VERSIONS = st.sampled_from([f"{name}@{n}" for name in ("tree", "net") for n in (1, 2, 3, 4)])
ALIASES = st.sampled_from(["champion", "canary"])
REFERENCES = st.sampled_from(
    ["tree", "net", *(f"{n}@{w}" for n in ("tree", "net") for w in ("1", "2", "champion"))]
)
STATES = st.sampled_from(
    [
        VERSION_STATE_PUSHED,
        VERSION_STATE_LOADING,
        VERSION_STATE_LIVE,
        VERSION_STATE_LIVE,
        VERSION_STATE_FAILED,
        VERSION_STATE_QUARANTINED,
    ]
)
PUSHED = st.sampled_from(["tree", "net"]).map(lambda name: pushed(name, 0))
EVENTS = st.one_of(
    PUSHED,
    PUSHED,
    st.builds(applied, st.just(0), REFERENCES),
    st.lists(REFERENCES, min_size=1, max_size=3, unique=True).map(lambda r: applied(0, *r)),
    st.builds(reported, VERSIONS, STATES, st.sampled_from(["a:1", "b:1"]), st.sampled_from("xy")),
    st.builds(reported, VERSIONS, STATES, st.sampled_from(["a:1", "b:1"]), st.sampled_from("xy")),
    st.builds(alias_set, VERSIONS, ALIASES, st.booleans()),
    st.builds(alias_deleted, st.sampled_from(["tree", "net"]), ALIASES),
    st.builds(abandoned, REFERENCES, st.integers(1, 4)),
    VERSIONS.map(lambda v: ModelEvent(retired=named(v))),
    VERSIONS.map(lambda v: ModelEvent(deleted=named(v))),
    VERSIONS.map(lambda v: ModelEvent(retried=named(v))),
    VERSIONS.map(lambda v: ModelEvent(tags_changed=TagsChanged(model=named(v), set={"a": v}))),
    st.integers(0, 9).map(
        lambda n: ModelEvent(numbers_used=NumbersUsed(versions={"tree": n}, revision=n))
    ),
)


def fold(catalog: Catalog, event: ModelEvent, number: int) -> None:
    """Fold an event in, with the version or revision that the registry would give it."""
    event.at.seconds = number
    if event.HasField("pushed"):
        model = event.pushed.model
        model.version = catalog.highest("wine", model.descriptor.name) + 1
    elif event.HasField("plan_applied"):
        known = "wine" in catalog.data_types
        event.plan_applied.revision = catalog.highest_revision("wine") + 1 if known else 1
    catalog.apply("wine", event, f"{number}-0")


def look(catalog: Catalog) -> None:
    """Look at all that is made when it is asked for."""
    if catalog.data_types:
        catalog.lines("wine")
        catalog.wanted("wine")
        catalog.plan("wine")


@settings(max_examples=80, deadline=None)
@given(st.lists(EVENTS, max_size=40), st.data())
def test_through_a_snapshot_at_any_point_it_comes_to_the_same(
    events: list[ModelEvent], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(events)))
    whole, parts = Catalog(), Catalog()
    for number, event in enumerate(events, 1):
        fold(whole, event, number)
        if number == at:
            snapshot = Snapshot.FromString(parts.snapshot("wine").SerializeToString())
            parts = Catalog()
            parts.load("wine", snapshot)
        fold(parts, event, number)
        look(parts)
    assert parts.snapshot("wine") == whole.snapshot("wine")
    assert parts.data_types == whole.data_types
    if whole.data_types:
        assert parts.plan("wine") == whole.plan("wine")
        assert parts.lines("wine") == whole.lines("wine")
        assert parts.candidates("wine") == whole.candidates("wine")
        assert parts.wanted("wine") == whole.wanted("wine")


@settings(max_examples=80, deadline=None)
@given(st.lists(EVENTS, max_size=40))
def test_who_may_answer_is_the_wanted_one_and_one_before_it_and_neither_failed(
    events: list[ModelEvent],
) -> None:
    catalog = Catalog()
    for number, event in enumerate(events, 1):
        fold(catalog, event, number)
        if not catalog.data_types:
            continue
        for plan in [*catalog.plans("wine"), catalog.plan("wine")]:
            for model, found in zip(plan.models, catalog.candidates("wine", plan), strict=True):
                assert len(found.versions) <= 2
                assert len(set(found.versions)) == len(found.versions)
                for version in (*found.versions, *found.warm):
                    life = catalog.version("wine", model.name, version).life
                    assert life.is_usable
                assert all(
                    catalog.has_served("wine", model.name, version) for version in found.warm
                )
        wanted = catalog.wanted("wine")
        assert wanted.warm <= wanted.versions
        assert all(catalog.version("wine", *one).life.is_usable for one in wanted.versions)


@settings(max_examples=80, deadline=None)
@given(st.lists(EVENTS, max_size=40))
def test_what_serves_is_not_left_before_another_serves(events: list[ModelEvent]) -> None:
    """Make before break: a model that is answered for is so too when something else is wanted of it."""
    catalog = Catalog()
    for number, event in enumerate(events, 1):
        before = answered(catalog)
        fold(catalog, event, number)
        if event.WhichOneof("kind") in ("plan_applied", "alias_set", "alias_deleted", "pushed"):
            plan = catalog.plan("wine") if catalog.data_types else Plan()
            names = [model.name for model in plan.models]
            assert {name for name in before if names.count(name) == 1} <= answered(catalog)


def answered(catalog: Catalog) -> set[str]:
    """Models that an executor serves a version of that may answer, of those that the plan has once."""
    if not catalog.data_types:
        return set()
    names = [model.name for model in catalog.plan("wine").models]
    return {
        name
        for name, candidates in zip(names, catalog.candidates("wine"), strict=True)
        if names.count(name) == 1
        and any(catalog.version("wine", name, v).life.is_live for v in candidates.versions)
    }
