"""Aliases: names that move from version to version, and back."""

from __future__ import annotations

from hedgerow.client.registry.calls import RegistryCalls
from hedgerow.v1 import registry_pb2 as pb
from hedgerow.v1.events_pb2 import TrackedAlias
from hedgerow.v1.models_pb2 import VersionName


class AliasCalls(RegistryCalls):
    """Calls about aliases. All raise NotFound if there is no such data type, model, version or alias."""

    async def set_alias(
        self, data_type: str, name: str, version: int, alias: str
    ) -> pb.SetAliasResponse:
        """Have an alias point to a version: `.alias`, and whether that `.changed` anything.

        Raises InvalidInput if nothing can have this alias, and Refused if the version cannot serve.
        """
        request = pb.SetAliasRequest(
            data_type=data_type, model=VersionName(name=name, version=version), alias=alias
        )
        return await self._call(self._stub.SetAlias, request)

    async def rollback_alias(self, data_type: str, name: str, alias: str) -> TrackedAlias:
        """Have an alias point to the version before. Raises Refused if there is nothing to go back to."""
        request = pb.RollbackAliasRequest(data_type=data_type, name=name, alias=alias)
        return (await self._call(self._stub.RollbackAlias, request)).alias

    async def delete_alias(self, data_type: str, name: str, alias: str) -> None:
        """Remove an alias. Raises Refused if the plan in force follows it."""
        request = pb.DeleteAliasRequest(data_type=data_type, name=name, alias=alias)
        await self._call(self._stub.DeleteAlias, request)

    async def list_aliases(self, data_type: str, name: str = "") -> list[pb.ModelAlias]:
        """Return the aliases of a data type, or of one model, with their history.

        By model and alias; those that were deleted too, which point to version 0.
        """
        request = pb.ListAliasesRequest(data_type=data_type, name=name)
        return list((await self._call(self._stub.ListAliases, request)).aliases)
