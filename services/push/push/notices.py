"""What is heard becomes notices, and the notices' audience people to be told."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from kit import clock
from kit.db import Transaction
from sqlalchemy.dialects.postgresql import insert

from push.models import Device, Member, Notice, Person, Telling, room_topic
from push.settings import PushSettings

# More than is told of it, so that it is seen to be cut off.
TEXT_LENGTH = 500
PLAIN = ("text", "photo", "file", "position", "report", "news")
REMINDERS = ("reminder", "overdue")


def hear_entries(
    tx: Transaction, settings: PushSettings, group_id: str, entries: Iterable[Mapping[str, Any]]
) -> None:
    """New entries of a room: those that are told of, and what becomes of earlier ones."""
    topic, told = room_topic(group_id), []
    for entry in entries:
        match entry["kind"]:
            case "edit":
                _edit(tx, topic, entry)
            case "delete":
                withdraw(tx, settings, topic, entry["target_seq"])
            case _:
                if notice := _of_entry(entry):
                    told.append({**notice, "topic": topic, "group_id": group_id, "seq": entry["seq"]})
    joined = [notice for notice in told if notice["kind"] == "joined"]
    common = [notice for notice in told if notice["kind"] != "joined"]
    if common:
        tell(tx, settings, common, [f"group:{group_id}"])
    for notice in joined:
        tell(tx, settings, [notice], [f"user:{notice['body']['user_id']}"])


def _of_entry(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    kind, body = entry["kind"], dict[str, Any]()
    actor = entry["sender_id"] or entry.get("by")
    if kind in PLAIN:
        body = {k: entry[k] for k in ("report_id", "title", "news_id", "mentions") if k in entry}
        body["text"] = (entry.get("text") or "")[:TEXT_LENGTH]
        if attachments := entry.get("attachments"):
            body |= {"count": len(attachments), "name": attachments[0]["name"]}
    elif kind == "task":
        body = {k: entry[k] for k in ("change", "old", "new", "minutes", "target_end") if k in entry}
        kind = "reminder" if entry["change"] in REMINDERS else "task"
    elif kind == "member" and entry["change"] == "joined" and entry["by"] != entry["user_id"]:
        kind, body = "joined", {"user_id": entry["user_id"]}
    else:
        return None
    return {"kind": kind, "actor_id": actor, "body": body, "at": clock.parse(entry["at"])}


def _edit(tx: Transaction, topic: str, entry: Mapping[str, Any]) -> None:
    if "text" not in entry:
        return  # overtaken by a later one
    now = sa.func.jsonb_set(
        Notice.body, ["text"], sa.func.to_jsonb(sa.cast(entry["text"][:TEXT_LENGTH], sa.Text))
    )
    tx.execute(
        sa.update(Notice).where(Notice.topic == topic, Notice.seq == entry["target_seq"]).values(body=now)
    )


def withdraw(
    tx: Transaction,
    settings: PushSettings,
    topic: str,
    seq: int | None = None,
    *,
    before: int | None = None,
) -> None:
    """What was to be told of is gone: one notice of a topic, those up to another, or all.

    Where the notice comes only later, for its event had to be tried again, it is gone then.
    """
    standing = [Telling.topic == topic]
    if seq is None:
        which = [Notice.topic == topic] + ([] if before is None else [Notice.seq <= before])
        tx.execute(sa.update(Notice).where(*which).values(gone=True))
    else:
        now = clock.now()
        stone = insert(Notice).values(
            topic=topic, seq=seq, kind="gone", body={}, at=now, expires_at=now + timedelta(days=1), gone=True
        )
        tx.execute(stone.on_conflict_do_update(index_elements=["topic", "seq"], set_={"gone": True}))
        standing += [Telling.since_seq <= seq, Telling.told_seq >= seq]
    look_again(tx, settings, *standing)


def look_again(tx: Transaction, settings: PushSettings, *which: sa.ColumnElement[bool]) -> None:
    """What stands on devices of these tellings may be over."""
    soon = clock.now() + timedelta(seconds=settings.PUSH_WAIT_SECONDS)
    tx.execute(
        sa.update(Telling)
        .where(*which, Telling.stands)
        .values(due_at=sa.func.least(sa.func.coalesce(Telling.due_at, soon), soon))
    )


def tell(
    tx: Transaction,
    settings: PushSettings,
    notices: Collection[Mapping[str, Any]],
    audience: Iterable[str],
) -> None:
    """Keeps notices of one topic, and that those of the audience who have a device are to be told.

    Args:
        notices: columns of `Notice`; `expires_at` may be left out.
    """
    now = clock.now()
    until = now + timedelta(hours=settings.PUSH_HOURS)
    rows = [{"group_id": None, "expires_at": until, **notice} for notice in notices]
    rows = [row for row in rows if row["expires_at"] > now]
    if not rows:
        return
    tx.execute(insert(Notice).values(rows).on_conflict_do_nothing())
    topic, since = rows[0]["topic"], min(row["seq"] for row in rows)
    actors = {row["actor_id"] for row in rows}
    hearers = _having_devices(list(audience))
    if len(actors) == 1 and (actor := actors.pop()) is not None:
        hearers = hearers.where(Device.user_id != actor)
    due = now + timedelta(seconds=settings.PUSH_WAIT_SECONDS)
    columns = (
        Device.user_id,
        sa.literal(topic),
        sa.literal(since, sa.BigInteger),
        sa.literal(due, sa.DateTime(True)),
    )
    new = insert(Telling).from_select(
        ["user_id", "topic", "since_seq", "due_at"],
        hearers.with_only_columns(*columns).order_by(Device.user_id),
    )
    doubled = sa.func.least(
        settings.PUSH_PAUSE_MAX_SECONDS,
        settings.PUSH_PAUSE_SECONDS * sa.func.power(2, sa.func.least(Telling.unanswered - 1, 20)),
    )
    rested = Telling.told_at + sa.func.make_interval(0, 0, 0, 0, 0, 0, doubled)
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["user_id", "topic"],
            set_={"due_at": sa.func.coalesce(Telling.due_at, sa.func.greatest(new.excluded.due_at, rested))},
        )
    )
    if named := {user for row in rows for user in row["body"].get("mentions", ()) if user != "everyone"}:
        # Who is called by name is called soon.
        tx.execute(
            sa.update(Telling)
            .where(Telling.topic == topic, Telling.user_id.in_(named))
            .values(due_at=sa.func.least(Telling.due_at, due))
        )


def _having_devices(audience: Collection[str]) -> sa.Select[Any]:
    """The people of an audience who have a device."""
    found = sa.select(Device.user_id).distinct()
    if "everyone" in audience:
        return found
    users = [name.removeprefix("user:") for name in audience if name.startswith("user:")]
    groups = [name.removeprefix("group:") for name in audience if name.startswith("group:")]
    members = sa.select(Member.user_id).where(Member.group_id.in_(groups), Member.role.is_not(None))
    which = [Device.user_id.in_(users), Device.user_id.in_(members)]
    if "staff" in audience:
        which.append(Device.user_id.in_(sa.select(Person.id).where(Person.kind == "staff", Person.active)))
    return found.where(sa.or_(*which))
