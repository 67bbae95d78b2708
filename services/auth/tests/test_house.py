"""What holds for the service as a whole: its tables, its contracts, its command line, its key."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from auth import admin, errors, events
from auth.models import Membership
from auth.settings import AuthSettings
from auth.tokens import signer
from kit import config, contract
from kit.config import ConfigError
from kit.db import Transactions
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


@pytest.fixture
def command(
    real_db: Transactions,
    kit_config: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Runs `python -m auth.admin` and returns its status and what it printed."""
    monkeypatch.setenv("DATABASE_URI", real_db.engine.url.render_as_string(hide_password=False))
    for name, value in {"ARGON2_MEMORY_KIB": "8", "ARGON2_TIME": "1", "ARGON2_LANES": "1"}.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        status = admin.main(["-c", str(kit_config), *arguments])
        return status, *capsys.readouterr()

    return run


ROOT = ("create-user", "--username", "root", "--kind", "staff", "--permission", "administrator")


def test_the_first_administrator_comes_from_the_command_line(command: Any, real_house: Any) -> None:
    status, printed, _ = command(*ROOT, "--display-name", "The Root", stdin="from standard input\n")
    user = real_house.login("root", "from standard input")["user"]
    assert (status, printed.strip()) == (0, user["id"])
    assert (user["permissions"], user["display_name"]) == (["administrator"], "The Root")
    assert said(real_house.db)[0][0] == "auth.user_created"


def test_the_command_may_be_repeated_if_absent(
    command: Any, real_house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BCHAT_PASSWORD", "from the environment")
    first = command(*ROOT, "--if-absent")
    monkeypatch.setenv("BCHAT_PASSWORD", "another password")
    assert command(*ROOT, "--if-absent") == first
    assert real_house.login("root", "from the environment")
    status, _, problem = command(*ROOT)
    assert status == 1
    assert "username_taken" in problem


def test_the_command_refuses_what_the_service_refuses(command: Any) -> None:
    status, printed, problem = command(*ROOT, stdin="short\n")
    assert (status, printed) == (1, "")
    assert "password" in problem


def test_the_copy_of_memberships_is_rebuilt_from_groups(
    command: Any, real_db: Transactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing, stale, group = new_id(), new_id(), new_id()
    with real_db() as tx:
        tx.add(Membership(user_id=stale, group_id=group, member=True, version=2))

    class Groups:
        """The two answers of groups that a rebuild asks for."""

        def start(self) -> "Groups":
            return self

        def stop(self) -> None: ...

        def call(self, service: str, method: str, **asked: Any) -> Any:
            assert service == "groups"
            row = {"group_id": group, "version": 7}
            if method == "membership":
                return {**row, "user_id": asked["user_id"], "role": None}
            if asked["cursor"]:
                return {"items": [{**row, "user_id": missing}], "next_cursor": None}
            return {"items": [], "next_cursor": "more"}

    monkeypatch.setattr(admin, "RpcClient", lambda *_: Groups())
    assert command("rebuild-memberships")[0] == 0
    with real_db() as tx:
        rows = {row.user_id: (row.member, row.version) for row in tx.scalars(sa.select(Membership))}
    assert rows == {missing: (True, 7), stale: (False, 7)}
