"""What a service holds of the log."""

from datetime import timedelta

from services.common.log.blobs import Blobs
from services.common.log.compaction import Compactor
from services.common.log.connection import COMMAND, connect, keys_of, within
from services.common.log.definitions import Definitions
from services.common.log.members import Members
from services.common.log.mesh import Mesh
from services.common.log.models import History, ModelLog
from services.common.log.snapshots import Snapshots
from services.common.log.streams.streams import Streams

_FEW = 8
"""Connections for what routers ask of streams of records: none of it takes long, and there may be a
thousand streams."""


class Log:
    """The log under one URL. Nothing is connected before it is first used.

    A password that the URL itself has comes before `password`. A log that has no mesh yet is given one by
    who follows it with `names_mesh`.
    """

    def __init__(self, url: str, password: str = "", names_mesh: bool = False) -> None:
        self._redis = connect(url, password)
        self._few = connect(url, password, _FEW)
        self._mesh = Mesh(self._redis, names_mesh)
        self.models = ModelLog(self._redis, self._mesh)
        blobs = Blobs(self._redis)
        self.definitions = Definitions(self.models, blobs)
        self.history = History(self._redis)
        self.members = Members(self._redis)
        self.streams = Streams(self._redis, self._few)
        self.compactor = Compactor(self.models, Snapshots(self._redis), blobs)

    async def mesh(self) -> str:
        """Return the name of the mesh whose log it is; empty: it has none. Raises Unavailable."""
        return await self._mesh.name()

    @property
    def remembered(self) -> str:
        """The name of the mesh that this process belongs to; empty: it knows none yet."""
        return self._mesh.remembered

    def remember(self, mesh: str) -> None:
        """Belong to a mesh before the log is read: one of another mesh is left alone then."""
        self._mesh.remembered = mesh

    async def rename(self, mesh: str) -> None:
        """Have the log be that of a mesh. Raises Unavailable."""
        await self._mesh.rename(mesh)

    async def has_models(self) -> bool:
        """Tell whether anything was ever pushed to the log. Raises Unavailable."""
        return await self.history.has_data_types()

    async def settled(self, patience: timedelta) -> None:
        """Return when a log has been there for a while, or been emptied for a while.

        By then those who remember numbers that it does not know have told it. Raises Unavailable.
        """
        await self._mesh.settled(patience)

    async def ping(self) -> None:
        """Return if the log answers. Raises Unavailable, within 2 s, if it does not."""
        async with within(COMMAND):
            # Not PING: nodes of a cluster answer that, too, while it is down.
            await self._redis.exists(keys_of(self._redis).mesh)

    async def close(self) -> None:
        """Close all connections."""
        await self.streams.close()
        await self._few.aclose()
        await self._redis.aclose()
