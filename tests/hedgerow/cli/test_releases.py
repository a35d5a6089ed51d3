"""`hedgerow models`, from a push to its deletion, with a registry as it is."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from hedgerow.v1 import models_pb2
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from hedgerow.v1.state_pb2 import GetStateResponse
from tests.hedgerow.cli.conftest import Cli
from tests.hedgerow.fakes.state import TellingRouter
from tests.hedgerow.real_registry import RealRegistry


def hosts(data_type: str, *states: tuple[int, str, str]) -> GetStateResponse:
    """A mesh's state: versions of `tree`, the states of their hosts, their failures, and their memory."""
    state = GetStateResponse()
    state.plans.add(data_type=data_type)
    executor = state.others.add(service="executor")
    for version, name, failure in states:
        host = state.hosts.add(state=f"HOST_STATE_{name}", failure=failure, executor="e:1")
        descriptor = ModelDescriptor(data_type=data_type, name="tree")
        host.model.CopyFrom(ModelVersion(descriptor=descriptor, version=version))
        host.address = f"h:{version}"
        executor.hosts.add(address=host.address, memory_bytes=41_000_000)
    return state


def test_aliases_move_back_and_forth_and_their_history_is_told(cli: Cli) -> None:
    cli.push(1)
    cli.push(2)
    assert "say which version of tree" in cli("models", "promote", "T/tree", "champion").error
    first = cli("models", "promote", "T/tree@1", "champion")
    assert first.out == "tree@champion is tree@1\n"
    assert first.err.startswith("note: the plan of ")
    cli.plan("tree@champion")
    moved = cli("models", "promote", "tree@2", "champion", "--data-type", cli.data_type)
    assert (moved.out, moved.err) == ("tree@champion is tree@2 (it was tree@1)\n", "")
    assert cli.json("models", "show", "T/tree@champion")["plan_uses"] == ["tree@champion"]
    cli("models", "promote", "T/tree@champion", "challenger")

    back = cli("models", "rollback", "T/tree", "champion")
    assert back.out == "tree@champion is tree@1 again (it was tree@2)\n"
    still = cli("models", "promote", "T/tree@1", "champion")
    assert still.out == "tree@champion is tree@1 already\n"
    assert "nothing to go back to" in cli("models", "rollback", "T/tree", "champion").error
    assert "follows tree@champion" in cli("models", "unalias", "T/tree", "champion").error
    gone = cli("models", "unalias", "T/tree", "challenger")
    again = f"`hedgerow models promote {cli.data_type}/tree@2 challenger` sets it again"
    assert gone.out == f"tree@challenger is no more; it was tree@2 ({again})\n"

    listed = cli("models", "aliases", cli.data_type).out.splitlines()
    assert len(listed) == 2
    assert listed[1].split()[:2] == [f"{cli.data_type}/tree@champion", "@1"]
    assert [line.split()[-1] for line in cli("models", "aliases").out.splitlines()].count("BY") == 1
    history = cli("models", "aliases", cli.data_type, "--history").out
    assert [line.split()[1] for line in history.splitlines()[1:]] == ["@2", "-", "@1", "@2", "@1"]
    assert history.splitlines()[2].rstrip().endswith("removed")
    assert history.splitlines()[-1].rstrip().endswith("rollback")
    (told,) = cli.json("models", "aliases", cli.data_type)
    assert [change["rollback"] for change in told["history"]] == [False, False, True]


def test_a_version_is_retired_and_deleted_and_its_record_stays(cli: Cli) -> None:
    for number in (1, 2, 3):
        cli.push(number)
    cli("models", "promote", "T/tree@1", "champion")
    assert "tree@champion points to it" in cli("models", "retire", "T/tree@1").error
    assert "is needed: the plan" in cli("models", "delete", "T/tree@3").error
    assert "say which version, as in 'tree@3'" in cli("models", "delete", "T/tree").error

    retired = cli("models", "retire", "T/tree@1", "--force").out
    assert retired.startswith(
        "tree@1 is retired and never serves again (tree@champion is removed); `hedgerow models pull"
    )
    assert cli("models", "retire", "T/tree@1").code == 0
    assert "tree@1 is retired and never serves" in cli("models", "promote", "T/tree@1", "c").error
    deleted = cli("models", "delete", "T/tree@2").out
    assert re.match(r"tree@2 is deleted: \d+ B are free, and its record stays; push its", deleted)
    assert "is deleted already" in cli("models", "delete", "T/tree@2").error
    assert "is deleted: its bytes" in cli("models", "pull", "T/tree@2").error
    assert cli("models", "retire", "T/tree@2").out.startswith(
        "tree@2 is deleted, and its record stays;"
    )

    listed = cli("models", "list", cli.data_type)
    assert [line.split()[:2] for line in listed.out.splitlines()[1:]] == [
        [f"{cli.data_type}/tree@3", "pushed"]
    ]
    assert listed.err == (
        "note: 2 versions are retired or deleted and not listed; --all lists them too\n"
    )
    everything = cli.json("models", "list", cli.data_type, "--all")
    assert [one["state"] for one in everything] == ["retired", "deleted", "pushed"]
    assert everything[1]["pushed_by"]["name"]
    assert "bytes         deleted" in cli("models", "show", "T/tree@2").out


def test_what_hosts_tell_now_is_newer_than_what_was_reported(
    cli: Cli, real: RealRegistry, told: TellingRouter
) -> None:
    for number in (1, 2, 3):
        cli.push(number)
    real.report(cli.data_type, ("tree", 1), models_pb2.VERSION_STATE_LIVE)
    real.report(cli.data_type, ("tree", 2), models_pb2.VERSION_STATE_QUARANTINED, reason="it dies")
    listed = cli("models", "list", cli.data_type)
    assert [line.split()[1] for line in listed.out.splitlines()[1:]] == [
        "live",
        "quarantined",
        "pushed",
    ]
    assert listed.err == f"note: {cli.data_type}/tree@2: it dies\n"
    told.states = [
        hosts(cli.data_type, (1, "LOADING", ""), (2, "FAILED", "it dies"), (3, "FAILED", "no"))
    ]
    states = [one["state"] for one in cli.json("models", "list", cli.data_type)]
    assert states == ["loading", "quarantined", "failed"]
    shown = cli("models", "show", "T/tree@3").out.splitlines()
    assert shown[0] == f"{cli.data_type}/tree@3 is failed"
    assert shown[-1].split() == ["e:1", "failed", "41", "MB", "no"]
    (*_, since, memory, _, _, _) = cli("models", "show", "T/tree@2").out.splitlines()[-1].split()
    assert (len(since), memory) == (8, "41")  # its host has no process, so the log tells since when

    assert "cannot serve: it dies" in cli("models", "promote", "T/tree@2", "champion").error
    assert cli("models", "retry", "T/tree@2").out.startswith("tree@2 is tried again; ")
    assert "has not failed anywhere" in cli("models", "retry", "T/tree@2").error


def test_everything_that_is_remembered_of_a_version_is_shown(cli: Cli) -> None:
    cli.push(1)
    said = ("--metric", "accuracy=0.9@held-out", "--lower-metric", "rmse=0.3", "--tag", "run=1")
    assert cli.push(2, *said, "--parent", "T/tree@1", "--description", "a tree").out == "tree@2\n"
    tagged = cli("models", "tag", "T/tree@2", "commit=9fceb02", "--remove", "run")
    assert tagged.out == "tree@2: commit=9fceb02\n"
    assert cli.json("models", "tag", "T/tree@2", "a=1")["tags"] == {"a": "1", "commit": "9fceb02"}
    assert "say what to set" in cli("models", "tag", "T/tree@2").error
    assert "'run' is no tag" in cli("models", "tag", "T/tree@2", "run").error

    shown = [" ".join(line.split()) for line in cli("models", "show", "T/tree").out.splitlines()]
    assert "description a tree" in shown
    assert "made from tree@1" in shown
    assert "tags a=1, commit=9fceb02" in shown
    assert "in the plan tree, the default plan" in shown
    assert any(line.startswith("format constant, ") for line in shown)
    assert "accuracy 0.9 higher held-out" in shown
    assert "rmse 0.3 lower" in shown
    (pushed,) = (line for line in shown if line.startswith("pushed 20"))
    assert unquote(pushed).endswith(" by Ada Løvelace")
    assert cli.json("models", "show", "T/tree@2")["parent"] == "tree@1"


def test_bytes_of_before_say_what_serves_and_what_is_to_be_typed(cli: Cli) -> None:
    for number in (1, 2):
        cli.push(number)
    typed = (
        f"`hedgerow plan show {cli.data_type} | sed 's/name: tree$/name: tree@1/' |"
        " hedgerow plan apply - --wait`"
    )
    assert cli.push(1).out == (
        "tree@1 was there already; tree@2 is newer, and the plan points to it; to serve tree@1:"
        f" {typed}\n"
    )
    shown = cli("plan", "show", cli.data_type).out.replace("name: tree\n", "name: tree@1\n")
    assert cli("plan", "apply", "-", input=shown).code == 0
    assert cli.push(1).out.endswith("is newer, but the plan points to tree@1\n")

    cli("models", "promote", "T/tree@2", "champion")
    cli.plan("tree@champion")
    promoting = f"`hedgerow models promote {cli.data_type}/tree@1 champion --wait`"
    assert cli.push(1).out.endswith(f"points to it; to serve tree@1: {promoting}\n")
    waited = cli.push(1, "--wait")
    assert waited.code == 1
    assert waited.err.splitlines()[-1].startswith("error: no executor loads tree@1: it is not the")


def test_waiting_tells_how_it_goes(cli: Cli, told: TellingRouter) -> None:
    told.states = [
        hosts(cli.data_type, (1, "LOADING", "")),
        hosts(cli.data_type, (1, "SERVING", "")),
    ]
    done = cli.push(1, "--wait")
    assert done.err == (
        "tree@1: serving on 0 of 1 executor, loading on 1\ntree@1: serving on 1 of 1 executor\n"
    )
    told.states = [hosts(cli.data_type, (2, "FAILED", "no such layer"))]
    cli.push(2)
    refused = cli("models", "promote", "T/tree@2", "champion", "--wait")
    assert refused.code == 1
    assert refused.err.endswith("error: tree@2 cannot serve: failed on 1 (no such layer)\n")
    late = cli.plan("tree@1", "--wait", "--wait-seconds", "0")
    assert late.err.splitlines()[-1].startswith("error: waited 0 s in vain: tree@1 has no host")
    assert "goes with --wait" in cli.plan("tree", "--executors", "2").error


def test_a_file_is_put_where_it_is_fetched_from_and_pushed_by_its_location(
    cli: Cli, real: RealRegistry
) -> None:
    pushed = cli.push(1, "--upload", f"file://{real.shelf}/")
    assert pushed.out == "tree@1\n", pushed
    said = cli.json("models", "show", "T/tree@1")
    assert said["location"] == f"file://{real.shelf}/{said['sha256']}.json"
    assert f"bytes         file://{real.shelf}/" in cli("models", "show", "T/tree@1").out
    by_location = ("--name", "T/tree", "--type", "constant", "--location", said["location"])
    again = cli("models", "push", *by_location, "--sha256", said["sha256"])
    assert again.out == "tree@1 was there already\n"
    assert "sha256" in cli("models", "push", *by_location, "--sha256", "0" * 64).error
    elsewhere = cli("models", "push", *by_location[:-1], "file:///etc/passwd", "--sha256", "0" * 64)
    assert "file:///etc/passwd" in elsewhere.error
    assert "sha256" in cli.push(1, "--sha256", "0" * 64).error
    assert cli.push(1, "--upload", "nowhere").code == 1


def test_records_to_verify_it_by_are_pushed_along(cli: Cli, tmp_path: Path) -> None:
    records = tmp_path / "known.csv"
    records.write_text(f"{cli.data_type},expected\n1,1\n2,1\n")
    assert cli.push(1, "--verify", str(records)).out == "tree@1\n"
    assert "verified by   2 records pushed with it" in cli("models", "show", "T/tree@1").out
    within = ("--verify", str(records), "--tolerance", "1%")
    assert cli.push(1, *within).out == "tree@2\n", "what must be reproduced is another thing"
    for wrong in (("--tolerance", "1%"), (*within[:3], "much"), (*within[:3], "200%")):
        assert "--tolerance" in cli.push(3, *wrong).error
    records.write_text("a\n1\n")
    assert str(records) in cli.push(3, "--verify", str(records)).error


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (("models", "show", "tree"), "say of which data type tree is, here or before a slash"),
        (("models", "show", "beer/tree", "--data-type", "wine"), "another data type than 'wine'"),
        (("models", "push", "--name", "wine/tree"), "give the file of a model, or --location"),
        (
            ("models", "push", "--name", "wine/tree", "--location", "s3://a/b.pmml"),
            "--location needs the hash of what is there",
        ),
        (
            ("models", "push", "--name", "wine/t", "--location", "s3://a/b", "--upload", "s3://a/"),
            "goes with a file",
        ),
        (("models", "show", "T/tree@0"), "after '@' comes a version"),
        (("models", "show", "a b/tree"), "'a b' cannot name a data type"),
        (("models", "promote", "T/tree@1", "3"), "'3' cannot be an alias"),
        (("models", "rollback", "T/tree", ""), "'' cannot be an alias"),
        (("models", "unalias", "T/tree", "é"), "'é' cannot be an alias"),
        (("models", "rollback", "T/tree@1", "champion"), "a model is meant, and no version"),
        (("models", "retire", "T/tree@champion"), "say which version, as in 'tree@3'"),
        (("registry", "restore"), "give the file of a backup, or --from-executor"),
        (("plan", "apply", "-", "--dry-run", "--wait"), "changes nothing that could be waited for"),
        (("plan", "show", "wine", "--revision", "4294967296"), "less than or equal to 4294967295"),
        (("plan", "rollback", "wine", "4294967296"), "less than or equal to 4294967295"),
        (("plan", "apply", "-", "--expect", "4294967296"), "less than or equal to 4294967295"),
        (("plan", "diff", "wine", "1", "4294967296"), "'4294967296' is no revision"),
        (("plan", "diff", "wine", "99999999999"), "'99999999999' is no revision"),
        (("plan", "diff", "wine", "plan.yaml", "3"), "is compared with the plan in force alone"),
    ],
)
def test_what_is_asked_wrongly_is_told(cli: Cli, command: tuple[str, ...], problem: str) -> None:
    done = cli(*command)
    assert (done.code, problem in done.error) == (2, True), done


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (("models", "show", "T/tree@4"), "no version 'tree@4'; there are: tree@1"),
        (("models", "show", "T/tree@champion"), "no alias 'champion'"),
        (("models", "show", "T/bush"), "no model 'bush'; there are: tree"),
        (("models", "unalias", "T/tree", "champion"), "no alias 'champion'"),
        (("models", "tag", "T/tree@1", "a b=1"), "'a b' cannot be the key of a tag"),
        (("models", "retry", "T/tree@1"), "tree@1 has not failed anywhere"),
        (("models", "aliases", "nothing"), "no data type 'nothing'"),
    ],
)
def test_what_is_not_there_or_not_possible_is_told(
    cli: Cli, command: tuple[str, ...], problem: str
) -> None:
    cli.push(1)
    done = cli(*command)
    assert (done.code, problem in done.error) == (1, True), done


def test_a_terminal_that_is_narrow_has_the_columns_that_matter(cli: Cli) -> None:
    cli.push(1, "--metric", "accuracy=0.9", "--description", "a description " * 20)
    wide = cli("models", "list", cli.data_type).out
    assert wide.rstrip().endswith("a description a description")
    narrow = cli("models", "list", cli.data_type, env={"FORCE_COLOR": "1", "COLUMNS": "80"}).out
    head = narrow.splitlines()[0]
    assert "STATE" in head
    assert "METRICS" in head
    assert max(map(len, narrow.splitlines()[1:])) <= 80
