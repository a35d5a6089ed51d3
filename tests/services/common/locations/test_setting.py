"""The folders that are allowed, as a setting."""

from __future__ import annotations

import pytest

from hedgerow.locations.location import listed
from services.common.settings import load
from services.executor.settings import ExecutorSettings
from services.registry.settings import RegistrySettings


def test_folders_are_separated_by_commas_and_none_is_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load(RegistrySettings).locations == ()
    assert load(ExecutorSettings).locations == ()
    monkeypatch.setenv("HEDGEROW_REGISTRY_LOCATIONS", "s3://models, file:///srv/models/")
    assert listed(load(RegistrySettings).locations) == "s3://models/, file:///srv/models/"
    assert load(ExecutorSettings).locations == ()


@pytest.mark.parametrize(
    "said", ["/srv/models", "s3://", "https://user:hunter2@models.example.org/"]
)
def test_what_is_no_folder_ends_the_process_and_names_the_variable(
    said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEDGEROW_EXECUTOR_LOCATIONS", said)
    with pytest.raises(SystemExit):
        load(ExecutorSettings)
    printed = capsys.readouterr().err
    assert printed.startswith("HEDGEROW_EXECUTOR_LOCATIONS=")
    assert "hunter2" not in printed
