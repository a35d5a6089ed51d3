"""Settings of a registry."""

import tempfile
from datetime import timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.common.locations import Allowed
from services.common.settings import STATE_DIR, Duration, ServiceSettings


class RegistrySettings(ServiceSettings):
    """HEDGEROW_REGISTRY_..."""

    model_config = SettingsConfigDict(env_prefix="HEDGEROW_REGISTRY_")

    port: int = Field(default=8401, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""

    max_definition_bytes: int = Field(default=1024**3, ge=1)
    """The largest definition that is accepted."""

    locations: Allowed = ()
    """Folders that a pushed location may be in, separated by commas: `s3://models/,file:///srv/models/`.
    None: bytes are pushed, and no locations are accepted."""

    takeover_timeout: Duration = Field(default=timedelta(minutes=10), gt=timedelta(0))
    """How long a version that a plan pins or an alias points to may take to serve anywhere. Then the change
    is given up: the version before it stays until somebody asks anew."""

    spool_dir: Path = Path(tempfile.gettempdir())
    """Where a definition is kept while it is pushed; needs room for each push that goes on."""

    empty_log_patience: Duration = timedelta(seconds=1.5)
    """For how long a name that a new or emptied log does not know waits for its first version, so that
    whoever remembers its numbers can say so."""

    state_dir: Path = STATE_DIR
    """Where it keeps what it knows of models and plans, so that no number is given again should the log be
    emptied while it is down. Only with a port that is not 0."""
