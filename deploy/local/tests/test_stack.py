import os
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest
from machine import Trouble
from rights import SERVICES
from stack import Stack, elsewhere, leftovers


def until(check: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.05)


def query(uri: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(uri.replace("+psycopg2", ""))
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.commit()
        connection.close()


@pytest.mark.parametrize("name", ["postgres.1", "rabbitmq.1"])
def test_a_server_that_is_killed_comes_back(servers: Stack, name: str) -> None:
    killed = servers.kill(name)
    until(lambda: servers.pid(name) not in {0, killed})
    servers.wait_ready()


def test_what_was_committed_is_there_after_a_kill(servers: Stack) -> None:
    query(servers.database_uri, "create table kept as select 1")
    killed = servers.kill("postgres.1")
    until(lambda: servers.pid("postgres.1") not in {0, killed})
    servers.wait_ready()
    assert query(servers.database_uri, "select * from kept") == [(1,)]


def test_everything_listens_on_the_loopback_address_only(servers: Stack) -> None:
    inodes = set()
    for pid in leftovers(servers.place):
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            if handle.is_symlink() and (target := os.readlink(handle)).startswith("socket:["):
                inodes.add(target[8:-1])
    listening = [
        fields[1].partition(":")[0]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for fields in map(str.split, Path(table).read_text().splitlines()[1:])
        if fields[3] == "0A" and fields[9] in inodes
    ]
    assert listening
    assert set(listening) <= {"0100007F", "00000000000000000000000001000000"}


def test_a_folder_in_use_is_refused(servers: Stack) -> None:
    with pytest.raises(Trouble, match=str(os.getpid())), Stack(servers.place, services=False):
        pass
    servers.wait_ready()


def test_a_taken_port_is_refused_before_anything_starts(servers: Stack, tmp_path: Path) -> None:
    taken = int(servers.database_uri.rpartition(":")[2].partition("/")[0])
    with pytest.raises(Trouble, match=f"Port {taken}"), Stack(tmp_path, port=taken):
        pass
    assert not (tmp_path / "postgres").exists()


def test_each_role_sees_its_own_schema_only(servers: Stack) -> None:
    servers._databases()
    uri = servers._role_uri
    for role in SERVICES:
        query(uri(role, "bchat"), "create table if not exists mine as select 1")
        assert query(uri(role, "bchat"), "select current_schema()") == [(role,)]
        for other in {*SERVICES, "public"} - {role}:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                query(uri(role, "bchat"), f"create table {other}.intruder as select 1")
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            query(uri(role, "erp"), "select 1")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query(uri("auth", "bchat"), "select * from chat.mine")
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        query(uri("erp_reader", "erp"), "create table intruder as select 1")


def test_nothing_outlives_the_supervisor(tmp_path: Path) -> None:
    with Stack(tmp_path, services=False) as stack:
        assert stack._supervisor
        stack._supervisor.kill()
        stack._supervisor.wait()
        stack.start_all()
        stack.wait_ready()
        assert query(stack.database_uri, "select 1") == [(1,)]
    assert leftovers(tmp_path) == []
    assert not (tmp_path / "postgres").exists()
    assert not elsewhere(tmp_path).exists()
