"""Scene 6: the spans of one record, through all services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from rich.text import Text

from hedgerow.client.aio import AsyncClient
from hedgerow.demo.examples import DATA_TYPE
from hedgerow.demo.session import Session
from hedgerow.demo.span_receiver import Span
from hedgerow.demo.stage import Stage
from hedgerow.demo.tables import milliseconds, table

TITLE = "One trace"
SENTENCE = (
    "One record's way by consensus, as OpenTelemetry saw it: each line is a span, with the service that"
    " recorded it, its time in ms, and when it was."
)
_QUIET_SECONDS = 0.6
_AT_MOST_SECONDS = 6.0
_BAR_COLUMNS = 24


async def play(session: Session, stage: Stage) -> None:
    """Score one record with tracing, and show its spans."""
    await session.apply("wine.yaml")
    with stage.working("waiting for the spans"):
        root = await _score_traced(session)
        others = await session.receiver.spans_of(root.trace, _QUIET_SECONDS, _AT_MOST_SECONDS)
    spans = [root, *others]
    shown = table("span", "service", ">ms", f"0{milliseconds_of(root):>{_BAR_COLUMNS - 1}}")
    for depth, span in in_order(spans):
        shown.add_row(
            Text("  " * depth + _name(span), "bold" if depth == 0 else ""),
            span.service,
            milliseconds_of(span),
            Text(bar_of(span, root, plain=stage.is_plain), "cyan"),
        )
    stage.show(shown)
    stage.console.print()
    _check(stage, session, spans)


async def _score_traced(session: Session) -> Span:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    async with AsyncClient(session.router, tracer_provider=provider) as client:
        await client.score(DATA_TYPE, session.examples.records[0])
        exporter.clear()  # the first opened the connection
        await client.score(DATA_TYPE, session.examples.records[0])
    (span,) = exporter.get_finished_spans()
    provider.shutdown()
    return Span.from_sdk(span, "client")


def milliseconds_of(span: Span) -> str:
    """Return a span's time for people."""
    return milliseconds((span.end - span.start) / 1e9)


def _name(span: Span) -> str:
    model = span.attributes.get("hedgerow.model")
    version = span.attributes.get("hedgerow.version")
    reference = f" {model}@{version}" if version else f" {model}" if model else ""
    return span.name + reference


def in_order(spans: Sequence[Span]) -> Iterator[tuple[int, Span]]:
    """Yield the spans as a tree, by start, with their depth; one whose parent is missing is a root."""
    ids = {span.id for span in spans}

    def below(parent: bytes, depth: int) -> Iterator[tuple[int, Span]]:
        children = [s for s in spans if s.parent == parent or (not parent and s.parent not in ids)]
        for span in sorted(children, key=lambda span: (span.start, span.end)):
            yield depth, span
            yield from below(span.id, depth + 1)

    yield from below(b"", 0)


def bar_of(span: Span, root: Span, *, plain: bool) -> str:
    """Draw when a span was, within the root's time."""
    scale = _BAR_COLUMNS / max(1, root.end - root.start)
    first = max(0, min(_BAR_COLUMNS - 1, int((span.start - root.start) * scale)))
    last = max(first + 1, min(_BAR_COLUMNS, round((span.end - root.start) * scale)))
    return " " * first + ("#" if plain else "█") * (last - first)


def _check(stage: Stage, session: Session, spans: Sequence[Span]) -> None:
    services = {span.service for span in spans}
    expected = {"client", "router", "executor", "collector"}
    stage.check(
        expected <= services,
        "one trace has spans of client, router, executor and collector",
        f"spans of {', '.join(sorted(services))}",
    )
    scored = {span.attributes.get("hedgerow.model") for span in spans} - {None}
    everyone = {model.name for model in session.examples.models}
    stage.check(
        len(scored & everyone) >= 3,
        f"{len(scored & everyone)} models took part, a process each",
        f"spans of {sorted(map(str, scored))}",
    )
