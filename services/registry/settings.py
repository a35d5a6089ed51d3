"""Settings of a registry."""

import tempfile
from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.common.settings import ServiceSettings


class RegistrySettings(ServiceSettings):
    """HEDGEROW_REGISTRY_..."""

    model_config = SettingsConfigDict(env_prefix="HEDGEROW_REGISTRY_")

    port: int = Field(default=8401, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""

    max_definition_bytes: int = Field(default=1024**3, ge=1)
    """The largest definition that is accepted."""

    spool_dir: Path = Path(tempfile.gettempdir())
    """Where a definition is kept while it is pushed; needs room for each push that goes on."""
