"""What holds for the service as a whole: its tables, its contracts, what is written down, its command."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from kit import config, contract
from kit.caller import Caller
from kit.db import Transactions
from kit.event import new_id
from kit.testing import check_models, hear_event, required
from reports import errors, events
from reports.acquire.canonical import VIEWS
from reports.analyse import money, period, scope
from reports.models import Member, Person
from reports.settings import ReportsSettings


def test_models_and_migrations_agree(kit_config: Path, engine: sa.Engine) -> None:
    check_models(kit_config, engine)


def test_contracts_are_what_is_said(kit_config: Path) -> None:
    assert contract.differences(events, kit_config.parent / "contract") == []


def test_the_readme_names_every_refusal_and_event_and_config_every_setting(kit_config: Path) -> None:
    readme = (kit_config.parent / "README.md").read_text()
    sources = [Path(str(module.__file__)).read_text() for module in (errors, period, scope, money)]
    codes = re.findall(
        r'(?:Invalid|NotFound|Forbidden|Conflict|TooMany|wrong)\(\s*"([a-z_]+)",', "".join(sources)
    )
    types = [event.event_type for event in (*contract.said_in(events), *contract.heard_in(events))]
    assert [name for name in (*codes, *types) if f"`{name}`" not in readme] == []
    assert len(set(codes)) > 12
    assert [name for name in ReportsSettings.__annotations__ if name not in config.read(kit_config)] == []


def test_the_page_on_connecting_an_erp_names_every_view_column_and_word(kit_config: Path) -> None:
    page = (kit_config.parents[2] / "docs" / "connect-an-erp.md").read_text()
    for view in VIEWS.values():
        [row] = re.findall(
            rf"^\| {view.name} \|.*$|{view.name} \([^)]*\)[^|;]*(?:\([^)]*\)[^|;]*)*", page, re.MULTILINE
        )[:1]
        for column in view.columns:
            assert f"{column.name}{'!' if column.required else ''}" in row, (view.name, column.name)
            assert [word for word in column.words if word not in row] == []
    kinds = {path.name for path in (kit_config.parent / "sources").iterdir()}
    assert {kind for kind in kinds if kind not in page} == set()


def test_sources_that_cannot_be_used_end_the_service_at_its_start(kit_config: Path, tmp_path: Path) -> None:
    file = tmp_path / "sources.yml"
    file.write_text("house: {kind: generic, title: The house, uri: x, schedule: whenever}")
    kit = Path(sys.executable).with_name("kit")
    env = {**os.environ, "AMQP_URI": required("TEST_AMQP_URI"), "SOURCES_FILE": str(file)}
    ended = subprocess.run(
        [kit, "serve"],
        cwd=kit_config.parent,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "SOURCES_FILE" in ended.stderr.splitlines()[-1]
    assert "source house" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


def test_the_copy_of_memberships_can_be_made_anew(house: Any, real_db: Transactions, seller: Caller) -> None:
    group_id, here, gone = new_id(), new_id(), new_id()
    service = house.service(seller)
    service.member_joined(
        hear_event(events.MemberJoined, group_id=group_id, user_id=gone, role="staff", version=3)
    )
    house.groups.put(group_id, here, "owner", version=5)
    house.groups.put(group_id, gone, None, version=5)
    kept = service.memberships()["items"]
    assert kept == [{"group_id": group_id, "user_id": gone, "version": 3}]
    for version in (5, 4):
        house.groups.put(group_id, here, "owner" if version == 5 else "staff", version=version)
        told = [house.groups.membership(group_id=group_id, user_id=user) for user in (here, gone)]
        service.keep_memberships(items=told)
    with real_db() as tx:
        found = {row.user_id: row.role for row in tx.scalars(sa.select(Member))}
    assert found == {here: "owner", gone: None}
    person = {"id": gone, "kind": "staff", "permissions": ["reports:sales"], "active": False, "version": 2}
    service.keep_people(items=[{**person, "display_name": "Gone"}])
    with real_db() as tx:
        assert tx.get_one(Person, gone).permissions == ["reports:sales"]
