"""Names of keys."""

import pytest
from redis.crc import key_slot

from services.common.log.keys import CLUSTER, SINGLE, Keys, is_durable

SHA256 = "0f" * 32


@pytest.mark.parametrize("keys", [SINGLE, CLUSTER])
def test_what_must_last_is_durable(keys: Keys) -> None:
    for key in (
        keys.data_types,
        keys.mesh,
        keys.models("wine-2.1_x"),
        keys.snapshot("wine-2.1_x"),
        keys.blob(SHA256, 12),
    ):
        assert is_durable(key)


@pytest.mark.parametrize(
    "key",
    [
        SINGLE.members("router"),
        CLUSTER.members("router"),
        "hedgerow:{wine}:other",
        "{hedgerow}:{wine}:other",
        f"hedgerow:blob:{{{SHA256}:12",
        "{hedgerow:mesh",
        "x",
    ],
)
def test_nothing_else_is(key: str) -> None:
    assert not is_durable(key)


def test_the_keys_of_a_single_redis_are_what_they_always_were() -> None:
    assert SINGLE.data_types == "hedgerow:data-types"
    assert SINGLE.mesh == "hedgerow:mesh"
    assert SINGLE.models("wine") == "hedgerow:{wine}:models"
    assert SINGLE.snapshot("wine") == "hedgerow:{wine}:snapshot"
    assert SINGLE.members("router") == "hedgerow:members:router"
    assert SINGLE.blob(SHA256, 3) == f"hedgerow:blob:{SHA256}:3"


def test_all_of_the_catalog_is_in_one_slot_of_a_cluster() -> None:
    catalog = [CLUSTER.data_types, CLUSTER.mesh, CLUSTER.members("router")]
    for data_type in ("wine", "iris", "hedgerow"):
        catalog += [CLUSTER.models(data_type), CLUSTER.snapshot(data_type)]
    assert len({key_slot(key.encode()) for key in catalog}) == 1


def test_the_chunks_of_a_definition_are_in_one_slot_of_a_cluster_and_those_of_others_elsewhere() -> (
    None
):
    chunks = {key_slot(CLUSTER.blob(SHA256, number).encode()) for number in range(9)}
    assert len(chunks) == 1
    assert key_slot(CLUSTER.blob("1e" * 32, 0).encode()) not in chunks
