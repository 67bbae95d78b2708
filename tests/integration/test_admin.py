"""The operator at the command line, who holds nothing but the broker."""

import csv
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from admin.cli import main
from click.testing import CliRunner, Result
from client import Connected, Person, Refused, Someone, new_id, until
from kit import broker
from kombu import Producer
from stack import Stack

GOOD = "a good long password"


@pytest.fixture
def command(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `bchat-admin` and returns its result."""
    monkeypatch.setenv("AMQP_URI", stack.amqp_uri)

    def run(*arguments: Any, exits: int = 0, **options: Any) -> Result:
        result = CliRunner().invoke(main, [str(a) for a in arguments], **options)
        assert result.exit_code == exits, (result.output, result.exception)
        return result

    return run


def login(stack: Stack, username: str, password: str = GOOD) -> Person:
    return Person(stack.urls, username, password).login()


def named() -> str:
    return f"person-{new_id()[:13]}"


def test_an_administrator_comes_from_the_command_line(stack: Stack, command: Any) -> None:
    name = named()
    made = command("create-administrator", name, "--display-name", "The Chief", env={"BCHAT_PASSWORD": GOOD})
    assert GOOD not in made.output
    chief = login(stack, name)
    assert (chief.user["permissions"], chief.user["display_name"]) == (["administrator"], "The Chief")
    again = command(
        "create-administrator", name.upper(), "--password-stdin", input="another password\n", exits=1
    )
    assert "already" in again.stderr
    command("create-administrator", name, "--if-absent", "--generate")
    assert login(stack, name).user["id"] == chief.id
    weak = command("create-administrator", named(), "--password-stdin", input="short\n", exits=1)
    assert "10 to 256 characters" in weak.stderr
    assert "--generate" in command("create-administrator", named(), exits=2).stderr


def test_the_command_says_what_is_wrong_with_its_call_or_the_broker(stack: Stack, command: Any) -> None:
    assert "--inactive" in command("people", "--help", env={"AMQP_URI": ""}).stdout
    for uri in ("", "redis://nonsense"):
        assert "AMQP_URI" in command("people", env={"AMQP_URI": uri}, exits=2).stderr
    away = command("people", env={"AMQP_URI": "amqp://bchat:secret@127.0.0.1:1//"}, exits=3).output
    assert ("does not answer" in away, "secret" in away) == (True, False)
    done = subprocess.run(
        ["bchat-admin", "people", "--q", stack.admin["username"], "--json"],
        env={**os.environ, "AMQP_URI": stack.amqp_uri},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[0])["kind"] == "staff"


def test_a_list_becomes_people_once(
    stack: Stack, command: Any, connected: Connected, admin: Person, tmp_path: Path
) -> None:
    file, passwords = tmp_path / "people.csv", tmp_path / "passwords.csv"
    mei, tom, ann = named(), named(), named()
    lines = [
        "username,kind,display_name,permissions,password",
        f"{mei},staff,Mei Lin,news:publish reports:sales,",
        f"{tom},staff,,,{GOOD}",
        f"{ann},customer,Ann Lee,,",
    ]

    def write(*more: str) -> None:
        file.write_text("\n".join([*lines, *more, ""]))

    write(f"{named()},robot,,,", f"{mei.upper()},staff,,,", f"{named()},staff,,everything,short")
    wrong = command("import-people", file, "--passwords", passwords, exits=1)
    where = re.findall(r"^(?:Error: )?line (\d+), (\w+)", wrong.stderr, re.MULTILINE)
    assert where == [("5", "kind"), ("6", "username"), ("7", "password"), ("7", "permissions")]
    write()
    assert "3 created" in command("import-people", file, "--check").output
    assert "2 new people" in command("import-people", file, exits=2).stderr
    assert not passwords.exists()
    with pytest.raises(Refused):
        login(stack, tom)
    device = connected(admin)
    assert command("import-people", file, "--passwords", passwords).stdout == "3 created.\n"
    device.wait(lambda: any(f.get("new") and f["user"]["username"] == ann for f in device.frames), "told")
    made = dict(csv.reader(passwords.open()))
    assert made.keys() == {mei, ann}
    assert login(stack, mei, made[mei]).user["permissions"] == ["news:publish", "reports:sales"]
    assert login(stack, ann, made[ann]).user["kind"] == "customer"
    assert login(stack, tom).user["display_name"] == tom
    lines[1] = f"{mei},staff,Mei of Sales,,"
    write(f"{named()},customer,,,{GOOD}")
    assert command("import-people", file).stdout == "1 created, 3 left.\n"
    assert command("import-people", file, "--update").stdout == "1 updated, 3 unchanged.\n"
    changed = login(stack, mei, made[mei]).user
    assert (changed["display_name"], changed["permissions"]) == ("Mei of Sales", [])
    assert "None" not in command("people", "--q", mei).stdout
    assert "Mei of Sales" in command("people", "--q", mei, "--kind", "staff", "--active").stdout
    assert command("people", "--q", mei, "--kind", "customer").stdout == ""


def test_a_person_is_reset_deactivated_and_let_in_again(
    stack: Stack, command: Any, someone: Someone, connected: Connected
) -> None:
    ann = someone()
    device = connected(ann, at=1)
    said = command("reset-password", ann.username, "--generate").stdout
    assert device.ended() == 4401
    (password,) = re.findall(r"^Password: (.+)$", said, re.MULTILINE)
    device = connected(login(stack, ann.username, password))
    command("deactivate", ann.username.upper())
    assert device.ended() == 4401
    with pytest.raises(Refused):
        login(stack, ann.username, password)
    assert ann.username in command("people", "--inactive", "--q", ann.username).stdout
    command("activate", ann.username)
    assert login(stack, ann.username, password).id == ann.id
    assert "no such person" in command("deactivate", named(), exits=1).stderr


def test_dead_letters_are_listed_and_sent_back(stack: Stack, command: Any) -> None:
    event_id = new_id()
    with broker.connect(stack.amqp_uri) as connection:
        broker.publish(
            Producer(connection.default_channel),
            b"not an event",
            exchange="",
            routing_key="hear-chat",
            message_id=event_id,
        )

    def listed(*arguments: str) -> list[dict[str, Any]]:
        found = map(json.loads, command("dead", "list", "--json", *arguments).stdout.splitlines())
        return [letter for letter in found if letter["id"] == event_id]

    until(lambda: listed("chat"), "given up")
    assert [letter["service"] for letter in listed()] == ["chat"]
    assert "unreadable" in command("dead", "list").stdout
    assert command("dead", "redrive", "chat", "--id", new_id()).stdout == ""
    assert command("dead", "redrive", "chat", "--id", event_id).stdout == "chat: 1\n"
    until(lambda: listed("chat"), "given up again")
    command("dead", "list", "nobody", exits=2)
    with broker.connect(stack.amqp_uri) as connection:
        broker.dead_queue("chat")(connection.channel()).purge()


def test_copies_are_made_anew_while_all_goes_on(stack: Stack, command: Any, someone: Someone) -> None:
    ann, gone, friend = someone(), someone(), someone(kind="customer")
    group = ann.post("/groups", {"name": "Us", "catalogue": "chat", "visibility": "invite"})["id"]
    for person in (gone, friend):
        ann.put(f"/groups/{group}/members/{person.id}", {"role": "guest"})
    see = lambda person: friend.raw("GET", f"/api/v1/users/{person.id}").ok  # noqa: E731
    until(lambda: see(ann) and see(gone), "in the copy of auth")
    ann.delete(f"/groups/{group}/members/{gone.id}")
    until(lambda: not see(gone), "out of the copy of auth")
    lost = "update auth.memberships set member = not member where group_id = %s and user_id in (%s, %s)"
    connection = psycopg2.connect(stack.database_uri.replace("+psycopg2", ""), dbname="bchat")
    with connection, connection.cursor() as cursor:
        cursor.execute(lost, (group, ann.id, gone.id))
    connection.close()
    assert (see(ann), see(gone)) == (False, True)
    said = command("rebuild-copies").stdout
    assert (see(ann), see(gone)) == (True, False)
    assert re.findall(r"^(\w+): [1-9]\d* (\w+)$", said, re.MULTILINE) == [
        *((name, "memberships") for name in ("auth", "chat", "location", "news", "push", "reports")),
        *((name, "people") for name in ("groups", "news", "push", "reports")),
    ]
