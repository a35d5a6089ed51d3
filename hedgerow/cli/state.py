"""`hedgerow state`: what a service of the mesh is doing now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson

if TYPE_CHECKING:
    from hedgerow.v1.state_pb2 import QueryResponse


def state(
    address: Annotated[
        str,
        typer.Argument(
            envvar="HEDGEROW_ROUTER", help="Any service; 8402 is the executor, 8403 the collector."
        ),
    ] = options.ROUTER,
    data_type: Annotated[str, typer.Option(help="Of this data type only.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show what a service is doing now: plans, hosts, models, tasks in flight."""
    from hedgerow.cli.output import print_json
    from hedgerow.state_client import query_state

    found = asyncio.run(query_state(address, data_type))
    if as_json:
        print_json(_as_dict(found))
    else:
        _print(found)


def _print(found: QueryResponse) -> None:
    from hedgerow.cli.output import print_table

    print(f"{found.service} {found.version}, since {found.since.ToJsonString()}")
    for plan in found.plans:
        print(f"plan of {plan.data_type}: revision {plan.revision}")
    for gauge in found.gauges:
        print(f"{gauge.name}: {gauge.value:g}")
    if found.hosts:
        print_table(("MODEL", "STATE", "ADDRESS", "PID", "FAILURE"), map(_host_row, found.hosts))
    if found.models:
        columns = ("MODEL", "ANSWERED", "CHOSEN", "LATE", "FAILED", "FASTEST", "SLOWEST")
        print_table(columns, map(_stats_row, found.models))


def _host_row(host: Any) -> list[str]:
    from hedgerow.v1.execution_pb2 import HostState

    model = f"{host.model.descriptor.data_type}/{host.model.descriptor.name}@{host.model.version}"
    name = HostState.Name(host.state).removeprefix("HOST_STATE_").lower()
    return [model, name, host.address, str(host.pid or ""), host.failure]


def _stats_row(stats: Any) -> list[str]:
    counts = (stats.answered, stats.chosen, stats.late, stats.failed)
    times = (stats.min.ToNanoseconds(), stats.max.ToNanoseconds())
    return [
        f"{stats.data_type}/{stats.name}@{stats.version}",
        *map(str, counts),
        *(f"{time / 1e6:.2f} ms" for time in times),
    ]


def _as_dict(found: QueryResponse) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(found, preserving_proto_field_name=True)
