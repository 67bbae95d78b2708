"""What holds for the service as a whole: its tables, its contracts, its copy, its key."""

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from auth import errors, events
from auth.models import Membership
from auth.settings import AuthSettings
from auth.tokens import signer
from kit import config, contract
from kit.config import ConfigError
from kit.event import new_id
from kit.testing import check_models, said


def test_models_and_migrations_agree(kit_config: Path, engine: sa.Engine) -> None:
    check_models(kit_config, engine)


def test_contracts_are_what_is_said(kit_config: Path) -> None:
    assert contract.differences(events, kit_config.parent / "contract") == []


def test_the_readme_names_every_refusal_and_event_and_config_every_setting(kit_config: Path) -> None:
    readme = (kit_config.parent / "README.md").read_text()
    codes = re.findall(r'[a-zA-Z]\(\s*"([a-z_]+)"', Path(errors.__file__).read_text())
    types = [event.event_type for event in (*contract.said_in(events), *contract.heard_in(events))]
    assert [name for name in (*codes, *types) if f"`{name}`" not in readme] == []
    assert len(codes) > 8
    assert [name for name in AuthSettings.__annotations__ if name not in config.read(kit_config)] == []


@pytest.mark.parametrize("key", ["", "/nowhere", "-----BEGIN nothing"])
def test_a_key_that_can_not_sign_is_named_at_the_start(key: str) -> None:
    with pytest.raises(ConfigError, match="TOKEN_SIGNING_KEY"):
        signer(key)


def test_the_copy_of_memberships_can_be_made_anew(house: Any) -> None:
    missing, stale, newer, group = (new_id() for _ in range(4))
    with house.db() as tx:
        tx.add(Membership(user_id=stale, group_id=group, member=True, version=2))
        tx.add(Membership(user_id=newer, group_id=group, member=True, version=9))
    auth = house.auth()
    kept = {item["user_id"]: item for item in auth.memberships()["items"]}
    assert kept[stale] == {"user_id": stale, "group_id": group, "version": 2}
    first = auth.memberships(limit=1)
    assert [*first["items"], *auth.memberships(limit=1, cursor=first["next_cursor"])["items"]] == [
        kept[user] for user in sorted(kept)
    ]
    told = [(missing, "guest", 7), (stale, None, 2), (newer, None, 8)]
    auth.keep_memberships(
        items=[
            {"user_id": u, "group_id": group, "role": r, "version": v, "name": "A room"} for u, r, v in told
        ]
    )
    with house.db() as tx:
        rows = {row.user_id: (row.member, row.version) for row in tx.scalars(sa.select(Membership))}
    assert rows == {missing: (True, 7), stale: (False, 2), newer: (True, 9)}
    # What a copy repairs did not happen now, and is not told.
    assert said(house.db) == []
