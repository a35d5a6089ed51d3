"""The setting that says from where bytes may come."""

from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from hedgerow.errors import InvalidModel
from hedgerow.locations.location import Location, parse_folders


def _folders(value: object) -> object:
    try:
        return parse_folders(value) if isinstance(value, str) else value
    except InvalidModel as error:
        raise ValueError(str(error)) from None


Allowed = Annotated[tuple[Location, ...], NoDecode, BeforeValidator(_folders)]
"""Folders, `s3://models/,file:///srv/models/`."""
