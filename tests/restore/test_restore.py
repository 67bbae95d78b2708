"""A base backup and the archive of what was written since bring everything back as it was at a moment.

As docs/operations.md says to do it, on a stack of its own: people talk, a base backup is made, they talk on,
and a table is dropped under them.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from client import Device, Json, Person, Refused, in_room, new_id, newcomer, room_of, until
from faults import database, rabbitmqctl
from machine import postgres_bin
from rights import SERVICES
from stack import Stack
from websockets.exceptions import ConnectionClosed

SETTINGS = {"ARGON2_MEMORY_KIB": "1024", "ARGON2_TIME": "1"}
BEFORE_BACKUP, BEFORE_LOSS = 20, 20


@dataclass
class Backup:
    """Where a server's base backup and the archive of its log are."""

    base: Path
    log: Path
    owner: tuple[int, int] | None = None

    def give(self, place: Path) -> None:
        """To who runs the server, which is not root."""
        if self.owner:
            subprocess.run(["chown", "-R", ":".join(map(str, self.owner)), place], check=True)


@pytest.fixture
def backup() -> Iterator[Backup]:
    place = Path(tempfile.mkdtemp(prefix="bchat-backup-", dir="/var/tmp"))
    made = Backup(place / "base", place / "wal")
    if not os.geteuid():
        place.chmod(0o711)
        user = pwd.getpwnam("postgres")
        made.owner = user.pw_uid, user.pw_gid
    made.log.mkdir()
    made.give(made.log)
    yield made
    shutil.rmtree(place)


@pytest.fixture
def stack(tmp_path: Path, backup: Backup) -> Iterator[Stack]:
    archive = {
        "archive_mode": "on",
        "archive_command": f"test ! -f {backup.log}/%f && cp %p {backup.log}/%f",
        "full_page_writes": "on",
    }
    with Stack(tmp_path / "stack", settings=SETTINGS, postgres=archive) as made:
        yield made


@dataclass
class Talker:
    """Says one thing after another until told to stop or nothing is acknowledged any more.

    Attributes:
        acknowledged: each entry, with when its answer was there by the system's clock.
    """

    device: Device
    group: str
    acknowledged: list[tuple[float, Json]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        # What was acknowledged is what counts.
        with suppress(Refused, ConnectionClosed, AssertionError, OSError):
            while not self.stopped.is_set():
                ask = {"type": "send", "group_id": self.group, "client_id": new_id(), "text": new_id()}
                entry = self.device.ask(ask, 20)["entry"]
                self.acknowledged.append((time.time(), entry))

    def has(self, count: int) -> None:
        until(lambda: len(self.acknowledged) >= count, f"acknowledged {count}", 120)


def test_all_that_was_acknowledged_before_a_moment_is_there_again_once_and_in_order(
    stack: Stack, backup: Backup
) -> None:
    admin = Person(stack.urls, stack.admin["username"], stack.admin["password"]).login()
    ann, ben = newcomer(admin), newcomer(admin)
    group = room_of(ann, ben)
    listener = in_room(Device(ben), group)
    talker = Talker(in_room(Device(ann), group), group)
    thread = threading.Thread(target=talker.run)
    thread.start()
    talker.has(BEFORE_BACKUP)
    _back_up(stack, backup)

    # What every service is told after the backup comes out of its archive.
    late = newcomer(admin)
    ann.put(f"/groups/{group}/members/{late.id}", {"role": "staff"})
    ann.patch(f"/groups/{group}", {"name": "Renamed"})
    attachment = ann.bring(b"Kept.")
    message = {"client_id": new_id(), "text": "Read this.", "attachment_ids": [attachment["id"]]}
    ann.post(f"/groups/{group}/messages", message)
    position = {"type": "Feature", "id": new_id(), "geometry": {"type": "Point", "coordinates": [4.9, 52.4]}}
    late.post(f"/groups/{group}/positions", position)
    admin.post("/news", {"title": "Kept", "body": "Read.", "audience": "everyone"})
    ben.put("/devices/phone", {"platform": "android", "fcm_token": new_id()})
    until(lambda: ben.get("/news")["items"], "news")
    talker.has(len(talker.acknowledged) + BEFORE_LOSS)
    with database(stack) as query:
        ((moment, epoch),) = query("SELECT now()::text, extract(epoch FROM now())::float")
        talker.has(len(talker.acknowledged) + 5)
        query("DROP TABLE chat.entries CASCADE")
        ((last,),) = query("SELECT pg_walfile_name(pg_switch_wal())")
        until(lambda: query("SELECT last_archived_wal >= %s FROM pg_stat_archiver", last)[0][0], "archived")
    thread.join()
    before = [entry for at, entry in talker.acknowledged if at <= epoch]
    after = [entry for at, entry in talker.acknowledged if at > epoch]
    assert len(before) >= BEFORE_BACKUP + BEFORE_LOSS
    assert after
    listener.leave()

    _restore(stack, backup, moment)

    for person in (ann, ben, late):
        person.login()
    timeline = ann.timeline(group)
    assert [entry["seq"] for entry in timeline] == list(range(1, len(timeline) + 1))
    ids = {entry["id"] for entry in before}
    assert [entry for entry in timeline if entry["id"] in ids] == before
    assert not {entry["id"] for entry in after[-1:]} & {entry["id"] for entry in timeline}
    assert [e["text"] for e in timeline if e.get("attachments")] == ["Read this."]
    answer = ben.raw("GET", f"/api/v1/attachments/{attachment['id']}")
    assert (answer.status_code, answer.content) == (200, b"Kept.")
    assert [e["client_id"] for e in timeline if e["kind"] == "position"] == [position["id"]]
    assert ann.get(f"/groups/{group}")["name"] == "Renamed"
    assert {m["user_id"] for m in ann.get(f"/groups/{group}/members")["items"]} == {ann.id, ben.id, late.id}
    assert [article["title"] for article in ben.get("/news")["items"]] == ["Kept"]
    assert [device["device_id"] for device in ben.get("/devices")["items"]] == ["phone"]

    # Who was away catches up, who knows more is told to read anew, and both hear what follows.
    knows = len(timeline) - 10
    with Device(ben, have={group: knows}) as behind, Device(ann, have={group: after[-1]["seq"]}) as ahead:
        assert ahead.frame("entries", group_id=group)["complete"] is False
        entry = Device(late).send(group, "And on.")
        assert entry["seq"] == len(timeline) + 1
        behind.entry(group, seq=entry["seq"])
        assert behind.rooms[group].entries == [*timeline[knows:], entry]
        assert behind.broken == []


def _back_up(stack: Stack, backup: Backup) -> None:
    uri = urlsplit(stack.database_uri)
    command: list[str | Path] = [postgres_bin() / "pg_basebackup", "-h", "127.0.0.1", "-p", str(uri.port)]
    command += ["-U", "postgres", "-D", backup.base, "-X", "stream", "-c", "fast"]
    subprocess.run(command, env={**os.environ, "PGPASSWORD": uri.password or ""}, check=True)


def _restore(stack: Stack, backup: Backup, moment: str) -> None:
    processes = [name for name in stack.names if name not in ("postgres.1", "rabbitmq.1")]
    with ThreadPoolExecutor(len(processes)) as pool:
        list(pool.map(stack.stop, processes))
    stack.stop("postgres.1")
    place = Path(stack.env["POSTGRES_DATA"])
    shutil.rmtree(place)
    shutil.copytree(backup.base, place)
    with (place / "postgresql.auto.conf").open("a") as conf:
        conf.write(
            f"restore_command = 'cp {backup.log}/%f %p'\nrecovery_target_time = '{moment}'\n"
            "recovery_target_action = 'promote'\n"
        )
    (place / "recovery.signal").touch()
    backup.give(place)
    place.chmod(0o700)
    stack.start("postgres.1")
    stack.wait_ready(["postgres.1"])
    with database(stack) as query:
        until(lambda: query("SELECT NOT pg_is_in_recovery()")[0][0], "restored")
    for service in SERVICES:
        for kind in ("hear", "retry"):
            rabbitmqctl(stack, "purge_queue", f"{kind}-{service}")
    with ThreadPoolExecutor(len(processes)) as pool:
        list(pool.map(stack.start, processes))
    stack.wait_ready()
    for command in (["doctor", "--url", stack.url], ["rebuild-copies"]):
        _admin(stack, *command)


def _admin(stack: Stack, *command: Any) -> None:
    done = subprocess.run(
        ["bchat-admin", *command],
        env={**os.environ, **stack.env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
