"""Decides whether a pushed model may become a version. Nothing here changes anything."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from hedgerow.errors import InvalidInput, InvalidModel, LimitExceeded
from hedgerow.formats.factories import factory_of
from hedgerow.formats.interface import ModelFactory
from hedgerow.formats.verification_checks import check_verification
from hedgerow.metrics import check_metrics
from hedgerow.references import check_name
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion, Signature, Verification
from services.registry.spool import Spool

MAX_DESCRIPTOR_BYTES = 256 * 1024
"""A descriptor is in every event and every listing; two thousand features with long names fit in."""

MAX_VERIFICATION_BYTES = 8 * 1024 * 1024
"""Each executor scores its records before it serves the version; 10,000 of 100 features fit in."""

_MOST_TAGS = 64
_LONGEST_TAG = 1024
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

ReadLocation = Callable[[str, str, int], AsyncIterator[bytes]]
"""Reads what lies at a location outside of the log, of a sha256 and of at most so many bytes."""


@dataclass(frozen=True)
class Push:
    """What comes before the bytes."""

    descriptor: ModelDescriptor
    verification: Verification | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """A model that may be registered."""

    push: Push
    signature: Signature
    sha256: str
    size: int
    definition: Path
    verification: Path | None
    """The serialized verification, if there is one."""
    verification_sha256: str
    own_records: int
    """Records with answers that the definition itself has."""

    @property
    def descriptor(self) -> ModelDescriptor:
        """What was said of it."""
        return self.push.descriptor

    def is_same_as(self, model: ModelVersion) -> bool:
        """Tell whether a version has the same bytes and the same descriptor.

        Descriptors are compared by what became of them: a signature or a hash that says only what the
        definition says too is no difference.
        """
        return (
            self.sha256 == model.sha256
            and self.signature == model.signature
            and self.verification_sha256 == model.verification_sha256
            and _told(self.descriptor) == _told(model.descriptor)
        )

    def version(self) -> ModelVersion:
        """Return the version that it becomes, without its number."""
        verification = self.push.verification
        return ModelVersion(
            descriptor=self.descriptor,
            signature=self.signature,
            sha256=self.sha256,
            size=self.size,
            tags=self.push.tags,
            verification_sha256=self.verification_sha256,
            verification_records=verification.records.rows if verification else 0,
            own_verification_records=self.own_records,
        )


class Admission:
    """Takes in definitions and looks at them."""

    def __init__(self, folder: Path, limit: int, read_location: ReadLocation) -> None:
        self._folder = folder
        self._limit = limit
        self._read_location = read_location

    @asynccontextmanager
    async def candidate(self, push: Push, chunks: AsyncIterator[bytes]) -> AsyncIterator[Candidate]:
        """Take in a whole push; its files are gone when the block is left.

        Raises InvalidInput if anything of it is refused, LimitExceeded if it is too large.
        """
        descriptor = push.descriptor
        factory = check_descriptor(descriptor)
        check_tags(push.tags)
        with Spool(self._folder, self._limit) as spool:
            async for chunk in await self._source(descriptor, chunks):
                await spool.write(chunk)
            _check_bytes(descriptor, spool)
            found = await asyncio.to_thread(_inspect, factory, push, spool.path)
            with self._verification(found.push.verification) as (path, sha256):
                yield Candidate(
                    found.push,
                    found.signature,
                    spool.sha256,
                    spool.size,
                    spool.path,
                    path,
                    sha256,
                    found.own_records,
                )

    async def _source(
        self, descriptor: ModelDescriptor, chunks: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        """Return where the bytes come from. Raises InvalidModel if they come twice."""
        if not descriptor.location:
            return chunks
        async for _ in chunks:
            raise InvalidModel(
                f"{descriptor.name}: there is a location, {descriptor.location}, and bytes come too;"
                " give one of the two"
            )
        return self._read_location(descriptor.location, descriptor.sha256, self._limit)

    @contextmanager
    def _verification(self, verification: Verification | None) -> Iterator[tuple[Path | None, str]]:
        """Write a verification to a file of its own, and give its hash."""
        if verification is None:
            yield None, ""
            return
        data = verification.SerializeToString(deterministic=True)
        if len(data) > MAX_VERIFICATION_BYTES:
            raise LimitExceeded(
                f"the verification has {len(data)} bytes, more than {MAX_VERIFICATION_BYTES}; give fewer"
                " records"
            )
        with Spool(self._folder, self._limit) as spool:
            spool.path.write_bytes(data)
            yield spool.path, hashlib.sha256(data).hexdigest()


class _Inspected(NamedTuple):
    """What a format says of a push."""

    push: Push
    """With its verification as it is to be kept."""
    signature: Signature
    own_records: int


def _inspect(factory: ModelFactory, push: Push, definition: Path) -> _Inspected:
    """Look at a whole push, off the event loop. Raises InvalidModel."""
    signature = factory.inspect(push.descriptor, definition)
    complete = ModelDescriptor()
    complete.CopyFrom(push.descriptor)
    complete.signature.CopyFrom(signature)
    own = factory.own_verification(complete, definition)
    verification = push.verification
    if verification is not None:
        try:
            verification = check_verification(verification, signature, complete.data_type)
        except InvalidModel as error:
            raise InvalidModel(f"{complete.name}: {error}") from error
    kept = replace(push, verification=verification)
    return _Inspected(kept, signature, own.records.rows if own else 0)


def check_descriptor(descriptor: ModelDescriptor) -> ModelFactory:
    """Return the format of a descriptor. Raises InvalidInput if anything in it is refused."""
    check_name("data type", descriptor.data_type)
    check_name("model", descriptor.name)
    try:
        check_metrics(descriptor.metrics)
    except InvalidInput as error:
        raise InvalidModel(f"{descriptor.name}: {error}") from error
    if descriptor.location and not descriptor.sha256:
        raise InvalidModel(
            f"{descriptor.name}: what lies at {descriptor.location} may change; give its sha256 too"
        )
    if descriptor.sha256 and not _SHA256.fullmatch(descriptor.sha256):
        raise InvalidModel(
            f"{descriptor.name}: {descriptor.sha256[:128]!r} is no sha256; give 64 digits of lower-case hex"
        )
    if (size := descriptor.ByteSize()) > MAX_DESCRIPTOR_BYTES:
        raise InvalidModel(
            f"{descriptor.name}: the descriptor has {size} bytes, more than {MAX_DESCRIPTOR_BYTES}; "
            "shorten the description"
        )
    return factory_of(descriptor.model_type)


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise InvalidInput unless a version may have these tags."""
    if len(tags) > _MOST_TAGS:
        raise InvalidInput(f"a version has at most {_MOST_TAGS} tags, and would have {len(tags)}")
    for key, value in tags.items():
        if not _TAG.fullmatch(key):
            raise InvalidInput(
                f"{key[:128]!r} cannot be the key of a tag; use letters, digits, '_', '-', '.' and '/', at"
                " most 64, the first a letter or digit"
            )
        if len(value) > _LONGEST_TAG or not value.isprintable():
            raise InvalidInput(
                f"tag {key!r}: its value must be printable, and at most {_LONGEST_TAG} characters"
            )


def _check_bytes(descriptor: ModelDescriptor, spool: Spool) -> None:
    if not spool.size:
        raise InvalidModel(f"{descriptor.name}: no definition came; is the file empty?")
    if descriptor.sha256 and descriptor.sha256 != spool.sha256:
        raise InvalidModel(
            f"{descriptor.name}: the definition has the sha256 {spool.sha256}, and not {descriptor.sha256}"
            " as was said; is it the right file, and whole?"
        )


def _told(descriptor: ModelDescriptor) -> ModelDescriptor:
    """What only the descriptor tells."""
    copy = ModelDescriptor()
    copy.CopyFrom(descriptor)
    copy.ClearField("signature")
    copy.ClearField("sha256")
    return copy
