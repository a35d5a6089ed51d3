"""Aliases: names that move from version to version, and back."""

from __future__ import annotations

from typing import NamedTuple

from hedgerow.errors import Refused
from hedgerow.references import check_alias
from hedgerow.v1.events_pb2 import AliasDeleted, AliasSet, ModelEvent, TrackedAlias
from hedgerow.v1.models_pb2 import Identity, VersionName
from hedgerow.v1.registry_pb2 import ModelAlias
from services.common.catalog import Catalog, Version
from services.registry.ledger import Ledger


class Moved(NamedTuple):
    """What became of an alias."""

    alias: TrackedAlias
    changed: bool


class Aliases:
    """All aliases."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def point(self, data_type: str, model: VersionName, alias: str, by: Identity) -> Moved:
        """Have an alias point to a version.

        Raises NotFound, InvalidName, and Refused if the version cannot serve. One that points there already
        is written again only if a plan gave the version up meanwhile, or the log has lost it.
        """
        check_alias(alias)

        def decide(catalog: Catalog) -> ModelEvent | None:
            version = catalog.version(data_type, model.name, model.version)
            check_usable(version)
            known = catalog.model(data_type, model.name).aliases.get(alias)
            points_there = (
                known is not None and known.version == version.model.version and not known.lost
            )
            if points_there and not _was_abandoned(catalog, data_type, f"{model.name}@{alias}"):
                return None
            name = VersionName(name=model.name, version=version.model.version)
            return ModelEvent(alias_set=AliasSet(model=name, alias=alias))

        event = await self._ledger.write(data_type, decide, by)
        return Moved(self._get(data_type, model.name, alias), event is not None)

    async def go_back(self, data_type: str, name: str, alias: str, by: Identity) -> TrackedAlias:
        """Have an alias point to the version before.

        Raises NotFound, InvalidName, and Refused if there is none.
        """
        check_alias(alias)

        def decide(catalog: Catalog) -> ModelEvent:
            catalog.version(data_type, name, alias=alias)
            model = catalog.model(data_type, name)
            known = model.aliases[alias]
            before = known.goes_back_to(model.is_usable)
            if not before:
                raise Refused(
                    f"{name}@{alias} is {name}@{known.version} and has nothing to go back to: it pointed"
                    " to no other version before that may serve; `hedgerow models promote` sets it"
                )
            target = VersionName(name=name, version=before)
            return ModelEvent(alias_set=AliasSet(model=target, alias=alias, rollback=True))

        await self._ledger.write(data_type, decide, by)
        return self._get(data_type, name, alias)

    async def delete(self, data_type: str, name: str, alias: str, by: Identity) -> None:
        """Remove an alias. Raises NotFound, InvalidName, and Refused if the plan in force follows it."""
        check_alias(alias)

        def decide(catalog: Catalog) -> ModelEvent:
            catalog.version(data_type, name, alias=alias)
            plan = catalog.plan(data_type)
            if any((model.name, model.alias) == (name, alias) for model in plan.models):
                raise Refused(
                    f"the plan of {data_type} (revision {plan.revision}) follows {name}@{alias};"
                    " apply one that does not, then delete the alias"
                )
            return ModelEvent(alias_deleted=AliasDeleted(name=name, alias=alias))

        await self._ledger.write(data_type, decide, by)

    def list(self, data_type: str, name: str) -> list[ModelAlias]:
        """Return the aliases of a data type, or of one model, by model and alias. Raises NotFound."""
        catalog = self._ledger.catalog
        models = [catalog.model(data_type, name)] if name else catalog.models(data_type).values()
        return [
            ModelAlias(name=model.name, alias=model.aliases[alias].to_proto())
            for model in sorted(models, key=lambda model: model.name)
            for alias in sorted(model.aliases)
        ]

    def _get(self, data_type: str, name: str, alias: str) -> TrackedAlias:
        return self._ledger.catalog.model(data_type, name).aliases[alias].to_proto()


def check_usable(version: Version) -> None:
    """Raise Refused if a version cannot serve: it failed, is quarantined, retired or deleted."""
    model, life = version.model, version.life
    reference = f"{model.descriptor.name}@{model.version}"
    if life.is_over:
        what = "deleted" if life.is_deleted else "retired"
        raise Refused(
            f"{reference} is {what} and never serves again; push it again for a new version"
        )
    if life.has_failed:
        raise Refused(
            f"{reference} cannot serve: {life.reason or 'it failed'}; mend what is wrong, then"
            f" `hedgerow models retry {model.descriptor.data_type}/{reference}`"
        )


def _was_abandoned(catalog: Catalog, data_type: str, reference: str) -> bool:
    lines = catalog.lines(data_type)
    return any(line.reference == reference and line.HasField("abandoned") for line in lines)
