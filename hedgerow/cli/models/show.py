"""`hedgerow models show`: everything that is known of one version."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from hedgerow.cli import options
from hedgerow.cli.models import told
from hedgerow.cli.named import DataType, Model, Named, named
from hedgerow.cli.options import AsJson, Registry, Router

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hedgerow.cli.models.hosts import HostStates
    from hedgerow.client.registry import AsyncRegistry, Tracked
    from hedgerow.v1.execution_pb2 import Host
    from hedgerow.v1.models_pb2 import ExecutorReport, ModelVersion


_FEATURES = 20
"""So many are named; --json has all."""


class _Found(NamedTuple):
    tracked: Tracked
    hosts: HostStates
    uses: list[str]
    """What the plan in force has of it: `wine-tree@champion`."""
    revision: int


def show(
    model: Model,
    data_type: DataType = "",
    registry: Registry = options.REGISTRY,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Show all that is known of a version: what it is, how it is and where, who needs it."""
    from hedgerow.cli.models.hosts import HostStates
    from hedgerow.cli.output import print_json
    from hedgerow.client.registry import AsyncRegistry

    meant = named(model, data_type)

    async def run() -> _Found:
        async with AsyncRegistry(registry) as client:
            tracked = await client.show_model(*meant)
            uses, revision = await _uses(client, meant, tracked.model.version)
        hosts = await HostStates.ask_with_memory(router, meant.data_type)
        return _Found(tracked, hosts, uses, revision)

    found = asyncio.run(run())
    if as_json:
        print_json(_as_dict(found))
    else:
        _print(found)


async def _uses(client: AsyncRegistry, meant: Named, version: int) -> tuple[list[str], int]:
    """Return by which references the plan in force points to a version, and its revision."""
    plan, lines = await client.get_plan_lines(meant.data_type)
    uses = [
        line.reference
        for line in lines
        if line.reference.partition("@")[0] == meant.name and version in line.targets[:1]
    ]
    return uses, plan.revision


def _as_dict(found: _Found) -> dict[str, object]:
    return {
        **told.tracked_dict(found.tracked),
        "state": found.hosts.state(found.tracked),
        "hosts": found.hosts.listed(found.tracked.model),
        "plan_revision": found.revision,
        "plan_uses": found.uses,
    }


def _print(found: _Found) -> None:
    from hedgerow.cli.output import print_table, printable

    model, said = found.tracked.model, found.tracked.model.descriptor
    print(f"{said.data_type}/{said.name}@{model.version} is {found.hosts.state(found.tracked)}")
    for label, value in _facts(found):
        if value:
            print(f"  {label:<14}{printable(value)}")
    if said.metrics:
        print()
        print_table(("METRIC", "VALUE", "BETTER", "DATA SET"), _metric_rows(model))
    executors = list(_executor_rows(found))
    if executors:
        print()
        columns = ("EXECUTOR", "STATE", "SINCE", "MEMORY", "")
        print_table(columns, executors)


def _facts(found: _Found) -> Iterator[tuple[str, str]]:
    from hedgerow.cli.output import size_text

    model, life = found.tracked.model, found.tracked.life
    said = model.descriptor
    by = told.by_text(model.pushed_by)
    yield "description", said.description
    yield "because", life.reason
    yield "aliases", ", ".join(life.aliases)
    yield "in the plan", _plan_text(found)
    yield "pushed", told.moment_text(model.pushed_at) + (f" by {by}" if by else "")
    yield "made from", said.parent
    yield "tags", ", ".join(f"{key}={value}" for key, value in sorted(model.tags.items()))
    yield "format", f"{said.model_type}, {size_text(model.size)}"
    yield "sha256", model.sha256
    yield "bytes", _bytes_text(found.tracked)
    yield "takes", _features_text(model)
    yield "gives", ", ".join(model.signature.classes) or "a number"
    yield "verified by", _verification_text(model)


def _plan_text(found: _Found) -> str:
    plan = f"revision {found.revision}" if found.revision else "the default plan"
    return f"{', '.join(found.uses)}, {plan}" if found.uses else ""


def _bytes_text(tracked: Tracked) -> str:
    if told.state_text(tracked.life.state) == "deleted":
        return "deleted"
    return tracked.model.descriptor.location or "in the log"


def _features_text(model: ModelVersion) -> str:
    features = model.signature.features
    more = f" and {len(features) - _FEATURES} more" if len(features) > _FEATURES else ""
    return ", ".join(map(told.feature_text, features[:_FEATURES])) + more


def _verification_text(model: ModelVersion) -> str:
    own, pushed = model.own_verification_records, model.verification_records
    parts = [f"{pushed} records pushed with it"] if pushed else []
    return ", ".join([*parts, f"{own} records of its own"] if own else parts)


def _metric_rows(model: ModelVersion) -> list[list[str]]:
    return [
        [
            metric.name,
            f"{metric.value:.6g}",
            "lower" if metric.lower_is_better else "higher",
            metric.data_set,
        ]
        for metric in model.descriptor.metrics
    ]


def _executor_rows(found: _Found) -> Iterator[Sequence[str]]:
    """Yield a row for each host, and one for each executor whose report is all there is."""
    hosts = found.hosts.of(found.tracked.model)
    reports = {report.executor: report for report in found.tracked.life.executors}
    yield from (_host_row(host, reports.get(host.executor)) for host in hosts)
    known = {host.executor for host in hosts}
    for report in found.tracked.life.executors:
        if report.executor not in known:
            state = told.state_text(report.state)
            since = told.moment_text(report.since)
            yield report.executor or "one that is no more", state, since, "", report.reason


def _host_row(host: Host, report: ExecutorReport | None) -> Sequence[str]:
    """Return what is known of a host. One that failed has no process, so the log knows since when."""
    from hedgerow.cli.models.hosts import STATES
    from hedgerow.cli.output import size_text
    from hedgerow.client.state import state_name

    memory = size_text(host.memory_bytes) if host.memory_bytes else ""
    alone = f"own process: {host.alone}" if host.alone else ""
    more = "kept warm" if host.warm else host.failure or alone
    state = STATES.get(state_name(host), state_name(host))
    since = told.moment_text(host.since)
    if report is not None and state == "failed" and report.reason:
        state, since = told.state_text(report.state), since or told.moment_text(report.since)
    return host.executor, state, since, memory, more
