"""`hedgerow score`."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hedgerow.cli.conftest import Run
from tests.hedgerow.fakes.router import FakeRouter
from tests.hedgerow.fakes.terminal import in_a_terminal

CSV = "alcohol\n" + "13.2\n" * 5
JSONL = '{"alcohol": 13.2}\n' * 5


@pytest.fixture(autouse=True)
def _by_environment(router: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDGEROW_ROUTER", router)


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Records in a file."""
    file = tmp_path / "records.csv"
    file.write_text(CSV)
    return file


def test_csv_gives_csv(run: Run, records: Path) -> None:
    done = run("score", "wine", str(records))
    assert done.out.splitlines()[0] == "value,confidence,model,version,reason,agreed"
    rows = list(csv.DictReader(done.out.splitlines()))
    assert len(rows) == 5
    assert rows[4] == {
        "value": "red",
        "confidence": "0.75",
        "model": "wine-tree",
        "version": "2",
        "reason": "consensus",
        "agreed": "wine-net wine-tree",
    }
    late = "wine-boosting was late in 5 of 5 records; smaller batches (--batch-size), or a longer"
    assert done.err == f"note: {late} deadline?\n"


def test_models_that_no_host_serves_are_told(
    run: Run, records: Path, fake_router: FakeRouter
) -> None:
    fake_router.without_host = {"wine-net", "wine-boosting"}
    told = run("score", "wine", str(records)).err
    assert "1 of 3 models serve; not wine-net, wine-boosting." in told
    assert "hedgerow state wine" in told


def test_json_lines_give_json_lines(run: Run) -> None:
    done = run("score", "wine", "-", input=JSONL)
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert len(answers) == 5
    assert answers[0] == {
        "value": "red",
        "confidence": 0.75,
        "model": "wine-tree",
        "version": 2,
        "reason": "consensus",
        "agreed": ["wine-net", "wine-tree"],
    }


@pytest.mark.parametrize("how", [("--json",), ("--format", "jsonl")])
def test_the_form_of_the_answers_may_be_chosen(
    run: Run, records: Path, how: tuple[str, ...]
) -> None:
    lines = run("score", "wine", str(records), *how).out.splitlines()
    assert json.loads(lines[0])["value"] == "red"
    to_csv = run("score", "wine", "-", "--format", "csv", input=JSONL).out
    assert to_csv.startswith("value,")


def test_explain_adds_what_each_model_said(run: Run, records: Path) -> None:
    rows = list(csv.DictReader(run("score", "wine", str(records), "--explain").out.splitlines()))
    assert (
        rows[0]["said"] == "wine-net@1: red (0.75); wine-tree@2: red (0.75); wine-boosting@3: late"
    )

    line = run("score", "wine", str(records), "--explain", "--json").out.splitlines()[0]
    models = json.loads(line)["models"]
    assert [model["state"] for model in models] == ["answered", "answered", "late"]
    assert (models[0]["value"], models[0]["confidence"], models[0]["elapsed_ms"]) == (
        "red",
        0.75,
        2,
    )


def test_columns_that_are_no_features_may_be_kept(run: Run) -> None:
    records = 'id,alcohol\n007,13.2\n"a\nb",12\n'
    out = run("score", "wine", "-", "--keep", "id", input=records).out
    rows = list(csv.DictReader(out.splitlines(keepends=True)))
    assert [row["id"] for row in rows] == ["007", "a\nb"]

    as_json = run("score", "wine", "-", "--keep", "id", input='{"id": [7], "alcohol": 1.5}').out
    assert json.loads(as_json)["id"] == [7]

    assert "no column 'id'" in run("score", "wine", "-", "--keep", "id", input=CSV).error


def test_a_column_may_be_the_key_and_is_no_feature_then(run: Run, fake_router: FakeRouter) -> None:
    records = "customer,alcohol\n007,13.2\n,12\nc-1,11\n"
    out = run("score", "wine", "-", "--key", "customer", "--batch-size", "2", input=records).out
    assert "customer" not in out
    batches = [request.batch for request in fake_router.requests]
    assert [list(batch.keys) for batch in batches] == [["007", ""], ["c-1"]]
    assert {name for batch in batches for block in batch.blocks for name in block.names} == {
        "alcohol"
    }
    kept = run(
        "score", "wine", "-", "--key", "id", "--keep", "id", input='{"id": 7, "alcohol": 1}\n'
    )
    assert json.loads(kept.out)["id"] == 7
    assert list(fake_router.requests[-1].batch.keys) == ["7"]
    assert "no column 'id'" in run("score", "wine", "-", "--key", "id", input=CSV).error
    long = run("score", "wine", "-", "--key", "id", input=f"id,alcohol\na,1\n{'k' * 1025},2\n")
    assert "line 3: the key has 1025 bytes; it may have 1024" in long.error


def test_many_records_go_in_batches_and_keep_their_order(run: Run, fake_router: FakeRouter) -> None:
    fake_router.in_pairs = True
    records = "id,alcohol\n" + "".join(f"{i},{i}\n" for i in range(2000))
    done = run("score", "wine", "-", "--keep", "id", "--batch-size", "7", input=records)
    assert [row["id"] for row in csv.DictReader(done.out.splitlines())] == [
        str(i) for i in range(2000)
    ]


def test_a_pipe_is_answered_while_it_is_open() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "hedgerow.cli", "score", "wine", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    for _ in range(3):
        process.stdin.write('{"alcohol": 13.2}\n')
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["value"] == "red"
    process.stdin.close()
    process.stdout.read()
    process.stdout.close()
    assert process.wait(30) == 0


def test_records_are_counted_in_a_terminal_where_the_answers_are_not(
    records: Path, tmp_path: Path
) -> None:
    answers = tmp_path / "answers.csv"
    score = f"{sys.executable} -m hedgerow.cli score wine {records} > {answers}"
    assert "5 records" in in_a_terminal("sh", "-c", score)
    assert len(answers.read_text().splitlines()) == 6


@pytest.mark.parametrize("line", ["", "nan"])
def test_a_bad_record_among_many_is_named_by_its_line(run: Run, line: str) -> None:
    records = "alcohol,n\n" + "".join(f"{line if i == 611 else 13.2},\n" for i in range(1000))
    records = records.replace(",n", "").replace(",\n", "\n") if line else records
    done = run("score", "wine", "-", "--keep", "n" if not line else "", input=records)
    assert done.code == 1
    assert done.error == "line 613: wine-tree@1: feature 'alcohol' is missing"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("alcohol\n13.2,5\n", "line 2 has 2 values for 1 columns"),
        ("alcohol,alcohol\n1,2\n", "line 1: the first line must name each column"),
        ("13.2,5\n12.1,6\n", "line 1 has numbers where the names"),
        ('alcohol\n13.2\n"open\n', "line 3: a double quote is opened and never closed"),
        ('alcohol\n13.2\n"a"b"c"\n', "line 3 is not CSV"),
        ('{"alcohol": 13.2}\n\n{"alcohol"\n', "line 3 is not JSON"),
        ('{"alcohol": 13.2}\n[1]\n', "line 2 is no JSON object"),
        ("alcohol\nhello\n", "line 2: wine-tree@1: feature 'alcohol' is missing"),
        ("colour\n13\n", "line 2: wine-tree@1: feature 'colour' is unknown; leave it out"),
        ('{"alcohol": {"a": 1}}\n', "line 1: feature 'alcohol' has a value of type dict"),
        ("alcohol\n", "there are no records"),
        ("", "there are no records"),
    ],
)
def test_records_that_cannot_be_read_are_told(run: Run, text: str, said: str) -> None:
    done = run("score", "wine", "-", input=text)
    assert done.code == 1
    assert said in done.error


def test_text_that_is_not_utf_8_is_told(run: Run) -> None:
    done = run("score", "wine", "-", input=b"alcohol\n\xff\xfe\n")
    assert done.error == "line 2 is not UTF-8; convert the file"


def test_answers_before_a_bad_record_are_written(run: Run) -> None:
    done = run("score", "wine", "-", "--batch-size", "2", input=CSV + "x,y\n")
    assert "line 7 has 2 values" in done.err
    assert done.out == ""  # one read: nothing was sent before all of it was understood

    done = run("score", "wine", "-", "--batch-size", "2", input=CSV + "hello\n")
    assert "line 7: " in done.error
    assert len(done.out.splitlines()) == 5


def test_what_cannot_be_scored_is_told(
    run: Run, records: Path, tmp_path: Path, nobody: str
) -> None:
    assert "no data type 'beer'; there are: wine" in run("score", "beer", str(records)).error

    missing = run("score", "wine", str(tmp_path / "no.csv"))
    assert (missing.code, "cannot read" in missing.error) == (1, True)
    assert "- for stdin" in missing.error
    assert "cannot read" in run("score", "wine", str(tmp_path)).error

    assert "no duration" in run("score", "wine", str(records), "--deadline", "soon").error

    long = run("score", "wine", str(records), "--deadline", "2h")
    assert long.error == "a deadline of 2h cannot be; give more than 0, at most 1h"
    empty = run("score", "wine", str(records), "--policy", "")
    assert empty.error.startswith("policy: there is no rule")

    no_policy = run("score", "wine", str(records), "--policy", "consensus: {quorum: most}")
    assert "policy.consensus.quorum: 'most' is not allowed" in no_policy.error
    no_file = run("score", "wine", str(records), "--strategy", "@" + str(tmp_path / "no.yaml"))
    assert "cannot read" in no_file.error
    misfit = run("score", "wine", str(records), "--policy", "consensus: {quorum: 4}")
    assert misfit.error.strip() == "policy.consensus.quorum: 4 of 3 votes can never agree"

    down = run("score", "wine", str(records), "--router", nobody)
    assert f"nothing answers at {nobody}" in down.error

    late = run("score", "late", str(records))
    assert late.error.startswith("lines 2-6: no model answered in time")


def test_policy_and_strategy_stand_in_place_of_the_plans(
    run: Run, records: Path, tmp_path: Path, fake_router: FakeRouter
) -> None:
    strategy = tmp_path / "strategy.yaml"
    strategy.write_text("parallelism: 1\nreplica_hedge: p95\n")
    policy = "quality: {by: confidence, good_enough: 0.9}"
    run("score", "wine", str(records), "--policy", policy, "--strategy", f"@{strategy}")
    request = fake_router.requests[0]
    assert request.policy.rule.quality.good_enough == 0.9
    assert request.strategy.parallelism == 1
    assert request.strategy.replica_hedge.quantile == 0.95


def test_an_empty_strategy_is_one(run: Run, records: Path, fake_router: FakeRouter) -> None:
    run("score", "wine", str(records), "--strategy", "{}")
    run("score", "wine", str(records))
    assert [request.HasField("strategy") for request in fake_router.requests] == [True, False]


def test_json_that_is_not_a_record_a_line_is_refused_with_what_to_do(run: Run) -> None:
    pretty = run("score", "wine", "-", input='{\n  "alcohol": 13.2\n}\n')
    assert "line 1 is not JSON" in pretty.error
    assert "jq -c ." in pretty.error
    array = run("score", "wine", "-", input='[{"alcohol": 13.2}]\n')
    assert array.error == "this is a JSON array; write a record a line, as `jq -c '.[]'` does"
    deep = run("score", "wine", "-", input='{"a": ' + "[" * 100_000 + "\n")
    assert "nested too deeply" in deep.error
