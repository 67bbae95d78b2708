"""People change their password by the one they have."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from auth.passwords import Passwords
from kit.errors import Invalid, Refusal, TooMany

Refused = Callable[..., Refusal]
NEW = "a better horse battery"


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(house: Any, refused: Refused) -> None:
    house.person("mei")
    here, token = house.signed_in("mei")
    away, _ = house.signed_in("mei")
    house.auth(here).change_password(old=house.password, new=NEW)
    assert house.ends() == [(away.session_id, "password_changed")]
    assert house.auth().refresh(refresh_token=token)
    assert refused(house.login, "mei").code == "invalid_credentials"
    assert house.login("mei", NEW)


def test_the_same_idempotency_key_changes_it_once_and_counts_as_no_guess(
    house: Any, refused: Refused
) -> None:
    house.person("mei")
    here, _ = house.signed_in("mei")
    change = house.auth(replace(here, idempotency_key="k"), LOGIN_PAIR_LIMIT=1).change_password
    for _ in range(3):
        change(old=house.password, new=NEW)
    assert house.login("mei", NEW)


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ("not the password", NEW, "wrong_password", "old"),
        ("", NEW, "wrong_password", "old"),
        ("correct horse battery", "short", "invalid_password", "new"),
        ("correct horse battery", "mei.lin.2026", "invalid_password", "new"),
    ],
)
def test_a_wrong_change_of_password_is_refused_and_changes_nothing(
    house: Any, refused: Refused, old: str, new: str, code: str, field: str
) -> None:
    house.person("mei.lin.2026")
    here, _ = house.signed_in("mei.lin.2026")
    house.signed_in("mei.lin.2026")
    refusal = refused(house.auth(here).change_password, old=old, new=new)
    assert isinstance(refusal, Invalid)
    assert (refusal.code, [error["loc"] for error in refusal.errors or []]) == (code, [[field]])
    assert house.ends() == []
    assert house.login("mei.lin.2026")


def test_guessing_at_an_open_door_is_throttled_like_a_login_before_any_hashing(
    house: Any, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.person("mei")
    here, _ = house.signed_in("mei")
    change = house.auth(here, LOGIN_PAIR_LIMIT=3).change_password
    for _ in range(2):
        assert refused(change, old="a guess", new=NEW).code == "wrong_password"
    change(old=house.password, new=NEW)
    for _ in range(3):
        assert refused(change, old="a guess", new=NEW).code == "wrong_password"
    monkeypatch.setattr(Passwords, "check", lambda *_: pytest.fail("hashed"))
    assert isinstance(refused(change, old=NEW, new=house.password), TooMany)


def test_who_may_no_longer_sign_in_changes_no_password(house: Any, refused: Refused) -> None:
    root = house.person("root", "staff", "administrator")
    house.person("mei")
    here, _ = house.signed_in("mei")
    house.auth(root).update_user(user_id=here.id, changes={"active": False})
    assert refused(house.auth(here).change_password, old=house.password, new=NEW).code == "session_ended"
