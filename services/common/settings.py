"""Settings that every service has. Each is an environment variable, `HEDGEROW_<SERVICE>_<NAME>`.

What all services of a mesh share, the log's address above all, is also read without the service's name:
`HEDGEROW_LOG_URL`.
"""

import os
import re
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from hedgerow.durations import parse_duration
from services.common.addresses import address_of, split_address
from services.common.log import check_url

S = TypeVar("S", bound="ServiceSettings")

STATE_DIR = Path(tempfile.gettempdir()) / f"hedgerow-state-{os.getuid()}"
"""Where services keep what they know, by default; a file for each address, so that they may share it."""

LOOPBACK = "127.0.0.1"

_EVERYWHERE = ("0.0.0.0", "::", "[::]")  # noqa: S104 - compared with, not listened on

_SECRET = re.compile(r"(?<=://).*(?=@)|(?<=password=)[^&]*")
"""What a URL has of names and passwords. It must not get into what a process prints."""


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""A duration as in plans: `250ms`, `5s`, `2m`."""


class ServiceSettings(BaseSettings):
    """Base of the settings of each service; a subclass gives its own `env_prefix` and port."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    host: str = LOOPBACK
    """Address to listen on. Anything but loopback makes the service reachable from outside."""

    port: int = Field(default=0, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""

    advertise: str = Field(default="", validate_default=True)
    """Address under which others reach this service, with or without a port; default: where it listens."""

    log_url: str = Field(default="redis://127.0.0.1:6379/0")
    """Where the log is: redis://, rediss:// or unix://, redis+cluster:// or redis+sentinel://."""

    log_password: SecretStr = SecretStr("")
    """Password of the log, where its URL has none."""

    log_level: str = Field(default="info", pattern="(?i)^(debug|info|warning|error)$")
    """debug, info, warning or error."""

    log_format: str = Field(default="json", pattern="^(json|console)$")
    """How log lines look: json for machines, console for people."""

    drain_delay: Duration = timedelta(0)
    """Time between saying NOT_SERVING and ending intake, for load balancers to notice."""

    stop_grace: Duration = timedelta(seconds=5)
    """The longest that calls in flight may take after the service was asked to stop."""

    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Port for Prometheus, at /metrics; 0: none."""

    lease: Duration = timedelta(seconds=6)
    """How long this service counts as a member without a renewal; it renews at a third of it."""

    @model_validator(mode="before")
    @classmethod
    def _shared(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Take `HEDGEROW_LOG_URL` and its kin where the service has no value of its own."""
        shared = _SharedSettings().model_dump(exclude_unset=True)
        return {**shared, **values}

    @field_validator("log_url")
    @classmethod
    def _log_url(cls, value: str) -> str:
        check_url(value)
        return value

    @field_validator("advertise")
    @classmethod
    def _reachable(cls, value: str, others: ValidationInfo) -> str:
        if not value and others.data.get("host") in _EVERYWHERE:
            raise ValueError("it listens on all addresses; say which of them others are to be told")
        return value

    @property
    def fixed_address(self) -> str:
        """The address under which others reach this service at each start; empty: not always the same."""
        return self.address(self.port) if self.port else ""

    @property
    def advertised_host(self) -> str:
        """The address under which others reach this service, without a port."""
        return split_address(self.advertise)[0] or self.host

    def address(self, port: int) -> str:
        """The address under which others reach this service, which listens on a port."""
        return address_of(self.advertised_host, split_address(self.advertise)[1] or port)


class _SharedSettings(BaseSettings):
    """What is set once for all services."""

    model_config = SettingsConfigDict(env_prefix="HEDGEROW_", extra="ignore")

    log_url: str = Field(default="", validation_alias=AliasChoices("HEDGEROW_LOG_URL"))
    log_password: str = Field(default="", validation_alias=AliasChoices("HEDGEROW_LOG_PASSWORD"))
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
        said = _SECRET.sub("***", repr(problem["input"]))
        print(f"{name}={said}: {problem['msg']}", file=sys.stderr)
    sys.exit(2)
