"""How it is told in which way updates come."""

import pytest

from desk.arrival import arrival


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (None, "fetched"),
        ("https://desk.example.org", "brought to https://desk.example.org"),
        ("https://desk.example.org/hidden/", "brought to https://desk.example.org"),
        ("https://me:hidden@desk.example.org:8443", "brought to https://desk.example.org:8443"),
    ],
)
def test_nothing_secret_of_an_address_is_told(address: str | None, told: str) -> None:
    assert arrival(address) == told
