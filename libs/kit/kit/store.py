"""Files under keys: in a folder, or in a bucket of an S3-compatible server, as one address says.

`file:///var/lib/bchat/files`, or `s3://bucket/prefix` with the usual variables (AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL). A key is a path of plain names: `chat/019b2c...`.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import IO, Any
from urllib.parse import urlsplit

import obstore
from obstore.store import ObjectStore, from_url

from kit.config import ConfigError

CHUNK = 256 * 1024
_S3_SECONDS = timedelta(seconds=20)


def _here(work: Callable[..., Any], *args: Any) -> Any:
    return work(*args)


class Store:
    """
    Args:
        url: the address.
        run: calls a function in an operating system thread and waits: what the store does would block the
            loop of a process that has one.

    Raises:
        ConfigError: the address can't be used.
    """

    def __init__(self, url: str, run: Callable[..., Any] = _here) -> None:
        try:
            self._store = _opened(url)
        except Exception as problem:
            said = (str(problem).splitlines() or [type(problem).__name__])[0]
            raise ConfigError(f"FILES_URL can't be used: {said}") from problem
        self._run = run

    def put(self, key: str, content: bytes | IO[bytes]) -> None:
        """Keeps the content under the key, whole or not at all; what was there before is replaced."""
        self._run(obstore.put, self._store, key, content)

    def get(self, key: str) -> bytes:
        """
        Raises:
            FileNotFoundError
        """
        return bytes(self._run(lambda: obstore.get(self._store, key).bytes()))

    def stream(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to `stop`, in pieces; each is read when it is wanted.

        Raises:
            FileNotFoundError
        """
        for at in range(start, stop, CHUNK):
            yield bytes(
                self._run(
                    lambda at=at: obstore.get_range(self._store, key, start=at, end=min(at + CHUNK, stop))
                )
            )

    def copy(self, key: str, to: str) -> None:
        """Keeps the content of one key under another as well; the bytes stay where the store is.

        Raises:
            FileNotFoundError
        """
        self._run(obstore.copy, self._store, key, to)

    def size(self, key: str) -> int:
        """In bytes.

        Raises:
            FileNotFoundError
        """
        return int(self._run(obstore.head, self._store, key)["size"])

    def delete(self, *keys: str) -> None:
        """Forgets them; those that are gone already are as good."""
        for key in keys:
            try:
                self._run(obstore.delete, self._store, key)
            except FileNotFoundError:
                continue

    def older(self, prefix: str, than: datetime, most: int) -> list[str]:
        """Up to `most` keys below a prefix that were put before a time."""

        def look() -> list[str]:
            found: list[str] = []
            for part in obstore.list(self._store, prefix=prefix):
                found += [item["path"] for item in part if item["last_modified"] < than]
                if len(found) >= most:
                    break
            return found[:most]

        result: list[str] = self._run(look)
        return result


def _opened(url: str) -> ObjectStore:
    if urlsplit(url).scheme == "file":
        return from_url(url, mkdir=True, automatic_cleanup=True)
    return from_url(
        url,
        client_options={"timeout": _S3_SECONDS, "connect_timeout": timedelta(seconds=5), "allow_http": True},
        retry_config={"max_retries": 3, "retry_timeout": _S3_SECONDS},
    )
