"""The two tables of docs/deploy.md, of what was measured: `python -m bench.sizes.summary`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.sizes import book

_PROCESSES = {
    "router": "router",
    "collector": "collector",
    "registry": "registry",
    "log": "log",
    "executor's agent": "executor",
    "fork server for PMML": "fork-server.pmml",
    "fork server for TensorFlow": "fork-server.saved_model",
    "host of a tree (PMML, 3 KB)": "host.wine-tree",
    "host of a regression (PMML, 11 KB)": "host.wine-logistic",
    "host of a boosting (PMML, 86 KB)": "host.wine-boosting",
    "host of a SavedModel (7 KB)": "host.wine-net",
    "host of a frozen graph (2 KB)": "host.wine-graph",
}
_SCORING = {
    "router": "router",
    "collector": "collector",
    "host of a tree": "host.wine-tree",
    "host of a regression": "host.wine-logistic",
    "host of a boosting": "host.wine-boosting",
}
_LOADS = (
    "processor.{}1-rows.64",
    "frames.{}1-rows.64",
    "processor.{}256-rows.4",
    "processor.{}4096-rows.2",
)


def memory(sizes: Mapping[str, float]) -> Iterator[str]:
    """Yield the table of memory, threads and what idle processes take."""
    yield "| process | idle | under load | resident at the most | threads | idle, of a core |"
    yield "|---|---:|---:|---:|---:|---:|"
    for what, name in _PROCESSES.items():
        # Hosts share with their fork server, so they count by what is theirs alone, and it by all it has.
        kinds = ("anonymous", "anonymous") if name.startswith("fork") else ("idle", "load")
        cells = [f"{sizes[f'memory.{name}.{kind}']:.0f} MiB" for kind in (*kinds, "peak")]
        cells.append(f"{sizes[f'memory.{name}.threads']:.0f}")
        cells.append(f"{sizes[f'memory.{name}.idle-core']:.1f} %")
        yield f"| {what} | {' | '.join(cells)} |"


def processor(sizes: Mapping[str, float]) -> Iterator[str]:
    """Yield the table of processor time of a call of three models."""
    yield "| process | one record, in company | one record alone | batch of 256 | batch of 4096 |"
    yield "|---|---:|---:|---:|---:|"
    for what, name in _SCORING.items():
        keys = [f"{load.format('3-models.')}-clients.{name}" for load in _LOADS]
        cells = " | ".join(f"{sizes[key] / 1e3:.1f} ms" for key in keys)
        yield f"| {what} | {cells} |"


if __name__ == "__main__":
    known = book.read()
    print("\n".join([*memory(known), "", *processor(known)]))
