"""What people set of themselves: their name, language and time zone, and what alerts them."""

from collections.abc import Callable
from typing import Any

import pytest
from kit.errors import Refusal
from kit.testing import said

Refused = Callable[..., Refusal]


def test_people_see_their_settings_and_change_what_they_name(house: Any) -> None:
    mei = house.auth(house.person("mei"))
    assert mei.me()["settings"] == {
        "message_alert": True,
        "message_sound": True,
        "new_user_alert": True,
        "quiet_hours": None,
        "push_content": "full",
    }
    quiet = {"start": "22:00", "end": "07:00"}
    mei.update_me(changes={"settings": {"quiet_hours": quiet, "message_sound": False}})
    changed = mei.update_me(
        changes={"locale": "zh-Hant-TW", "timezone": "Asia/Taipei", "settings": {"push_content": "private"}}
    )
    assert changed == mei.me()
    assert changed["settings"]["quiet_hours"] == quiet
    assert (changed["settings"]["message_sound"], changed["settings"]["push_content"]) == (False, "private")
    assert (changed["locale"], changed["timezone"], changed["version"]) == ("zh-Hant-TW", "Asia/Taipei", 3)


def test_a_setting_is_said_to_the_persons_own_devices_only(house: Any) -> None:
    caller = house.person("mei")
    mei, before = house.auth(caller), len(said(house.db))
    changed = mei.update_me(changes={"settings": {"new_user_alert": False}})
    assert said(house.db)[before:] == [("auth.settings_changed", {"user": changed}, [f"user:{caller.id}"])]
    mei.update_me(changes={"settings": {"new_user_alert": False}})
    mei.update_me(changes={})
    assert len(said(house.db)) == before + 1
    mei.update_me(changes={"display_name": "Mei Lin"})
    assert said(house.db)[-1][0] == "auth.user_changed"
    assert len(said(house.db)) == before + 2


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"timezone": "Mars/Olympus"}, ["timezone"]),
        ({"timezone": "../../etc/passwd"}, ["timezone"]),
        ({"timezone": None}, ["timezone"]),
        ({"locale": "not a tag"}, ["locale"]),
        ({"display_name": ""}, ["display_name"]),
        ({"kind": "staff"}, ["kind"]),
        ({"permissions": ["administrator"]}, ["permissions"]),
        ({"settings": None}, ["settings"]),
        ({"settings": {"message_alert": "yes"}}, ["settings", "message_alert"]),
        ({"settings": {"unknown": 1}}, ["settings", "unknown"]),
        (
            {"settings": {"quiet_hours": {"start": "24:00", "end": "07:00"}}},
            ["settings", "quiet_hours", "start"],
        ),
        ({"settings": {"quiet_hours": {"start": "22:00"}}}, ["settings", "quiet_hours", "end"]),
        ({"settings": {"quiet_hours": {"start": "07:00", "end": "07:00"}}}, ["settings", "quiet_hours"]),
        ({"settings": {"push_content": "none"}}, ["settings", "push_content"]),
    ],
)
def test_a_wrong_setting_is_refused_and_changes_nothing(
    house: Any, refused: Refused, changes: dict[str, Any], wrong: list[str]
) -> None:
    mei = house.auth(house.person("mei"))
    before = mei.me()
    refusal = refused(mei.update_me, changes={"display_name": "x", **changes})
    assert (refusal.code, [error["loc"] for error in refusal.errors or []]) == ("invalid_profile", [wrong])
    assert mei.me() == before
