"""Pages of a listing, also while models come."""

from __future__ import annotations

import pytest

from hedgerow.errors import InvalidInput
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from services.common.catalog import Version
from services.registry import pages
from services.registry.pages import page_of


def version(data_type: str, name: str, number: int) -> Version:
    said = ModelDescriptor(data_type=data_type, name=name)
    return Version(ModelVersion(descriptor=said, version=number))


LISTED = [
    version("iris", "a", 9),
    version("iris", "a", 10),
    version("wine", "a", 1),
    version("wine", "b", 1),
    version("wine", "b", 2),
]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
def test_the_pages_are_the_listing(size: int) -> None:
    found: list[Version] = []
    token, calls = "", 0
    while calls == 0 or token:
        page, token = page_of(LISTED, size, token)
        assert 0 < len(page) <= size
        found += page
        calls += 1
    assert found == LISTED
    assert calls == -(-len(LISTED) // size)


def test_what_comes_meanwhile_shifts_nothing() -> None:
    first, token = page_of(LISTED, 3, "")
    grown = [version("beer", "a", 1), *LISTED, version("wine", "c", 1)]
    rest, token = page_of(grown, 3, token)
    assert first + rest == [*LISTED, grown[-1]]
    assert token == ""


def test_the_size_has_a_bound_that_nothing_stands_for_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LARGEST_PAGE", 2)
    assert page_of(LISTED, 0, "")[0] == LISTED[:2]
    assert page_of(LISTED, 100, "")[0] == LISTED[:2]


def test_nothing_is_one_empty_page() -> None:
    assert page_of([], 0, "") == ([], "")


@pytest.mark.parametrize("token", ["x", "abcd", "aXJpcw==", "aXJpcy9hL3g=", "é"])
def test_a_token_nobody_gave_is_refused(token: str) -> None:
    with pytest.raises(InvalidInput, match=r"page_token: .* leave it empty to begin"):
        page_of(LISTED, 2, token)
