"""Object stores by fsspec, and what their many errors mean.

Credentials are those that any program finds here: the environment, a file in the home, a role of the
machine. So is the address of a store that is not Amazon's: AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hedgerow.errors import HedgerowError, NotFound, Unavailable
from hedgerow.locations.location import Location

_EXTRAS = {"s3": "s3", "gs": "gcs", "http": "http", "https": "http"}
_OPTIONS: dict[str, dict[str, object]] = {
    # Tries of its own are enough; botocore's as well would be thirty of them.
    # At once no more than two parts of an upload, which are in memory.
    "s3": {"config_kwargs": {"retries": {"max_attempts": 1}}, "max_concurrency": 2},
}
_NO_CREDENTIALS = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "ProfileNotFound",
    "DefaultCredentialsError",
    "RefreshError",
    "TokenRetrievalError",
}
"""By name, since what defines them is an extra."""
_FORBIDDEN, _UNAUTHORIZED = "Forbidden", 401
"""As gcsfs says it, which has no exceptions of their own for that."""
_LONGEST_REASON = 200


class Inaccessible(Unavailable):
    """Bytes cannot be had as things are: this does not pass by itself, somebody must change something."""


def open_store(location: Location) -> Any:
    """Return the file system of fsspec that a location is in. Blocks; raises Inaccessible."""
    # Else gcsfs asks another service first, by gRPC, what kind of bucket it is.
    os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    with told(location):
        import fsspec

        options = _OPTIONS.get(location.scheme, {})
        return fsspec.filesystem(
            location.scheme, skip_instance_cache=True, use_listings_cache=False, **options
        )


@contextmanager
def told(location: Location) -> Iterator[None]:
    """Turn what goes wrong with a location, in whatever library, into one clear line."""
    try:
        yield
    except HedgerowError:
        raise
    except Exception as error:
        raise meaning_of(error, location) from error


def meaning_of(error: Exception, location: Location) -> HedgerowError:
    """Return an error of ours for one of a library that we called."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    said = " ".join(str(error).split())[:_LONGEST_REASON] or type(error).__name__
    if isinstance(error, ImportError):
        extra = _EXTRAS.get(location.scheme, "mesh")
        return Inaccessible(
            f"{location.scheme}:// needs a package that is not installed; "
            f"pip install 'hedgerow[{extra}]' where {location} is to be reached from"
        )
    if isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError):
        return NotFound(
            f"there is no file at {location} ({said}); put it there, or mend the location"
        )
    if isinstance(error, PermissionError) or said.startswith(_FORBIDDEN):
        return Inaccessible(f"no permission for {location} ({said}); let our credentials reach it")
    if kinds & _NO_CREDENTIALS or getattr(error, "code", None) == _UNAUTHORIZED:
        return Inaccessible(
            f"no credentials for {location} ({said}); give this process some by its environment, "
            "a file in its home or a role of its machine"
        )
    if "timeout" in type(error).__name__.lower() or isinstance(error, TimeoutError):
        return Unavailable(f"{location} did not answer in time; try again later")
    return Unavailable(f"{location} is out of reach now ({said}); try again later")
