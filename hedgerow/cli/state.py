"""`hedgerow state`: what a service, or the whole mesh about one data type, is doing now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Router

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from hedgerow.client.totals import Totals
    from hedgerow.v1.state_pb2 import GetStateResponse


def state(
    what: Annotated[
        str,
        typer.Argument(
            help="A data type ('wine'), or the address of any service; the router's by default."
        ),
    ] = "",
    data_type: Annotated[str, typer.Option(help="Of a service: of this data type only.")] = "",
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Show what a service is doing now, or what the mesh knows of the models of a data type."""
    from hedgerow.cli.output import print_json
    from hedgerow.client.state import get_mesh_state, get_state

    of_type = bool(what) and ":" not in what
    if of_type:
        found = asyncio.run(get_mesh_state(router, what))
    else:
        found = asyncio.run(get_state(what or router, data_type))
    if as_json:
        print_json(_as_dict(found))
    elif of_type:
        _print_mesh(found)
    else:
        _print_service(found)


# -- a service -------------------------------------------------------------------------------------------


def _print_service(found: GetStateResponse) -> None:
    from hedgerow.cli.output import print_table

    print(f"{found.service} {found.version}, since {found.since.ToJsonString()}")
    _print_problems([found])
    for plan in found.plans:
        print(f"plan of {plan.data_type}: revision {plan.revision}")
    _print_standings(found)
    for gauge in found.gauges:
        print(f"{gauge.name}: {gauge.value:g}")
    _print_streams(found)
    if found.hosts:
        print_table(_HOST_COLUMNS, map(_host_row, found.hosts))
        _print_processes(found.hosts)
    if found.models:
        columns = ("MODEL", "ANSWERED", "CHOSEN", "LATE", "FAILED", "FASTEST", "SLOWEST")
        print_table(columns, map(_stats_row, found.models))


_HOST_COLUMNS = ("HOST OF", "STATE", "ADDRESS", "PID", "MEMORY", "FAILURE")


def _print_problems(states: Iterable[GetStateResponse]) -> None:
    """Say what is wrong with the log, as services see it, each thing once."""
    from hedgerow.cli.output import printable

    told = {state.log_problem: f"{state.service} {state.address}".strip() for state in states}
    for problem, service in told.items():
        if problem:
            print(printable(f"WRONG WITH THE LOG, says {service}: {problem}"))


def _print_standings(found: GetStateResponse) -> None:
    """Say which models of the plans are answered for by another version than the one that should."""
    from hedgerow.cli.output import printable
    from hedgerow.cli.plans.standing import Standing

    for one in found.plan_models:
        standing = Standing(one.reference, one.wanted, one.answering, one.reason)
        if not standing.is_as_asked:
            print(printable(f"plan of {one.data_type}: {standing.text()}"))
    for plan in found.plans:
        in_effect = [m.plan_revision for m in found.plan_models if m.data_type == plan.data_type]
        if in_effect and in_effect[0] != plan.revision:
            print(
                f"plan of {plan.data_type}: revision {in_effect[0]} goes on until all models of revision"
                f" {plan.revision} can answer"
            )


def _print_streams(found: GetStateResponse) -> None:
    """Say what waits in the streams that a router reads, and what it has done of them."""
    from hedgerow.cli.output import print_table
    from hedgerow.cli.streams.told import name_of, oldest_text

    paused = any(one.paused for one in found.streams)
    rows = [
        [
            name_of(one),
            f"{one.waiting:,}",
            oldest_text(one),
            *(f"{count:,}" for count in (one.in_flight, one.scored, one.died)),
            *([one.paused] if paused else []),
        ]
        for one in found.streams
    ]
    if rows:
        columns = ("STREAM OF", "WAITING", "OLDEST", "IN FLIGHT", "SCORED", "DEAD")
        print_table([*columns, *(["PAUSED BECAUSE"] if paused else [])], rows)


def _host_row(host: Any) -> list[str]:
    from hedgerow.cli.output import size_text
    from hedgerow.client.state import state_name

    state = f"{state_name(host)}, warm" if host.warm else state_name(host)
    memory = size_text(host.memory_bytes) if host.memory_bytes else ""
    return [_model_name(host), state, host.address, str(host.pid or ""), memory, host.failure]


_WIDTH = 80


def _print_processes(hosts: Iterable[Any]) -> None:
    """Say which versions share a process, and why others do not."""
    from textwrap import wrap

    from hedgerow.cli.output import printable

    shared: dict[str, list[str]] = {}
    alone: dict[str, dict[str, None]] = {}
    for host in hosts:
        if _is_serving(host):
            shared.setdefault(host.address, []).append(_model_name(host))
            alone.setdefault(host.alone, {})[_model_name(host)] = None
    said = [f"one process: {', '.join(names)}" for names in shared.values() if len(names) > 1]
    for reason, of in alone.items():
        said += [f"own process: {', '.join(of)}", f"  {reason}"] if reason else []
    for text in dict.fromkeys(said):
        for line in wrap(printable(text), _WIDTH, subsequent_indent="  ", break_on_hyphens=False):
            print(line)


def _model_name(host: Any) -> str:
    """Return `wine/wine-tree@3`."""
    return f"{host.model.descriptor.data_type}/{host.model.descriptor.name}@{host.model.version}"


def _is_serving(host: Any) -> bool:
    """Tell whether a host serves."""
    from hedgerow.client.state import state_name

    return state_name(host) == "serving"


def _stats_row(stats: Any) -> list[str]:
    counts = (stats.answered, stats.chosen, stats.late, stats.failed)
    times = (stats.shortest_scoring.ToNanoseconds(), stats.longest_scoring.ToNanoseconds())
    return [
        f"{stats.data_type}/{stats.name}@{stats.version}",
        *map(str, counts),
        *(f"{time / 1e6:.2f} ms" for time in times),
    ]


# -- a data type -----------------------------------------------------------------------------------------


def _print_mesh(found: GetStateResponse) -> None:
    from hedgerow.cli.output import print_table
    from hedgerow.client.totals import totals
    from hedgerow.plans.plan import plan_to_yaml

    for plan in found.plans:
        print(f"# plan revision {plan.revision}")
        print(plan_to_yaml(plan))
    services = [found.service, *(f"{other.service} {other.address}" for other in found.others)]
    print(f"asked: {', '.join(services)}")
    _print_problems([found, *found.others])
    _print_standings(found)
    print()
    print_table(_HOST_COLUMNS, map(_host_row, found.hosts))
    _print_processes(found.hosts)
    if found.streams:
        print("\nThe streams (entries), and what this router did of them (records):")
        _print_streams(found)
    known = totals(found)
    if not known:
        print("\nnothing was scored yet")
        return
    print("\nWhat the models say (records), and what became of their tasks:")
    said = ("MODEL", "RECORDS", "AGREED", "ALONE", "CHOSEN", "LATE", "FAILED", "CANCELLED")
    print_table((*said, "NOT STARTED", ""), [_said_row(name, one) for name, one in known.items()])
    print("\nWhat they did and were spared (rows), and the time it took:")
    did = ("MODEL", "SCORED", "DROPPED", "NOT STARTED", "TIME", "SAVED", "WASTED")
    print_table(
        (*did, "WITHHELD", "REPLICAS"), [_did_row(name, one) for name, one in known.items()]
    )


def _said_row(name: str, one: Totals) -> list[str]:
    tasks = (one.late, one.failed, one.cancelled, one.not_started)
    return [
        name,
        f"{one.records:,}",
        _share(one.agreed, one.records),
        _share(one.alone, one.records),
        f"{one.chosen:,}",
        *(f"{count:,}" for count in tasks),
        "shadow" if one.shadow else "",
    ]


def _did_row(name: str, one: Totals) -> list[str]:
    rows = (one.rows_scored, one.rows_dropped, one.rows_not_started)
    times = (one.scoring, one.saved, one.wasted)
    return [
        name,
        *(f"{count:,}" for count in rows),
        *(_seconds(time) for time in times),
        f"{one.withheld:,}",
        f"{one.replicas:,}",
    ]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def _seconds(time: timedelta) -> str:
    seconds = time.total_seconds()
    return f"{seconds:.1f} s" if seconds >= 10 else f"{seconds * 1e3:.1f} ms"


def _as_dict(found: GetStateResponse) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(found, preserving_proto_field_name=True)
