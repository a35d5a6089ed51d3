"""Pages of a listing of versions, after Google's AIP-158.

A token names the last version of the page before it, so a listing stays right while models are pushed: what
comes before the token is never told twice, and what comes after it is told, new or old.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from itertools import islice

from hedgerow.errors import InvalidInput
from services.common.catalog import Version

LARGEST_PAGE = 500
"""Versions; with signatures of a thousand features each, some 20 MB."""

Place = tuple[str, str, int]


def page_of(versions: Iterable[Version], size: int, token: str) -> tuple[list[Version], str]:
    """Return a page of versions that are ordered by data type, name and version, and the next page's token.

    `size` 0, and whatever is over the limit, stands for the largest page. The token of the last page is
    empty. Raises InvalidInput for a token that no listing gave.
    """
    size = min(size or LARGEST_PAGE, LARGEST_PAGE)
    after = place_of(token)
    rest = (model for model in versions if after is None or _place(model) > after)
    page = list(islice(rest, size + 1))
    if len(page) <= size:
        return page, ""
    return page[:size], _token_of(_place(page[size - 1]))


def _place(version: Version) -> Place:
    said = version.model.descriptor
    return said.data_type, said.name, version.model.version


def _token_of(place: Place) -> str:
    return urlsafe_b64encode("/".join(map(str, place)).encode()).decode()


def place_of(token: str) -> Place | None:
    """Return the last version of the page before the one that a token is of; None: there is no page before.

    Raises InvalidInput for a token that no listing gave.
    """
    if not token:
        return None
    try:
        data_type, name, version = urlsafe_b64decode(token.encode()).decode().split("/")
        return data_type, name, int(version)
    except ValueError as error:
        raise InvalidInput(
            f"page_token: {token!r} is none that this call gave; leave it empty to begin"
        ) from error
