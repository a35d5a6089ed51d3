"""Names of keys."""

import pytest

from services.common.log import keys


@pytest.mark.parametrize(
    "key", [keys.DATA_TYPES, keys.models("wine-2.1_x"), keys.blob("0f" * 32, 12)]
)
def test_what_must_last_is_durable(key: str) -> None:
    assert keys.is_durable(key)


@pytest.mark.parametrize("key", [keys.members("router"), "hedgerow:{wine}:other", "x"])
def test_nothing_else_is(key: str) -> None:
    assert not keys.is_durable(key)


def test_keys_of_a_data_type_share_a_slot() -> None:
    assert keys.models("wine") == "hedgerow:{wine}:models"
