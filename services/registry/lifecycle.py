"""What somebody decides about a version after it was pushed: tags, retry, retire, delete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hedgerow.errors import InvalidInput, Refused
from hedgerow.references import Reference
from hedgerow.v1.events_pb2 import AliasDeleted, ModelEvent, TagsChanged
from hedgerow.v1.models_pb2 import Identity, VersionName
from hedgerow.v1.plans_pb2 import Plan
from services.common.catalog import Candidates, Catalog, Version
from services.registry.admission import check_tags
from services.registry.housekeeping import UnusedBytes
from services.registry.ledger import Decide, Ledger


class Lifecycle:
    """Of all versions. Which one is always said: "the newest" may be another one a moment later."""

    def __init__(self, ledger: Ledger, unused: UnusedBytes) -> None:
        self._ledger = ledger
        self._unused = unused

    async def set_tags(
        self,
        data_type: str,
        model: VersionName,
        tags: Mapping[str, str],
        removed: Iterable[str],
        by: Identity,
    ) -> Version:
        """Set and remove tags of a version. Raises NotFound, and InvalidInput if they are refused."""
        gone = set(removed) - tags.keys()

        def decide(catalog: Catalog) -> ModelEvent | None:
            before = _version(catalog, data_type, model).model.tags
            after = {**{key: before[key] for key in before if key not in gone}, **tags}
            check_tags(after)
            if after == dict(before):
                return None
            change = TagsChanged(model=model, set=tags, removed=sorted(gone & before.keys()))
            return ModelEvent(tags_changed=change)

        await self._ledger.write(data_type, decide, by)
        return _version(self._ledger.catalog, data_type, model)

    async def retry(self, data_type: str, model: VersionName, by: Identity) -> Version:
        """Have executors try a version again. Raises NotFound, and Refused if it did not fail."""

        def decide(catalog: Catalog) -> ModelEvent:
            version = _version(catalog, data_type, model)
            if version.life.is_over:
                what = "deleted" if version.life.is_deleted else "retired"
                raise Refused(
                    f"{_text(model)} is {what} and is not tried again; push it again for a new version"
                )
            if not version.life.failures and not _given_up(catalog, data_type, model):
                raise Refused(
                    f"{_text(model)} has not failed anywhere; there is nothing to try again"
                )
            return ModelEvent(retried=model)

        await self._ledger.write(data_type, decide, by)
        return _version(self._ledger.catalog, data_type, model)

    async def retire(
        self, data_type: str, model: VersionName, force: bool, by: Identity
    ) -> Version:
        """Take a version out of service. One that is retired already stays as it is.

        Raises NotFound, and Refused if a plan or an alias needs it and `force` is not set.
        """

        def decide(catalog: Catalog) -> ModelEvent | None:
            version = _version(catalog, data_type, model)
            if version.life.is_over:
                return None
            return _freed(catalog, data_type, version, force) or ModelEvent(retired=model)

        return await self._end(data_type, model, decide, by)

    async def delete(
        self, data_type: str, model: VersionName, force: bool, by: Identity
    ) -> tuple[Version, int]:
        """Retire a version and remove its bytes; return how many bytes of the log went.

        Raises NotFound, and Refused if it is needed, or deleted already.
        """

        def decide(catalog: Catalog) -> ModelEvent:
            version = _version(catalog, data_type, model)
            if version.life.is_deleted:
                raise Refused(f"{_text(model)} is deleted already; what it was stays known")
            if version.life.is_over:
                return ModelEvent(deleted=model)
            return _freed(catalog, data_type, version, force) or ModelEvent(deleted=model)

        version = await self._end(data_type, model, decide, by)
        return version, await self._unused.remove(version)

    async def _end(
        self, data_type: str, model: VersionName, decide: Decide, by: Identity
    ) -> Version:
        """Write what is to be removed before a version, one after another, and then its end."""
        while (event := await self._ledger.write(data_type, decide, by)) is not None:
            if not event.HasField("alias_deleted"):
                break
        return _version(self._ledger.catalog, data_type, model)


def _version(catalog: Catalog, data_type: str, model: VersionName) -> Version:
    """Return a version. Raises NotFound, and InvalidInput if none is said."""
    if not model.version:
        raise InvalidInput(f"{model.name!r}: say which version, as in '{model.name}@3'")
    return catalog.version(data_type, model.name, model.version)


def _freed(catalog: Catalog, data_type: str, version: Version, force: bool) -> ModelEvent | None:
    """Return what must be removed before a version can be; None if nothing needs it, or if that is forced.

    Raises Refused if something needs it and it is not forced.
    """
    name = VersionName(name=version.model.descriptor.name, version=version.model.version)
    alias = next(iter(catalog.life(version).aliases), None)
    if force:
        gone = AliasDeleted(name=name.name, alias=alias or "")
        return ModelEvent(alias_deleted=gone) if alias else None
    if alias:
        raise Refused(
            f"{_text(name)} is needed: {name.name}@{alias} points to it; have that point to another"
            " version first, or force it, which removes the alias"
        )
    plan = catalog.plan(data_type)
    if any(_needs(catalog, data_type, candidates, name) for candidates in _of(catalog, plan, name)):
        which = f"(revision {plan.revision})" if plan.revision else "(the default plan)"
        raise Refused(
            f"{_text(name)} is needed: the plan of {data_type} {which} answers with it; apply one that does"
            " not, or force it"
        )
    return None


def _of(catalog: Catalog, plan: Plan, name: VersionName) -> Iterator[tuple[Reference, Candidates]]:
    """Yield who may answer for a model of the plan in force, by each of its references to it."""
    candidates = catalog.candidates(plan.data_type)
    references = [Reference.of(model) for model in plan.models]
    return (pair for pair in zip(references, candidates, strict=True) if pair[0].name == name.name)


def _needs(
    catalog: Catalog, data_type: str, line: tuple[Reference, Candidates], name: VersionName
) -> bool:
    """Tell whether a model of a plan stays on a version, moves to it, or is answered for by it now."""
    reference, candidates = line
    target, *former = candidates.versions or (0,)
    if name.version in (reference.version, target):
        return True
    moves = target and not catalog.version(data_type, name.name, target).life.is_live
    return bool(moves and name.version in former)


def _given_up(catalog: Catalog, data_type: str, model: VersionName) -> bool:
    """Tell whether a plan has given up waiting for a version."""
    return any(
        line.reference.partition("@")[0] == model.name and line.abandoned.version == model.version
        for line in catalog.lines(data_type)
    )


def _text(model: VersionName) -> str:
    return f"{model.name}@{model.version}"
