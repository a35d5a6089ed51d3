"""How clients spread their calls over the addresses behind a target, and which calls they send again.

It is gRPC's own service config, so that clients in other languages can have the same:
`examples/clients/service-config.json` has it as it is, and docs/clients.md how to use it.
"""

from __future__ import annotations

import json
from typing import Any

from hedgerow.v1 import registry_pb2, scoring_pb2, state_pb2, streams_pb2

_SCORING = scoring_pb2.DESCRIPTOR.services_by_name["ScoringService"].full_name
_REGISTRY = registry_pb2.DESCRIPTOR.services_by_name["RegistryService"].full_name
_STREAMS = streams_pb2.DESCRIPTOR.services_by_name["StreamService"].full_name
_STATE = state_pb2.DESCRIPTOR.services_by_name["StateService"].full_name

_SENT_AGAIN = (
    # A score is a function of its records.
    (_SCORING, "Score"),
    (_REGISTRY, "GetModel"),
    (_REGISTRY, "ListModels"),
    (_REGISTRY, "PullModel"),
    (_REGISTRY, "GetPlan"),
    (_REGISTRY, "ListPlans"),
    (_REGISTRY, "ListAliases"),
    # Retired is retired: it cannot be undone, so doing it twice is doing it once.
    (_REGISTRY, "RetireModel"),
    (_STATE, "GetState"),
    (_STREAMS, "GetStreams"),
    (_STREAMS, "ListDeadLetters"),
    # Nothing else that changes something. It may have been carried out though the answer was lost. A
    # rollback that is sent twice goes back two steps. Whoever sends a push, a plan, an alias or tags again
    # may put the old in the place of something newer that somebody has put there since. A deletion would be
    # told that it was done before, and a retry would undo a failure that nobody has seen. Dead letters that
    # were put back or removed are not there the second time.
    # Streams have ways of their own: hedgerow/client/streaming.py, and reading.py in record_streams.
)

_RETRY_POLICY = {
    # Three more within 0.35 s, give or take a fifth: long enough for a router that ends to be known as
    # such, and soon enough told if there is no other.
    "maxAttempts": 4,
    "initialBackoff": "0.05s",
    "maxBackoff": "0.5s",
    "backoffMultiplier": 2,
    # CANCELLED is what gRPC's core says of calls that reach a server in the moment in which it stops; also
    # of those that find too many waiting there, and another router may have room. Not RESOURCE_EXHAUSTED:
    # a router that has too much says when to come back, and its caller must know.
    "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
}

_RETRY_THROTTLING = {
    # A call that fails takes a token, one that succeeds gives a fifth of one back, and while no more than
    # half are left nothing is sent again. So the 200 calls in flight on a lost connection all are, and in
    # a trouble that lasts no more than one for every five that succeed.
    "maxTokens": 400,
    "tokenRatio": 0.2,
}

SERVICE_CONFIG: dict[str, Any] = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{"service": service, "method": method} for service, method in _SENT_AGAIN],
            "retryPolicy": _RETRY_POLICY,
        }
    ],
    "retryThrottling": _RETRY_THROTTLING,
}


def service_config() -> str:
    """Return it as gRPC takes it."""
    return json.dumps(SERVICE_CONFIG)
