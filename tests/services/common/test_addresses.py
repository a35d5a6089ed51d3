"""Hosts and ports."""

from __future__ import annotations

import pytest

from services.common.addresses import address_of, split_address


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


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("10.1.2.3", ("10.1.2.3", "")),
        ("10.1.2.3:80", ("10.1.2.3", "80")),
        ("a-name", ("a-name", "")),
        ("a-name:80", ("a-name", "80")),
        ("fd00::1", ("fd00::1", "")),
        ("[fd00::1]", ("fd00::1", "")),
        ("[fd00::1]:80", ("fd00::1", "80")),
        ("", ("", "")),
    ],
)
def test_an_address_is_split_with_or_without_a_port(address: str, parts: tuple[str, str]) -> None:
    assert split_address(address) == parts
