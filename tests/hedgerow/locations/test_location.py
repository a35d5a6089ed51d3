"""What a location may say, and what is inside a folder that is allowed."""

from __future__ import annotations

import pytest

from hedgerow.errors import InvalidModel
from hedgerow.locations.location import (
    listed,
    parse_folder,
    parse_folders,
    parse_location,
    parse_redirect,
)


@pytest.mark.parametrize(
    ("folder", "location", "inside"),
    [
        ("s3://models/", "s3://models/wine.pmml", True),
        ("s3://models", "S3://models/a/b/wine.pmml", True),
        ("s3://models/team", "s3://models/team/wine.pmml", True),
        ("s3://models/team", "s3://models/teams/wine.pmml", False),
        ("s3://models/team", "s3://models/Team/wine.pmml", False),
        ("s3://models/", "s3://models-2/wine.pmml", False),
        ("s3://models/", "gs://models/wine.pmml", False),
        ("file:///srv/models/", "file:///srv/models/wine.pmml", True),
        ("file:///srv/models", "file://localhost/srv/models/wine.pmml", True),
        ("file:///srv/models", "file:///srv/modelsX/wine.pmml", False),
        ("file:///", "file:///etc/passwd", True),
        ("https://models.example.org/", "HTTPS://Models.Example.ORG:443/wine.pmml", True),
        (
            "https://models.example.org:443/a b".replace(" ", "%20"),
            "https://models.example.org/a%20b/c",
            True,
        ),
        ("https://models.example.org/", "http://models.example.org/wine.pmml", False),
        ("https://models.example.org/", "https://models.example.org:8443/wine.pmml", False),
        ("https://models.example.org/", "https://models.example.org.evil.net/wine.pmml", False),
        ("https://models.example.org/pub/", "https://models.example.org/%70ub/wine.pmml", True),
        ("http://[::1]:80/", "http://[::1]/wine.pmml", True),
    ],
)
def test_a_location_is_within_a_folder_or_not(folder: str, location: str, inside: bool) -> None:
    assert parse_location(location).is_within(parse_folder(folder)) is inside


@pytest.mark.parametrize(
    "location",
    [
        "s3://models/../secrets/key",
        "s3://models//key",
        "s3://models/a/./b",
        "s3://models/a/",
        "file:///srv/models/../../etc/passwd",
        "file:///srv/models/%2e%2e/passwd",
        "file:///srv/models/..%2f..%2fetc",
        "https://models.example.org/pub/%2E%2e/wine",
        "https://models.example.org/pub/..%2Fwine",
        "https://models.example.org/pub/%252e%252e/wine",
        "https://models.example.org/pub/..;x=1/wine",
        "https://models.example.org/pub/%00/wine",
        "https://models.example.org/pub//wine",
    ],
)
def test_a_path_that_is_more_than_names_is_refused(location: str) -> None:
    with pytest.raises(InvalidModel, match=r"no part of a path may be empty, '\.' or '\.\.'"):
        parse_location(location)


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("wine.pmml", "begins with none of file://, s3://, gs://, http://, https://"),
        ("ftp://models.example.org/wine.pmml", "begins with none of"),
        ("simplecache::s3://models/wine.pmml", "begins with none of"),
        ("s3://models", "names no file"),
        ("s3:///wine.pmml", "names no bucket"),
        ("s3://models:80/wine.pmml", "names no bucket"),
        ("https:///wine.pmml", "names no host"),
        ("https://mod%65ls.example.org/wine.pmml", "names no host"),
        ("https://models.example.org:port/wine.pmml", "[Pp]ort"),
        ("https://[::1/wine.pmml", "Invalid IPv6"),
        ("file://srv/models/wine.pmml", "a path is absolute"),
        ("file:wine.pmml", "a path is absolute"),
        ("s3://models/wine.pmml?versionId=1", r"neither '\?' nor '#'"),
        ("s3://models/wine.pmml#1", r"neither '\?' nor '#'"),
        ("s3://models/wi\nne.pmml", "neither spaces nor backslashes"),
        ("s3://models\\wine.pmml", "neither spaces nor backslashes"),
        ("s3://models/" + "x" * 2048, "at most 2048 characters"),
        ("", "begins with none of"),
    ],
)
def test_what_is_no_location_is_refused_with_how_to_write_it(location: str, said: str) -> None:
    with pytest.raises(InvalidModel, match=said) as caught:
        parse_location(location)
    assert "\n" not in str(caught.value)


def test_a_password_in_a_location_is_refused_and_not_repeated() -> None:
    with pytest.raises(InvalidModel, match="shown to everybody") as caught:
        parse_location("https://user:hunter2@models.example.org/wine.pmml")
    assert "hunter2" not in str(caught.value)


def test_a_signature_that_a_redirect_has_is_sent_and_not_shown() -> None:
    found = parse_redirect("https://cdn.example.org/a%20b?X-Signature=secret")
    assert found.url == "https://cdn.example.org/a%20b?X-Signature=secret"
    assert str(found) == "https://cdn.example.org/a b"
    with pytest.raises(InvalidModel, match="no part of a path") as caught:
        parse_redirect("https://cdn.example.org/../b?X-Signature=secret")
    assert "secret" not in str(caught.value)


def test_folders_are_read_from_a_list_and_shown_as_one() -> None:
    folders = parse_folders(" s3://models , file:///srv/models/,")
    assert listed(folders) == "s3://models/, file:///srv/models/"
    assert parse_folders("") == ()
