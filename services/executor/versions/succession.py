"""When the versions of a model take over from one another. Pure: sets of versions in, yes or no out."""

from __future__ import annotations

from collections.abc import Collection, Set

from services.common.recent_versions import VersionKey


def still_needed(
    key: VersionKey,
    wanted: Collection[VersionKey],
    serving: Set[VersionKey],
    loading: Set[VersionKey],
) -> bool:
    """Whether a version not wanted any more has to go on until the wanted ones of its model serve.

    So does the newest that serves, if nothing wanted is newer; and what is being loaded
    (`loading`: there is a process), or with pushes that come faster than models load nothing new would
    ever serve.
    """
    heirs = {other for other in wanted if _same_model(other, key)}
    if heirs <= serving:
        return False
    if key in loading:
        return True
    others = [other for other in serving if _same_model(other, key)]
    return key in serving and key == max(others)


def is_settled(
    wanted: Set[VersionKey],
    serving: Set[VersionKey],
    failed: Collection[VersionKey],
    held_back: Collection[VersionKey],
) -> bool:
    """Whether all that is wanted serves, has failed, or is held back while another version serves."""
    models = {key[:2] for key in serving}
    return all(
        key in failed or (key[:2] in models and key in held_back) for key in wanted - serving
    )


def _same_model(one: VersionKey, other: VersionKey) -> bool:
    return one[:2] == other[:2]
