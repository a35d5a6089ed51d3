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
    ("advertise", "address", "host"),
    [
        ("", "127.0.0.1:99", "127.0.0.1"),
        ("10.1.2.3", "10.1.2.3:99", "10.1.2.3"),
        ("10.1.2.3:8400", "10.1.2.3:8400", "10.1.2.3"),
        ("fd00::1", "[fd00::1]:99", "fd00::1"),
        ("router-0.routers", "router-0.routers:99", "router-0.routers"),
    ],
)
def test_a_service_is_reached_where_it_says_or_where_it_listens(
    advertise: str, address: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEDGEROW_ROUTER_ADVERTISE", advertise)
    settings = load(RouterSettings)
    assert settings.address(99) == address
    assert settings.advertised_host == host


def test_who_listens_everywhere_must_say_where_it_is_reached(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEDGEROW_ROUTER_HOST", "0.0.0.0")
    with pytest.raises(SystemExit):
        load(RouterSettings)
    assert "HEDGEROW_ROUTER_ADVERTISE=''" in capsys.readouterr().err
    monkeypatch.setenv("HEDGEROW_ROUTER_ADVERTISE", "10.1.2.3")
    assert load(RouterSettings).address(8400) == "10.1.2.3:8400"


def test_the_password_of_the_log_is_shared_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEDGEROW_LOG_PASSWORD", "s3cret")
    settings = load(RouterSettings)
    assert settings.log_password.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "redi://me:s3cret@log",
        "redis://:s3cret@log:port/0",
        "redis://:s3/cret@log/0",
        "log:6379",
        "redis+cluster://:s3cret@log/1",
        "redis+sentinel://log?sentinel_password=s3cret",
    ],
)
def test_a_wrong_url_of_the_log_is_refused_without_its_password(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEDGEROW_ROUTER_LOG_URL", url)
    with pytest.raises(SystemExit):
        load(RouterSettings)
    said = capsys.readouterr().err
    assert "HEDGEROW_ROUTER_LOG_URL=" in said
    assert "cret" not in said


@pytest.mark.parametrize(
    ("variable", "value", "advice"),
    [
        (
            "MODEL_TYPES",
            "constant,PMML",
            "no such format is installed: PMML; there are: constant, pmml",
        ),
        ("MODEL_TYPES", "", "name model types separated by commas"),
        ("HOST_PORTS", "8410", "as in 8410-8473"),
        ("HOST_PORTS", "8410-8400", "as in 8410-8473"),
        ("HOST_PORTS", "65000-66000", "as in 8410-8473"),
        ("HOST_MEMORY_BYTES", "512Mi", "valid integer"),
    ],
)
def test_what_an_executor_cannot_do_is_refused(
    variable: str,
    value: str,
    advice: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(f"HEDGEROW_EXECUTOR_{variable}", value)
    with pytest.raises(SystemExit):
        load(ExecutorSettings)
    said = capsys.readouterr().err
    assert said.startswith(f"HEDGEROW_EXECUTOR_{variable}={value!r}: ")
    assert advice in said


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
