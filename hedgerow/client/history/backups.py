"""Has a registry write backups and take them back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, Any

import grpc

from hedgerow.backups.files import PieceWriter
from hedgerow.backups.pieces import Checked
from hedgerow.backups.summary import Summary
from hedgerow.client.call_status import CallStatus
from hedgerow.client.channels import OF_REGISTRIES, REGISTRY, Connection
from hedgerow.client.registry.caller import default_caller, metadata_of
from hedgerow.v1.backup_pb2 import BackupPiece
from hedgerow.v1.registry_pb2 import BackupRequest, RestoreRequest, RestoreResponse
from hedgerow.v1.registry_pb2_grpc import RegistryServiceStub

Told = Callable[[int], None]
"""Called with the bytes that are done."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore brought back."""

    versions: int
    """Versions that the log did not know."""
    blobs: int
    """Definitions and verifications that the log did not have."""
    without_bytes: list[str]
    """Versions whose bytes neither the backup nor the log has: `wine/wine-tree@3`."""


async def backup(
    to: IO[bytes],
    registry: str = REGISTRY,
    *,
    skip_lost: bool = False,
    progress: Told | None = None,
) -> Summary:
    """Write a backup of all that a registry knows to a file; it is one only if this returns.

    Raises Corrupt, naming the versions, if the log has lost bytes and these are not skipped; Unavailable.
    """
    connection = Connection(registry, RegistryServiceStub, OF_REGISTRIES)
    writer, checked, summary = PieceWriter(to), Checked(), Summary()
    try:
        with connection.errors():
            async for response in connection.stub.Backup(BackupRequest(skip_lost=skip_lost)):
                piece = response.piece
                checked.take(piece)
                summary.add(piece)
                if piece.WhichOneof("kind") != "end":
                    await asyncio.to_thread(writer.write, piece)
                if progress is not None:
                    progress(writer.bytes)
    finally:
        await connection.close()
    checked.finish()
    writer.end()
    return summary


async def restore(
    pieces: Iterable[BackupPiece], registry: str = REGISTRY, *, progress: Told | None = None
) -> Restored:
    """Have a registry bring back what a backup knows and its log does not.

    Nothing is changed unless the backup is whole. Raises InvalidInput if it is none, or damaged; Refused if
    the log has other versions of the same numbers; Unavailable.
    """
    connection = Connection(registry, RegistryServiceStub, OF_REGISTRIES)
    try:
        with connection.errors():
            response = await _send(connection.stub, pieces, progress)
    finally:
        await connection.close()
    return Restored(response.versions, response.blobs, list(response.without_bytes))


async def _send(stub: Any, pieces: Iterable[BackupPiece], progress: Told | None) -> RestoreResponse:
    call = stub.Restore(metadata=metadata_of(default_caller()))
    status = CallStatus(call)
    done = 0
    try:
        for piece in pieces:
            await call.write(RestoreRequest(piece=piece))
            done += piece.ByteSize()
            if progress is not None:
                progress(done)
        await call.done_writing()
    except (asyncio.InvalidStateError, grpc.aio.AioRpcError):
        pass  # the call is over, and itself says why
    except BaseException:
        call.cancel()
        raise
    try:
        response: RestoreResponse = await call
    except grpc.aio.AioRpcError as error:
        raise status.error(error) from error
    return response
