"""Settings come from the environment, and a wrong one is named."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.common.settings import load
from services.executor.settings import ExecutorSettings
from services.router.settings import RouterSettings


def test_data_types_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(ExecutorSettings).data_types == {"*"}
    monkeypatch.setenv("HEDGEROW_EXECUTOR_DATA_TYPES", "wine, iris")
    assert load(ExecutorSettings).data_types == {"wine", "iris"}


def test_durations_are_written_as_in_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEDGEROW_ROUTER_GATHER_AT_MOST", "2ms")
    assert load(RouterSettings).gather_at_most == timedelta(milliseconds=2)


def test_what_is_set_for_all_services_gives_way_to_what_is_set_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEDGEROW_LOG_URL", "redis://all:1/0")
    assert load(RouterSettings).log_url == "redis://all:1/0"
    monkeypatch.setenv("HEDGEROW_ROUTER_LOG_URL", "redis://router:1/0")
    assert load(RouterSettings).log_url == "redis://router:1/0"
    assert load(ExecutorSettings).log_url == "redis://all:1/0"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HEDGEROW_ROUTER_PORT", "http"),
        ("HEDGEROW_ROUTER_GATHER_AT_MOST", "soon"),
        ("HEDGEROW_ROUTER_LOG_LEVEL", "loud"),
        ("HEDGEROW_ROUTER_MAX_IN_FLIGHT", "0"),
    ],
)
def test_a_wrong_value_ends_the_process_with_the_variable_named(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as caught:
        load(RouterSettings)
    assert caught.value.code == 2
    assert f"{variable}={value!r}: " in capsys.readouterr().err
