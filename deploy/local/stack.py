"""Every process of Bchat on one machine, around its own PostgreSQL and RabbitMQ: for the demo and for tests.

The processes are those of the Procfile. honcho turns it into a configuration of supervisord, which runs them
and brings back what dies. Everything a stack keeps is in its one folder.
"""

import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import time
import xmlrpc.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import amqp
import psycopg2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from machine import ROOT, Say, Trouble, digest_of, postgres_bin, rabbitmq_server, run, tail
from rights import SERVICES, USERS, definitions, make_roles, plain, web_push_key

PROGRAMS = (*SERVICES, "reports-worker", "push-worker", "gateway")


class Stack:
    """A whole Bchat.

    Args:
        place: its folder, with its logs.
        gateways: how many gateways, each on its own port.
        replicas: how many of every service and of the reports worker.
        port: of the first gateway; any free one if left out.
        services: without them a stack is only the two servers.
        company: with the books of the demo company as a source of reports.
        demo: also with the people who work there, talking and trading.
        keep: whether the data outlive the stack. If not, PostgreSQL need not wait for the disk; a killed
            process loses nothing either way.
        database_uri: a server of your own instead of the private one, as a superuser.
        amqp_uri: likewise a broker.
        settings: of the services, as environment variables.
        own: what a single process has in its environment besides, by its name and the stack's environment.
        postgres: settings of the private PostgreSQL beside ours.
        releases: of each service that shall begin as another release than what is here, its work tree.
        say: told what is going on.
    """

    def __init__(
        self,
        place: Path,
        *,
        gateways: int = 1,
        replicas: int = 1,
        port: int | None = None,
        services: bool = True,
        company: bool = False,
        demo: bool = False,
        keep: bool = False,
        database_uri: str | None = None,
        amqp_uri: str | None = None,
        settings: Mapping[str, str] | None = None,
        postgres: Mapping[str, str] | None = None,
        own: Callable[[str, Mapping[str, str]], Mapping[str, str]] = lambda _name, _env: {},
        releases: Mapping[str, Path] | None = None,
        say: Say = lambda _: None,
    ) -> None:
        self.place = place.resolve()
        self.log = self.place / "log"
        self.company, self.demo, self.keep, self.services = company or demo, demo, keep, services
        self._settings, self._own = dict(settings or {}), own
        self._postgres = dict(postgres or {})
        self.releases = dict(releases or {})
        self.say = say
        self._port = port
        self._outside_database, self._outside_broker = database_uri, amqp_uri
        self._count = {
            "postgres": 0 if database_uri else 1,
            "rabbitmq": 0 if amqp_uri else 1,
            **{name: replicas if services else 0 for name in PROGRAMS},
            "gateway": gateways if services else 0,
            "player": int(demo),
        }
        self.names = [f"{name}.{n + 1}" for name, count in self._count.items() for n in range(count)]
        self.logins: list[dict[str, str]] = []
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    def __enter__(self) -> Self:
        try:
            self._claim()
            self.start_all()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What a stack is asked for once it runs.

    @property
    def urls(self) -> list[str]:
        """The address of each gateway."""
        return [
            f"http://127.0.0.1:{self.env[_port(name)]}" for name in self.names if name.startswith("gateway.")
        ]

    @property
    def url(self) -> str:
        """The address of the first gateway."""
        return self.urls[0]

    @property
    def admin(self) -> dict[str, str]:
        """The administrator's login."""
        return {"role": "administrator", "username": "admin", "password": self._secret("admin")}

    @property
    def database_uri(self) -> str:
        """PostgreSQL, as its superuser."""
        return self.env["SUPERUSER_DATABASE_URI"]

    @property
    def amqp_uri(self) -> str:
        """The broker, as its administrator."""
        return self.env["AMQP_URI"]

    def pid(self, name: str) -> int:
        """The process of that name, `chat.1` for instance; 0 while it doesn't run."""
        return int(self._info(name)["pid"])

    def kill(self, name: str) -> int:
        """Kill -9 it; supervisord brings it back. Returns the process that was killed."""
        pid = self.pid(name)
        if not pid:
            raise Trouble(f"{name} does not run: {self._info(name)['statename']}.")
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self, name: str) -> None:
        """End it in an orderly way; it stays away until started."""
        self._rpc().stopProcess(self._full(name))

    def start(self, name: str) -> None:
        """Start it again after `stop`."""
        self._rpc().startProcess(self._full(name), False)

    def migrate(self, releases: Mapping[str, Path]) -> None:
        """Bring services' schemas and queues to what their releases want, while what runs goes on.

        Args:
            releases: the work tree of each service's.
        """
        running = {}
        for name, release in releases.items():
            log = self.log / f"migrate-{name}.log"
            with log.open("wb") as out:
                running[name, log] = subprocess.Popen(
                    [release / ".venv" / "bin" / "kit", "migrate"],
                    cwd=release / "services" / name,
                    env={**os.environ, **self.env, **of_service(self.env, name)},
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                )
        failed = [(name, log) for (name, log), process in running.items() if process.wait()]
        if failed:
            logs = "\n".join(tail(log) for _, log in failed)
            raise Trouble(f"`kit migrate` failed in {', '.join(name for name, _ in failed)}.\n{logs}")

    def roll(self, program: str, release: Path) -> None:
        """Replace the processes of a program, one by one, by those of another release.

        Args:
            release: its work tree, with an environment of its own in `.venv`.
        """
        self._take(program, release)
        for name in self.names:
            if name.partition(".")[0] == program:
                self.stop(name)
                self.start(name)
                self.wait_ready([name])

    @contextlib.contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """Stopped in here, and started again however this ends."""
        self.stop(name)
        try:
            yield
        finally:
            self.start(name)

    def wait_ready(self, names: Sequence[str] | None = None, deadline: float = 600) -> None:
        """Wait until they serve; all of them, unless named."""
        waiting = [name for name in names or self.names if name.partition(".")[0] not in {"player"}]

        def ready() -> bool:
            waiting[:] = [name for name in waiting if not self._serves(name)]
            return not waiting

        try:
            _until(ready, deadline)
        except TimeoutError:
            logs = "\n".join(tail(self.log / f"{name}.log") for name in waiting[:2])
            raise Trouble(f"Not ready after {deadline:.0f} s: {', '.join(waiting)}.\n{logs}") from None

    # From an empty folder to a running stack, and back.

    def start_all(self) -> None:
        """Start everything, from whatever state the folder is in; safe to call again after a crash."""
        self._prepare()
        self._supervise()
        self.say(
            "Starting PostgreSQL and RabbitMQ" if "postgres.1" in self.names else "Connecting to the servers"
        )
        self._wait_servers()
        if not self.services:
            return
        # What the first start makes takes half of its time, and is the same until the code is another.
        made, recipe = self.place / "made", self._recipe()
        private = "postgres.1" in self.names and "rabbitmq.1" in self.names
        anew = not private or not made.exists() or made.read_text() != recipe
        if anew:
            self._make()
        self.say("Starting the services")
        for name in self.names:
            if self._group(name) == "bchat" and name != "player.1":
                self.start(name)
        self.wait_ready()
        if anew:
            run(
                ["bchat-admin", "create-administrator", "--if-absent", self.admin["username"]],
                "Creating the administrator",
                self.log / "admin.log",
                env={**self.env, "BCHAT_PASSWORD": self.admin["password"]},
            )
        if self.demo:
            people = self.place / "people.json"
            if anew or not people.exists():
                self.say("Introducing the people")
                self._python("people.py")
            self.logins = [self.admin, *json.loads(people.read_text())]
            self.start("player.1")
        made.write_text(recipe)

    def wait(self) -> None:
        """Stay until interrupted, and start everything again should supervisord itself die."""
        while self._supervisor:
            self._supervisor.wait()
            self.say("The supervisor is gone; starting everything again")
            self.start_all()
            self.say("Ready again")

    def close(self) -> None:
        """Stop everything, servers last."""
        if self._supervisor:
            self._supervisor.terminate()
            try:
                self._supervisor.wait(90)
            except subprocess.TimeoutExpired:
                self._supervisor.kill()
            self._supervisor = None
        if self._lock is not None:
            self._end_leftovers(patience=0)
            if not self.keep:
                for data in (
                    self.place / "postgres",
                    elsewhere(self.place),
                    self.place / "rabbitmq",
                    self.place / "files",
                ):
                    shutil.rmtree(data, ignore_errors=True)
            os.close(self._lock)
            self._lock = None

    def _claim(self) -> None:
        self.place.mkdir(parents=True, exist_ok=True)
        self.log.mkdir(exist_ok=True)
        self._lock = os.open(self.place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 20, 0).decode().strip()
            os.close(self._lock)
            self._lock = None
            raise Trouble(f"It runs already in {self.place} (process {holder}): stop that first.") from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def _prepare(self) -> None:
        # A run that was killed leaves processes for a few seconds, and two brokers must not share a folder.
        self._end_leftovers(patience=40)
        ports = _free_ports(len(self.names) + 4)
        if self._port is not None and self.services:
            _must_be_free(self._port)
        self.env = {
            "STACK": str(self.place),
            "SUPERVISOR_PORT": str(next(ports)),
            "SUPERVISOR_PASSWORD": self._secret("supervisor"),
            **{_port(name): str(next(ports)) for name in self.names},
        }
        if self._port is not None and self.services:
            self.env[_port("gateway.1")] = str(self._port)
        if self._outside_database:
            self.env["SUPERUSER_DATABASE_URI"] = self._outside_database
        else:
            self.env |= self._prepare_postgres(int(self.env[_port("postgres.1")]))
        if self._outside_broker:
            # Its users are not ours to make, so all are the one that was named.
            self.env |= dict.fromkeys(_broker_variables(), self._outside_broker)
        else:
            self.env |= self._prepare_rabbitmq(int(self.env[_port("rabbitmq.1")]), next(ports), next(ports))
        if self.services:
            self.env |= self._prepare_services()
        for name in self.names:
            if own := self._own(name, self.env):
                self.env[_variable("OWN", name)] = ",".join(f'{key}="{value}"' for key, value in own.items())
        _write_secretly(self.place / "env", "".join(f"{key}='{value}'\n" for key, value in self.env.items()))

    def _prepare_postgres(self, port: int) -> dict[str, str]:
        binaries = postgres_bin()
        if not binaries:
            raise Trouble(
                "PostgreSQL is not on this machine: `apt-get install postgresql`, or set DATABASE_URI."
            )
        user, data = self._postgres_home()
        as_postgres = ["setpriv", "--pdeathsig", "INT"]
        if user:
            as_postgres += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        if not (data / "PG_VERSION").exists():
            self.say("Creating the database server")
            (self.place / "made").unlink(missing_ok=True)
            password = data.parent / f"{data.name}.password"
            _write_secretly(password, self._secret("postgres"))
            if user:
                os.chown(password, user.pw_uid, user.pw_gid)
            run(
                [*as_postgres, binaries / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256",
                 "-E", "UTF8", "--locale=C.UTF-8", f"--pwfile={password}"],
                "Creating the database server",
                self.log / "initdb.log",
                Path("/"),
            )  # fmt: skip
            password.unlink()
        elif (made := (data / "PG_VERSION").read_text().strip()) != binaries.parent.name and made.isdigit():
            older = binaries.parent.parent / made / "bin"
            if not older.exists():
                raise Trouble(
                    f"The data in {data} is of PostgreSQL {made}, which is gone: `make clean` starts afresh."
                )
            binaries = older
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "400",
            "password_encryption": "scram-sha-256",
            "fsync": "on" if self.keep else "off",
            "full_page_writes": "on" if self.keep else "off",
            "timezone": "UTC",
            **self._postgres,
        }
        conf = data / "postgresql.auto.conf"
        conf.write_text("".join(f"{key} = '{value}'\n" for key, value in settings.items()))
        return {
            "AS_POSTGRES": " ".join(as_postgres),
            "POSTGRES_BIN": str(binaries),
            "POSTGRES_DATA": str(data),
            "SUPERUSER_DATABASE_URI": f"postgresql+psycopg2://postgres:{self._secret('postgres')}@127.0.0.1:{port}/postgres",
        }

    def _postgres_home(self) -> tuple[pwd.struct_passwd | None, Path]:
        """Who runs PostgreSQL, which refuses root, and a data folder that this user can reach."""
        data = self.place / "postgres"
        if os.geteuid():
            data.mkdir(mode=0o700, exist_ok=True)
            return None, data
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            user = pwd.getpwnam("nobody")

        def reaches(folder: Path) -> bool:
            as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            return not subprocess.run([*as_user, "test", "-x", folder], check=False).returncode

        if not reaches(self.place):
            data = elsewhere(self.place)
            self.say(f"The database's files are in {data}: the user {user.pw_name} can't reach {self.place}")
        with contextlib.suppress(FileExistsError):
            data.mkdir(mode=0o700)
            os.chown(data, user.pw_uid, user.pw_gid)
        found = data.lstat()
        if (
            not stat.S_ISDIR(found.st_mode)
            or found.st_uid != user.pw_uid
            or stat.S_IMODE(found.st_mode) & 0o077
        ):
            raise Trouble(f"{data} should be a folder of the user {user.pw_name} alone and isn't: remove it.")
        return user, data

    def _prepare_rabbitmq(self, port: int, distribution: int, names: int) -> dict[str, str]:
        server = rabbitmq_server()
        if not server:
            raise Trouble(
                "RabbitMQ is not on this machine: `apt-get install rabbitmq-server`, or set AMQP_URI."
            )
        home = self.place / "rabbitmq"
        home.mkdir(mode=0o700, exist_ok=True)
        if not (home / "data").exists():
            (self.place / "made").unlink(missing_ok=True)
        _write_secretly(home / ".erlang.cookie", self._secret("cookie"), 0o400)
        _write_secretly(
            home / "rabbitmq.conf",
            f"""listeners.tcp.1 = 127.0.0.1:{port}
load_definitions = {home / "definitions.json"}
vm_memory_high_watermark.absolute = 768MB
disk_free_limit.absolute = 200MB
log.console = true
log.console.level = info
log.file = false
""",
        )
        passwords = {
            user: self._secret("rabbitmq" if user == "bchat" else f"{user}'s broker")
            for user in ("bchat", *USERS)
        }
        _write_secretly(home / "definitions.json", json.dumps(definitions(passwords)))
        (home / "none").touch()
        (home / "plugins").write_text("[].\n")
        return {
            "RABBITMQ_SERVER": str(server),
            "BROKER_HOME": str(home),
            # Without its wrapper the broker is one process, so that killing it leaves nothing behind.
            "RABBITMQ_ALLOW_INPUT": "true",
            "RABBITMQ_SERVER_START_ARGS": "-noinput",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_NODENAME": "bchat@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_MNESIA_BASE": str(home / "data"),
            "RABBITMQ_LOG_BASE": str(self.log),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
            "RABBITMQ_CONFIG_FILES": str(home / "none.d"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(home / "none.config"),
            "RABBITMQ_CONF_ENV_FILE": str(home / "none"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(home / "generated"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_PID_FILE": str(home / "pid"),
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            **{
                variable: f"amqp://{user}:{passwords[user]}@127.0.0.1:{port}//"
                for variable, user in _broker_variables().items()
            },
        }

    def _prepare_services(self) -> dict[str, str]:
        key, public = self.place / "token.pem", self.place / "token.pub.pem"
        if not public.exists():
            made = Ed25519PrivateKey.generate()
            _write_secretly(
                key, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
            )
            public.write_bytes(
                made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            )
        for program in PROGRAMS:
            self._take(program, self.releases.get(program.partition("-")[0], ROOT))
        sources = ROOT / "deploy" / "local" / "sources.yml"
        if not self.company:
            sources = self.place / "sources.yml"
            sources.write_text("{}\n")
        return {
            **{f"{name.upper()}_DATABASE_URI": self._role_uri(name, "bchat") for name in SERVICES},
            "ERP_DATABASE_URI": self._role_uri("erp", "erp"),
            "ERP_READER_URI": self._role_uri("erp_reader", "erp"),
            "ERP_HOOK_SECRET": self._secret("hook"),
            "TOKEN_SIGNING_KEY": str(key),
            "VAPID_PRIVATE_KEY": web_push_key(self._secret("vapid")),
            "VAPID_SUBJECT": "mailto:operator@example.com",
            "TOKEN_PUBLIC_KEYS": str(public),
            "SOURCES_FILE": str(sources),
            "SUBSCRIPTION_MINUTES": "1",
            "FILES_URL": f"file://{self.place / 'files'}",
            "CLIENT_DIST": str(ROOT / "clients" / "web" / "dist"),
            "LOG_FORMAT": "console",
            "BCHAT_URL": self.url,
            "BCHAT_ADMIN": self.admin["username"],
            "BCHAT_ADMIN_PASSWORD": self.admin["password"],
            "BCHAT_PEOPLE_PASSWORD": self._secret("people"),
            "BCHAT_PEOPLE_FILE": str(self.place / "people.json"),
            **self._settings,
        }

    def _take(self, program: str, release: Path) -> None:
        link = self.place / "release" / program
        link.parent.mkdir(exist_ok=True)
        new = link.with_name(f"{program}.new")
        new.unlink(missing_ok=True)
        new.symlink_to(release)
        new.replace(link)

    def _supervise(self) -> None:
        counts = ",".join(f"{name}={count}" for name, count in self._count.items())
        local = ROOT / "deploy" / "local"
        honcho: list[str | Path] = ["honcho", "-d", ROOT, "-f", local / "Procfile", "-e", self.place / "env"]
        honcho += ["export", "-t", local, "-a", "bchat", "-u", "bchat", "-c", counts, "-l", self.log]
        # honcho counts ports from a PORT of its own; ours are in the env file.
        run(
            [*honcho, "supervisord", self.place],
            "Reading the Procfile",
            self.log / "honcho.log",
            env={"PORT": "0"},
        )
        (self.place / "bchat.conf").chmod(0o600)
        with (self.log / "supervisord.out").open("wb") as out:
            self._supervisor = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "supervisord", "-n", "-c", self.place / "bchat.conf"],
                cwd=ROOT,
                env={**os.environ, **self.env, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # a Ctrl-C is for us alone, who stop the others in order
            )

        def up() -> bool:
            if self._supervisor is None or self._supervisor.poll() is not None:
                raise Trouble(f"The supervisor ended at once.\n{tail(self.log / 'supervisord.out')}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                return bool(self._rpc().getState())
            return False

        _until(up, 20)

    def _wait_servers(self) -> None:
        for name, tries in (("postgres.1", self._try_postgres), ("rabbitmq.1", self._try_rabbitmq)):
            try:
                _until(tries, 120 if name in self.names else 20)
            except TimeoutError as problem:
                server = name.partition(".")[0]
                if name not in self.names:
                    variable = "DATABASE_URI" if server == "postgres" else "AMQP_URI"
                    raise Trouble(f"The server that {variable} names does not answer: {problem}") from None
                raise Trouble(f"{server} does not come up.\n{tail(self.log / f'{name}.log')}") from None

    def _try_postgres(self) -> bool:
        try:
            psycopg2.connect(plain(self.database_uri), connect_timeout=3).close()
        except psycopg2.OperationalError:
            return False
        return True

    def _try_rabbitmq(self) -> bool:
        uri = urlsplit(self.amqp_uri)
        try:
            with amqp.Connection(
                f"{uri.hostname}:{uri.port or 5672}",
                userid=uri.username,
                password=uri.password,
                virtual_host=uri.path[1:] or "/",
                ssl=uri.scheme == "amqps",
                connect_timeout=3,
            ):
                return True
        except (OSError, amqp.AMQPError):
            return False

    def _databases(self) -> None:
        roles = (*SERVICES, "erp", "erp_reader")
        make_roles(self.database_uri, {role: self._secret(role) for role in roles})

    def _recipe(self) -> str:
        parts = [ROOT / "libs", ROOT / "services", ROOT / "deploy" / "local"]
        files = [file for part in parts for file in part.rglob("*") if file.suffix in {".py", ".sql", ".yml"}]
        return f"{digest_of(sorted(files))} company={self.company} demo={self.demo}"

    def _make(self) -> None:
        self.say("Migrating")
        self._databases()
        self.migrate({name: self.releases.get(name, ROOT) for name in SERVICES})
        if self.company:
            self.say("Opening the demo company's books")
            erp = self.env["ERP_DATABASE_URI"]
            self._python("company.py", "create", "--uri", erp, "--reader", "erp_reader")

    def _python(self, script: str, *arguments: str) -> None:
        path = ROOT / "deploy" / "local" / "demo" / script
        run(["python", path, *arguments], f"The demo's {script}", self.log / f"{path.stem}.log", env=self.env)

    def _secret(self, name: str) -> str:
        """A random password, the same in every run of this folder."""
        path = self.place / "secrets.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if name not in known:
            # Passwords of people are typed by people.
            known[name] = secrets.token_hex(6 if name in {"admin", "people"} else 16)
            _write_secretly(path, json.dumps(known, indent=1))
        return known[name]

    def _role_uri(self, role: str, database: str) -> str:
        uri = urlsplit(self.env["SUPERUSER_DATABASE_URI"])
        host = uri.netloc.rpartition("@")[2]
        return urlunsplit(
            ("postgresql+psycopg2", f"{role}:{self._secret(role)}@{host}", f"/{database}", uri.query, "")
        )

    def _group(self, name: str) -> str:
        return "servers" if name.partition(".")[0] in {"postgres", "rabbitmq"} else "bchat"

    def _full(self, name: str) -> str:
        return f"{self._group(name)}:{name}"

    def _rpc(self) -> Any:
        address = f"bchat:{self.env['SUPERVISOR_PASSWORD']}@127.0.0.1:{self.env['SUPERVISOR_PORT']}"
        return xmlrpc.client.ServerProxy(f"http://{address}/RPC2").supervisor

    def _info(self, name: str) -> dict[str, Any]:
        info: dict[str, Any] = self._rpc().getProcessInfo(self._full(name))
        return info

    def _serves(self, name: str) -> bool:
        if name == "postgres.1":
            return self._try_postgres()
        if name == "rabbitmq.1":
            return self._try_rabbitmq()
        connection = http.client.HTTPConnection("127.0.0.1", int(self.env[_port(name)]), timeout=3)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _end_leftovers(self, patience: float) -> None:
        """Wait for the processes that an earlier run of this folder left, then end what remains."""
        with contextlib.suppress(TimeoutError):
            # epmd, Erlang's list of names, is a daemon that stays until it is ended.
            _until(lambda: all(_command(pid) == "epmd" for pid in leftovers(self.place)), patience)
        for pid in leftovers(self.place):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _port(name: str) -> str:
    """The variable that holds the port of a process."""
    return _variable("PORT", name)


def _variable(what: str, name: str) -> str:
    return f"{what}_{name.replace('.', '_').replace('-', '_')}"


def of_service(env: Mapping[str, str], service: str) -> dict[str, str]:
    """What of a stack's environment is a service's own: its user of the broker, its role of the database."""
    return {name: env[f"{service.upper()}_{name}"] for name in ("AMQP_URI", "DATABASE_URI")}


def _broker_variables() -> dict[str, str]:
    """Whose address of the broker is in which variable."""
    return {"AMQP_URI": "bchat", **{f"{user.upper()}_AMQP_URI": user for user in USERS}}


def leftovers(place: Path) -> list[int]:
    """The processes that run in that folder, by the environment they were given."""
    mark = f"STACK={place}".encode()
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in environ.read_bytes().split(b"\0") and int(environ.parent.name) != os.getpid():
                found.append(int(environ.parent.name))
    return found


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def elsewhere(place: Path) -> Path:
    """Where the database's files are when the user that runs PostgreSQL can't reach the folder."""
    return Path("/var/tmp") / f"bchat-{hashlib.sha256(str(place).encode()).hexdigest()[:12]}"  # noqa: S108


def _until(check: Callable[[], bool], deadline: float) -> None:
    end = time.monotonic() + deadline
    while not check():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {deadline:.0f} s")
        time.sleep(0.1)


def _write_secretly(path: Path, text: str, mode: int = 0o600) -> None:
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.chmod(mode)
    new.replace(path)


def _must_be_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            raise Trouble(
                f"Port {port}: {problem.strerror}. Choose another: `make demo PORT=8001`."
            ) from None


def _free_ports(count: int) -> Iterator[int]:
    """Ports nobody listens on, below those that the kernel gives to outgoing connections."""
    with contextlib.ExitStack() as held:
        found = []
        for port in random.sample(range(20000, 32000), 12000):
            probe = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
            if len(found) == count:
                return iter(found)
    raise Trouble("There are no free ports between 20000 and 32000.")
