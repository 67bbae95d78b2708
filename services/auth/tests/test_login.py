"""A name and a password become a session; wrong ones become nothing, and not for long."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import Parameters, PasswordHasher, extract_parameters
from auth.models import LoginAttempts, RefreshToken, User, UserSession
from auth.passwords import Passwords
from kit.errors import Refusal, TooMany, Unauthenticated, Unavailable

Refused = Callable[..., Refusal]
Later = Callable[[float], None]


def test_the_right_password_gives_a_token_that_says_who_and_what(house: Any) -> None:
    mei = house.person("mei", "staff", "reports:sales")
    granted = house.login("mei")
    claims = house.claims(granted)
    assert claims["sub"] == mei.user_id
    assert (claims["iss"], claims["kind"], claims["perms"]) == ("bchat", "staff", ["reports:sales"])
    assert claims["exp"] - claims["iat"] == granted["expires_in"] == 600
    assert granted["user"]["username"] == "mei"
    with house.db() as tx:
        assert tx.get(UserSession, claims["sid"]) is not None
        # Only hashes are kept.
        assert granted["refresh_token"].encode() not in tx.scalars(sa.select(RefreshToken.digest)).all()


def test_a_name_is_the_same_in_any_case_and_composition(house: Any) -> None:
    house.person("Zoë")
    assert house.login("ZOE\u0308")["user"]["username"] == "Zoë"


def test_a_password_is_the_same_however_its_letters_are_composed(house: Any) -> None:
    root = house.person("root", "staff", "administrator")
    house.auth(root).create_user(username="ana", password="contraseña larga", kind="staff")
    assert house.login("ana", "contrasen\u0303a larga")


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("mei", "not the password"),
        ("nobody", "correct horse battery"),
        ("mei", ""),
        ("mei", "x" * 100_000),
        ("me\x00i", "correct horse battery"),
        ("x" * 100_000, "correct horse battery"),
        ("\ud800", "correct horse battery"),
        ("", ""),
    ],
)
def test_a_wrong_name_and_a_wrong_password_are_one_answer(
    house: Any, refused: Refused, username: str, password: str
) -> None:
    house.person("mei")
    refusal = refused(house.login, username, password)
    assert isinstance(refusal, Unauthenticated)
    assert (refusal.code, refusal.detail) == ("invalid_credentials", "The username or the password is wrong.")
    assert house.count(UserSession) == 0


def test_a_wrong_name_costs_the_hash_of_a_wrong_password(
    house: Any, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.person("mei")
    costs: list[Parameters] = []
    verify = PasswordHasher.verify

    def noted(hasher: PasswordHasher, hash: str, password: str) -> bool:
        costs.append(extract_parameters(hash))
        return verify(hasher, hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", noted)
    refused(house.login, "mei", "not the password")
    refused(house.login, "nobody", "not the password")
    wrong_password, wrong_name = costs
    assert wrong_name == wrong_password


def test_who_was_deactivated_gets_the_answer_of_a_wrong_password(house: Any, refused: Refused) -> None:
    root, mei = house.person("root", "staff", "administrator"), house.person("mei")
    house.auth(root).update_user(user_id=mei.user_id, changes={"active": False})
    assert refused(house.login, "mei").code == "invalid_credentials"


def test_a_hash_made_at_another_cost_is_made_again(house: Any) -> None:
    mei = house.person("mei")

    def stored() -> str:
        with house.db() as tx:
            return str(tx.get_one(User, mei.user_id).password_hash)

    old = stored()
    house.login("mei")
    assert stored() == old
    house.login("mei", ARGON2_TIME=2)
    assert "t=2" in stored()
    house.login("mei", ARGON2_TIME=2)


def test_the_pair_of_account_and_address_is_throttled_and_forgotten(
    house: Any, refused: Refused, later: Later
) -> None:
    house.person("mei")
    for _ in range(3):
        assert refused(house.login, "mei", "wrong", LOGIN_PAIR_LIMIT=3).code == "invalid_credentials"
    # The right password does not help now, or the limit would tell which one is right.
    refusal = refused(house.login, "mei", LOGIN_PAIR_LIMIT=3)
    assert isinstance(refusal, TooMany)
    assert refusal.code == "too_many_attempts"
    assert refusal.retry_after == pytest.approx(900, abs=30)
    assert house.login("mei", address="198.51.100.1", LOGIN_PAIR_LIMIT=3)
    later(901)
    assert house.login("mei", LOGIN_PAIR_LIMIT=3)


def test_the_account_is_throttled_over_all_addresses(house: Any, refused: Refused) -> None:
    house.person("mei")
    for n in range(3):
        refused(house.login, "MEI", "wrong", address=f"198.51.100.{n}", LOGIN_ACCOUNT_LIMIT=3)
    assert (
        refused(house.login, "mei", address="203.0.113.1", LOGIN_ACCOUNT_LIMIT=3).code == "too_many_attempts"
    )


def test_the_address_is_throttled_over_all_accounts_before_any_hashing(
    house: Any, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.person("mei")
    for n in range(3):
        refused(house.login, f"guess{n}", address="2001:db8::1", LOGIN_ADDRESS_LIMIT=3)
    monkeypatch.setattr(Passwords, "check", lambda *_: pytest.fail("hashed"))
    # Another address of the same /64 is the same line.
    assert (
        refused(house.login, "mei", address="2001:db8::2", LOGIN_ADDRESS_LIMIT=3).code == "too_many_attempts"
    )


def test_a_throttled_address_does_not_lock_the_accounts_it_names(house: Any, refused: Refused) -> None:
    house.person("mei")
    limits = {"LOGIN_ADDRESS_LIMIT": 2, "LOGIN_ACCOUNT_LIMIT": 3}
    for _ in range(10):
        refused(house.login, "mei", "wrong", **limits)
    assert house.login("mei", address="198.51.100.1", **limits)


def test_a_login_takes_back_the_failures_of_its_pair_and_counts_nothing(house: Any, refused: Refused) -> None:
    house.person("mei")
    for _ in range(5):
        for _ in range(2):
            refused(house.login, "mei", "wrong", LOGIN_PAIR_LIMIT=3)
        house.login("mei", LOGIN_PAIR_LIMIT=3)
    for _ in range(20):
        house.login("mei", LOGIN_PAIR_LIMIT=1, LOGIN_ADDRESS_LIMIT=11, LOGIN_ACCOUNT_LIMIT=11)


def test_counts_are_purged_when_their_window_is_over(house: Any, refused: Refused, later: Later) -> None:
    for n in range(5):
        refused(house.login, f"guess{n}")
    assert house.count(LoginAttempts) == 11
    house.auth().tidy()
    assert house.count(LoginAttempts) == 11
    later(901)
    house.auth().tidy()
    assert house.count(LoginAttempts) == 0


def test_many_wrong_passwords_at_once_pass_no_more_than_the_limit(real_house: Any) -> None:
    real_house.person("mei")

    def guess(_: int) -> str:
        try:
            real_house.login("mei", "wrong", LOGIN_PAIR_LIMIT=5)
        except Refusal as refusal:
            return refusal.code
        return "let in"

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(guess, range(60)))
    assert sorted(set(answers)) == ["invalid_credentials", "too_many_attempts"]
    assert answers.count("invalid_credentials") == 5


def test_right_and_wrong_logins_at_once_never_wait_for_each_other_in_a_circle(real_house: Any) -> None:
    for name in ("mei", "tom", "ana"):
        real_house.person(name)

    def attempt(n: int) -> str:
        try:
            real_house.login(("mei", "tom", "ana")[n % 3], *(["wrong"] if n % 2 else []))
        except Refusal as refusal:
            return refusal.code
        return "in"

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(attempt, range(60))) <= {"in", "invalid_credentials", "too_many_attempts"}


def test_a_crowd_at_the_door_is_refused_before_it_fills_the_house(real_house: Any) -> None:
    real_house.person("mei")
    inside, go_on = threading.Semaphore(0), threading.Event()

    def wait(*_: Any) -> tuple[bool, None]:
        inside.release()
        go_on.wait(10)
        return True, None

    with pytest.MonkeyPatch.context() as patched, ThreadPoolExecutor(2) as pool:
        patched.setattr(Passwords, "check", wait)
        logins = [pool.submit(real_house.login, "mei", LOGINS_AT_ONCE=2) for _ in range(2)]
        assert inside.acquire(timeout=10)
        assert inside.acquire(timeout=10)
        with pytest.raises(Unavailable):
            real_house.login("mei", LOGINS_AT_ONCE=2)
        go_on.set()
        assert all(login.result() for login in logins)
    assert real_house.login("mei", LOGINS_AT_ONCE=2)
