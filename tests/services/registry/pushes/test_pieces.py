"""What a push is made of: the order of its pieces, bytes at a location, parents, and verifications."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from hedgerow.data.records import Batch
from hedgerow.errors import InvalidInput, InvalidModel
from hedgerow.formats.verification_checks import check_verification
from hedgerow.v1.models_pb2 import Feature, Identity, ModelDescriptor, Signature, Verification
from hedgerow.v1.registry_pb2 import PushModelRequest, Tags
from services.common.log import Log, Mirror
from services.registry.admission import MAX_VERIFICATION_BYTES, Admission, Push
from services.registry.housekeeping import UnusedBytes
from services.registry.ledger import Ledger
from services.registry.models import Models
from tests.services.registry.harness import Client, assert_refused, described, verification_of

INVALID = grpc.StatusCode.INVALID_ARGUMENT
ORDER = (
    "a push has the model's descriptor first, then its verification and tags, if it has any, each once, and"
    " then nothing but chunks of the definition"
)

DESCRIPTOR = PushModelRequest(descriptor=described())
VERIFICATION = PushModelRequest(verification=verification_of(1, 2))
TAGS = PushModelRequest(tags=Tags(tags={"run": "1"}))
CHUNK = PushModelRequest(chunk=b"x")


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [CHUNK],
        [PushModelRequest()],
        [TAGS, DESCRIPTOR, CHUNK],
        [VERIFICATION, DESCRIPTOR, CHUNK],
        [DESCRIPTOR, DESCRIPTOR, CHUNK],
        [DESCRIPTOR, TAGS, TAGS, CHUNK],
        [DESCRIPTOR, VERIFICATION, VERIFICATION, CHUNK],
        [DESCRIPTOR, PushModelRequest(), CHUNK],
        [DESCRIPTOR, CHUNK, TAGS],
        [DESCRIPTOR, CHUNK, VERIFICATION, CHUNK],
        [DESCRIPTOR, CHUNK, PushModelRequest()],
    ],
)
async def test_pieces_out_of_order_are_refused(
    client: Client, parts: list[PushModelRequest]
) -> None:
    await assert_refused(client.stub.PushModel(iter(parts)), INVALID, ORDER)
    assert await client.list() == []


async def test_what_comes_before_the_chunks_may_come_in_any_order(client: Client) -> None:
    for parts in ([TAGS, VERIFICATION], [VERIFICATION, TAGS]):
        pushed = await client.push_in_full(described(), before=parts)
        assert (pushed.model.version, dict(pushed.model.tags)) == (1, {"run": "1"})
        assert pushed.model.verification_sha256
        assert pushed.model.verification_records == 2


async def test_the_same_bytes_with_another_verification_are_another_version(client: Client) -> None:
    await client.push_in_full(described(), before=[VERIFICATION])
    other = verification_of(1, 2)
    other.tolerance.absolute = 0.5
    pushed = await client.push_in_full(described(), before=[PushModelRequest(verification=other)])
    assert (pushed.model.version, pushed.created) == (2, True)


async def test_a_verification_that_is_too_large_is_refused(client: Client) -> None:
    large = verification_of(*range(1000))
    row = {f"x{number}": 0.5 for number in range(MAX_VERIFICATION_BYTES // 8000 + 1)}
    large.records.CopyFrom(Batch.from_records("wine", [row] * 1000).to_proto())
    wide = described()
    wide.signature.features.extend(Feature(name=name) for name in row)
    signature = Signature(features=wide.signature.features)
    size = len(check_verification(large, signature, "wine").SerializeToString(deterministic=True))
    message = (
        f"the verification has {size} bytes, more than {MAX_VERIFICATION_BYTES}; give fewer records"
    )
    push = client.push_in_full(wide, before=[PushModelRequest(verification=large)])
    await assert_refused(push, grpc.StatusCode.RESOURCE_EXHAUSTED, message)


async def test_a_verification_that_does_not_fit_the_model_is_refused(client: Client) -> None:
    for verification, message in (
        (Verification(), "tree: the verification has 0 records; give 1 to 1000"),
        (
            verification_of(float("nan")),
            "tree: the verification expects nan for record 0; give a number",
        ),
    ):
        part = PushModelRequest(verification=verification)
        regression = described()
        regression.signature.prediction_type = Signature.PREDICTION_TYPE_REGRESSION
        await assert_refused(client.push_in_full(regression, before=[part]), INVALID, message)
    assert await client.list() == []


async def test_records_that_the_definition_itself_has_are_counted(client: Client) -> None:
    pushed = await client.push(described(), b"verified, and verified again")
    assert pushed.model.own_verification_records == 2
    assert pushed.model.verification_records == 0


async def test_a_parent_must_be_there_and_may_be_retired(client: Client) -> None:
    child = described("child")
    child.parent = "tree@1"
    message = "parent 'tree@1': no data type 'wine'; there are: none yet"
    await assert_refused(client.push(child), grpc.StatusCode.NOT_FOUND, message)
    await client.push(described())
    await client.retire("tree@1", force=True)
    assert (await client.push(child)).model.descriptor.parent == "tree@1"
    child.parent = "tree@2"
    message = "parent 'tree@2': no version 'tree@2'; there are: tree@1; in data type 'wine'"
    await assert_refused(client.push(child), grpc.StatusCode.NOT_FOUND, message)
    child.parent = "tree@champion"
    message = "parent: 'tree@champion': say which version, as in 'tree@3'"
    await assert_refused(client.push(child), INVALID, message)


async def test_a_definition_has_the_hash_that_was_said(client: Client) -> None:
    said = described()
    said.sha256 = hashlib.sha256(b"right").hexdigest()
    message = (
        f"tree: the definition has the sha256 {hashlib.sha256(b'wrong').hexdigest()}, and not"
        f" {said.sha256} as was said; is it the right file, and whole?"
    )
    await assert_refused(client.push(said, b"wrong"), INVALID, message)
    await client.push(said, b"right")
    again = await client.push(described(), b"right")  # what the bytes tell too is no difference
    assert not again.created
    said.sha256 = "ABC"
    message = "tree: 'ABC' is no sha256; give 64 digits of lower-case hex"
    await assert_refused(client.push(said, b"right"), INVALID, message)


# -- bytes at a location ---------------------------------------------------------------------------


class Place:
    """A place outside of the log, in memory."""

    def __init__(self) -> None:
        self.found = b"far away"

    async def read(self, location: str, sha256: str, limit: int) -> AsyncIterator[bytes]:
        assert location == "s3://models/tree"
        yield self.found[:limit]


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
async def models(log: Log, spool: Path, place: Place) -> AsyncIterator[Models]:
    """A registry's models, that may lie at a place."""
    mirror = Mirror(log.models)
    mirror.caught_up.set()
    admission = Admission(spool, 1024, place.read)
    ledger = Ledger(log.models, mirror)
    unused = UnusedBytes(log.definitions, ledger)
    models = Models(admission, log, ledger, unused, place.read, timedelta())
    yield models
    await models.close()


def located(data: bytes = b"far away") -> ModelDescriptor:
    descriptor = described()
    descriptor.location = "s3://models/tree"
    descriptor.sha256 = hashlib.sha256(data).hexdigest()
    return descriptor


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for piece in data:
        yield piece


async def test_bytes_at_a_location_are_looked_at_and_stay_there(
    models: Models, log_url: str
) -> None:
    pushed = await models.push(Push(located()), pieces(), Identity())
    assert (pushed.created, pushed.model.size) == (True, 8)
    version = models.get("wine", "tree")
    assert (version.chunks, version.definition.location) == (0, "s3://models/tree")
    assert [piece async for piece in models.read(version)] == [b"far away"]
    assert not (await models.push(Push(located()), pieces(), Identity())).created
    inside = await models.push(Push(described()), pieces(b"far away"), Identity())
    assert (inside.created, inside.model.version) == (True, 2)


async def test_a_location_comes_without_bytes_and_with_their_hash(models: Models) -> None:
    message = "there is a location, s3://models/tree, and bytes come too; give one of the two"
    with pytest.raises(InvalidModel, match=message):
        await models.push(Push(located()), pieces(b"far away"), Identity())
    without = located()
    without.sha256 = ""
    with pytest.raises(
        InvalidModel, match="what lies at s3://models/tree may change; give its sha256"
    ):
        await models.push(Push(without), pieces(), Identity())


async def test_what_lies_at_a_location_must_be_what_was_said(models: Models, place: Place) -> None:
    with pytest.raises(InvalidModel, match="as was said; is it the right file"):
        await models.push(Push(located(b"else")), pieces(), Identity())
    place.found = b""
    with pytest.raises(InvalidInput, match="no definition came; is the file empty"):
        await models.push(Push(located()), pieces(), Identity())


async def test_a_registry_that_allows_no_location_says_so(client: Client) -> None:
    message = (
        "location s3://models/tree is refused: no locations are allowed here; push the bytes, or have"
        " HEDGEROW_REGISTRY_LOCATIONS name the folders that are, as s3://models/"
    )
    await assert_refused(client.push(located(), b""), INVALID, message)
