"""What a location says, and which ones are inside a place that is allowed. Pure: text in, yes or no out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from hedgerow.errors import InvalidModel

WEB = ("http", "https")
SCHEMES = ("file", "s3", "gs", *WEB)
LONGEST = 2048
"""Characters."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,221}")
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_NO_NAME = re.compile(r"[/\\\x00-\x1f\x7f]")
_UNSEEN = re.compile(r"[\x00-\x20\x7f\\]")
_STILL_ENCODED = re.compile("%(2e|2f|5c|25)", re.IGNORECASE)
_KEPT = "!$&'()*+,;=:@~-._"
"""What needs no encoding in a part of a URL's path (RFC 3986)."""


@dataclass(frozen=True)
class Location:
    """An address, taken apart. Two that are equal lead to the same bytes."""

    scheme: str
    place: str
    """Bucket, or host with its port if that is not the usual one; empty for files."""
    parts: tuple[str, ...]
    """Of the path, decoded where the scheme has them encoded."""
    query: str = ""
    """What a web server has been told to answer with when it sends us on; nobody gives one by hand."""

    def __str__(self) -> str:
        """Without the query, which may have a signature that is nobody's business."""
        return f"{self.scheme}://{self.place}/{'/'.join(self.parts)}"

    @property
    def key(self) -> str:
        """The path without its first slash."""
        return "/".join(self.parts)

    @property
    def url(self) -> str:
        """What a web server is asked for."""
        path = "/".join(quote(part, safe=_KEPT) for part in self.parts)
        return urlunsplit((self.scheme, self.place, f"/{path}", self.query, ""))

    def is_within(self, folder: Location) -> bool:
        """Tell whether it is in a folder, or below one in it."""
        mine, other = (self.scheme, self.place), (folder.scheme, folder.place)
        return mine == other and self.parts[: len(folder.parts)] == folder.parts


def parse_location(text: str) -> Location:
    """Read the address of a model. Raises InvalidModel, saying what is wrong and how it is written."""
    location = _parse(text, "location")
    if not location.parts:
        raise InvalidModel(f"location {text!r} names no file; write it as s3://models/wine.pmml")
    return location


def parse_redirect(text: str) -> Location:
    """Read where a web server sends us: as a location, and it may have a query. Raises InvalidModel."""
    return _parse(text, "address", with_query=True)


def parse_folder(text: str) -> Location:
    """Read a folder, with or without a slash at its end. Raises InvalidModel."""
    return _parse(text.strip().removesuffix("/") + "/", "folder", is_folder=True)


def parse_folders(text: str) -> tuple[Location, ...]:
    """Read folders that are separated by commas. Raises InvalidModel."""
    return tuple(parse_folder(part) for part in text.split(",") if part.strip())


def listed(folders: Iterable[Location]) -> str:
    """Return folders as people read them."""
    return ", ".join(f"{str(folder).removesuffix('/')}/" for folder in folders)


def _parse(text: str, what: str, with_query: bool = False, is_folder: bool = False) -> Location:
    if len(text) > LONGEST or _UNSEEN.search(text):
        raise InvalidModel(
            f"a {what} has at most {LONGEST} characters, and neither spaces nor backslashes; "
            f"this one begins with {text[:60]!r}"
        )
    said = _split(text, what)
    # A query is not quoted: it may have a signature, which is as good as a password.
    subject = f"{what} {text.partition('?')[0]!r}"
    if (scheme := said.scheme.lower()) not in SCHEMES:
        raise InvalidModel(f"{subject} begins with none of {', '.join(f'{s}://' for s in SCHEMES)}")
    if "#" in text or ("?" in text and not with_query):
        raise InvalidModel(f"{subject}: it may have neither '?' nor '#'")
    place = _place(scheme, said, subject)
    path = said.path.removeprefix("/")
    path = path.removesuffix("/") if is_folder else path
    encoded = scheme in ("file", *WEB)
    parts = [unquote(part) if encoded else part for part in path.split("/")] if path else []
    for part in parts:
        _check_part(part, subject)
    return Location(scheme, place, tuple(parts), said.query)


def _split(text: str, what: str) -> SplitResult:
    try:
        said = urlsplit(text)
        _ = said.port
    except ValueError as error:
        raise InvalidModel(f"{what}: {error}; write it as s3://models/wine.pmml") from None
    if "@" in said.netloc:  # not quoted: what is before it is often a password
        raise InvalidModel(
            f"a {what} is shown to everybody, so no user and password may be in it (before '@'); "
            "give credentials to the services, by their environment"
        )
    return said


def _place(scheme: str, said: SplitResult, subject: str) -> str:
    if scheme == "file":
        if said.netloc not in ("", "localhost") or not said.path.startswith("/"):
            raise InvalidModel(f"{subject}: a path is absolute: file:///srv/models/wine.pmml")
        return ""
    if scheme in WEB:
        if not _HOST.fullmatch(host := said.hostname or ""):
            raise InvalidModel(f"{subject}: it names no host; write {scheme}://host/path")
        host = f"[{host}]" if ":" in host else host
        usual = said.port in (None, _DEFAULT_PORTS[scheme])
        return host if usual else f"{host}:{said.port}"
    if not _BUCKET.fullmatch(said.netloc):
        raise InvalidModel(f"{subject}: it names no bucket; write {scheme}://bucket/path")
    return said.netloc


def _check_part(part: str, subject: str) -> None:
    """Refuse what one program takes for a step to another folder, and another for a name."""
    bare = part.partition(";")[0]
    if bare in ("", ".", "..") or _NO_NAME.search(part) or _STILL_ENCODED.search(part):
        raise InvalidModel(
            f"{subject}: no part of a path may be empty, '.' or '..', or hide such by encoding"
        )
