"""The compiled classes are those of the sources beside them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("classes", ROOT / "scripts" / "java_classes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_classes_are_what_the_compiler_makes_of_their_sources(
    script: ModuleType, tmp_path: Path
) -> None:
    if not script.has_compiler():
        pytest.skip(f"there is no javac {script.VERSION}")
    script.compile_into(tmp_path)

    assert script.classes(script.SOURCES) == script.classes(tmp_path / script.SOURCES.name)


def test_every_source_has_its_class(script: ModuleType) -> None:
    sources = {file.stem for file in script.SOURCES.glob("*.java")}

    assert sources <= {Path(name).stem for name in script.classes(script.SOURCES)}
