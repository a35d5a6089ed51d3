"""Settings of an executor."""

import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from hedgerow.references import check_name
from services.common.settings import Duration, ServiceSettings

EVERY_TYPE = "*"


class ExecutorSettings(ServiceSettings):
    """HEDGEROW_EXECUTOR_..."""

    model_config = SettingsConfigDict(env_prefix="HEDGEROW_EXECUTOR_")

    port: int = Field(default=8402, ge=0, le=65535)
    """Port of the agent; hosts take free ones."""

    data_types: Annotated[frozenset[str], NoDecode] = frozenset({EVERY_TYPE})
    """Data types whose models it runs, separated by commas; `*` for all."""

    cache_dir: Path = Path(tempfile.gettempdir()) / f"hedgerow-models-{os.getuid()}"
    """Where definitions are kept, by their sha256. Executors of one user may share it."""

    cache_bytes: int = Field(default=4 * 1024**3, ge=0)
    """Definitions that are not used now are kept as long as all together are no more than this."""

    row_limit: int = Field(default=4096, ge=1)
    """Rows a host scores in one call; one task with more is scored whole."""

    loads_at_once: int = Field(default=2, ge=1)
    """New hosts that may load at the same time, and as many again that replace hosts that died."""

    load_timeout: Duration = timedelta(seconds=120)
    """The longest that a model may take to load and warm up."""

    ready_within: Duration = timedelta(minutes=5)
    """The executor is ready when all that it should run serves or was given up, or after this time."""

    kill_after_deadlines: float = Field(default=10, gt=0)
    """A host without a heartbeat for this many of its plan's deadlines is killed."""

    kill_after_at_least: Duration = timedelta(seconds=5)
    """The shortest time without a heartbeat after which a host is killed."""

    quarantine_deaths: int = Field(default=5, ge=1)
    """A version whose hosts die this often is given up."""

    quarantine_window: Duration = timedelta(seconds=60)
    """The time of serving within which `quarantine_deaths` are counted."""

    drain_timeout: Duration = timedelta(seconds=5)
    """The longest that a replaced host may take to finish what it has."""

    @field_validator("data_types", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Read `wine,iris`."""
        if not isinstance(value, str):
            return value
        names = frozenset(part.strip() for part in value.split(",") if part.strip())
        for name in names - {EVERY_TYPE}:
            check_name("data type", name)
        if not names:
            raise ValueError("name data types separated by commas, or * for all")
        return names
