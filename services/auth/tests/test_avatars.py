"""A person's picture: drawn anew, seen by whoever may see the person, and gone when it is replaced."""

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from auth import avatars
from kit.caller import ANONYMOUS, Caller
from kit.clock import now
from kit.errors import Invalid, NotFound, Refusal, Unavailable
from kit.event import new_id
from kit.store import Store
from kit.testing import said
from PIL import Image

from .test_people import share

Refused = Callable[..., Refusal]


@pytest.fixture
def files(tmp_path: Path) -> Store:
    return Store(f"file://{tmp_path}")


@pytest.fixture
def auth(house: Any, files: Store) -> Callable[..., Any]:
    """The service as somebody, with its files."""

    def make(caller: Caller = ANONYMOUS, **changes: Any) -> Any:
        made = house.auth(caller, **changes)
        made.files = files
        return made

    return make


def picture(width: int = 800, height: int = 600, format: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, format)
    return out.getvalue()


def upload(files: Store, content: bytes) -> str:
    key = f"incoming/{new_id()}"
    files.put(key, content)
    return key


def kept(files: Store) -> list[str]:
    return files.older("auth", now(), 100)


def test_a_picture_becomes_a_square_of_ours_under_an_address_of_its_own(
    house: Any, auth: Callable[..., Any], files: Store
) -> None:
    mei, tom = house.person("mei"), house.person("tom")
    group = share(house, mei)
    first = auth(mei).set_avatar(incoming_key=upload(files, picture()))
    told = auth(tom).avatar(user_id=mei.id)
    with Image.open(io.BytesIO(files.get(told["key"]))) as shown:
        assert (shown.size, shown.format, told["content_type"]) == ((512, 512), "JPEG", "image/jpeg")
    assert told["size"] == files.size(told["key"])
    assert first["avatar_url"] == f"/api/v1/users/{mei.id}/avatar?v={told['etag']}"
    type, data, audience = said(house.db)[-1]
    assert (type, data["user"]["avatar_url"]) == ("auth.user_changed", first["avatar_url"])
    assert audience == ["staff", f"user:{mei.id}", f"group:{group}"]
    # The address of a picture never leads to another one.
    assert auth(tom).avatar(user_id=mei.id, version=told["etag"])["immutable"] is True
    assert told["immutable"] is False
    second = auth(mei).set_avatar(incoming_key=upload(files, picture()))
    assert second["avatar_url"] != first["avatar_url"]
    assert auth(tom).avatar(user_id=mei.id, version=told["etag"])["immutable"] is False
    assert kept(files) == [auth(tom).avatar(user_id=mei.id)["key"]]


def test_a_removed_picture_is_gone(
    house: Any, auth: Callable[..., Any], files: Store, refused: Refused
) -> None:
    mei = house.person("mei")
    auth(mei).set_avatar(incoming_key=upload(files, picture()))
    for _ in range(2):
        assert auth(mei).remove_avatar()["avatar_url"] is None
    assert refused(auth(mei).avatar, user_id=mei.id).code == "avatar_not_found"
    assert kept(files) == []
    assert [type for type, _, _ in said(house.db)].count("auth.user_changed") == 2


@pytest.mark.parametrize(
    "content", [b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture()[:99]]
)
def test_what_is_no_picture_is_refused_and_changes_nothing(
    house: Any, auth: Callable[..., Any], files: Store, refused: Refused, content: bytes
) -> None:
    mei = house.person("mei")
    before = auth(mei).set_avatar(incoming_key=upload(files, picture())), kept(files), said(house.db)
    refusal = refused(auth(mei).set_avatar, incoming_key=upload(files, content))
    assert isinstance(refusal, Invalid)
    assert refusal.code == "invalid_avatar"
    assert (auth(mei).me(), kept(files), said(house.db)) == before


def test_whom_one_may_not_see_has_no_picture(
    house: Any, auth: Callable[..., Any], files: Store, refused: Refused
) -> None:
    mei, tom = house.person("mei"), house.person("tom")
    ann = house.person("ann", "customer")
    for person in (mei, tom, ann):
        auth(person).set_avatar(incoming_key=upload(files, picture()))
    share(house, mei, ann)
    assert auth(ann).avatar(user_id=mei.id)
    assert auth(ann).avatar(user_id=ann.id)
    hidden = refused(auth(ann).avatar, user_id=tom.id)
    assert isinstance(hidden, NotFound)
    assert str(hidden) == str(refused(auth(ann).avatar, user_id=new_id()))
    assert str(hidden) == str(refused(auth(ann).avatar, user_id="\x00"))
    for call in (lambda: auth().avatar(user_id=mei.id), lambda: auth().set_avatar(incoming_key="x")):
        assert refused(call).code == "not_signed_in"


def test_who_may_no_longer_sign_in_leaves_no_file_behind(
    house: Any, auth: Callable[..., Any], files: Store, refused: Refused
) -> None:
    root, mei = house.person("root", "staff", "administrator"), house.person("mei")
    house.auth(root).update_user(user_id=mei.id, changes={"active": False})
    assert refused(auth(mei).set_avatar, incoming_key=upload(files, picture())).code == "session_ended"
    assert kept(files) == []


def test_more_pictures_at_once_than_memory_holds_are_refused(
    real_house: Any, files: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing, go_on = threading.Event(), threading.Event()
    drawn = avatars.drawn

    def slowly(content: bytes) -> Any:
        drawing.set()
        go_on.wait(10)
        return drawn(content)

    monkeypatch.setattr(avatars, "drawn", slowly)
    auth = real_house.auth(real_house.person("mei"), AVATARS_AT_ONCE=1)
    auth.files = files
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(auth.set_avatar, incoming_key=upload(files, picture()))
        assert drawing.wait(10)
        with pytest.raises(Unavailable):
            auth.set_avatar(incoming_key=upload(files, picture()))
        go_on.set()
        assert first.result()["avatar_url"]
