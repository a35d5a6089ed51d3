"""Keeps what a service knows on its disk, and lets it start with that while the log is out of reach."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import structlog

from hedgerow.backups import pieces
from hedgerow.errors import Unavailable
from hedgerow.v1.backup_pb2 import BackupMembers, BackupPiece
from services.common.disk.state_file import Kept, StateFile
from services.common.log import Log, Mirror

_log = structlog.get_logger()

_PATIENCE_SECONDS = 1.0
"""How long a log has to be out of reach until a service starts without it."""
_LOOK_SECONDS = 0.05

_PAUSE_SECONDS = 2.0
"""Between a change and its writing, for pushes come in groups."""
_REST = 20
"""And so many times as long as the last writing took."""

_SLICE = 50
"""Versions that are told at once: some milliseconds of the event loop."""

Members = Callable[[], Mapping[str, frozenset[str]]]
"""Addresses of other services, by the service."""


class Memory:
    """What one service remembers. Without a file it remembers nothing."""

    def __init__(
        self,
        file: StateFile | None,
        log: Log,
        mirror: Mirror,
        members: Members = dict,
    ) -> None:
        self._file = file
        self._log = log
        self._mirror = mirror
        self._members = members
        self._has_changed = asyncio.Event()
        self._knows_models = False
        self._obstacle = ""
        """Why what is known could not be written last; empty: it could."""

    # -- the start ---------------------------------------------------------------------------------

    async def recall(self) -> Kept | None:
        """Have the mirror begin with what the disk says; None if that is nothing.

        To be called before the log is read. What another mesh left behind is set aside, if the log can be
        asked and has models. One that has none may have been emptied: it is to get them back, or to be left
        alone.
        """
        kept = await asyncio.to_thread(self._file.read) if self._file else None
        if kept is None or await self._is_of_another(kept):
            return None
        self._log.remember(kept.mesh)
        self._mirror.begin_with(kept.catalog)
        self._knows_models = bool(kept.catalog.known_types)
        return kept

    async def go_on_alone(self) -> None:
        """Have the mirror go on with what the disk said once the log has been out of reach for a while.

        To be run beside it. A service that knows nothing waits for the log: it would say that it is ready
        and serve nothing.
        """
        if not self._knows_models:
            return
        since: float | None = None
        clock = asyncio.get_running_loop().time
        while not self._mirror.caught_up.is_set():
            if not self._mirror.problem:
                since = None
            elif since is None:
                since = clock()
            elif clock() - since >= _PATIENCE_SECONDS:
                _log.error(
                    "the service starts with what it knew when it ended",
                    reason=self._mirror.problem,
                )
                self._mirror.go_on()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _is_of_another(self, kept: Kept) -> bool:
        try:
            mesh = await self._log.mesh()
            if mesh in ("", kept.mesh) or not await self._log.has_models():
                return False
        except Unavailable:
            return False
        assert self._file is not None
        try:
            aside = str(await asyncio.to_thread(self._file.set_aside))
        except OSError as error:
            aside = f"it cannot be renamed: {error.strerror or error}"
        _log.error(
            "what was kept is of another mesh than the log, and is set aside",
            kept=kept.mesh,
            log=mesh,
            file=aside,
        )
        return True

    # -- writing -----------------------------------------------------------------------------------

    def changed(self) -> None:
        """Something is known that was not before."""
        self._has_changed.set()

    async def keep(self) -> None:
        """Write what is known some seconds after each change, for ever."""
        self._mirror.listen(lambda _: self.changed())
        clock = asyncio.get_running_loop().time
        while True:
            await self._has_changed.wait()
            await asyncio.sleep(_PAUSE_SECONDS)
            began = clock()
            await self.write()
            await asyncio.sleep(_REST * (clock() - began))

    async def write(self) -> None:
        """Write what is known now, if it was not written yet.

        If that cannot be, it is told of once, and `keep` tries again.
        """
        if self._file is None or not self._has_changed.is_set():
            return
        mesh = self._log.remembered
        if not mesh or not self._mirror.caught_up.is_set():
            return
        self._has_changed.clear()
        told = []
        for piece in self._pieces(mesh):
            told.append(piece)
            await asyncio.sleep(0)
        try:
            await asyncio.to_thread(self._file.write, told)
        except OSError as error:
            self._has_changed.set()
            self._hampered(error.strerror or str(error))
        else:
            self._obstacle = ""

    def _hampered(self, obstacle: str) -> None:
        if obstacle != self._obstacle:
            _log.error("what is known cannot be kept for a start without the log", reason=obstacle)
        self._obstacle = obstacle

    def _pieces(self, mesh: str) -> Iterator[BackupPiece]:
        catalog = self._mirror.catalog
        yield pieces.head(mesh, datetime.now(UTC))
        for data_type in catalog.known_types:
            for part in catalog.parts(data_type, _SLICE):
                yield pieces.of_data_type(data_type, part)
        for service, addresses in self._members().items():
            members = BackupMembers(service=service, addresses=sorted(addresses))
            yield BackupPiece(members=members)
