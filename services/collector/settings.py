"""Settings of a collector."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.common.settings import Duration, ServiceSettings


class CollectorSettings(ServiceSettings):
    """HEDGEROW_COLLECTOR_..."""

    model_config = SettingsConfigDict(env_prefix="HEDGEROW_COLLECTOR_")

    port: int = Field(default=8403, ge=0, le=65535)
    """Where routers open tasks and hosts report results."""

    keep_early: Duration = Field(default=timedelta(seconds=5), gt=timedelta(0))
    """How long an unclaimed result is kept for its task to be opened, and up to twice as long."""

    keep_early_rows: int = Field(default=262_144, ge=2)
    """Rows of unclaimed results kept at the most; the oldest are dropped first."""

    drain_timeout: Duration = timedelta(seconds=1)
    """The longest that open tasks hold up its draining; then routers open them at another collector."""
