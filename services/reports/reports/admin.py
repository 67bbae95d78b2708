"""For operators, in the folder of config.yml: `python -m reports.admin check SOURCE`.

It runs each query of a source, shows rows, dates and totals, and says what is missing or does not agree;
nothing is kept, and the exit status is 1 if something is not as it must be.
"""

import argparse
import sys
from pathlib import Path

from kit import config
from kit.db import Transactions, connect

from reports.acquire.check import check, written
from reports.acquire.replica import Limits, LoadError
from reports.acquire.sources import read_sources
from reports.settings import ReportsSettings


def check_source(settings: ReportsSettings, name: str) -> int:
    """Prints what a source gives; returns the exit status."""
    source = read_sources(settings.SOURCES_FILE).get(name)
    if source is None:
        say(f"There is no source {name!r}.")
        return 2
    limits = Limits(settings.BATCH_ROWS, settings.STATEMENT_SECONDS)
    engine = connect(settings.DATABASE_URI, pool=1, name="bchat-reports-admin")
    try:
        with Transactions(engine, "reports").session() as tx:
            found = check(tx, source, settings.KINDS_FOLDER / source.kind, limits)
            tx.rollback()
    except LoadError as problem:
        say(f"{problem} {getattr(problem.__cause__, 'orig', None) or ''}".strip())
        return 2
    finally:
        engine.dispose()
    for line in written(source, found, source.zone):
        say(line)
    return 1 if found.bad else 0


def say(line: str) -> None:
    print(line)  # noqa: T201


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m reports.admin",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-c", "--config", type=Path, default=Path("config.yml"))
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check").add_argument("source")
    asked = parser.parse_args(arguments)
    settings = config.load(asked.config, ReportsSettings)
    return check_source(settings, asked.source)


if __name__ == "__main__":
    sys.exit(main())
