"""The contract only grows: what would break those who speak it is refused."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, on a copy of the contract."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    monkeypatch.setenv("PATH", path)
    monkeypatch.syspath_prepend(ROOT / "scripts")
    spec = importlib.util.spec_from_file_location("protos", ROOT / "scripts" / "protos.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    shutil.copytree(ROOT / "protos", tmp_path / "protos")
    monkeypatch.setattr(module, "PROTOS", tmp_path / "protos")
    return module


def change(script: ModuleType, said: str, now: str) -> None:
    path = script.PROTOS / "hedgerow" / "v1" / "registry.proto"
    before = path.read_text()
    assert said in before
    path.write_text(before.replace(said, now))


@pytest.mark.parametrize(
    ("said", "now", "refused"),
    [
        ("uint32 page_size = 2", "uint64 page_size = 2", 'changed type from "uint32" to "uint64"'),
        ("uint32 page_size = 2", "uint32 size = 2", 'changed name from "page_size" to "size"'),
        ("  // `next_page_token` of the page before. Empty: the first page.\n  string page_token = 3;\n",
         "", 'Previously present field "3" with name "page_token"'),
        ("rpc GetPlan(", "rpc ReadPlan(", 'Previously present RPC "GetPlan"'),
    ],
)  # fmt: skip
def test_what_was_there_stays_as_it_is(
    script: ModuleType, said: str, now: str, refused: str
) -> None:
    change(script, said, now)

    with pytest.raises(SystemExit) as refusal:
        script.refuse_breaking()

    assert refused in str(refusal.value)
    assert "add a field, a message or an RPC beside it" in str(refusal.value)


def test_what_is_new_is_allowed_and_kept_from_then_on(script: ModuleType, tmp_path: Path) -> None:
    change(
        script,
        "  string page_token = 3;\n",
        "  string page_token = 3;\n  // Text in their names.\n  string filter = 4;\n",
    )

    script.refuse_breaking()
    fresh = script.compiled(tmp_path)

    assert fresh.read_bytes() != (script.PROTOS / script.CONTRACT).read_bytes()
    shutil.copyfile(fresh, script.PROTOS / script.CONTRACT)
    change(script, "  // Text in their names.\n  string filter = 4;\n", "")
    with pytest.raises(SystemExit, match='field "4" with name "filter"'):
        script.refuse_breaking()
