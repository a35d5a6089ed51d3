"""Decides whether a pushed model may become a version. Nothing here changes anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hedgerow.errors import InvalidModel
from hedgerow.formats.factories import factory_of
from hedgerow.formats.interface import ModelFactory
from hedgerow.references import check_name
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion, Signature
from services.registry.spool import Spool

MAX_DESCRIPTOR_BYTES = 256 * 1024
"""A descriptor is in every event and every listing; two thousand features with long names fit in."""


@dataclass(frozen=True)
class Candidate:
    """A model that may be registered."""

    descriptor: ModelDescriptor
    signature: Signature
    sha256: str
    size: int
    definition: Path

    def is_same_as(self, model: ModelVersion) -> bool:
        """Tell whether a version has the same bytes and the same descriptor.

        Descriptors are compared by what became of them: a signature that says only what the definition
        says too is no difference, and neither is a quality that is not said: it would be inherited.
        """
        ours, known = _without_signature(self.descriptor), _without_signature(model.descriptor)
        if not ours.HasField("quality"):
            known.ClearField("quality")
        return self.sha256 == model.sha256 and self.signature == model.signature and ours == known


class Admission:
    """Takes in definitions and looks at them."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit

    @asynccontextmanager
    async def candidate(
        self, descriptor: ModelDescriptor, chunks: AsyncIterator[bytes]
    ) -> AsyncIterator[Candidate]:
        """Take in a whole push; its file is gone when the block is left.

        Raises InvalidInput if descriptor or definition is refused, LimitExceeded if it is too large.
        """
        factory = check_descriptor(descriptor)
        with Spool(self._folder, self._limit) as spool:
            async for chunk in chunks:
                await spool.write(chunk)
            if not spool.size:
                raise InvalidModel(f"{descriptor.name}: no definition came; is the file empty?")
            signature = await asyncio.to_thread(factory.inspect, descriptor, spool.path)
            yield Candidate(descriptor, signature, spool.sha256, spool.size, spool.path)


def check_descriptor(descriptor: ModelDescriptor) -> ModelFactory:
    """Return the format of a descriptor. Raises InvalidInput if anything in it is refused."""
    check_name("data type", descriptor.data_type)
    check_name("model", descriptor.name)
    if descriptor.HasField("quality") and not 0 <= descriptor.quality <= 1:
        raise InvalidModel(
            f"{descriptor.name}: quality {descriptor.quality:g} is not between 0 and 1"
        )
    if (size := descriptor.ByteSize()) > MAX_DESCRIPTOR_BYTES:
        raise InvalidModel(
            f"{descriptor.name}: the descriptor has {size} bytes, more than {MAX_DESCRIPTOR_BYTES}; "
            "shorten the description"
        )
    return factory_of(descriptor.model_type)


def _without_signature(descriptor: ModelDescriptor) -> ModelDescriptor:
    copy = ModelDescriptor()
    copy.CopyFrom(descriptor)
    copy.ClearField("signature")
    return copy
