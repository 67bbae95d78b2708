"""Signing in, staying so and being signed out; and what people see, set and change of people."""

import io

import pytest
from client import Connected, Device, Http, Json, Person, Refused, Someone, new_id, until
from PIL import Image
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


def test_settings_reach_the_other_devices_of_the_same_person_only(
    someone: Someone, connected: Connected
) -> None:
    ann, bob = someone(), someone()
    own, other = connected(ann, at=1), connected(bob)
    assert ann.get("/me")["settings"]["quiet_hours"] is None
    quiet = {"start": "22:00", "end": "07:00"}
    changes = {"locale": "zh-Hant", "timezone": "Asia/Taipei", "settings": {"quiet_hours": quiet}}
    me = ann.patch("/me", changes, at=0)
    assert (me["settings"]["quiet_hours"], me["settings"]["message_alert"]) == (quiet, True)
    assert ann.get("/me", at=1) == me == own.frame("user", user=me)["user"]
    for wrong, loc in (
        (
            {"settings": {"quiet_hours": {"start": "25:00", "end": "07:00"}}},
            ["settings", "quiet_hours", "start"],
        ),
        ({"settings": {"ringtone": "loud"}}, ["settings", "ringtone"]),
        ({"timezone": "Mars/Olympus"}, ["timezone"]),
        ({"locale": "klingon!"}, ["locale"]),
    ):
        with pytest.raises(Refused) as refused:
            ann.patch("/me", {"display_name": "Another", **wrong})
        assert (refused.value.status, refused.value.more["errors"][0]["loc"]) == (422, loc)
    assert ann.get("/me") == me
    bob.patch("/me", {"display_name": "Bob was here"})
    other.wait(lambda: told_of(other, bob), "told of himself")
    assert not told_of(other, ann)


def told_of(device: Device, person: Person) -> list[Json]:
    return [f for f in list(device.frames) if f["type"] == "user" and f["user"]["id"] == person.id]


def test_someone_new_is_announced_to_staff_who_want_it_and_to_nobody_else(
    someone: Someone, connected: Connected
) -> None:
    ann, bob, customer = someone(), someone(), someone(kind="customer")
    bob.patch("/me", {"settings": {"new_user_alert": False}})
    devices = [connected(person, at=1) for person in (ann, bob, customer)]
    new = someone(kind="customer")
    for device, alert in zip(devices[:2], (True, None), strict=True):
        device.wait(lambda d=device: told_of(d, new), "told of the new")
        assert told_of(device, new)[0].get("new") is alert
    # Who changes their mind while connected is heard.
    bob.patch("/me", {"settings": {"new_user_alert": True}})
    devices[1].wait(lambda: told_of(devices[1], bob), "told of the setting")
    later = someone()
    devices[1].wait(lambda: told_of(devices[1], later), "told of the next")
    assert told_of(devices[1], later)[0]["new"] is True
    # A customer meets people when they come into a group of theirs.
    group = ann.post("/groups", {"name": "Welcome", "catalogue": "chat", "visibility": "invite"})["id"]
    ann.put(f"/groups/{group}/members/{customer.id}", {"role": "guest"})
    devices[2].wait(lambda: group in devices[2].rooms, "in the room")
    ann.put(f"/groups/{group}/members/{new.id}", {"role": "guest"})
    devices[2].wait(lambda: told_of(devices[2], new), "told of the new member")
    assert told_of(devices[2], new)[0]["new"] is True
    assert not told_of(devices[2], later)


def picture(colour: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (900, 600), colour).save(out, "PNG")
    return out.getvalue()


def test_a_picture_is_seen_by_whoever_may_see_the_person_and_by_nobody_else(
    someone: Someone, connected: Connected
) -> None:
    ann, bob = someone(), someone()
    friend, stranger = someone(kind="customer"), someone(kind="customer")
    group = ann.post("/groups", {"name": "Us", "catalogue": "chat", "visibility": "invite"})["id"]
    ann.put(f"/groups/{group}/members/{friend.id}", {"role": "guest"})
    devices = [connected(person, at=1) for person in (bob, friend, stranger)]
    until(lambda: friend.raw("GET", f"/api/v1/users/{ann.id}").ok, "met")
    with pytest.raises(Refused) as none:
        bob.get(f"/users/{ann.id}/avatar")
    assert none.value.status == 404
    url = ann.call("PUT", "/me/avatar", data=picture(), headers={"Authorization": f"Bearer {ann.token}"})[
        "avatar_url"
    ]
    for device in devices[:2]:
        device.wait(lambda d=device: told_of(d, ann), "told of the picture")
        assert told_of(device, ann)[0]["user"]["avatar_url"] == url
    shown = friend.raw("GET", url, at=1)
    with Image.open(io.BytesIO(shown.content)) as image:
        assert (image.size, shown.headers["Content-Type"]) == ((512, 512), "image/jpeg")
    assert shown.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    fresh = bob.raw("GET", f"/api/v1/users/{ann.id}/avatar")
    assert (fresh.content, fresh.headers["Cache-Control"]) == (shown.content, "private, no-cache")
    again = bob.raw(
        "GET", url, headers={"Authorization": f"Bearer {bob.token}", "If-None-Match": fresh.headers["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    # Nobody is told more than of whom there is not.
    hidden = [stranger.raw("GET", f"/api/v1/users/{id}/avatar") for id in (ann.id, new_id())]
    assert [answer.status_code for answer in hidden] == [404, 404]
    assert hidden[0].json() == hidden[1].json()
    assert not told_of(devices[2], ann)
    for body, code in (
        (b"no picture", "invalid_avatar"),
        (b"", "invalid_request"),
        (b"x" * 10_485_761, "too_large"),
    ):
        with pytest.raises(Refused) as refused:
            ann.call("PUT", "/me/avatar", data=body)
        assert refused.value.code == code
    assert ann.get("/me")["avatar_url"] == url
    assert ann.delete("/me/avatar", at=1)["avatar_url"] is None
    until(lambda: friend.raw("GET", url).status_code == 404, "gone")


def test_sessions_are_listed_and_ended_from_elsewhere(someone: Someone, connected: Connected) -> None:
    here, eve = someone(), someone()
    phone, desk = (Person(here.urls, here.username, here.password).login() for _ in range(2))
    sockets = [connected(person, at=1) for person in (here, phone, desk)]
    listed = list(here.pages("/me/sessions", limit=2))
    assert len(listed) == 3
    assert [s["user_agent"].partition("/")[0] for s in listed] == ["python-requests"] * 3
    (current,) = [s["id"] for s in listed if s["current"]]
    (of_phone,) = [s["id"] for s in phone.pages("/me/sessions") if s["current"]]
    for person in (eve, here):
        with pytest.raises(Refused) as refused:
            person.delete(f"/me/sessions/{of_phone if person is eve else new_id()}")
        assert (refused.value.status, refused.value.code) == (404, "session_not_found")
    here.delete(f"/me/sessions/{of_phone}")
    assert sockets[1].ended() == 4401
    for at in (0, 1):
        until(lambda at=at: _refused(phone, at), "the token refused")
    here.delete("/me/sessions")
    assert sockets[2].ended() == 4401
    assert [s["id"] for s in here.pages("/me/sessions")] == [current]
    assert sockets[0].ask({"type": "ping"})["type"] == "pong"


def test_a_password_is_changed_by_the_old_one_and_the_others_are_signed_out(
    someone: Someone, connected: Connected
) -> None:
    here = someone()
    other = Person(here.urls, here.username, here.password).login()
    kept, gone = connected(here), connected(other, at=1)
    for body, code in (
        ({"old": "not the password", "new": "a better password"}, "wrong_password"),
        ({"old": here.password, "new": "short"}, "invalid_password"),
        ({"old": here.password}, "invalid_request"),
    ):
        with pytest.raises(Refused) as refused:
            here.post("/me/password", body)
        assert (refused.value.status, refused.value.code) == (422, code)
    for _ in range(2):
        body = {"old": here.password, "new": "a better password"}
        here.post(
            "/me/password", body, headers={"Authorization": f"Bearer {here.token}", "Idempotency-Key": "k"}
        )
    assert gone.ended() == 4401
    assert kept.ask({"type": "ping"})["type"] == "pong"
    with pytest.raises(Refused):
        Person(here.urls, here.username, here.password).login()
    assert Person(here.urls, here.username, "a better password").login().id == here.id


def test_administrators_find_and_change_people(someone: Someone, admin: Person) -> None:
    ann, customer = someone(), someone(kind="customer")
    permissions = [row["permission"] for row in ann.get("/permissions")["items"]]
    changes = {"display_name": "Ann Lee", "permissions": ["news:publish"]}
    assert set(changes["permissions"]) < set(permissions)
    assert admin.patch(f"/users/{ann.id}", changes).items() >= changes.items()
    admin.patch(f"/users/{customer.id}", {"active": False, "password": "a better password"})
    found = lambda who, **by: [u["id"] for u in who.pages("/users", q=customer.username, **by)]  # noqa: E731
    assert found(admin) == found(admin, kind="customer", active="false") == [customer.id]
    assert (
        found(admin, kind="staff")
        == found(admin, active="true")
        == found(ann)
        == found(ann, active="false")
        == []
    )
    for changes in ({"active": False}, {"permissions": []}, {"kind": "customer", "permissions": []}):
        with pytest.raises(Refused) as refused:
            admin.patch(f"/users/{admin.id}", changes)
        assert refused.value.code == "own_administration"
    with pytest.raises(Refused) as refused:
        admin.patch(f"/users/{ann.id}", {"permissions": ["everything"]})
    assert refused.value.more["errors"][0]["loc"] == ["permissions"]


def test_a_right_that_is_taken_is_gone_for_old_tokens_too_also_after_a_restart(
    stack: Stack, someone: Someone, admin: Person
) -> None:
    chief, target = someone(permissions=("administrator",)), someone()
    old = chief.token

    def may(at: int) -> bool:
        chief.token = old
        return "permissions" in chief.get(f"/users/{target.id}", at=at)

    assert may(0)
    assert may(1)
    admin.patch(f"/users/{chief.id}", {"permissions": []})
    until(lambda: not may(0) and not may(1), "without the right")
    with stack.stopped("gateway.2"):
        pass
    stack.wait_ready(["gateway.2"])
    assert not may(1)
    # And so is one that is given there at once.
    admin.patch(f"/users/{chief.id}", {"permissions": ["administrator"]})
    until(lambda: may(0) and may(1), "with the right")


def test_who_is_deactivated_is_out_at_once(someone: Someone, connected: Connected, admin: Person) -> None:
    ann = someone()
    device = connected(ann)
    admin.patch(f"/users/{ann.id}", {"active": False})
    assert device.ended() == 4401
    with pytest.raises(Refused):
        ann.login()
    until(lambda: _refused(ann), "the token refused")


def _refused(person: Person, at: int = 0) -> bool:
    try:
        person.get("/me", at=at)
    except Refused as refused:
        return refused.status == 401
    return False
