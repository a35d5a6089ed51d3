"""The registry's calls: convert, call, convert."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc

from hedgerow.errors import InvalidInput
from hedgerow.v1 import registry_pb2 as pb
from hedgerow.v1.backup_pb2 import BackupPiece
from hedgerow.v1.registry_pb2_grpc import RegistryServiceServicer
from services.registry.admission import Push
from services.registry.aliases import Aliases
from services.registry.backups.restoring import Restoring
from services.registry.backups.saving import Saving
from services.registry.identity import caller_of
from services.registry.lifecycle import Lifecycle
from services.registry.models import Models
from services.registry.pages import page_of, place_of
from services.registry.plans import Plans
from services.registry.watching import Watching

_ORDER = (
    "a push has the model's descriptor first, then its verification and tags, if it has any, each once, and"
    " then nothing but chunks of the definition"
)

Context = grpc.aio.ServicerContext[Any, Any]


class RegistryServicer(RegistryServiceServicer):
    """Serves RegistryService."""

    def __init__(
        self,
        models: Models,
        plans: Plans,
        aliases: Aliases,
        lifecycle: Lifecycle,
        watching: Watching,
        saving: Saving,
        restoring: Restoring,
    ) -> None:
        self._models = models
        self._plans = plans
        self._aliases = aliases
        self._lifecycle = lifecycle
        self._watching = watching
        self._saving = saving
        self._restoring = restoring

    # -- models ------------------------------------------------------------------------------------

    async def PushModel(  # noqa: N802
        self, requests: AsyncIterator[pb.PushModelRequest], context: Context
    ) -> pb.PushModelResponse:
        """Register a model."""
        parts = _Parts(_whole(requests, context))
        push = await parts.push()
        pushed = await self._models.push(push, parts.chunks(), caller_of(context))
        return pb.PushModelResponse(**pushed._asdict())

    async def GetModel(  # noqa: N802
        self, request: pb.GetModelRequest, context: Context
    ) -> pb.GetModelResponse:
        """Return one version."""
        version = self._models.get(request.data_type, request.name, request.version, request.alias)
        return pb.GetModelResponse(model=version.model, life=self._models.life(version))

    async def ListModels(  # noqa: N802
        self, request: pb.ListModelsRequest, context: Context
    ) -> pb.ListModelsResponse:
        """Return a page of all versions."""
        versions = self._models.list(request.data_type, place_of(request.page_token))
        page, following = page_of(versions, request.page_size, request.page_token)
        return pb.ListModelsResponse(
            models=[version.model for version in page],
            lives=[self._models.life(version) for version in page],
            next_page_token=following,
        )

    async def PullModel(  # noqa: N802
        self, request: pb.PullModelRequest, context: Context
    ) -> AsyncIterator[pb.PullModelResponse]:
        """Return a version and its bytes."""
        version = self._models.get(request.data_type, request.name, request.version, request.alias)
        chunks = self._models.read(version)
        yield pb.PullModelResponse(model=version.model)
        async for chunk in chunks:
            yield pb.PullModelResponse(chunk=chunk)

    async def SetTags(  # noqa: N802
        self, request: pb.SetTagsRequest, context: Context
    ) -> pb.SetTagsResponse:
        """Set and remove tags."""
        version = await self._lifecycle.set_tags(
            request.data_type, request.model, request.set, request.remove, caller_of(context)
        )
        return pb.SetTagsResponse(model=version.model)

    async def RetireModel(  # noqa: N802
        self, request: pb.RetireModelRequest, context: Context
    ) -> pb.RetireModelResponse:
        """Take a version out of service."""
        version = await self._lifecycle.retire(
            request.data_type, request.model, request.force, caller_of(context)
        )
        return pb.RetireModelResponse(model=version.model, life=self._models.life(version))

    async def DeleteModel(  # noqa: N802
        self, request: pb.DeleteModelRequest, context: Context
    ) -> pb.DeleteModelResponse:
        """Remove the bytes of a version."""
        version, freed = await self._lifecycle.delete(
            request.data_type, request.model, request.force, caller_of(context)
        )
        life = self._models.life(version)
        return pb.DeleteModelResponse(model=version.model, life=life, freed=freed)

    async def RetryModel(  # noqa: N802
        self, request: pb.RetryModelRequest, context: Context
    ) -> pb.RetryModelResponse:
        """Have a version tried again."""
        version = await self._lifecycle.retry(request.data_type, request.model, caller_of(context))
        return pb.RetryModelResponse(model=version.model, life=self._models.life(version))

    # -- aliases -----------------------------------------------------------------------------------

    async def SetAlias(  # noqa: N802
        self, request: pb.SetAliasRequest, context: Context
    ) -> pb.SetAliasResponse:
        """Have an alias point to a version."""
        moved = await self._aliases.point(
            request.data_type, request.model, request.alias, caller_of(context)
        )
        return pb.SetAliasResponse(**moved._asdict())

    async def RollbackAlias(  # noqa: N802
        self, request: pb.RollbackAliasRequest, context: Context
    ) -> pb.RollbackAliasResponse:
        """Have an alias go back."""
        alias = await self._aliases.go_back(
            request.data_type, request.name, request.alias, caller_of(context)
        )
        return pb.RollbackAliasResponse(alias=alias)

    async def DeleteAlias(  # noqa: N802
        self, request: pb.DeleteAliasRequest, context: Context
    ) -> pb.DeleteAliasResponse:
        """Remove an alias."""
        await self._aliases.delete(
            request.data_type, request.name, request.alias, caller_of(context)
        )
        return pb.DeleteAliasResponse()

    async def ListAliases(  # noqa: N802
        self, request: pb.ListAliasesRequest, context: Context
    ) -> pb.ListAliasesResponse:
        """Return aliases with their history."""
        aliases = self._aliases.list(request.data_type, request.name)
        return pb.ListAliasesResponse(aliases=aliases)

    # -- plans -------------------------------------------------------------------------------------

    async def ApplyPlan(  # noqa: N802
        self, request: pb.ApplyPlanRequest, context: Context
    ) -> pb.ApplyPlanResponse:
        """Put a plan into force, or say what it would change."""
        applied = await self._plans.apply(
            request.plan, caller_of(context), _expected(request), request.dry_run
        )
        return pb.ApplyPlanResponse(**applied._asdict())

    async def GetPlan(  # noqa: N802
        self, request: pb.GetPlanRequest, context: Context
    ) -> pb.GetPlanResponse:
        """Return the plan in force, or a former revision."""
        plan = self._plans.get(request.data_type, request.revision)
        lines = [] if request.revision else self._plans.lines(request.data_type)
        return pb.GetPlanResponse(plan=plan, lines=lines)

    async def ListPlans(  # noqa: N802
        self, request: pb.ListPlansRequest, context: Context
    ) -> pb.ListPlansResponse:
        """Return the latest revisions of a plan."""
        return pb.ListPlansResponse(plans=self._plans.history(request.data_type))

    async def RollbackPlan(  # noqa: N802
        self, request: pb.RollbackPlanRequest, context: Context
    ) -> pb.RollbackPlanResponse:
        """Put a former revision into force again."""
        plan = await self._plans.go_back(
            request.data_type, request.revision, caller_of(context), _expected(request)
        )
        return pb.RollbackPlanResponse(plan=plan)

    # -- what happens, and all that is known -----------------------------------------------------------

    async def WatchModels(  # noqa: N802
        self, request: pb.WatchModelsRequest, context: Context
    ) -> AsyncIterator[pb.WatchModelsResponse]:
        """Tell what happens."""
        async for response in self._watching.watch(request):
            yield response

    async def Backup(  # noqa: N802
        self, request: pb.BackupRequest, context: Context
    ) -> AsyncIterator[pb.BackupResponse]:
        """Give all that is known, and the bytes."""
        async for piece in self._saving.pieces(request.skip_lost):
            yield pb.BackupResponse(piece=piece)

    async def Restore(  # noqa: N802
        self, requests: AsyncIterator[pb.RestoreRequest], context: Context
    ) -> pb.RestoreResponse:
        """Bring back what a backup knows."""
        restored = await self._restoring.restore(_pieces(requests))
        return pb.RestoreResponse(**restored._asdict())


async def _pieces(requests: AsyncIterator[pb.RestoreRequest]) -> AsyncIterator[BackupPiece]:
    async for request in requests:
        yield request.piece


def _expected(request: pb.ApplyPlanRequest | pb.RollbackPlanRequest) -> int | None:
    return request.expected_revision if request.HasField("expected_revision") else None


async def _whole(
    requests: AsyncIterator[pb.PushModelRequest], context: Context
) -> AsyncIterator[pb.PushModelRequest]:
    """Yield the parts of a push, and do not end if it breaks off.

    For a handler of grpc.aio the requests of a broken call end as those of a complete one do; that the
    call is cancelled comes up to milliseconds later. What is sent here comes after that, so it never
    returns for a broken call.
    """
    async for request in requests:
        yield request
    await context.send_initial_metadata(())


class _Parts:
    """The parts of a push, in order: descriptor, verification and tags, chunks."""

    def __init__(self, parts: AsyncIterator[pb.PushModelRequest]) -> None:
        self._parts = parts
        self._first: bytes | None = None

    async def push(self) -> Push:
        """Return what comes before the chunks. Raises InvalidInput if that is not in order."""
        found: dict[str, Any] = {}
        async for part in self._parts:
            kind = part.WhichOneof("piece")
            if kind == "chunk":
                self._first = part.chunk
                break
            if kind is None or kind in found or (kind == "descriptor") == bool(found):
                raise InvalidInput(_ORDER)
            found[kind] = getattr(part, kind)
        if "descriptor" not in found:
            raise InvalidInput(_ORDER)
        tags = dict(found["tags"].tags) if "tags" in found else {}
        return Push(found["descriptor"], found.get("verification"), tags)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the bytes of the definition. Raises InvalidInput if anything else comes."""
        if self._first is not None:
            yield self._first
        async for part in self._parts:
            if part.WhichOneof("piece") != "chunk":
                raise InvalidInput(_ORDER)
            yield part.chunk
