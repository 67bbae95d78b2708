"""Settings are typed, complete and known, or the process says which one is not."""

from pathlib import Path

import pytest
from kit import config

GOOD = "AMQP_URI: ${A_BROKER:amqp://nowhere}\nMAX_WORKERS: ${WORKERS:7}\n"


def loaded(folder: Path, text: str) -> config.Settings:
    path = folder / "config.yml"
    path.write_text(text)
    return config.load(path, config.Settings)


def test_a_variable_has_its_value_or_its_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded(tmp_path, GOOD).MAX_WORKERS == 7
    monkeypatch.setenv("WORKERS", "9")
    settings = loaded(tmp_path, GOOD)
    assert (settings.MAX_WORKERS, settings.AMQP_URI) == (9, "amqp://nowhere")


def test_a_value_may_come_from_a_file_and_the_variable_itself_goes_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "broker"
    secret.write_text("amqp://bchat:secret@broker//\n")
    monkeypatch.setenv("A_BROKER_FILE", str(secret))
    assert loaded(tmp_path, GOOD).AMQP_URI == "amqp://bchat:secret@broker//"
    monkeypatch.setenv("A_BROKER", "amqp://named")
    assert loaded(tmp_path, GOOD).AMQP_URI == "amqp://named"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_BROKER_FILE", str(tmp_path / "absent"))
    with pytest.raises(config.ConfigError, match=r"A_BROKER_FILE.*absent"):
        loaded(tmp_path, GOOD)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("AMQP_URI: ${NOT_SET_ANYWHERE}\n", "NOT_SET_ANYWHERE"),
        (GOOD + "MAX_WORKRES: 3\n", "MAX_WORKRES"),
        (GOOD + "PROBE_PORT: high\n", "PROBE_PORT"),
        (GOOD + "DATABASE_POOL: 0\n", "DATABASE_POOL"),
        ("MAX_WORKERS: 7\n", "AMQP_URI"),
        ("just words\n", "not a mapping"),
        ("{", "config.yml"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(config.ConfigError, match=said):
        loaded(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match=r"absent\.yml"):
        config.load(tmp_path / "absent.yml", config.Settings)
