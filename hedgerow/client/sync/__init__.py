"""The clients for code that is not asynchronous: thin fronts on those that are.

    with Client("localhost:8400") as client:
        for answer in client.score("wine", [{"alcohol": 13.2, ...}, ...]):
            print(answer.value, answer.answered_by, answer.reason)

One event loop in one background thread serves all clients of a process, however many threads use them.
"""

from hedgerow.client.sync.client import Client
from hedgerow.client.sync.registry import Registry

__all__ = ["Client", "Registry"]
