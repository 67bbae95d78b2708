"""What is written down is what is so."""

from pathlib import Path

import sqlalchemy as sa
from chat import errors, events, service
from chat.settings import ChatSettings
from kit import config, contract
from kit.config import Settings
from kit.service import heard_by
from kit.testing import check_models

HERE = Path(__file__).parent.parent
README = (HERE / "README.md").read_text()


def test_models_and_migrations_agree(kit_config: Path, engine: sa.Engine) -> None:
    check_models(kit_config, engine)


def test_contracts_are_those_of_the_code() -> None:
    assert contract.differences(events, HERE / "contract") == []


def test_every_event_is_heard_and_every_one_is_documented() -> None:
    assert set(heard_by(service.ChatService)) == set(contract.heard_in(events))
    for event in (*contract.said_in(events), *contract.heard_in(events)):
        assert f"`{event.event_type}`" in README


def test_every_setting_and_code_is_documented() -> None:
    for name in ChatSettings.model_fields.keys() - Settings.model_fields.keys():
        assert f"`{name}`" in README
    for refusal in (
        errors.group_not_found(),
        errors.not_a_member(),
        errors.group_ended(),
        errors.unknown_reply_to(),
        errors.may_not_mention_everyone(),
        errors.entry_not_found(),
        errors.not_a_message(),
        errors.not_the_sender(),
        errors.not_the_owner(),
        errors.too_late(),
        errors.message_deleted(),
        errors.attachment_not_found(),
        errors.too_many_unsent(1),
        errors.drawing_busy(),
        errors.groups_unavailable(1),
    ):
        assert f"`{refusal.code}`" in README


def test_config_lists_every_setting(kit_config: Path) -> None:
    assert ChatSettings.model_fields.keys() - {"LOG_LEVEL"} <= config.read(kit_config).keys()
