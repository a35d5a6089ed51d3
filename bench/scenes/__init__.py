"""The scenes: each starts a mesh, measures, and says what it saw as figures."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from bench.figures import Figure
from bench.peers.environments import lacking
from bench.scenes import (
    cascade,
    constant,
    deadline,
    first_host,
    hedged,
    large,
    memory,
    overload,
    peers,
    push,
    real,
    replacement,
    replicas,
    rollback,
)
from bench.scenes.streams import backlog, joins, latency, throughput
from bench.session import Session


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene by the name it has on the command line."""

    name: str
    title: str
    run: Callable[[Session], Coroutine[Any, Any, list[Figure]]]
    lacking: Callable[[], str] = lambda: ""
    """Says what is to be done before it can run here; empty: nothing."""


SCENES = (
    Scene("constant", "three constant models, consensus", constant.run),
    Scene("pmml", "three PMML models, consensus", real.pmml),
    Scene("saved-model", "two PMML models and a SavedModel, consensus", real.saved_model),
    Scene("deadline", "a model that sleeps 1 s, 50 ms deadline, 16 clients", deadline.run),
    Scene("overload", "two and four times the best rate, 200 ms deadline", overload.run),
    Scene("push", "a new SavedModel version every 5 s, 16 clients", push.run),
    Scene("rollback", "a version is rolled back, cold and warm, 16 clients", rollback.run),
    Scene("stream", "a stream of records, three PMML models, consensus", throughput.run),
    Scene("stream-latency", "from XADD to the score, and at a change of the version", latency.run),
    Scene("stream-backlog", "a million records wait, and calls beside them", backlog.run),
    Scene("stream-joins", "a stream's joins and partitions, two executors", joins.run),
    Scene("hedged", "hedged by p95 beside all at once, first answer wins, 4 clients", hedged.run),
    Scene("cascade", "a cascade beside all at once: tree, then boosting", cascade.run),
    Scene(
        "replicas", "one host in ten pauses 200 ms, with and without replica hedge", replicas.run
    ),
    Scene(
        "replacement", "kill -9 of the only host to the first answer by the next", replacement.run
    ),
    Scene("first-host", "from an executor's start to its first host", first_host.run),
    Scene("large", "a model of 500 MB: push, load and pull", large.run),
    Scene("memory", "memory", memory.run),
    Scene("peers", "peers: three PMML models by vote, each way in turn", peers.run, lacking),
)
