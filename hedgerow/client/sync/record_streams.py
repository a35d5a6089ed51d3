"""What the synchronous client has for streams of records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from hedgerow.client.batches import Records
from hedgerow.client.record_streams.calls import IN_FLIGHT, RecordStreamCalls
from hedgerow.client.record_streams.outgoing import Outgoing
from hedgerow.client.record_streams.reading import NOW, HandedOut, ScoreReader
from hedgerow.client.record_streams.sending import Sent
from hedgerow.client.sync.background import Front, background, next_of
from hedgerow.client.sync.feed import Ahead, Feed
from hedgerow.client.sync.waited import waited
from hedgerow.data.dead_letters import DeadLetter
from hedgerow.data.stream_scores import StreamScore


class RecordStreamFront(Front):
    """Sends records into streams and reads scores; see RecordStreamCalls, whose words hold here."""

    _core: RecordStreamCalls

    send = waited(RecordStreamCalls.send)
    streams = waited(RecordStreamCalls.streams)
    dead_letter = waited(RecordStreamCalls.dead_letter)
    count_dead_letters = waited(RecordStreamCalls.count_dead_letters)
    replay_dead_letters = waited(RecordStreamCalls.replay_dead_letters)
    drop_dead_letters = waited(RecordStreamCalls.drop_dead_letters)

    def send_stream(
        self,
        data_type: str,
        batches: Iterable[Records | Outgoing],
        *,
        in_flight: int = IN_FLIGHT,
        acknowledged: Callable[[int], None] = lambda records: None,
    ) -> Iterator[Sent[Any]]:
        """Send records or batches as they come, and yield each with its ids, in their order.

        `batches` is read in the thread that reads the results, and at most `in_flight` batches further than
        these. A result that is there is yielded before the next batch is read. `acknowledged` is called in
        the client's own thread.
        """
        feed = Feed()
        results = self._core.send_stream(
            data_type, feed.items(), in_flight=in_flight, acknowledged=acknowledged
        )
        ahead = background.run(Ahead.of(results))
        try:
            waiting = 0
            for batch in batches:
                background.run(feed.put(batch))
                waiting += 1
                while waiting and (waiting >= in_flight or ahead.is_there):
                    if (sent := background.run(ahead.take())) is None:
                        return
                    waiting -= 1
                    yield sent
            background.run(feed.end())
            while (sent := background.run(ahead.take())) is not None:
                yield sent
        finally:
            background.run(ahead.close())

    def scores(
        self,
        data_type: str,
        start: str | datetime = NOW,
        *,
        follow: bool = True,
        positions: Mapping[str, str] | None = None,
    ) -> Scores:
        """Return the scores of a stream, to be read with `for`; see RecordStreamCalls.scores."""
        return Scores(self._core.score_reader(data_type, start, follow, positions))

    def dead_letters(self, data_type: str, ids: str | Iterable[str] = ()) -> Iterator[DeadLetter]:
        """Yield the dead letters of a data type, oldest first; see DeadLetterCalls.dead_letters."""
        letters = self._core.dead_letters(data_type, ids)
        try:
            while (letter := background.run(next_of(letters))) is not None:
                yield letter
        finally:
            background.run(letters.aclose())


class Scores:
    """The scores of a stream, to be read with `for`. Nothing is read before it is asked for."""

    def __init__(self, reader: ScoreReader) -> None:
        self._reader = reader
        self._handed_out = HandedOut(reader)

    @property
    def positions(self) -> dict[str, str]:
        """By partition: the position of the last score that was given, to go on from after a restart."""
        return self._handed_out.positions

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> StreamScore:
        while (score := self._handed_out.next()) is None:
            if (batch := background.run(self._reader.next())) is None:
                raise StopIteration
            self._handed_out.add(batch)
        return score

    def close(self) -> None:
        """End the reading, also where another thread waits for the next score."""
        background.run(self._reader.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
