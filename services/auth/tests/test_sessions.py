"""A session is carried on by refresh tokens, each good for one use, until it ends."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from auth.models import RefreshToken, UserSession
from kit import clock
from kit.caller import ANONYMOUS, Caller
from kit.errors import NotFound, Refusal, Unauthenticated
from kit.event import new_id
from kit.testing import said

Refused = Callable[..., Refusal]
Later = Callable[[float], None]
DAY = 86400


def renewed(house: Any, token: str) -> str:
    return str(house.auth().refresh(refresh_token=token)["refresh_token"])


def test_a_refresh_gives_a_new_pair_of_the_same_session(house: Any) -> None:
    house.person("mei")
    caller, token = house.signed_in("mei")
    granted = house.auth().refresh(refresh_token=token, address="192.0.2.9")
    assert house.claims(granted)["sid"] == caller.session_id
    assert granted["refresh_token"] != token
    assert granted["user"]["id"] == caller.user_id


def test_a_refresh_carries_the_rights_of_now(house: Any) -> None:
    root, mei = house.person("root", "staff", "administrator"), house.person("mei")
    _, token = house.signed_in("mei")
    house.auth(root).update_user(user_id=mei.user_id, changes={"permissions": ["news:publish"]})
    assert house.claims(house.auth().refresh(refresh_token=token))["perms"] == ["news:publish"]


@pytest.mark.parametrize("token", ["", "unknown", "\x00", "\ud800", "x" * 100_000])
def test_an_unknown_token_is_refused_and_ends_nothing(house: Any, refused: Refused, token: str) -> None:
    house.person("mei")
    house.signed_in("mei")
    refusal = refused(house.auth().refresh, refresh_token=token)
    assert isinstance(refusal, Unauthenticated)
    assert refusal.code == "invalid_refresh_token"
    assert house.ends() == []


def test_a_reused_token_ends_the_session_for_both(house: Any, refused: Refused) -> None:
    house.person("mei")
    caller, first = house.signed_in("mei")
    third = renewed(house, renewed(house, first))
    assert refused(house.auth().refresh, refresh_token=first).code == "refresh_token_reused"
    assert house.ends() == [(caller.session_id, "token_reused")]
    # The end is committed, and nothing brings the session back.
    assert refused(house.auth().refresh, refresh_token=third).code == "invalid_refresh_token"
    assert refused(house.auth().refresh, refresh_token=first).code == "invalid_refresh_token"
    assert len(house.ends()) == 1


def test_a_reused_token_ends_no_other_session_of_the_person(house: Any, refused: Refused) -> None:
    house.person("mei")
    _, first = house.signed_in("mei")
    _, elsewhere = house.signed_in("mei")
    renewed(house, renewed(house, first))
    refused(house.auth().refresh, refresh_token=first)
    assert renewed(house, elsewhere)


def test_a_lost_answer_does_not_log_a_person_out(house: Any) -> None:
    house.person("mei")
    _, first = house.signed_in("mei")
    renewed(house, first)
    again = renewed(house, first)
    assert renewed(house, renewed(house, again))
    assert house.ends() == []


def test_an_answer_that_was_only_late_is_good_too(house: Any) -> None:
    house.person("mei")
    _, first = house.signed_in("mei")
    late = renewed(house, first)
    renewed(house, first)
    assert renewed(house, late)


def test_a_repeat_after_the_grace_is_reuse(house: Any, refused: Refused, later: Later) -> None:
    house.person("mei")
    _, first = house.signed_in("mei")
    renewed(house, first)
    later(9)
    renewed(house, first)
    # The grace is counted from the first use, so repeating does not prolong it.
    later(2)
    assert refused(house.auth().refresh, refresh_token=first).code == "refresh_token_reused"


def test_a_repeat_after_the_successor_was_used_is_reuse(house: Any, refused: Refused) -> None:
    house.person("mei")
    _, first = house.signed_in("mei")
    renewed(house, renewed(house, first))
    assert refused(house.auth().refresh, refresh_token=first).code == "refresh_token_reused"


def test_of_two_successors_only_one_may_be_used(house: Any, refused: Refused) -> None:
    """A thief who repeats within the grace gets a token, and the first of the two uses ends it."""
    house.person("mei")
    caller, first = house.signed_in("mei")
    one, other = renewed(house, first), renewed(house, first)
    renewed(house, one)
    assert refused(house.auth().refresh, refresh_token=other).code == "refresh_token_reused"
    assert house.ends() == [(caller.session_id, "token_reused")]


def test_without_a_grace_every_repeat_is_reuse(house: Any, refused: Refused, later: Later) -> None:
    house.person("mei")
    _, first = house.signed_in("mei")
    renewed(house, first)
    later(0.001)
    again = house.auth(REFRESH_GRACE_SECONDS=0).refresh
    assert refused(again, refresh_token=first).code == "refresh_token_reused"


@pytest.mark.parametrize(("remember", "idle"), [(False, 12 * 3600), (True, 60 * DAY)])
def test_a_session_ends_when_idle_and_its_use_prolongs_it(
    house: Any, refused: Refused, later: Later, remember: bool, idle: int
) -> None:
    house.person("mei")
    caller, token = house.signed_in("mei", remember=remember)
    later(idle - 5)
    token = renewed(house, token)
    later(idle - 5)
    house.auth().tidy()
    token = renewed(house, token)
    later(idle + 5)
    assert refused(house.auth().refresh, refresh_token=token).code == "invalid_refresh_token"
    assert house.ends() == []
    house.auth().tidy()
    house.auth().tidy()
    assert house.ends() == [(caller.session_id, "expired")]


def test_logout_ends_this_session_only_and_once(house: Any, refused: Refused) -> None:
    house.person("mei")
    caller, token = house.signed_in("mei")
    _, elsewhere = house.signed_in("mei")
    house.auth(caller).logout()
    house.auth(caller).logout()
    assert [e for e in said(house.db) if e[0] == "auth.session_ended"] == [
        (
            "auth.session_ended",
            {"session_id": caller.session_id, "user_id": caller.user_id, "reason": "logout"},
            [f"user:{caller.user_id}"],
        )
    ]
    assert refused(house.auth().refresh, refresh_token=token).code == "invalid_refresh_token"
    assert renewed(house, elsewhere)


def listed(house: Any, caller: Caller, **page: Any) -> list[tuple[str, bool]]:
    return [(s["id"], s["current"]) for s in house.auth(caller).my_sessions(**page)["items"]]


def test_people_see_their_open_sessions_the_last_used_first(house: Any, later: Later) -> None:
    house.person("mei")
    house.person("tom")
    house.signed_in("tom")
    phone, token = house.signed_in("mei", user_agent="Phone/1.0", remember=True)
    later(60)
    desk, _ = house.signed_in("mei")
    gone, _ = house.signed_in("mei")
    house.auth(gone).logout()
    later(60)
    house.auth().refresh(refresh_token=token, address="2001:db8::7")
    assert listed(house, desk) == [(phone.session_id, False), (desk.session_id, True)]
    shown = house.auth(desk).my_sessions()["items"][0]
    assert (shown["user_agent"], shown["address"], shown["remembered"]) == ("Phone/1.0", "2001:db8::7", True)
    made, used, ends = (clock.parse(shown[name]) for name in ("created_at", "last_used_at", "expires_at"))
    assert (used - made).total_seconds() == pytest.approx(120, abs=30)
    assert (ends - used).days == 60
    first = house.auth(desk).my_sessions(limit=1)
    assert listed(house, desk, cursor=first["next_cursor"]) == [(desk.session_id, True)]
    later(13 * 3600)
    assert listed(house, phone) == [(phone.session_id, True)]


def test_one_session_is_ended_from_another(house: Any, refused: Refused) -> None:
    house.person("mei")
    desk, _ = house.signed_in("mei")
    phone, token = house.signed_in("mei")
    house.auth(desk).end_session(session_id=phone.session_id)
    assert house.ends() == [(phone.session_id, "logout")]
    assert refused(house.auth().refresh, refresh_token=token).code == "invalid_refresh_token"
    assert listed(house, desk) == [(desk.session_id, True)]


def test_what_is_not_ones_open_session_is_not_found(house: Any, refused: Refused) -> None:
    house.person("mei")
    house.person("tom")
    mine, _ = house.signed_in("mei")
    ended, _ = house.signed_in("mei")
    house.auth(ended).logout()
    others, _ = house.signed_in("tom")
    for session_id in (others.session_id, ended.session_id, new_id(), "x", "\x00"):
        refusal = refused(house.auth(mine).end_session, session_id=session_id)
        assert isinstance(refusal, NotFound)
        assert refusal.code == "session_not_found"
    assert len(house.ends()) == 1


def test_all_other_sessions_are_ended_at_once(house: Any) -> None:
    house.person("mei")
    house.person("tom")
    house.signed_in("tom")
    here, token = house.signed_in("mei")
    away = [house.signed_in("mei")[0].session_id for _ in range(3)]
    house.auth(here).end_other_sessions()
    assert sorted(house.ends()) == sorted((session, "logout") for session in away)
    assert renewed(house, token)


def test_nobody_logs_another_out(house: Any, refused: Refused) -> None:
    house.person("mei")
    tom = house.person("tom")
    caller, token = house.signed_in("mei")
    house.auth(type(caller)(user_id=tom.user_id, session_id=caller.session_id)).logout()
    house.auth(tom).logout()
    assert renewed(house, token)
    assert refused(house.auth(ANONYMOUS).logout).code == "not_signed_in"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"password": "another password"}, "password_changed"), ({"active": False}, "deactivated")],
)
def test_an_administrator_ends_all_sessions_of_a_person(
    house: Any, refused: Refused, changes: dict[str, Any], reason: str
) -> None:
    root = house.person("root", "staff", "administrator")
    house.person("mei")
    (one, token), (two, _) = house.signed_in("mei"), house.signed_in("mei")
    house.auth(root).update_user(user_id=one.user_id, changes=changes)
    assert sorted(house.ends()) == sorted([(one.session_id, reason), (two.session_id, reason)])
    assert refused(house.auth().refresh, refresh_token=token).code == "invalid_refresh_token"


def test_an_administrator_sees_and_ends_one_session_of_a_person(house: Any, refused: Refused) -> None:
    root = house.person("root", "staff", "administrator")
    house.person("mei")
    house.person("tom")
    mine, token = house.signed_in("mei")
    tom, _ = house.signed_in("tom")
    found = house.auth(root).sessions_of(user_id=mine.user_id)["items"]
    assert [(session["id"], session["current"]) for session in found] == [(mine.session_id, False)]
    one = {"user_id": mine.user_id, "session_id": mine.session_id}
    for call, asked in (("sessions_of", {"user_id": mine.user_id}), ("end_session_of", one)):
        assert refused(getattr(house.auth(tom), call), **asked).code == "permission_required"
        assert refused(getattr(house.auth(ANONYMOUS), call), **asked).code == "not_signed_in"
    assert refused(house.auth(root).sessions_of, user_id=new_id()).code == "user_not_found"
    for other in ({"session_id": tom.session_id}, {"user_id": "x"}, {"session_id": "x"}):
        assert refused(house.auth(root).end_session_of, **{**one, **other}).code == "session_not_found"
    house.auth(root).end_session_of(**one)
    assert house.ends() == [(mine.session_id, "logout")]
    assert refused(house.auth().refresh, refresh_token=token).code == "invalid_refresh_token"


def test_a_gateway_that_starts_is_told_which_sessions_ended(
    house: Any, refused: Refused, later: Later
) -> None:
    house.person("mei")
    one, _ = house.signed_in("mei")
    house.auth(one).logout()
    later(3600)
    since = clock.rfc3339(clock.now())
    two, _ = house.signed_in("mei")
    later(1)
    house.auth(two).logout()
    (session,) = house.auth().ended_sessions(since=since)["sessions"]
    assert (session["session_id"], session["user_id"]) == (two.session_id, two.user_id)
    assert len(house.auth().ended_sessions(since="2020-01-01T00:00:00Z")["sessions"]) == 2
    assert refused(house.auth().ended_sessions, since="yesterday").code == "invalid_time"


def test_old_rows_go_and_the_next_token_stays(house: Any, later: Later) -> None:
    house.person("mei")
    gone, _ = house.signed_in("mei")
    house.auth(gone).logout()
    caller, first = house.signed_in("mei", remember=True)
    renewed(house, first)
    kept = renewed(house, first)
    last = renewed(house, kept)
    later(31 * DAY)
    house.auth().tidy()
    with house.db() as tx:
        assert tx.scalars(sa.select(UserSession.id)).all() == [caller.session_id]
    assert house.count(RefreshToken) == 1
    assert renewed(house, last)


def test_a_token_used_twice_at_once_keeps_one_session_with_one_line(real_house: Any) -> None:
    """Two tabs wake at the same moment: both go on, and whichever token is used next is the only one."""
    real_house.person("mei")
    caller, token = real_house.signed_in("mei")
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda _: renewed(real_house, token), range(8)))
    assert len(set(tokens)) == 8
    assert real_house.ends() == []

    def use(token: str) -> str:
        try:
            return renewed(real_house, token)
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(use, tokens))
    assert len([a for a in answers if a not in ("refresh_token_reused", "invalid_refresh_token")]) == 1
    assert answers.count("refresh_token_reused") == 1
    assert real_house.ends() == [(caller.session_id, "token_reused")]


def test_no_session_outlives_a_deactivation_that_came_at_the_same_time(real_house: Any) -> None:
    root = real_house.person("root", "staff", "administrator")
    mei = real_house.person("mei")

    def sign_in(_: int) -> None:
        with suppress(Refusal):
            real_house.login("mei")

    with ThreadPoolExecutor(8) as pool:
        logins = [pool.submit(sign_in, n) for n in range(12)]
        real_house.auth(root).update_user(user_id=mei.user_id, changes={"active": False})
        for login in logins:
            login.result()
    with real_house.db() as tx:
        open_ones = sa.select(UserSession).where(
            UserSession.user_id == mei.user_id, UserSession.ended_at.is_(None)
        )
        assert tx.scalars(open_ones).all() == []
