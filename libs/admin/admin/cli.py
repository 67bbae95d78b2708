"""The commands."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import click
from kit import config
from kit import dead as letters
from kit.observe import start_observing

from admin import copies, enrolment, lists
from admin import doctor as examination
from admin.services import Refused, Services

# Those that hear events.
SERVICES = ("auth", "chat", "groups", "location", "news", "push", "reports")
MADE_AT_ONCE = 10  # each takes a tenth of a second of a processor, and an answer may take 30 s
MANUAL = """Bchat for the operator.

It talks to the running services over the broker and needs nothing but its address: whoever holds the broker
is trusted. Every command may be repeated.

\b
Exit status:
  0  done
  1  refused, or wrong input; what is not said to be done is not done
  2  the command was not understood
  3  the broker or a service did not answer: try again
"""

operator = click.make_pass_decorator(Services)
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
one_service = click.argument("service", required=False, type=click.Choice(SERVICES))


def run() -> None:
    """The console command."""
    start_observing("bchat-admin", "ERROR", "console")
    try:
        main()
    except config.ConfigError as problem:
        click.echo(problem, err=True)
        sys.exit(2)


@click.group(help=MANUAL, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="bchat-admin")
@click.option(
    "--amqp-uri",
    default=lambda: config.variable("AMQP_URI", ""),
    help="The broker; else AMQP_URI names it, or AMQP_URI_FILE a file with its address.",
)
@click.pass_context
def main(context: click.Context, amqp_uri: str) -> None:
    context.obj = Services(amqp_uri)
    context.call_on_close(context.obj.close)


# People


def _password_options(command: Any) -> Any:
    for name, text in (
        ("--generate", "Make a password and print it; it is shown this once."),
        ("--password-stdin", "Read the password from standard input."),
    ):
        command = click.option(name, is_flag=True, help=text)(command)
    return command


def _password(generate: bool, password_stdin: bool) -> str:
    """From BCHAT_PASSWORD, standard input or the generator, else asked for."""
    if generate:
        return lists.new_password()
    if password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if given := config.variable("BCHAT_PASSWORD"):
        return given
    if not sys.stdin.isatty():
        raise click.UsageError("Give a password: BCHAT_PASSWORD, --password-stdin or --generate.")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


@main.command()
@click.argument("username")
@click.option("--display-name", help="What others see; else the username.")
@click.option("--if-absent", is_flag=True, help="Succeed, and change nothing, if there is such a person.")
@_password_options
@operator
def create_administrator(
    services: Services,
    username: str,
    display_name: str | None,
    if_absent: bool,
    generate: bool,
    password_stdin: bool,
) -> None:
    """Make a person who may make and change people.

    The password is asked for, or comes from BCHAT_PASSWORD, --password-stdin or --generate.
    """
    password = _password(generate, password_stdin)
    row = {
        "username": username,
        "kind": "staff",
        "permissions": ["administrator"],
        "password": password,
        **({"display_name": display_name} if display_name else {}),
    }
    (made,) = services.ask("auth", "enrol", again=False, rows=[row])["items"]
    if made["change"] == "created":
        click.echo(f"{username} is an administrator.")
        if generate:
            click.echo(f"Password: {password}")
    elif if_absent:
        click.echo(f"{username} is there already and was left alone.")
    else:
        raise Refused(f"There is already a person named {username}.")


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--update", is_flag=True, help="Bring who is there already to what the file says of them.")
@click.option("--check", is_flag=True, help="Only say what would be done.")
@click.option(
    "--passwords",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where passwords are written that had to be made. Lines are added; the last of a person counts.",
)
@operator
def import_people(services: Services, file: Path, update: bool, check: bool, passwords: Path | None) -> None:
    """Make the people of a CSV file.

    Its first line names the columns: username and kind (staff or customer), and if you like display_name,
    permissions (with spaces between) and password. Who has no password gets one, written to --passwords.

    The whole file is checked before anybody is made. Who is there already is left alone, so the same file may
    be imported again, after a mistake or with more people; with --update they get the name, the kind and the
    permissions of the file, but keep their password. Where there is no such column, or no name, nothing is
    changed; where there is a column of permissions and a cell is empty, all are taken.
    """
    rows = enrolment.read(file)
    changes = enrolment.check(services, rows, update=update)
    if check:
        click.echo(f"Would be: {enrolment.summary(changes)}.")
        return
    todo = [row for row, change in zip(rows, changes, strict=True) if change in ("created", "updated")]
    new = {row.line for row, change in zip(rows, changes, strict=True) if change == "created"}
    without = {row.line for row in todo if row.line in new and "password" not in row.fields}
    if without and not passwords:
        raise click.UsageError(f"{len(without)} new people have no password: name a file by --passwords.")
    done = [change for change in changes if change not in ("created", "updated")]
    with (
        _written(passwords) if without and passwords else nullcontext() as written,
        click.progressbar(length=len(todo), label="Making", file=sys.stderr) as bar,
    ):
        for part in enrolment.parts(todo, MADE_AT_ONCE):
            made = {row.fields["username"]: lists.new_password() for row in part if row.line in without}
            if written:
                # Before they are in use: whatever happens then, nobody has a password that nobody knows.
                written.add(made)
            try:
                done += enrolment.make(services, part, made, update=update)
            except click.ClickException:
                click.echo(f"\n{enrolment.summary(done)}; the same again goes on from there.", err=True)
                raise
            bar.update(len(part))
    click.echo(f"{enrolment.summary(done)}.")


@contextmanager
def _written(path: Path) -> Iterator[lists.Passwords]:
    try:
        with lists.passwords(path) as file:
            yield file
    except OSError as problem:
        raise click.FileError(str(path), problem.strerror) from None


@main.command()
@click.argument("username")
@_password_options
@operator
def reset_password(services: Services, username: str, generate: bool, password_stdin: bool) -> None:
    """Give a person a new password. All their sessions end.

    The password is asked for, or comes from BCHAT_PASSWORD, --password-stdin or --generate.
    """
    password = _password(generate, password_stdin)
    services.ask("auth", "administer", username=username, changes={"password": password})
    click.echo(f"{username} has a new password and is signed out everywhere.")
    if generate:
        click.echo(f"Password: {password}")


@main.command()
@click.argument("username")
@operator
def deactivate(services: Services, username: str) -> None:
    """Let a person sign in no more. Their sessions end at once; what they wrote stays."""
    services.ask("auth", "administer", username=username, changes={"active": False})
    click.echo(f"{username} may no longer sign in.")


@main.command()
@click.argument("username")
@operator
def activate(services: Services, username: str) -> None:
    """Let a person sign in again."""
    services.ask("auth", "administer", username=username, changes={"active": True})
    click.echo(f"{username} may sign in.")


@main.command()
@click.option("--q", help="Part of a name.")
@click.option("--kind", type=click.Choice(["staff", "customer"]))
@click.option("--active/--inactive", default=None, help="Only who may, or may not, sign in.")
@as_json
@operator
def people(services: Services, q: str | None, kind: str | None, active: bool | None, as_json: bool) -> None:
    """List people in the order of their names."""
    found = [
        person
        for page in copies.pages(services.ask, "auth", "all_people", q=q, kind=kind, active=active)
        for person in page
    ]
    found.sort(key=lambda person: (person["display_name"].casefold(), person["id"]))
    for person in found:
        person["permissions"] = " ".join(person["permissions"])
        person["active"] = "" if person["active"] else "inactive"
    _show(found, as_json, "username", "display_name", "kind", "active", "permissions")


# Dead letters


@main.group()
def dead() -> None:
    """Events that a service gave up on."""


@dead.command("list")
@one_service
@as_json
@operator
def list_dead(services: Services, service: str | None, as_json: bool) -> None:
    """List them: of one service, or of all."""
    uri = services.amqp_uri
    found = [{"service": name, **letter} for name in _named(service) for letter in letters.listed(uri, name)]
    _show(found, as_json, "service", "time", "type", "id", "reason")


@dead.command()
@one_service
@click.option("--id", "event_id", help="Only the event with this id.")
@operator
def redrive(services: Services, service: str | None, event_id: str | None) -> None:
    """Send them back to be heard again, when what was wrong is mended."""
    uri = services.amqp_uri
    for name in _named(service):
        if sent := letters.redrive(uri, name, event_id):
            click.echo(f"{name}: {sent}")


# Copies


@main.command()
@one_service
@operator
def rebuild_copies(services: Services, service: str | None) -> None:
    """Make copies anew that services keep of memberships and people.

    They keep them by hearing events, so this is for after a loss: a restored backup, dead letters given up.
    Services go on meanwhile, and what they know newer is not overwritten.
    """
    problems: list[click.ClickException] = []
    for what, make_anew in copies.MAKE_ANEW.items():
        for name in copies.KEEPERS[what]:
            if service in (None, name):
                try:
                    click.echo(f"{name}: {make_anew(services.ask, name)} {what}")
                except click.ClickException as problem:
                    # The others' copies are no worse for it.
                    click.echo(f"{name}: no {what}. {problem.message}", err=True)
                    problems.append(problem)
    if problems:
        raise problems[0]


@main.command()
@operator
def rebuild_search(services: Services) -> None:
    """Make anew what search looks through, from all messages there are."""
    indexed, cursor = 0, None
    while True:
        told = services.ask("chat", "index_again", cursor=cursor)
        indexed, cursor = indexed + told["indexed"], told["next_cursor"]
        if cursor is None:
            break
    click.echo(f"{indexed} entries")


@main.command()
@click.option("--url", envvar="BCHAT_URL", help="Where people reach Bchat, to be tried too.")
@as_json
@operator
def doctor(services: Services, url: str | None, as_json: bool) -> None:
    """Examine the installation, and say what is wrong and what to do about it.

    Each service examines what it has: settings, database, migrations, rights, queues, files, sources. What it
    says is compared: clocks, and the keys of auth and the gateways. Nothing is changed but what every start
    does, too. The exit status is 1 where something is wrong.
    """
    wrong = 0
    for found in examination.examined(services.amqp_uri, SERVICES, url):
        wrong += not found["ok"]
        if as_json:
            click.echo(json.dumps(found, ensure_ascii=False))
            continue
        click.echo(
            f"{'ok   ' if found['ok'] else 'WRONG'} {found['part']:<9} {found['check']:<16} {found['found']}"
        )
        if found["remedy"]:
            click.echo(f"      {found['remedy']}")
    if wrong:
        raise Refused(f"{wrong} of these are wrong.")
    if not as_json:
        click.echo("All is well.")


def _named(service: str | None) -> tuple[str, ...]:
    return (service,) if service else SERVICES


def _show(rows: Sequence[dict[str, Any]], as_json: bool, *columns: str) -> None:
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    lines = [list(columns), *([str(row[name]) for name in columns] for row in rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines if rows else ():
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
