import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from kit.clock import now
from kit.config import ConfigError
from kit.store import CHUNK, Store
from moto.server import ThreadedMotoServer


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """An S3 server of its own."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "someone",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        }.items():
            patch.setenv(name, value)
        import boto3

        boto3.client("s3").create_bucket(Bucket="files")
        yield "s3://files/bchat"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, bucket: str) -> Store:
    return Store(f"file://{tmp_path}/new/folder" if request.param == "folder" else bucket)


def test_what_was_put_is_there_until_it_is_deleted(store: Store) -> None:
    content = bytes(range(256)) * 4096
    store.put("a/one", content)
    store.put("a/two", io.BytesIO(b"two"))
    assert store.get("a/one") == content
    assert store.size("a/one") == len(content)
    assert store.get("a/two") == b"two"
    store.copy("a/one", "b/one")
    store.delete("a/one", "a/one", "a/never")
    for look in (store.get, store.size, lambda key: store.copy(key, "b/two")):
        with pytest.raises(FileNotFoundError):
            look("a/one")
    assert store.get("b/one") == content
    assert store.get("a/two") == b"two"


def test_a_part_is_read_in_pieces(store: Store) -> None:
    content = bytes(range(256)) * 4096
    store.put("long", content)
    pieces = list(store.stream("long", 100, len(content)))
    assert b"".join(pieces) == content[100:]
    assert max(map(len, pieces)) == CHUNK
    assert list(store.stream("long", 7, 9)) == [content[7:9]]


def test_old_files_below_a_prefix_are_found(store: Store) -> None:
    for key in ("in/1", "in/2", "out/3"):
        store.put(key, b"x")
    later = now() + timedelta(hours=1)
    assert set(store.older("in", later, 10)) == {"in/1", "in/2"}
    assert len(store.older("in", later, 1)) == 1
    assert store.older("in", now() - timedelta(hours=1), 10) == []


@pytest.mark.parametrize("key", ["../out", "/etc/../../passwd", "a/../../b"])
def test_a_key_can_not_leave_the_store(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="path"):
        store.put(key, b"x")


def test_an_address_of_no_store_is_refused_in_a_line() -> None:
    with pytest.raises(ConfigError, match=r"^FILES_URL can't be used: .+$"):
        Store("ftp://somewhere/else")
