"""A service's config.yml is the whole list of its settings."""

import re
from pathlib import Path

import pytest
import yaml
from kit import config
from kit.config import Settings

SERVICES = sorted(Path(__file__).parents[2].glob("services/*/config.yml"))


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.parent.name)
def test_every_setting_stands_in_config_yml(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_PUBLIC_KEYS", "none")
    listed = config.read(path)
    settings: type[Settings] = config.named(path, "settings")
    # The gateway keeps no database, hears by its own relay and has its probes among its routes.
    kept = set(settings.model_fields) - (set() if "service" in listed else set(Settings.model_fields))
    assert kept - listed.keys() == set()


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.parent.name)
def test_every_setting_says_what_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_PUBLIC_KEYS", "none")
    settings: type[Settings] = config.named(path, "settings")
    undescribed = [name for name, field in settings.model_fields.items() if not field.description]
    assert undescribed == []


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.parent.name)
def test_every_setting_is_one_variable(path: Path) -> None:
    values = yaml.safe_load(path.read_text()).values()
    variable = re.compile(r"[^$]*|\$\{[A-Z0-9_]+(:[^${}\n]*)?\}")
    assert [value for value in values if isinstance(value, str) and not variable.fullmatch(value)] == []
