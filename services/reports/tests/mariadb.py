"""A private MariaDB, for what is read from one."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa
from machine import mariadb_bin, provide


@contextmanager
def running(place: Path) -> Iterator[sa.URL]:
    """A server in this folder, as its root; its files and its process go with the block."""
    provide(print, servers=False, browser=False, tests=True)
    binaries = mariadb_bin()
    assert binaries
    password, data = uuid4().hex, place / "data"
    user = ["--user=root"] if os.geteuid() == 0 else []
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db", *user],
        check=True,
        capture_output=True,
    )
    first = place / "first.sql"
    first.write_text(
        f"ALTER USER root@localhost IDENTIFIED BY '{password}';\n"
        f"CREATE USER root@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        "GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = (place / "log").open("wb")
    server = subprocess.Popen(
        [
            "setpriv", "--pdeathsig", "KILL", binaries / "mariadbd", "--no-defaults", *user,
            f"--datadir={data}", f"--socket={place / 'socket'}", f"--port={port}", f"--init-file={first}",
            "--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=64M", "--character-set-server=utf8mb4",
        ],
        stdout=log, stderr=log,
    )  # fmt: skip
    url = sa.URL.create("mysql+pymysql", "root", password, "127.0.0.1", port)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        end = time.monotonic() + 60
        while True:
            try:
                engine.connect().close()
                break
            except sa.exc.OperationalError:
                if server.poll() is not None or time.monotonic() > end:
                    raise AssertionError((place / "log").read_text()[-2000:]) from None
                time.sleep(0.05)
        yield url
    finally:
        server.terminate()
        server.wait(30)
        log.close()
        shutil.rmtree(data, ignore_errors=True)
