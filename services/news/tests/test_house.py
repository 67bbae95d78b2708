"""What holds for the service as a whole: its tables, its contracts, its words."""

import re
from pathlib import Path

import sqlalchemy as sa
from kit import config, contract
from kit.service import heard_by
from kit.testing import check_models
from news import errors, events
from news.service import NewsService
from news.settings import NewsSettings


def test_models_and_migrations_agree(kit_config: Path, engine: sa.Engine) -> None:
    check_models(kit_config, engine)


def test_contracts_are_what_is_said(kit_config: Path) -> None:
    assert contract.differences(events, kit_config.parent / "contract") == []
    assert set(heard_by(NewsService)) == set(contract.heard_in(events))


def test_the_readme_names_every_refusal_event_and_setting_and_config_every_setting(kit_config: Path) -> None:
    readme = (kit_config.parent / "README.md").read_text()
    codes = re.findall(r'[a-zA-Z]\(\s*"([a-z_]+)"', Path(errors.__file__).read_text())
    types = [event.event_type for event in (*contract.said_in(events), *contract.heard_in(events))]
    own = NewsSettings.__annotations__
    assert [name for name in (*codes, *types, *own) if f"`{name}`" not in readme] == []
    assert len(codes) > 10
    assert [name for name in own if name not in config.read(kit_config)] == []
