"""Settings of an executor."""

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

    cache_dir: Path = Path(tempfile.gettempdir()) / "hedgerow-models"
    """Where definitions are kept, by their sha256."""

    row_limit: int = Field(default=4096, ge=1)
    """Rows a host scores in one call; one task with more is scored whole."""

    loads_at_once: int = Field(default=2, ge=1)
    """Hosts that may load at the same time; more would slow down those that serve."""

    load_timeout: Duration = timedelta(seconds=120)
    """The longest that a model may take to load and warm up."""

    kill_after_deadlines: float = Field(default=10, gt=0)
    """A host without a heartbeat for this many of its plan's deadlines is killed."""

    kill_after_at_least: Duration = timedelta(seconds=5)
    """The shortest time without a heartbeat after which a host is killed."""

    quarantine_deaths: int = Field(default=5, ge=1)
    """A version whose hosts die this often within `quarantine_window` is given up."""

    quarantine_window: Duration = timedelta(seconds=60)
    """The time within which `quarantine_deaths` are counted."""

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
