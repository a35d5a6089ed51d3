"""Settings of an executor."""

import os
import tempfile
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from hedgerow.backups.executor_disk import STATE_FOLDER
from hedgerow.formats.factories import factories
from hedgerow.references import check_name
from services.common.locations import Allowed
from services.common.settings import Duration, ServiceSettings
from services.executor.host_ports import PortRange
from services.executor.versions.served import EVERY, Served


class Packing(StrEnum):
    """Whether versions share a process."""

    AUTO = "auto"
    NEVER = "never"
    ACROSS = "across"


class ExecutorSettings(ServiceSettings):
    """HEDGEROW_EXECUTOR_..."""

    model_config = SettingsConfigDict(env_prefix="HEDGEROW_EXECUTOR_")

    port: int = Field(default=8402, ge=0, le=65535)
    """Port of the agent."""

    host_ports: Annotated[PortRange | None, NoDecode] = None
    """First and last port of the hosts, `8410-8473`; without it each takes a free one. While versions are
    replaced the old and the new one need a port each: twice as many as models are always enough."""

    host_memory_bytes: int = Field(default=0, ge=0)
    """Private memory that a host may have; one with more is killed, and its version given up if that goes
    on. 0: as much as the container has, where the largest host is killed before the kernel would."""

    data_types: Annotated[frozenset[str], NoDecode] = frozenset({EVERY})
    """Data types whose models it runs, separated by commas; `*` for all."""

    model_types: Annotated[frozenset[str], NoDecode] = frozenset({EVERY})
    """Model types that it runs, as `pmml,saved_model`; `*` for all. A model must fit in both respects."""

    cache_dir: Path = Path(tempfile.gettempdir()) / f"hedgerow-models-{os.getuid()}"
    """Where definitions are kept, by their sha256. Executors of one user may share it."""

    cache_bytes: int = Field(default=4 * 1024**3, ge=0)
    """Definitions that are not used now are kept as long as all together are no more than this."""

    locations: Allowed = ()
    """Folders from where definitions are fetched that were pushed by their location, separated by commas:
    `s3://models/,https://models.example.org/`. None: no such model is served here."""

    state_dir: Path | None = None
    """Where it keeps what it knows of models and plans, so that it can start with that while the log is out
    of reach; default: `state` in the folder of the definitions. Only with a port that is not 0."""

    row_limit: int = Field(default=4096, ge=1)
    """Rows a host scores in one call; one task with more is scored whole."""

    loads_at_once: int = Field(default=2, ge=1)
    """New hosts that may load at the same time, and as many again that replace hosts that died."""

    load_timeout: Duration = timedelta(seconds=120)
    """The longest that a model may take to load and warm up."""

    packing: Packing = Packing.AUTO
    """`auto`: light versions of a data type share a process, if its plan lets them; `never`: each has its
    own; `across`: as auto, and those of several data types share one, too."""

    pack_below: Duration = timedelta(milliseconds=5)
    """What a task may take to score on all versions that share a process, of one data type together."""

    pack_after: Duration = timedelta(seconds=30)
    """For so long a version must have behaved in a process of its own before it may share one."""

    pack_versions: int = Field(default=64, ge=2, le=4096)
    """So many versions share a process at the most."""

    ready_within: Duration = timedelta(minutes=5)
    """The executor is ready when all that it should run serves or was given up, or after this time."""

    kill_after_deadlines: float = Field(default=10, gt=0)
    """A host without a heartbeat for this many of its plan's deadlines is killed."""

    kill_after_at_least: Duration = timedelta(seconds=5)
    """The shortest time without a heartbeat after which a host is killed."""

    quarantine_deaths: int = Field(default=5, ge=1)
    """A version whose hosts die this often is given up. Not of records that had failed before."""

    quarantine_window: Duration = timedelta(seconds=60)
    """The time of serving within which `quarantine_deaths` are counted."""

    drain_timeout: Duration = timedelta(seconds=5)
    """The longest that a replaced host may take to finish what it has."""

    @property
    def state_folder(self) -> Path:
        """Where it keeps what it knows."""
        return self.state_dir or self.cache_dir / STATE_FOLDER

    @property
    def served(self) -> Served:
        """Which models are its own."""
        return Served(self.data_types, self.model_types)

    @field_validator("data_types", mode="before")
    @classmethod
    def _data_types(cls, value: object) -> object:
        return _names("data type", value)

    @field_validator("model_types", mode="before")
    @classmethod
    def _model_types(cls, value: object) -> object:
        names = _names("model type", value)
        if isinstance(names, frozenset) and (unknown := names - {EVERY} - factories().keys()):
            # Not a refusal of the model, later and elsewhere: this executor would idle, and look healthy.
            there = ", ".join(sorted(factories()))
            raise ValueError(
                f"no such format is installed: {', '.join(unknown)}; there are: {there}"
            )
        return names

    @field_validator("host_ports", mode="before")
    @classmethod
    def _host_ports(cls, value: object) -> object:
        return PortRange.parse(value) if isinstance(value, str) else value


def _names(what: str, value: object) -> object:
    """Read `wine,iris`."""
    if not isinstance(value, str):
        return value
    names = frozenset(part.strip() for part in value.split(",") if part.strip())
    for name in names - {EVERY}:
        check_name(what, name)
    if not names:
        raise ValueError(f"name {what}s separated by commas, or * for all")
    return names
