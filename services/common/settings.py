"""Settings that every service has. Each is an environment variable, `HEDGEROW_<SERVICE>_<NAME>`.

What all services of a mesh share, the log's address above all, is also read without the service's name:
`HEDGEROW_LOG_URL`.
"""

import sys
from datetime import timedelta
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import AliasChoices, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hedgerow.durations import parse_duration

S = TypeVar("S", bound="ServiceSettings")

LOOPBACK = "127.0.0.1"


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""A duration as in plans: `250ms`, `5s`, `2m`."""


class ServiceSettings(BaseSettings):
    """Base of the settings of each service; a subclass gives its own `env_prefix` and port."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)

    host: str = LOOPBACK
    """Address to listen on. Anything but loopback makes the service reachable from outside."""

    port: int = Field(default=0, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""

    advertise: str = ""
    """host:port under which others reach this service; default: where it listens."""

    log_url: str = Field(default="redis://127.0.0.1:6379/0")
    """Where the log is: redis://, rediss:// or unix://."""

    log_level: str = Field(default="info", pattern="(?i)^(debug|info|warning|error)$")
    """debug, info, warning or error."""

    log_format: str = Field(default="json", pattern="^(json|console)$")
    """How log lines look: json for machines, console for people."""

    drain_delay: Duration = timedelta(0)
    """Time between saying NOT_SERVING and ending intake, for load balancers to notice."""

    stop_grace: Duration = timedelta(seconds=5)
    """The longest that calls in flight may take after the service was asked to stop."""

    lease: Duration = timedelta(seconds=6)
    """How long this service counts as a member without a renewal; it renews at a third of it."""

    @model_validator(mode="before")
    @classmethod
    def _shared(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Take `HEDGEROW_LOG_URL` and its kin where the service has no value of its own."""
        shared = _SharedSettings().model_dump(exclude_unset=True)
        return {**shared, **values}


class _SharedSettings(BaseSettings):
    """What is set once for all services."""

    model_config = SettingsConfigDict(env_prefix="HEDGEROW_", extra="ignore")

    log_url: str = Field(default="", validation_alias=AliasChoices("HEDGEROW_LOG_URL"))
    log_level: str = Field(default="", validation_alias=AliasChoices("HEDGEROW_LOG_LEVEL"))
    log_format: str = Field(default="", validation_alias=AliasChoices("HEDGEROW_LOG_FORMAT"))


def load(kind: type[S]) -> S:
    """Read the settings, or end the process with a line that names the variable that is wrong."""
    try:
        return kind()
    except ValidationError as error:
        _refuse(kind, error)


def _refuse(kind: type[ServiceSettings], error: ValidationError) -> NoReturn:
    prefix = str(kind.model_config.get("env_prefix", ""))
    for problem in error.errors():
        name = prefix + "_".join(str(part) for part in problem["loc"]).upper()
        print(f"{name}={problem['input']!r}: {problem['msg']}", file=sys.stderr)
    sys.exit(2)
