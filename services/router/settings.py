"""Settings of a router."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.common.settings import STATE_DIR, Duration, ServiceSettings


class RouterSettings(ServiceSettings):
    """HEDGEROW_ROUTER_..."""

    model_config = SettingsConfigDict(env_prefix="HEDGEROW_ROUTER_")

    port: int = Field(default=8400, ge=0, le=65535)
    """Where clients score."""

    max_in_flight: int = Field(default=4096, ge=1)
    """Tasks admitted at once; more are refused with RESOURCE_EXHAUSTED. The last tenth is for data types
    that have less than their share."""

    max_pending: int = Field(default=256, ge=1)
    """Calls of a method that may wait for the router to take them in. When more wait some are refused by
    gRPC itself, when twice as many do all, with CANCELLED. As many as can be served in half a deadline."""

    max_connection_age: Duration = Field(default=timedelta(0), ge=timedelta(0))
    """When a connection is so old, give or take a tenth, its client is asked to open another one; 0: never.
    Clients look up their routers then, so this is how long a new router may wait for its share."""

    max_connection_age_grace: Duration = Field(default=timedelta(seconds=30), gt=timedelta(0))
    """How long calls on such a connection may go on. No ScoreStream lasts that long: it takes requests for
    half to three quarters of it, answers them and ends, and clients go on with another one."""

    max_batch_rows: int = Field(default=16384, ge=1)
    """Records in one batch; larger ones are refused."""

    gather_at_most: Duration = timedelta(milliseconds=8)
    """The longest a task may wait for others to share its frame."""

    gather_target: int = Field(default=32, ge=1)
    """Tasks for which a frame is gathered; with so many it leaves."""

    frame_tasks: int = Field(default=256, ge=1)
    """Tasks in a frame at the most."""

    hedge_at_least: Duration = timedelta(milliseconds=1)
    """The shortest delay of a hedge that is learnt from response times."""

    hedge_at_most: Duration = timedelta(milliseconds=100)
    """The longest, which holds until enough is learnt. Never more than half of the deadline."""

    response_time_window: Duration = timedelta(seconds=30)
    """Response times older than this count no more."""

    takeover_timeout: Duration = timedelta(minutes=10)
    """A new plan takes effect when all its voting models can answer. After this time it does so without
    those that still cannot; if none can, the plan before stays."""

    answer_margin: Duration = timedelta(milliseconds=5)
    """Kept of a call's own deadline, so that the answer is there before it, beside what decisions are late
    by on a busy machine; at most a fifth of it in all."""

    stream_redelivery: Duration = Field(default=timedelta(seconds=6), ge=timedelta(seconds=1))
    """Records of a stream that a router has read and not renewed for so long are taken over by others. It
    renews them at a quarter of it; routers of one mesh have the same."""

    stream_backlog: int = Field(default=1_000_000, ge=1)
    """Entries that may wait in a partition before those who send records by RPC are held back."""

    stream_batch_rows: int = Field(default=512, ge=1)
    """Records of a stream that are scored together, at the most; fewer if the deadline is short, or if
    there are calls beside the stream."""

    stream_share: float = Field(default=0.25, gt=0, le=1)
    """Of the time, that batches of streams take while there are calls too, so that these keep their
    latency. Of each router."""

    discover_every: Duration = timedelta(milliseconds=500)
    """How often new executors and collectors are looked for."""

    state_dir: Path = STATE_DIR
    """Where it keeps what it knows of models, plans and other services, so that it can start with that
    while the log is out of reach. Only with a port that is not 0."""
