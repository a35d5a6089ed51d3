"""Models, and their versions with where their bytes are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from hedgerow.v1.events_pb2 import ModelPushed, TrackedAlias, TrackedVersion
from hedgerow.v1.models_pb2 import ModelVersion
from services.common.catalog.aliases import Alias
from services.common.catalog.life import Life


@dataclass(frozen=True)
class Definition:
    """Where bytes of a version are, of its definition or its verification."""

    data_type: str
    sha256: str
    size: int
    """Bytes; 0: not known."""
    chunks: int
    """Chunks in the log under the sha256; 0: they are elsewhere."""
    entry_id: str = ""
    """The event that has them inside of it, as they were written once."""
    location: str = ""
    """Where they are outside of the log."""


@dataclass(slots=True)
class Version:
    """One version."""

    model: ModelVersion
    """Its own: callers must not change it."""
    chunks: int = 0
    verification_chunks: int = 0
    entry_id: str = ""
    life: Life = field(default_factory=Life)
    lost: bool = False
    """The log does not have it any more; it is remembered here."""

    @staticmethod
    def of(pushed: ModelPushed, entry_id: str) -> Version:
        """Return what an event of a push tells."""
        # A copy: a part of a message keeps the whole of it alive, and so the bytes of the definition.
        model = ModelVersion()
        model.CopyFrom(pushed.model)
        inside = "" if pushed.chunks or model.descriptor.location else entry_id
        return Version(model, pushed.chunks, pushed.verification_chunks, inside)

    @property
    def definition(self) -> Definition:
        """Where its definition is."""
        model = self.model
        data_type, location = model.descriptor.data_type, model.descriptor.location
        return Definition(data_type, model.sha256, model.size, self.chunks, self.entry_id, location)

    @property
    def verification(self) -> Definition | None:
        """Where the verification is that was pushed with it, if one was."""
        sha256 = self.model.verification_sha256
        if not sha256:
            return None
        return Definition(self.model.descriptor.data_type, sha256, 0, self.verification_chunks)

    def tell(self, tracked: TrackedVersion) -> None:
        """Write all of it into a message, without bytes. Each message around it would be another copy."""
        tracked.pushed.model.CopyFrom(self.model)
        tracked.pushed.verification_chunks = self.verification_chunks
        if self.chunks:
            tracked.pushed.chunks = self.chunks
        tracked.entry_id = self.entry_id
        tracked.life.CopyFrom(self.life.to_proto())

    @staticmethod
    def from_proto(tracked: TrackedVersion) -> Version:
        """Return the version that was told."""
        version = Version.of(tracked.pushed, tracked.entry_id)
        version.life = Life.from_proto(tracked.life)
        return version


@dataclass(slots=True)
class Model:
    """One model, with all its versions."""

    name: str
    versions: dict[int, Version] = field(default_factory=dict)
    """Oldest first."""
    aliases: dict[str, Alias] = field(default_factory=dict)
    highest: int = 0
    """The highest number ever given."""

    def add(self, version: Version) -> None:
        """Take a version; one that is known already stays as it is, unless the log had lost it."""
        number = version.model.version
        known = self.versions.get(number)
        if known is None or known.lost:
            self.versions[number] = version
        self.highest = max(self.highest, number)

    def add_alias(self, alias: Alias) -> None:
        """Take an alias, as `add` does a version."""
        known = self.aliases.get(alias.name)
        if known is None or known.lost:
            self.aliases[alias.name] = alias

    def put_in_order(self) -> None:
        """Have the oldest version be the first again: a backup may have brought old ones back."""
        if any(one > other for one, other in pairwise(self.versions)):
            self.versions = dict(sorted(self.versions.items()))

    def inherit(self, before: Model) -> None:
        """Take over what an earlier model had and this one has not.

        If a number stands for other bytes by now, the numbers began anew, and nothing is taken.
        """
        self.highest = max(self.highest, before.highest)
        both = self.versions.keys() & before.versions.keys()
        if any(
            self.versions[n].model.sha256 != before.versions[n].model.sha256
            and not self.versions[n].lost
            for n in both
        ):
            return
        missing = {n: v for n, v in before.versions.items() if n not in self.versions}
        kept = {n: replace(version, lost=True) for n, version in missing.items()}
        self.versions = dict(sorted((self.versions | kept).items()))
        for name in before.aliases.keys() - self.aliases.keys():
            self.aliases[name] = before.aliases[name].as_lost()

    @property
    def newest(self) -> Version | None:
        """The newest version that may serve, or else that is not retired, or else of all."""
        usable = (v for v in self.newest_first() if v.life.is_usable)
        return next(usable, None) or self.latest

    @property
    def latest(self) -> Version | None:
        """The newest version that is not retired, whether it has failed or not, or else of all."""
        remaining = (version for version in self.newest_first() if not version.life.is_over)
        return next(remaining, None) or next(self.newest_first(), None)

    def newest_first(self) -> Iterator[Version]:
        """Yield the versions, the newest first."""
        return reversed(self.versions.values())

    def is_usable(self, number: int) -> bool:
        """Tell whether there is such a version and it may serve."""
        version = self.versions.get(number)
        return version is not None and version.life.is_usable

    def aliases_of(self, number: int) -> Iterator[str]:
        """Yield the aliases that point to a version."""
        return (name for name, alias in self.aliases.items() if alias.version == number)

    def lost_aliases(self) -> Iterator[str]:
        """Yield references by the aliases that the log does not have any more: `tree@champion`."""
        return (f"{self.name}@{name}" for name, alias in self.aliases.items() if alias.lost)

    def tell_aliases(self) -> list[TrackedAlias]:
        """Return all aliases, by name."""
        return [self.aliases[name].to_proto() for name in sorted(self.aliases)]
