"""`kit`: runs, migrates and inspects the service in whose folder it stands."""

import argparse
import json
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> int:
    """The console command; its exit status."""
    parser = argparse.ArgumentParser(prog="kit", description=__doc__)
    parser.add_argument("-c", "--config", type=Path, default=Path("config.yml"))
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="run the service")
    worker = commands.add_parser("worker", help="run a loop beside the service")
    worker.add_argument("loop", help="module:function, called with the settings and a stop event")
    migrate = commands.add_parser("migrate", help="bring the schema and the queues to the newest version")
    migrate.add_argument("--sql", action="store_true", help="print the SQL only")
    migrate.add_argument("--check", action="store_true", help="do models and migrations agree?")
    revision = commands.add_parser("revision", help="write a migration")
    revision.add_argument("-m", "--message", required=True)
    contract = commands.add_parser("contract", help="write the contracts of the events it says")
    contract.add_argument("--check", action="store_true", help="only compare")
    commands.add_parser("examine", help="say what is wrong with its database, its rights and its queues")
    dead = commands.add_parser("dead", help="events given up on")
    dead.add_argument("action", choices=["list", "redrive"])
    dead.add_argument("--id", help="only the event with this id")
    args = parser.parse_args()
    # Nameko has no other engine than eventlet (docs/adr/0002), so its advice at every start is noise.
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    if args.command == "serve":
        # Before anything opens a socket or makes a lock.
        import eventlet

        eventlet.monkey_patch()
    from kit.config import ConfigError

    args.config = args.config.resolve()
    try:
        return _COMMANDS[args.command](args)
    except ConfigError as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 2


def _serve(args: argparse.Namespace) -> int:
    from kit.service import serve

    return serve(args.config)


def _worker(args: argparse.Namespace) -> int:
    import importlib

    from kit import condition, config
    from kit.observe import serve_probes, start_observing

    settings = config.load(args.config, config.named(args.config, "settings"))
    module, _, function = args.loop.partition(":")
    loop: Callable[[Any, threading.Event], None] = getattr(importlib.import_module(module), function)
    start_observing(
        module,
        settings.LOG_LEVEL,
        settings.LOG_FORMAT,
        traces_url=settings.TRACES_URL,
        traces_sample=settings.TRACES_SAMPLE,
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Setting it here could wait for a lock that the interrupted code holds.
        signal.signal(number, lambda *_: threading.Thread(target=stop.set).start())
    if settings.PROBE_PORT:
        ready = condition.ready(settings.DATABASE_URI, settings.AMQP_URI, module)
        serve_probes(settings.PROBE_HOST, settings.PROBE_PORT, ready)
    loop(settings, stop)
    return 0


def _migrate(args: argparse.Namespace) -> int:
    from kit import broker, config, migrate
    from kit.service import heard_by, worked_by

    settings = config.load(args.config, config.named(args.config, "settings"))
    folder = args.config.parent
    if args.check:
        migrate.check(folder, settings.DATABASE_URI, config.named(args.config, "metadata").metadata)
        return 0
    migrate.upgrade(folder, settings.DATABASE_URI, sql=args.sql)
    if not args.sql:
        service = config.named(args.config, "service")
        with broker.connect(settings.AMQP_URI) as connection:
            heard = [event.routing_key() for event in heard_by(service)]
            broker.declare(connection, service.name, heard, worked_by(service))
    return 0


def _revision(args: argparse.Namespace) -> int:
    from kit import config, migrate

    settings = config.load(args.config, config.named(args.config, "settings"))
    metadata = config.named(args.config, "metadata").metadata
    migrate.revision(args.config.parent, settings.DATABASE_URI, metadata, args.message)
    return 0


def _contract(args: argparse.Namespace) -> int:
    from kit import config, contract

    module, folder = config.named(args.config, "events"), args.config.parent / "contract"
    if not args.check:
        contract.write(module, folder)
        return 0
    wrong = contract.differences(module, folder)
    for line in wrong:
        print(line, file=sys.stderr)  # noqa: T201
    return 1 if wrong else 0


def _dead(args: argparse.Namespace) -> int:
    from kit import config, dead

    settings = config.load(args.config, config.named(args.config, "settings"))
    name = config.named(args.config, "service").name
    if args.action == "list":
        for letter in dead.listed(settings.AMQP_URI, name):
            if args.id in (None, letter["id"]):
                print(json.dumps(letter))  # noqa: T201
        return 0
    print(dead.redrive(settings.AMQP_URI, name, args.id))  # noqa: T201
    return 0


def _examine(args: argparse.Namespace) -> int:
    from kit import config, db, examine
    from kit.service import heard_by

    settings = config.load(args.config, config.named(args.config, "settings"))
    service = config.named(args.config, "service")
    engine = db.connect(settings.DATABASE_URI, pool=1, name=f"bchat-{service.name}-examine")
    keys = [event.routing_key() for event in heard_by(service)]
    findings = examine.common(engine, settings.AMQP_URI, args.config.parent, service.name, keys)
    for found in findings:
        print(f"{'ok   ' if found['ok'] else 'WRONG'} {found['check']:<16} {found['found']}")  # noqa: T201
        if found["remedy"]:
            print(f"      {found['remedy']}")  # noqa: T201
    return 0 if all(found["ok"] for found in findings) else 1


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "serve": _serve,
    "worker": _worker,
    "migrate": _migrate,
    "revision": _revision,
    "contract": _contract,
    "dead": _dead,
    "examine": _examine,
}
