"""Seeds the demo's people and rooms through the public HTTP API; what is there already is left as it is.

    python people.py --url http://127.0.0.1:8000 --admin-user admin --admin-password ... \
        --people-password ... --logins-out .local/people.json

Every option has an environment variable (see below), as deploy/local sets them. The file gets one login for
each role: [{"role", "username", "password"}].
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from api import Away, Person, Refused
from poster import bicycle

SHOP = "Rijwielhuis Groningen"  # the customer whose Nora Willems is
REPORTS = (
    *("sales", "purchasing", "production", "receivables"),
    *("payables", "ledger", "financial", "human_resources"),
)


@dataclass(frozen=True)
class Somebody:
    username: str
    name: str
    role: str | None  # that this login stands for in demo.json
    kind: str = "staff"
    permissions: tuple[str, ...] = ()


PEOPLE = {
    who.username: who
    for who in (
        Somebody(
            "marieke",
            "Marieke Visser, sales",
            "owner",
            permissions=(*(f"reports:{r}" for r in REPORTS), "news:publish"),
        ),
        Somebody(
            "jan", "Jan Bakker, planning", "coordinator", permissions=("reports:sales", "reports:production")
        ),
        Somebody("sofie", "Sofie Jansen, accounts", "staff", permissions=("reports:sales",)),
        Somebody("nora", f"Nora Willems, {SHOP}", "guest", kind="customer"),
        Somebody("omar", "Omar Kaya, warehouse", None),
        Somebody("eva", "Eva Mulder, finance", None, permissions=("reports:sales", "reports:receivables")),
    )
}
STAFF = {"jan": "coordinator", "sofie": "staff", "omar": "staff", "eva": "staff"}


@dataclass(frozen=True)
class Room:
    """Made by Marieke, who owns it."""

    name: str
    description: str
    fields: dict[str, Any]
    members: dict[str, str]
    talk: tuple[tuple[str, str], ...]


FLOOR = Room(
    "Workshop and office",
    "What everybody at Kestrel Cycles should hear today.",
    {"catalogue": "chat", "visibility": "open"},
    STAFF,
    (
        (
            "marieke",
            "Good morning all. The order book is long, so please call out what leaves and what is stuck.",
        ),
        ("omar", "Will do. The first lorry to Germany is loaded."),
        ("jan", "Two production orders start today, both e-bikes. I keep an eye on the motors."),
    ),
)
SALES = Room(
    "Sales figures",
    "The sales report comes in here by itself; we talk about it.",
    {"catalogue": "business", "type": "sales", "visibility": "open"},
    {"jan": "coordinator", "sofie": "staff", "eva": "staff"},
    (
        (
            "marieke",
            "The sales report is set to come into this room by itself. Open it and filter as you like.",
        ),
        ("eva", "Good. I compare it with the invoices at the end of the month."),
        ("sofie", "E-bikes keep growing. Road bikes I worry about."),
    ),
)
CUSTOMER = Room(
    f"{SHOP} and Kestrel",
    "Orders, deliveries and questions.",
    {"catalogue": "chat", "visibility": "invite"},
    {"sofie": "coordinator", "omar": "staff", "nora": "guest"},
    (
        ("sofie", "Welcome, Nora. Ask here about your orders; Omar from the warehouse reads along."),
        ("nora", "Thank you! Much better than the phone."),
    ),
)
FAIR = Room(
    "Spring fair stand",
    "Stand, samples and price lists, ready before the target date.",
    {"catalogue": "task", "visibility": "open"},
    {"jan": "coordinator", "sofie": "staff", "omar": "staff"},
    (
        ("marieke", "We take the Merlin and both Harriers. Who builds the samples?"),
        ("jan", "I put them on the line the week after next."),
    ),
)
ROOMS = (FLOOR, SALES, CUSTOMER, FAIR)


@dataclass(frozen=True)
class Article:
    """Released by Marieke, for a room if one is named, and read by some already."""

    title: str
    body: str
    fields: dict[str, Any]
    room: Room | None = None
    readers: tuple[str, ...] = ()
    picture: bool = False


NEWS = (
    Article(
        "Holiday deliveries",
        """\
Our lorries rest from **24 December** to **1 January**.

| ordered until | with you by |
|---|---|
| 12 December | 19 December |
| 17 December | 23 December |
| later | 9 January |

Spare parts leave every working day. Ask Sofie or Omar in this room.""",
        {"audience": "groups"},
        room=CUSTOMER,
    ),
    Article(
        "The Merlin Carbon is here",
        """\
Two years of work, 8.9 kilograms: the **Merlin Carbon** leaves the line, red now and grey from spring on.

See it at the spring fair, or ask us for a test ride.""",
        {"audience": "everyone"},
        picture=True,
    ),
    Article(
        "Goods come in at gate 4",
        """\
From Monday on **all goods come in at gate 4**. Gate 2 is for finished bicycles only.

## What changes

- Lorries report at the new barrier; Omar's team lets them in.
- Pallets for the workshop wait on the *left* of the hall.
- The bell of gate 2 is switched off.

## Why

Last year we had two near misses at gate 2. Please read this, so that we have none.""",
        {"audience": "staff", "must_read": True},
        readers=("jan", "omar"),
    ),
)
LARGE_ORDERS = {"type": "sales", "trigger": {"kind": "order_over", "amount": "25000"}}
SUBSCRIPTION = {"type": "sales", "schedule": {"cron": "* * * * *", "timezone": "Europe/Amsterdam"}}


def seed(url: str, admin: Person, password: str) -> dict[str, Person]:
    """Makes whoever and whatever is missing; returns the people, logged in."""
    admin.log_in()
    for source in admin.every("/sources"):
        if not source["as_of"]:  # the first reading takes longest; meanwhile the rooms are made
            admin.post(f"/sources/{source['name']}/acquire")
    people = {}
    for who in PEOPLE.values():
        person = people[who.username] = Person(url, who.username, password)
        found = [u for u in admin.every("/users", q=who.username) if u["username"] == who.username]
        if not found:
            admin.post(
                "/users", username=who.username, password=password, display_name=who.name, kind=who.kind,
                permissions=list(who.permissions),
            )  # fmt: skip
        try:
            person.log_in()
        except Refused:  # the password was kept elsewhere, and that file is gone
            admin.patch(f"/users/{found[0]['id']}", password=password)
            person.log_in()
    owner = people["marieke"]
    for room in ROOMS:
        group = made(owner, room)
        there = {member["user_id"] for member in owner.every(f"/groups/{group['id']}/members")}
        wanted = {people[name].me["id"]: role for name, role in room.members.items()}
        if room is not CUSTOMER:
            wanted[admin.me["id"]] = "staff"
        for user_id, role in wanted.items():
            if user_id not in there:
                owner.put(f"/groups/{group['id']}/members/{user_id}", role=role)
        if not any(e["kind"] == "text" for e in owner.get(f"/groups/{group['id']}/timeline")["items"]):
            for name, text in room.talk:
                people[name].say(group["id"], text)
    subscribe(owner, made(owner, SALES)["id"])
    for article in NEWS:
        release(people, article)
    return people


def made(owner: Person, room: Room) -> dict[str, Any]:
    """The room; when its owner has ended it, a new one of the same name."""
    for group in owner.every("/groups", q=room.name):
        if group["name"] == room.name and not group["ended_at"] and group["my_role"] == "owner":
            return dict(group)
    fields = dict(room.fields)
    if fields["catalogue"] == "task":
        ends = datetime.now(UTC) + timedelta(days=21)
        fields["target_end"] = ends.strftime("%Y-%m-%dT16:00:00.000Z")
    return dict(owner.post("/groups", name=room.name, description=room.description, **fields))


def release(people: dict[str, Person], article: Article) -> None:
    """Releases it, unless that was done before."""
    owner = people["marieke"]
    if any(found["title"] == article.title for found in owner.every("/news", q=article.title)):
        return
    groups = [made(owner, article.room)["id"]] if article.room else []
    # With its picture from the start: drafts are seen by nobody.
    draft = owner.post(
        "/news", title=article.title, body=article.body, group_ids=groups, draft=True, **article.fields
    )
    if article.picture:
        owner.send(f"/news/{draft['id']}/picture", bicycle())
    owner.patch(f"/news/{draft['id']}", draft=False)
    for name in article.readers:
        people[name].put(f"/news/{draft['id']}/read")


def subscribe(owner: Person, group_id: str) -> None:
    """The report comes now and every minute, so that who has just logged in sees one arrive; and when a large
    order comes in."""
    target = {"group_id": group_id}
    there = [s for s in owner.every("/subscriptions") if s["target"] == target]
    if not any(s["schedule"] for s in there):
        subscription = owner.post("/subscriptions", target=target, **SUBSCRIPTION)
        owner.post(f"/subscriptions/{subscription['id']}/run")
    if not any(s["trigger"] for s in there):
        owner.post("/subscriptions", target=target, **LARGE_ORDERS)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for option, variable in (
        ("--url", "BCHAT_URL"),
        ("--admin-user", "BCHAT_ADMIN"),
        ("--admin-password", "BCHAT_ADMIN_PASSWORD"),
        ("--people-password", "BCHAT_PEOPLE_PASSWORD"),
        ("--logins-out", "BCHAT_PEOPLE_FILE"),
    ):
        default = os.environ.get(variable)
        parser.add_argument(option, default=default, required=not default, help=f"${variable}")
    args = parser.parse_args()
    try:
        seed(args.url, Person(args.url, args.admin_user, args.admin_password), args.people_password)
    except (Refused, Away) as problem:
        print(f"The people of the demo could not be made: {problem}", file=sys.stderr)
        return 1
    logins = [
        {"role": who.role, "username": who.username, "password": args.people_password}
        for who in PEOPLE.values()
        if who.role
    ]
    out = Path(args.logins_out)
    out.touch(0o600)
    out.write_text(json.dumps(logins, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
