"""Who is erased leaves an id, and nothing by which anybody could be known."""

from typing import Any

import pytest
from auth.models import User, UserSession
from kit.caller import ANONYMOUS, Caller
from kit.errors import Refusal
from kit.testing import said


def kept(house: Any, who: Caller, of: Caller) -> list[dict[str, Any]]:
    """All pages of what auth keeps of a person."""
    items, cursor = [], None
    while True:
        page = house.auth(who).kept(user_id=of.id, cursor=cursor)
        items += page["items"]
        if not (cursor := page["next_cursor"]):
            return items


def test_what_is_kept_is_told_to_oneself_and_to_administrators_alone(house: Any) -> None:
    root = house.person("root", "staff", "administrator")
    mei, tom = house.person("mei"), house.person("tom")
    house.login("mei", user_agent="Firefox")
    for who in (mei, root):
        told = kept(house, who, mei)
        assert [item["kind"] for item in told] == ["account", "session"]
        assert (told[0]["row"]["username"], told[1]["row"]["user_agent"]) == ("mei", "Firefox")
        assert "argon2" not in str(told)
    for who, code in ((tom, "permission_required"), (ANONYMOUS, "not_signed_in")):
        with pytest.raises(Refusal) as refused:
            kept(house, who, mei)
        assert refused.value.code == code
    for cursor in ("x", "WyJlbHNld2hlcmUiLCIwIl0"):
        with pytest.raises(Refusal, match="cursor"):
            house.auth(mei).kept(user_id=mei.id, cursor=cursor)


def test_erased_nobody_can_sign_in_or_be_found(house: Any, refused: Any) -> None:
    root = house.person("root", "staff", "administrator")
    mei = house.person("mei", "staff", "reports:sales")
    house.login("mei", user_agent="Firefox")
    house.auth(root).erase_user(user_id=mei.id)
    told = kept(house, root, mei)
    assert [word for word in ("mei", "firefox", "192.0.2.7") if word in str(told).lower()] == []
    assert (told[0]["row"]["permissions"], told[0]["row"]["active"]) == ([], False)
    assert told[1]["row"]["end_reason"] == "deactivated"
    assert refused(house.login, "mei").code == "invalid_credentials"
    erased = [(data, audience) for type, data, audience in said(house.db) if type == "auth.user_erased"]
    assert erased == [({"user_id": mei.id, "by": root.id}, [])]
    # The name is free again, and its new holder is somebody else.
    assert house.person("mei").id != mei.id


def test_who_may_not_erases_nobody(house: Any, refused: Any) -> None:
    root = house.person("root", "staff", "administrator")
    mei, tom = house.person("mei"), house.person("tom")
    before = house.count(User), house.count(UserSession), len(said(house.db))
    for who, whom, code in (
        (tom, mei.id, "permission_required"),
        (mei, mei.id, "permission_required"),
        (ANONYMOUS, mei.id, "not_signed_in"),
        (root, root.id, "own_administration"),
        (root, "nobody", "user_not_found"),
        (root, "00000000-0000-0000-0000-000000000000", "user_not_found"),
    ):
        assert refused(house.auth(who).erase_user, user_id=whom).code == code
    assert (house.count(User), house.count(UserSession), len(said(house.db))) == before
    assert house.login("mei")
