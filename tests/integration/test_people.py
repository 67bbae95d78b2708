"""Signing in, staying so, and being signed out."""

import pytest
from client import Connected, Http, Person, Refused, Someone, until
from stack import Stack


def test_automatic_login_goes_on_with_new_tokens(someone: Someone, connected: Connected) -> None:
    ann = someone().login(remember=True)
    first = ann.refresh_token
    for at in (0, 1):
        ann.refresh(at)
        assert ann.get("/me", at=at)["username"] == ann.username
    assert ann.refresh_token != first
    connected(ann, at=1)


def test_a_refresh_token_used_twice_ends_the_session_everywhere(
    someone: Someone, connected: Connected
) -> None:
    ann = someone().login(remember=True)
    stolen, sockets = ann.refresh_token, [connected(ann, at=at) for at in (0, 1)]
    ann.refresh()
    with pytest.raises(Refused) as reused:
        ann.post("/auth/refresh", {"refresh_token": stolen})
    assert (reused.value.status, reused.value.code) == (401, "refresh_token_reused")
    with pytest.raises(Refused) as ended:
        ann.refresh()
    assert ended.value.status == 401
    assert [socket.ended() for socket in sockets] == [4401, 4401]


def test_signing_out_ends_the_sockets_and_the_tokens_of_that_session_only(
    someone: Someone, connected: Connected
) -> None:
    ann = someone()
    other = Person(ann.urls, ann.username, ann.password).login()
    sockets, kept = [connected(ann, at=at) for at in (0, 1)], connected(other)
    ann.post("/auth/logout", at=1)
    assert [socket.ended() for socket in sockets] == [4401, 4401]
    for at in (0, 1):
        with pytest.raises(Refused) as refused:
            ann.get("/me", at=at)
        assert refused.value.status == 401
    with pytest.raises(Refused):
        ann.refresh()
    assert kept.ask({"type": "ping"})["type"] == "pong"
    assert other.get("/me")["id"] == ann.id


def test_a_wrong_name_and_a_wrong_password_are_one_answer(stack: Stack, someone: Someone) -> None:
    ann = someone()
    answers = [
        Http(stack.urls).raw("POST", "/api/v1/auth/login", json={"username": name, "password": "wrong wrong"})
        for name in (ann.username, "nobody-" + ann.username)
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    first, second = (answer.json() for answer in answers)
    assert first == second
    assert first["code"] == "invalid_credentials"


def test_a_change_of_name_reaches_those_who_see_the_person(someone: Someone, connected: Connected) -> None:
    ann, bob = someone(), someone()
    device = connected(bob, at=1)
    me = ann.patch("/me", {"display_name": "Ann of Accounts"})
    assert me["display_name"] == "Ann of Accounts"

    def heard() -> bool:
        return any(
            f["type"] == "user"
            and f["user"]["id"] == ann.id
            and f["user"]["display_name"] == "Ann of Accounts"
            for f in device.frames
        )

    device.wait(heard, "told of the name")


def test_someone_new_is_announced_to_staff(someone: Someone, connected: Connected) -> None:
    device = connected(someone())
    new = someone(kind="customer")
    device.wait(
        lambda: any(f["type"] == "user" and f["user"]["id"] == new.id for f in device.frames),
        "told of the new",
    )


def test_who_is_deactivated_is_out_at_once(someone: Someone, connected: Connected, admin: Person) -> None:
    ann = someone()
    device = connected(ann)
    admin.patch(f"/users/{ann.id}", {"active": False})
    assert device.ended() == 4401
    with pytest.raises(Refused):
        ann.login()
    until(lambda: _refused(ann), "the token refused")


def _refused(person: Person) -> bool:
    try:
        person.get("/me")
    except Refused as refused:
        return refused.status == 401
    return False
