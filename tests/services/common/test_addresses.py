"""Hosts and ports."""

from __future__ import annotations

import pytest

from services.common.addresses import address_of


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1:80"),
        ("localhost", "localhost:80"),
        ("::1", "[::1]:80"),
        ("[::1]", "[::1]:80"),
        ("::", "[::]:80"),
    ],
)
def test_an_address_is_a_host_and_a_port_whatever_kind_of_host(host: str, address: str) -> None:
    assert address_of(host, 80) == address
