"""The clients for code that is not asynchronous: thin fronts on those that are.

    with Client("localhost:8400") as client:
        for answer in client.score("wine", [{"alcohol": 13.2, ...}, ...]):
            print(answer.value, answer.answered_by, answer.reason)

One event loop in one background thread serves all clients of a process, however many threads use them.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
import weakref
from collections.abc import Coroutine, Iterable
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TypeVar, Unpack, overload

from hedgerow.client.aio import AsyncClient, PolicyLike, StrategyLike
from hedgerow.client.channels import REGISTRY, ROUTER, AsyncClosing
from hedgerow.client.forks import forks
from hedgerow.client.registry import AsyncRegistry, Description, Progress, Pushed
from hedgerow.data.answers import Answer, Answers
from hedgerow.data.records import Record

if TYPE_CHECKING:
    import pandas as pd

    from hedgerow.v1.models_pb2 import ModelVersion
    from hedgerow.v1.plans_pb2 import Plan

T = TypeVar("T")

_CLOSE_SECONDS = 5.0


class _Background:
    """An event loop in a thread of its own, started at its first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open: weakref.WeakSet[_Front] = weakref.WeakSet()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there and wait for it here; Ctrl-C here cancels it there.

        Raises InvalidInput in a process in which that would wait for ever (see `forks`).
        """
        try:
            forks.check("the mesh")
        except BaseException:
            coroutine.close()
            raise
        future = asyncio.run_coroutine_threadsafe(coroutine, self._started())
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def closes(self, front: _Front) -> None:
        """Close a front when the interpreter ends, if nobody did."""
        self._open.add(front)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                forks.used()
                self._loop = asyncio.new_event_loop()
                # A daemon, so that a program that ends does not wait for it; `_stop` ends it in order.
                thread = threading.Thread(
                    target=self._loop.run_forever, name="hedgerow client", daemon=True
                )
                thread.start()
                atexit.register(self._stop, self._loop, thread)
            return self._loop

    def _stop(self, loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
        if forks.is_child:
            return  # the loop and its thread are those of the parent
        for front in list(self._open):
            front.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CLOSE_SECONDS)


_background = _Background()


class _Front:
    """What both clients are: something asynchronous, used from any thread."""

    def __init__(self, core: AsyncClosing) -> None:
        self._closed = False
        self._core_to_close = core
        _background.closes(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the channel; calls in flight end."""
        if not self._closed and not forks.is_child:
            self._closed = True
            _background.run(self._core_to_close.close())


class Client(_Front):
    """Scores records; see AsyncClient, whose words hold here."""

    def __init__(self, target: str = ROUTER) -> None:
        self._core = AsyncClient(target)
        super().__init__(self._core)

    @overload
    def score(
        self,
        data_type: str,
        records: Record,
        *,
        deadline: timedelta | None = None,
        explain: bool = False,
        policy: PolicyLike | None = None,
        strategy: StrategyLike | None = None,
    ) -> Answer: ...

    @overload
    def score(
        self,
        data_type: str,
        records: Iterable[Record] | pd.DataFrame,
        *,
        deadline: timedelta | None = None,
        explain: bool = False,
        policy: PolicyLike | None = None,
        strategy: StrategyLike | None = None,
    ) -> Answers: ...

    def score(
        self,
        data_type: str,
        records: Record | Iterable[Record] | pd.DataFrame,
        *,
        deadline: timedelta | None = None,
        explain: bool = False,
        policy: PolicyLike | None = None,
        strategy: StrategyLike | None = None,
    ) -> Answer | Answers:
        """Score one record (a mapping), or several (mappings, or a DataFrame) as one batch."""
        return _background.run(
            self._core.score(
                data_type,
                records,
                deadline=deadline,
                explain=explain,
                policy=policy,
                strategy=strategy,
            )
        )


class Registry(_Front):
    """Pushes models and applies plans; see AsyncRegistry, whose words hold here."""

    def __init__(self, target: str = REGISTRY) -> None:
        self._core = AsyncRegistry(target)
        super().__init__(self._core)

    def push_model(
        self,
        definition: Path | bytes,
        *,
        progress: Progress | None = None,
        **description: Unpack[Description],
    ) -> Pushed:
        """Register a model, from a file or from bytes, of any size."""
        return _background.run(self._core.push_model(definition, progress=progress, **description))

    def list_models(self, data_type: str = "") -> list[ModelVersion]:
        """Return all versions of a data type, or of all."""
        return _background.run(self._core.list_models(data_type))

    def get_model(self, data_type: str, name: str, version: int = 0) -> ModelVersion:
        """Return one version; 0 is the newest."""
        return _background.run(self._core.get_model(data_type, name, version))

    def pull_model(
        self,
        data_type: str,
        name: str,
        version: int = 0,
        *,
        to: BinaryIO,
        progress: Progress | None = None,
    ) -> ModelVersion:
        """Write the definition of one version to a file; 0 is the newest."""
        return _background.run(
            self._core.pull_model(data_type, name, version, to=to, progress=progress)
        )

    def apply_plan(self, plan: Plan) -> Plan:
        """Put a plan into force, and return it with its revision."""
        return _background.run(self._core.apply_plan(plan))

    def get_plan(self, data_type: str) -> Plan:
        """Return the plan in force."""
        return _background.run(self._core.get_plan(data_type))
