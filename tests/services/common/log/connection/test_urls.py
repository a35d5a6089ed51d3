"""What URLs of a log say."""

from __future__ import annotations

import pytest
from redis.asyncio import SSLConnection

from services.common.log.connection.urls import Kind, parse


def test_a_cluster_is_given_by_some_of_its_nodes() -> None:
    place = parse("redis+cluster://me:s%2Fcret@one,two:7001,[fd00::3]:7002/0?client_name=x")
    assert place.kind is Kind.CLUSTER
    assert place.addresses == (("one", 6379), ("two", 7001), ("fd00::3", 7002))
    assert place.options["username"] == "me"
    assert place.options["password"] == "s/cret"
    assert place.options["client_name"] == "x"
    assert "host" not in place.options
    assert "port" not in place.options


def test_a_primary_is_given_by_its_sentinels_and_its_name() -> None:
    place = parse("redis+sentinel://:s3cret@one,two:7001/hedgerow/2?sentinel_password=0ther")
    assert place.kind is Kind.SENTINEL
    assert place.addresses == (("one", 26379), ("two", 7001))
    assert place.primary == "hedgerow"
    assert place.options["db"] == 2
    assert place.options["password"] == "s3cret"
    assert place.options["sentinel_password"] == "0ther"


def test_a_database_need_not_be_named() -> None:
    assert parse("redis+sentinel://one/hedgerow").options["db"] == 0


@pytest.mark.parametrize("url", ["rediss+cluster://one", "rediss+sentinel://one/hedgerow"])
def test_tls_is_an_s(url: str) -> None:
    place = parse(url + "?ssl_ca_certs=/ca.pem")
    assert place.options["connection_class"] is SSLConnection
    assert place.options["ssl_ca_certs"] == "/ca.pem"


@pytest.mark.parametrize(
    "url",
    [
        "redis+clusters://:s3cret@one",
        "unix+cluster://:s3cret@one",
        "redis+cluster://:s3/cret@one",
        "redis+cluster://:s3cret@one,:7000",
        "redis+cluster://:s3cret@one:port",
        "redis+cluster://:s3cret@",
        "redis+cluster://:s3cret@one?db=s3cret",
    ],
)
def test_what_is_no_url_of_a_log_is_told_the_forms_of_one(url: str) -> None:
    with pytest.raises(ValueError, match=r"^give redis://host:port/0 or unix://path, ") as told:
        parse(url)
    assert "cret" not in str(told.value)


def test_a_cluster_has_no_databases() -> None:
    with pytest.raises(ValueError, match=r"^a Redis Cluster has no databases: "):
        parse("redis+cluster://one/3")
    with pytest.raises(ValueError, match=r"^a Redis Cluster has no databases: "):
        parse("redis+cluster://one?db=3")


@pytest.mark.parametrize("path", ["", "/", "/hedgerow/s3cret", "/hedgerow/0/0"])
def test_sentinels_are_told_a_name(path: str) -> None:
    with pytest.raises(ValueError, match=r"^say by which name the Sentinels know the primary"):
        parse(f"redis+sentinel://one{path}")
