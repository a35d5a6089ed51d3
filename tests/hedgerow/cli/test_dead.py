"""`hedgerow dead`."""

from __future__ import annotations

import json
import re
import sys

import pytest

from tests.hedgerow.cli.conftest import Run
from tests.hedgerow.fakes.streams import FakeStreams, letters
from tests.hedgerow.fakes.terminal import in_a_terminal

COMMAND = [sys.executable, "-m", "hedgerow.cli", "dead"]


@pytest.fixture(autouse=True)
def _by_environment(
    streamer: str, fake_streams: FakeStreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEDGEROW_ROUTER", streamer)
    fake_streams.letters = letters()


def test_dead_letters_are_listed_with_the_cause(run: Run) -> None:
    rows = [
        re.split(r" {2,}", line.strip()) for line in run("dead", "list", "wine").out.splitlines()
    ]
    assert rows[0] == ["ID", "WHEN", "TRIES", "CAUSE", "MESSAGE"]
    assert [row[0] for row in rows[1:]] == ["a", "b", "1764500000000-0"]
    assert rows[2][2:] == ["5", "tries", "tried 5 times; its hosts died"]
    assert [one["id"] for one in json.loads(run("dead", "list", "wine", "b", "--json").out)] == [
        "b"
    ]
    shown = in_a_terminal(*COMMAND, "list", "wine").splitlines()
    assert max(map(len, shown)) <= 80
    assert "wine-tree@1: feature" in shown[1]


def test_a_long_list_is_cut_and_that_is_told(run: Run, fake_streams: FakeStreams) -> None:
    done = run("dead", "list", "wine", "--limit", "2")
    assert len(done.out.splitlines()) == 3
    assert done.err == "note: these are the oldest 2 of 3; --limit 0 lists all\n"
    assert run("dead", "list", "wine", "--limit", "3").err == ""
    assert len(run("dead", "list", "wine", "--limit", "0").out.splitlines()) == 4
    fake_streams.letters = []
    assert run("dead", "list", "wine").out == "there are no dead letters of wine\n"


def test_a_dead_letter_is_shown_with_its_record(run: Run) -> None:
    lines = [
        " ".join(line.split()) for line in run("dead", "show", "wine", "a", "b").out.splitlines()
    ]
    assert lines[0] == "a of wine: invalid"
    assert "because wine-tree@1: feature 'alcohol' is 'much', which is no number" in lines
    assert "key k" in lines
    assert "alcohol much" in lines
    assert "b of wine/3: tries" in lines
    assert "alcohol 1.5" in lines
    entry = run("dead", "show", "wine", "1764500000000-0").out
    assert "\\xff\\x00x" in entry
    told = json.loads(run("dead", "show", "wine", "a", "--json").out)
    assert told[0]["fields"] == {"alcohol": "much", "colour": "red"}


def test_dead_letters_are_replayed_and_dropped(run: Run, fake_streams: FakeStreams) -> None:
    assert run("dead", "replay", "wine", "a").out == "1 dead letter of wine is back in the stream\n"
    assert fake_streams.ids == ["a"]
    assert run("dead", "drop", "wine", "b").out == "1 dead letter of wine is gone\n"
    assert json.loads(run("dead", "replay", "wine", "--all", "--json").out) == {"replayed": 1}
    assert json.loads(run("dead", "drop", "wine", "--all", "--yes", "--json").out) == {"dropped": 0}


def test_nothing_is_replayed_or_dropped_by_mistake(run: Run, fake_streams: FakeStreams) -> None:
    for what in ("replay", "drop"):
        neither, both = run("dead", what, "wine"), run("dead", what, "wine", "a", "--all")
        assert (neither.code, "give the ids of records, or --all" in neither.error) == (2, True)
        assert (both.code, "or --all, not both" in both.error) == (2, True)
        missing = run("dead", what, "wine", "a", "c")
        assert (missing.code, missing.error) == (1, "no dead letter of wine has the id 'c'")
        unknown = run("dead", what, "beer", "a")
        assert (unknown.code, unknown.error) == (1, "no data type 'beer'; there are: wine")
    alone = run("dead", "drop", "wine", "--all")
    assert (alone.code, "nobody is here to be asked; add --yes" in alone.error) == (2, True)
    assert run("dead", "show", "wine", "c").error == "no dead letter of wine has the id 'c'"
    assert run("dead", "show", "wine").code == 2
    assert len(fake_streams.letters) == 3


def test_a_person_is_asked_before_all_are_dropped(fake_streams: FakeStreams) -> None:
    command = [*COMMAND, "drop", "wine", "--all"]
    refused = in_a_terminal(*command, typed="n\n", code=130)
    assert "drop 3 dead letters of wine for good? [y/N]" in refused
    assert len(fake_streams.letters) == 3
    assert "3 dead letters of wine are gone" in in_a_terminal(*command, typed="y\n")
    assert fake_streams.letters == []
