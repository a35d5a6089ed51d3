"""The synchronous client."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, overload

from hedgerow.client.aio import AsyncClient, PolicyLike, StrategyLike
from hedgerow.client.channels import ROUTER
from hedgerow.client.record_streams.labels import Labels
from hedgerow.client.sync.background import background
from hedgerow.client.sync.record_streams import RecordStreamFront
from hedgerow.data.answers import Answer, Answers
from hedgerow.data.records import Record

if TYPE_CHECKING:
    import pandas as pd


class Client(RecordStreamFront):
    """Scores records, and speaks to streams of them; see AsyncClient, whose words hold here."""

    _core: AsyncClient

    def __init__(self, target: str = ROUTER) -> None:
        self._core = AsyncClient(target)
        super().__init__(self._core)

    @overload
    def score(
        self,
        data_type: str,
        records: Record,
        *,
        key: str | int | None = None,
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
        key: str | int | None = None,
        keys: Labels = None,
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
        key: str | int | None = None,
        keys: Labels = None,
        deadline: timedelta | None = None,
        explain: bool = False,
        policy: PolicyLike | None = None,
        strategy: StrategyLike | None = None,
    ) -> Answer | Answers:
        """Score one record (a mapping), or several (mappings, or a DataFrame) as one batch."""
        return background.run(
            self._core.score(
                data_type,
                records,
                key=key,
                keys=keys,
                deadline=deadline,
                explain=explain,
                policy=policy,
                strategy=strategy,
            )
        )
