"""What a service holds of the log."""

from services.common.log.blobs import Blobs
from services.common.log.connection import COMMAND, connect, within
from services.common.log.definitions import Definitions
from services.common.log.members import Members
from services.common.log.models import ModelLog


class Log:
    """The log under one URL. Nothing is connected before it is first used.

    A password that the URL itself has comes before `password`.
    """

    def __init__(self, url: str, password: str = "") -> None:
        self._redis = connect(url, password)
        self.models = ModelLog(self._redis)
        self.definitions = Definitions(self.models, Blobs(self._redis))
        self.members = Members(self._redis)

    async def ping(self) -> None:
        """Return if the log answers. Raises Unavailable, within 2 s, if it does not."""
        async with within(COMMAND):
            await self._redis.ping()

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()
