"""Asks any service of a mesh what it is doing now."""

from hedgerow.channels import Connection
from hedgerow.v1.state_pb2 import QueryRequest, QueryResponse
from hedgerow.v1.state_pb2_grpc import StateServiceStub


async def query_state(target: str, data_type: str = "") -> QueryResponse:
    """Return the state of the service at `target`, of one data type or of all. Raises Unavailable."""
    connection = Connection(target, StateServiceStub)
    try:
        with connection.errors():
            return await connection.stub.Query(QueryRequest(data_type=data_type))
    finally:
        await connection.close()
