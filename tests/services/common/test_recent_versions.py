"""What is kept of model versions does not grow with pushes."""

from __future__ import annotations

from services.common.recent_versions import KEPT, RecentVersions, VersionKey


def test_a_version_keeps_what_was_made_for_it() -> None:
    kept = RecentVersions[list[int]](lambda _: [])

    kept.of("wine", "tree", 1).append(5)

    assert kept.of("wine", "tree", 1) == [5]


def test_five_hundred_versions_leave_as_many_as_are_kept() -> None:
    kept = RecentVersions[VersionKey](lambda key: key)

    for version in range(1, 501):
        kept.of("wine", "tree", version)

    assert [key.version for key, _ in kept.items()] == list(range(501 - KEPT, 501))


def test_what_is_used_is_kept_however_old() -> None:
    kept = RecentVersions[VersionKey](lambda key: key)

    for version in range(2, 501):
        kept.of("wine", "tree", 1)
        kept.of("wine", "tree", version)

    assert [key.version for key, _ in kept.items()] == [1, *range(502 - KEPT, 501)]


def test_models_and_data_types_are_counted_apart_and_listed_in_order() -> None:
    kept = RecentVersions[VersionKey](lambda key: key)
    for data_type, name in [("wine", "tree"), ("wine", "gb"), ("iris", "tree")]:
        for version in range(1, 3 * KEPT):
            kept.of(data_type, name, version)

    names = list(dict.fromkeys(key[:2] for key, _ in kept.items()))

    assert names == [("iris", "tree"), ("wine", "gb"), ("wine", "tree")]
    assert len(list(kept.items("wine"))) == 2 * KEPT
