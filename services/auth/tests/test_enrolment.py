"""The operator's list of people: all of it or nothing of it, as often as one likes."""

from collections.abc import Callable
from typing import Any

import pytest
from auth.models import User
from kit.errors import Invalid, Refusal
from kit.testing import said

Refused = Callable[..., Refusal]
MEI = {"username": "mei", "kind": "staff", "password": "correct horse battery"}
ANN = {"username": "ann", "kind": "customer", "password": "battery horse", "display_name": "Ann Lee"}


def changes(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(item["username"], item["change"]) for item in answer["items"]]


def test_who_is_missing_is_made_and_a_repetition_makes_nothing(house: Any) -> None:
    enrol = house.auth().enrol
    assert changes(enrol(rows=[MEI])) == [("mei", "created")]
    before = said(house.db)
    assert changes(enrol(rows=[{**MEI, "kind": "customer"}, ANN], check=True)) == [
        ("mei", "left"),
        ("ann", "created"),
    ]
    assert (said(house.db), house.count(User)) == (before, 1)
    assert changes(enrol(rows=[{**MEI, "kind": "customer"}, ANN])) == [("mei", "left"), ("ann", "created")]
    user = house.login("ann", "battery horse")["user"]
    assert (user["display_name"], user["kind"], user["permissions"]) == ("Ann Lee", "customer", [])
    assert house.login("mei")["user"]["kind"] == "staff"
    assert [type for type, _, _ in said(house.db)[len(before) :]] == [
        "auth.user_created",
        "auth.permissions_changed",
        "auth.settings_changed",
    ]


def test_who_is_there_is_brought_to_what_the_list_says_and_keeps_the_password(house: Any) -> None:
    house.person("MEI", "staff", "news:publish")
    row = {"username": "mei", "kind": "staff", "display_name": "Mei Lin", "password": "another password"}
    for check in (True, False):
        assert changes(house.auth().enrol(rows=[row], update=True, check=check)) == [("mei", "updated")]
    assert changes(house.auth().enrol(rows=[row], update=True)) == [("mei", "unchanged")]
    user = house.login("mei")["user"]
    # What the list doesn't say stays as it is.
    assert (user["display_name"], user["permissions"], user["username"]) == (
        "Mei Lin",
        ["news:publish"],
        "MEI",
    )


@pytest.mark.parametrize("check", [True, False])
def test_one_wrong_row_and_nothing_is_done(house: Any, refused: Refused, check: bool) -> None:
    house.person("root", "staff", "administrator")
    before = house.count(User), said(house.db)
    rows = [
        ANN,
        {**MEI, "kind": "robot", "permissions": ["reports:secrets"]},
        {**MEI, "username": "x"},
        {"kind": "staff"},
        {**MEI, "surprise": 1},
        {**ANN, "username": "ANN"},
    ]
    refusal = refused(house.auth().enrol, rows=rows, check=check)
    assert isinstance(refusal, Invalid)
    assert refusal.code == "invalid_people"
    assert [error["loc"] for error in refusal.errors or []] == [
        [1, "kind"],
        [1, "permissions"],
        [2, "username"],
        [3, "username"],
        [4, "surprise"],
        [5, "username"],
    ]
    demoted = {"username": "root", "kind": "customer", "permissions": []}
    refusal = refused(house.auth().enrol, rows=[ANN, demoted], update=True, check=check)
    assert [error["loc"] for error in refusal.errors or []] == [[1]]
    assert (house.count(User), said(house.db)) == before


def test_who_is_new_needs_a_password_at_the_latest_when_made(house: Any, refused: Refused) -> None:
    row = {"username": "mei", "kind": "staff"}
    assert changes(house.auth().enrol(rows=[row], check=True)) == [("mei", "created")]
    refusal = refused(house.auth().enrol, rows=[row])
    assert [error["loc"] for error in refusal.errors or []] == [[0, "password"]]
    assert house.count(User) == 0


def test_a_list_has_an_end(house: Any, refused: Refused) -> None:
    assert refused(house.auth().enrol, rows=[MEI] * 501).code == "invalid_people"
