"""`hedgerow plan`: revisions are applied, compared and put back, with a registry as it is."""

from __future__ import annotations

from pathlib import Path

from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1 import models_pb2
from hedgerow.v1.state_pb2 import GetStateResponse
from tests.hedgerow.cli.conftest import PLAN, Cli
from tests.hedgerow.fakes.state import TellingRouter
from tests.hedgerow.real_registry import RealRegistry


def test_a_plan_is_tried_applied_compared_and_put_back(
    cli: Cli, real: RealRegistry, tmp_path: Path
) -> None:
    for number in (1, 2):
        cli.push(number)
        real.report(cli.data_type, ("tree", number), models_pb2.VERSION_STATE_LIVE)
    assert cli("plan", "history", cli.data_type).out.startswith("nobody applied a plan of ")
    tried = cli.plan("tree@1", "--dry-run").out
    assert tried == (
        f"{cli.data_type}: plan revision 1 would be in force; nothing was changed\n"
        "  to load: tree@1\n"
    )
    assert "has no revision before the one in force" in cli("plan", "diff", cli.data_type).error
    assert cli.plan("tree@1", "--expect", "0").out.endswith("in force\n  to load: tree@1\n")
    assert "revision 1 of the plan" in cli.plan("tree@2", "--expect", "0").error
    assert cli.plan("tree@2", "--expect", "1").out.endswith("in force\n  to end: tree@1\n")

    difference = cli("plan", "diff", cli.data_type).out.splitlines()
    assert difference[:2] == ["--- revision 1", "+++ revision 2"]
    assert [line for line in difference[2:] if line[0] in "+-"] == [
        "-- name: tree@1",
        "+- name: tree@2",
    ]
    assert cli("plan", "diff", cli.data_type, "1").out.splitlines() == difference
    assert cli("plan", "diff", cli.data_type, "2", "2").out == ""
    assert "no revision '7'; there are: 1, 2" in cli("plan", "diff", cli.data_type, "7").error
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN.format(cli.data_type, "tree"))
    told = cli.json("plan", "diff", cli.data_type, str(file))
    assert (told["from"], told["to"], told["diff"][-3]) == (
        "revision 2",
        str(file),
        "+- name: tree",
    )

    assert "and not 1" in cli("plan", "rollback", cli.data_type, "1", "--expect", "1").error
    back = cli("plan", "rollback", cli.data_type).out
    assert back == f"{cli.data_type}: plan revision 3 is in force; it is revision 1 again\n"
    assert "has no revision before 1 to go" in cli("plan", "rollback", cli.data_type).error
    assert cli.json("plan", "rollback", cli.data_type, "2")["restores"] == 2
    rows = [line.split() for line in cli("plan", "history", cli.data_type).out.splitlines()]
    assert [(row[0], row[-2:]) for row in rows[3:]] == [
        ("3", ["1", "tree@1"]),
        ("4", ["2", "tree@2"]),
    ]
    shown = cli("plan", "show", cli.data_type, "--revision", "1").out
    assert plan_from_yaml(shown).models[0].version == 1


def test_a_stream_is_applied_shown_and_compared_and_keeps_its_partitions(
    cli: Cli, tmp_path: Path
) -> None:
    cli.push(1)
    file, silent = tmp_path / "plan.yaml", tmp_path / "silent.yaml"
    silent.write_text(PLAN.format(cli.data_type, "tree@1"))
    file.write_text(
        f"{silent.read_text()}join: keyed\nstream:\n  partitions: 8\n  records: {{length: 10}}\n"
    )
    said = {"partitions": 8, "records": {"length": 10}}
    applied = cli.json("plan", "apply", str(file))
    assert (applied["join"], applied["stream"]) == ("keyed", said)
    shown = cli("plan", "show", cli.data_type).out
    assert shown.endswith("join: keyed\nstream:\n  partitions: 8\n  records:\n    length: 10\n")
    assert "plan revision 1 " in cli("plan", "apply", "-", input=shown).out
    difference = cli("plan", "diff", cli.data_type, str(silent)).out.splitlines()
    assert [line for line in difference[2:] if line[0] in "+-"] == [
        "-join: keyed",
        "-  records:",
        "-    length: 10",
    ]
    assert cli.json("plan", "apply", str(silent))["stream"] == {"partitions": 8}
    assert cli("plan", "diff", cli.data_type, str(silent)).out == ""
    file.write_text(file.read_text().replace("8", "4"))
    assert "has 8, and 4 are fewer" in cli("plan", "apply", str(file)).error


def test_what_does_not_stand_as_asked_is_shown_and_can_be_applied_all_the_same(
    cli: Cli, real: RealRegistry, told: TellingRouter
) -> None:
    for number in (1, 2):
        cli.push(number)
    cli("models", "promote", "T/tree@1", "champion")
    cli.plan("tree@champion")
    real.report(cli.data_type, ("tree", 1), models_pb2.VERSION_STATE_LIVE)
    assert len(shown_remarks(cli)) == 1

    cli("models", "promote", "T/tree@2", "champion")
    real.report(cli.data_type, ("tree", 2), models_pb2.VERSION_STATE_LOADING)
    assert shown_remarks(cli)[1:] == [
        "# tree@champion: @2 does not serve yet (loading); @1 answers until it does"
    ]
    assert plan_from_yaml(cli("plan", "show", cli.data_type).out).models[0].alias == "champion"

    state = GetStateResponse()
    one = state.plan_models.add(data_type=cli.data_type, reference="tree@champion", plan_revision=1)
    one.wanted, one.reason = 2, "its disk is full"
    told.states = [state]
    assert shown_remarks(cli)[1:] == [
        "# tree@champion: @2 does not serve yet (its disk is full); nothing answers"
    ]
    one.plan_revision = 0
    assert shown_remarks(cli)[1] == "# revision 0 answers until all models of this one can"

    told.states = [GetStateResponse()]
    real.give_up(cli.data_type, "tree@champion", 2, "it was not there in time")
    assert shown_remarks(cli)[1:] == [
        "# tree@champion: @2 does not serve (given up: it was not there in time); @1 answers"
    ]
    (standing,) = cli.json("plan", "show", cli.data_type)["standings"]
    assert (standing["wanted"], standing["answering"]) == (2, 1)


def shown_remarks(cli: Cli) -> list[str]:
    """The comments that `plan show` begins with: which revision it is, and what is not as asked."""
    lines = cli("plan", "show", cli.data_type).out.splitlines()
    assert lines[0].startswith("# revision 1: applied 20")
    return [line for line in lines if line.startswith("#")]
