"""Asks any service of a mesh what it is doing now."""

from hedgerow.client.channels import Connection
from hedgerow.errors import NotFound
from hedgerow.references import check_name
from hedgerow.v1.execution_pb2 import Host, HostState
from hedgerow.v1.state_pb2 import GetStateRequest, GetStateResponse
from hedgerow.v1.state_pb2_grpc import StateServiceStub


async def get_state(target: str, data_type: str = "") -> GetStateResponse:
    """Return the state of the service at `target`, of one data type or of all. Raises Unavailable."""
    return await _ask(target, GetStateRequest(data_type=data_type))


async def get_mesh_state(router: str, data_type: str) -> GetStateResponse:
    """Return what a router and all services it knows say of one data type.

    Its hosts have the memory that their executors tell of them. Raises NotFound, naming the data types
    there are, InvalidName and Unavailable.
    """
    check_name("data type", data_type)
    found = await _ask(router, GetStateRequest(data_type=data_type, mesh=True))
    if not found.plans:
        known = [plan.data_type for plan in (await get_state(router)).plans]
        raise NotFound.among("data type", data_type, known, "for a service give host:port")
    memory = {host.address: host.memory_bytes for other in found.others for host in other.hosts}
    for host in found.hosts:
        host.memory_bytes = memory.get(host.address, 0) if host.address else 0
    return found


def state_name(host: Host) -> str:
    """Return the state of a host in a word, `serving`."""
    return HostState.Name(host.state).removeprefix("HOST_STATE_").lower()


async def _ask(target: str, request: GetStateRequest) -> GetStateResponse:
    connection = Connection(target, StateServiceStub)
    try:
        with connection.errors():
            return await connection.stub.GetState(request)
    finally:
        await connection.close()
