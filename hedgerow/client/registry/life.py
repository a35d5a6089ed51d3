"""What somebody decides about a version after it was pushed: tags, retire, delete, retry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hedgerow.client.registry.calls import RegistryCalls
from hedgerow.client.registry.models import Tracked
from hedgerow.v1 import registry_pb2 as pb
from hedgerow.v1.models_pb2 import ModelVersion, VersionLife, VersionName


@dataclass(frozen=True, slots=True)
class Deleted:
    """A version whose bytes were removed; `freed` of them from the log, 0 where another has the same."""

    model: ModelVersion
    life: VersionLife
    freed: int


class LifeCalls(RegistryCalls):
    """Calls about the life of versions. All raise NotFound if there is no such version."""

    async def set_tags(
        self,
        data_type: str,
        name: str,
        version: int,
        tags: Mapping[str, str] | None = None,
        remove: Iterable[str] = (),
    ) -> ModelVersion:
        """Set and remove tags. Raises InvalidInput if one is malformed, or there would be too many."""
        request = pb.SetTagsRequest(
            data_type=data_type, model=_name(name, version), set=tags or {}, remove=remove
        )
        return (await self._call(self._stub.SetTags, request)).model

    async def retire_model(
        self, data_type: str, name: str, version: int, *, force: bool = False
    ) -> Tracked:
        """Take a version out of service, for good; one that is retired stays so.

        Raises Refused if a plan or an alias needs it, unless forced.
        """
        request = pb.RetireModelRequest(
            data_type=data_type, model=_name(name, version), force=force
        )
        response = await self._call(self._stub.RetireModel, request)
        return Tracked(response.model, response.life)

    async def delete_model(
        self, data_type: str, name: str, version: int, *, force: bool = False
    ) -> Deleted:
        """Retire a version and remove its bytes. What it was stays known.

        Raises Refused if a plan or an alias needs it, unless forced, or if it was deleted already.
        """
        request = pb.DeleteModelRequest(
            data_type=data_type, model=_name(name, version), force=force
        )
        response = await self._call(self._stub.DeleteModel, request)
        return Deleted(response.model, response.life, response.freed)

    async def retry_model(self, data_type: str, name: str, version: int) -> Tracked:
        """Have a version tried again that failed or is quarantined. Raises Refused if it did not fail."""
        request = pb.RetryModelRequest(data_type=data_type, model=_name(name, version))
        response = await self._call(self._stub.RetryModel, request)
        return Tracked(response.model, response.life)


def _name(name: str, version: int) -> VersionName:
    return VersionName(name=name, version=version)
