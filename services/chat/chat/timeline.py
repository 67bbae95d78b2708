"""The one timeline of each room, and the only place where a seq is allotted: under the room's row lock, in
the transaction that stores the entry. A seq taken any earlier could become visible after a later one, and
whoever resumes from the later one would never see it.

Statements are fixed in number, however many messages, senders and rooms there are.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any

import orjson
from kit.clock import now, rfc3339
from kit.db import Transaction
from kit.errors import Refusal
from kit.event import new_id
from kit.fields import page as page_of
from kit.rows import ID, NUMBER, rows_of, sent
from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    Uuid,
    and_,
    func,
    insert,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import TableValuedAlias

from chat import attachments, search
from chat.errors import (
    group_ended,
    may_not_mention_everyone,
    unknown_attachment,
    unknown_mention,
    unknown_reply_to,
)
from chat.events import EntriesAppended, ReadMoved
from chat.memberships import (
    ASKED,
    LEADERS,
    ROLES,
    Locked,
    MembershipsMissing,
    Pair,
    Standing,
    open_rooms,
    standings,
)
from chat.models import EVERYONE, Base, Entry, Member, Mention, Room
from chat.requests import Behind, Draft, Window, ids

ENTRIES = Base.metadata.tables["entries"]
# Of one answer: a character is up to 12 bytes in it, and RabbitMQ takes no message over 16 MiB.
MOST_CHARACTERS = 500_000

# What a message needs to know, in one round trip. The first statement locks the rooms, in sorted order, so
# that two replicas never wait for each other in a circle. Only the second, begun when all locks are held,
# sees what whoever held them before has stored.
LOOK = text("""
    SELECT FROM rooms WHERE group_id = ANY (CAST(:group_id AS uuid[])) ORDER BY group_id FOR NO KEY UPDATE;
    SELECT key.group_id AS key_group, key.sender_id AS key_sender, key.client_id AS key_client,
        room.last_seq, room.ended, member.role, member.visible, first.*
    FROM unnest(
        CAST(:group_id AS uuid[]), CAST(:sender_id AS uuid[]), CAST(:client_id AS uuid[])
    ) AS key (group_id, sender_id, client_id)
    LEFT JOIN rooms AS room ON room.group_id = key.group_id
    LEFT JOIN members AS member ON member.group_id = key.group_id AND member.user_id = key.sender_id
    LEFT JOIN LATERAL (
        SELECT * FROM entries
        WHERE group_id = key.group_id AND sender_id = key.sender_id AND client_id = key.client_id
        OFFSET 0
    ) AS first ON true
""").columns(
    body=JSONB,
    **dict.fromkeys(
        ("key_group", "key_sender", "key_client", "group_id", "id", "sender_id", "client_id"),
        Uuid(as_uuid=False),
    ),
)
STORE = text(f"""
    WITH new AS (
        SELECT * FROM unnest(
            CAST(:group_id AS uuid[]), CAST(:seq AS bigint[]), CAST(:id AS uuid[]), CAST(:kind AS text[]),
            CAST(:sender_id AS uuid[]), CAST(:client_id AS uuid[]), CAST(:at AS timestamptz[]),
            CAST(:text AS text[]), CAST(:reply_to AS bigint[]), CAST(:body AS text[])
        ) AS new (group_id, seq, id, kind, sender_id, client_id, at, text, reply_to, body)
    ), stored AS (
        INSERT INTO entries (group_id, seq, id, kind, sender_id, client_id, at, text, reply_to, body)
        SELECT group_id, seq, id, kind, sender_id, client_id, at, text, reply_to, CAST(body AS jsonb) FROM new
    ), kept AS (
        {search.KEEP}
    ), moved AS (
        UPDATE members SET read_seq = read.seq
        FROM unnest(
            CAST(:read_group_id AS uuid[]), CAST(:read_user_id AS uuid[]), CAST(:read_seq AS bigint[])
        ) AS read (group_id, user_id, seq)
        WHERE members.group_id = read.group_id AND members.user_id = read.user_id
    )
    UPDATE rooms SET last_seq = grown.seq
    FROM (SELECT group_id, max(seq) AS seq FROM new GROUP BY group_id) AS grown
    WHERE rooms.group_id = grown.group_id
""")  # noqa: S608  of constants


def _for_each(keys: TableValuedAlias, *wanted: ColumnElement[bool]) -> Select[Any]:
    """The entries wanted for each of the keys, in seq order.

    OFFSET 0 forbids PostgreSQL to make one join of it: for many rooms that reads whole partitions, where one
    look into the index of one partition a key is enough.
    """
    found = select(ENTRIES).where(*wanted).offset(0).lateral("found")
    return select(found).select_from(keys.join(found, true())).order_by(found.c.seq)


KEYS = rows_of("keys", group_id=ID, sender_id=ID, client_id=ID)
SAME = _for_each(KEYS, *(ENTRIES.c[key.name] == key for key in KEYS.c))

MISSED = rows_of("missed", group_id=ID, after_seq=NUMBER, last_seq=NUMBER)
# Not beyond the last_seq read before: what came since arrives as an event of its own.
MISSED_ENTRIES = _for_each(
    MISSED,
    ENTRIES.c.group_id == MISSED.c.group_id,
    ENTRIES.c.seq > MISSED.c.after_seq,
    ENTRIES.c.seq <= MISSED.c.last_seq,
)

MENTIONED = rows_of("mentioned", group_id=ID, user_id=ID, seq=NUMBER)
MENTION = insert(Base.metadata.tables["mentions"]).from_select(
    ["group_id", "user_id", "seq"], select(*MENTIONED.c)
)

# Of a member's unread entries: those that are no news but a change of older ones, and those that name them.
QUIET = (
    select(func.count())
    .where(Entry.group_id == Member.group_id, Entry.seq > Member.read_seq)
    .where(Entry.kind.in_(("edit", "delete")))
    .correlate(Member)
    .scalar_subquery()
    .label("quiet")
)
NAMED = (
    select(func.count(Mention.seq.distinct()))
    .where(Mention.group_id == Member.group_id, Mention.user_id.in_([Member.user_id, EVERYONE]))
    .where(Mention.seq > Member.read_seq)
    .correlate(Member)
    .scalar_subquery()
    .label("named")
)

Shown = dict[str, Any]
Row = Mapping[str, Any] | RowMapping


def shown(row: Row) -> Shown:
    """An entry as clients see it."""
    entry = {name: row[name] for name in ("seq", "id", "kind", "sender_id", "client_id")}
    entry["at"] = rfc3339(row["at"])
    entry |= {name: row[name] for name in ("text", "reply_to") if row[name] is not None}
    entry |= row["body"] or {}
    if sent_with := entry.get("attachments"):
        entry["attachments"] = [attachments.shown(attachment) for attachment in sent_with]
    return entry


class NewEntries:
    """Entries on their way into rooms whose locks are held."""

    def __init__(self, rooms: Mapping[str, Locked]) -> None:
        self.last = {group_id: room.last_seq for group_id, room in rooms.items()}
        self.rows: list[dict[str, Any]] = []
        self.read: dict[Pair, int] = {}
        self.mentions: list[tuple[str, str, int]] = []
        self.given: list[tuple[str, str, int]] = []

    def add(self, group_id: str, kind: str, at: datetime, *, reader: str | None, **values: Any) -> Shown:
        """Gives an entry its place.

        Args:
            reader: who has thereby read the room up to here.
        """
        self.last[group_id] = seq = self.last[group_id] + 1
        empty = dict.fromkeys(("sender_id", "client_id", "text", "reply_to", "body"))
        row = empty | values | {"group_id": group_id, "seq": seq, "id": new_id(), "kind": kind, "at": at}
        self.rows.append(row)
        if reader:
            self.read[group_id, reader] = seq
        body = row["body"] or {}
        names = body.get("mentions", ())
        self.mentions += [(group_id, EVERYONE if name == "everyone" else name, seq) for name in names]
        self.given += [(attachment["id"], group_id, seq) for attachment in body.get("attachments", ())]
        return shown(row)

    def store(self, tx: Transaction) -> None:
        """Writes them, moves the rooms and the read marks, and says one event a room."""
        if not self.rows:
            return
        columns = {name: [row[name] for row in self.rows] for name in self.rows[0]}
        columns["body"] = [body and orjson.dumps(body).decode() for body in columns["body"]]
        columns["read_group_id"], columns["read_user_id"] = (
            [pair[place] for pair in self.read] for place in (0, 1)
        )
        columns["read_seq"] = list(self.read.values())
        tx.execute(STORE, columns | search.kept([row for row in self.rows if row["kind"] in search.MESSAGES]))
        by_room: dict[str, list[Shown]] = {}
        for row in self.rows:
            by_room.setdefault(row["group_id"], []).append(shown(row))
        if self.mentions:
            tx.execute(MENTION, sent(MENTIONED, self.mentions))
        attachments.give(tx, self.given)
        tx.emit(
            *(EntriesAppended.model_validate({"group_id": g, "entries": new}) for g, new in by_room.items())
        )


def send(tx: Transaction, drafts: Sequence[Draft], refused: Mapping[Pair, Refusal]) -> list[Shown | Refusal]:
    """Stores messages of many senders in many rooms; one refused changes nothing for the others.

    Args:
        refused: authors whose membership could not be learnt, and why.

    Raises:
        MembershipsMissing: nothing was stored; ask, and come again.
    """
    rooms, members, first = _look(tx, drafts, refused)
    brought = attachments.claim(tx, {(id, d.sender_id) for d in drafts for id in d.attachment_ids})
    may_mention = _may_mention(tx, drafts)
    new, at = NewEntries(rooms), now()

    def place(draft: Draft) -> Shown | Refusal:
        # What was stored stays stored: its sender may ask again, even after the group's end.
        if draft.key in first:
            return first[draft.key]
        if draft.author not in members:
            return refused[draft.author]
        if refusal := members[draft.author].refusal():
            return refusal
        if rooms[draft.group_id].ended:
            return group_ended()
        if draft.reply_to is not None and not 1 <= draft.reply_to <= new.last[draft.group_id]:
            return unknown_reply_to()
        if refusal := may_mention(draft, members[draft.author].role):
            return refusal
        # Out of what there is, so that it is given to one message only.
        found = [brought.pop((id, draft.sender_id), None) for id in draft.attachment_ids]
        if None in found:
            brought.update({(a["id"], draft.sender_id): a for a in found if a})
            return unknown_attachment()
        first[draft.key] = new.add(
            draft.group_id,
            _kind(found),
            at,
            reader=draft.sender_id,
            **draft.model_dump(include={"sender_id", "client_id", "reply_to"}),
            text=draft.text or None,
            body=(draft.body | ({"attachments": found} if found else {})) or None,
        )
        return first[draft.key]

    results = [place(draft) for draft in drafts]
    new.store(tx)
    return results


def _kind(sent_with: Sequence[dict[str, Any] | None]) -> str:
    kinds = {attachment["kind"] for attachment in sent_with if attachment}
    return "text" if not kinds else "photo" if kinds == {"photo"} else "file"


def _may_mention(tx: Transaction, drafts: Sequence[Draft]) -> Callable[[Draft, str | None], Refusal | None]:
    """What says why a draft's mentions can't be, if they can't.

    Whom our copy doesn't know as a member is none: groups is not asked about ids that anybody can make up.
    """
    pairs = {(d.group_id, name) for d in drafts for name in d.mentions if name != "everyone"}
    found = tx.execute(ROLES, sent(ASKED, pairs)) if pairs else ()
    there = {(row.group_id, row.user_id) for row in found if row.role is not None}

    def refusal(draft: Draft, role: str | None) -> Refusal | None:
        if any(name != "everyone" and (draft.group_id, name) not in there for name in draft.mentions):
            return unknown_mention()
        if "everyone" in draft.mentions and role not in LEADERS:
            return may_not_mention_everyone()
        return None

    return refusal


def _look(
    tx: Transaction, drafts: Sequence[Draft], refused: Mapping[Pair, Refusal]
) -> tuple[dict[str, Locked], dict[Pair, Standing], dict[tuple[str, str, str], Shown]]:
    """Locks the drafts' rooms; returns them, what our copy knows of the authors, and what is stored already.

    Raises:
        MembershipsMissing: for authors it doesn't know and nobody was asked about yet.
    """
    keys = {draft.key for draft in drafts}
    columns = dict(
        zip(("group_id", "sender_id", "client_id"), map(list, zip(*keys, strict=True)), strict=True)
    )
    rooms: dict[str, Locked] = {}
    told: list[tuple[str, str, str | None, bool | None]] = []
    first: dict[tuple[str, str, str], Shown] = {}
    for row in tx.execute(LOOK, columns).mappings():
        if row["last_seq"] is not None:
            rooms[row["key_group"]] = Locked(row["last_seq"], row["ended"])
        told.append((row["key_group"], row["key_sender"], row["role"], row["visible"]))
        if row["seq"] is not None:
            first[row["key_group"], row["key_sender"], row["key_client"]] = shown(row)
    return rooms, standings(told, {draft.author for draft in drafts}, refused), first


def tell(
    tx: Transaction,
    group_id: str,
    kind: str,
    at: datetime,
    body: dict[str, Any],
    *,
    reader: str | None = None,
    ends: bool = False,
) -> None:
    """Appends what was heard to happen in a room.

    Args:
        reader: who has thereby read the room up to here.
        ends: the room ends with this.
    """
    new = NewEntries(open_rooms(tx, {group_id: ends}))
    new.add(group_id, kind, at, reader=reader, body=body)
    new.store(tx)


def post(
    tx: Transaction,
    group_id: str,
    kind: str,
    at: datetime,
    body: dict[str, Any],
    *,
    sender_id: str | None = None,
    client_id: str | None = None,
) -> Shown | None:
    """Appends what another service brought into a room; returns its entry, or None if the room has ended.

    Args:
        client_id: if there is one, the same of the same sender in the same room is the same entry. Without
            one it may have come by the clock, and its sender need not have been here to read.
    """
    room = open_rooms(tx, {group_id: False})[group_id]
    if sender_id and client_id:
        there = tx.execute(SAME, sent(KEYS, [(group_id, sender_id, client_id)])).mappings().first()
        if there:
            return shown(there)
    if room.ended:
        return None
    new = NewEntries({group_id: room})
    reader = sender_id if client_id else None
    entry = new.add(group_id, kind, at, reader=reader, sender_id=sender_id, client_id=client_id, body=body)
    new.store(tx)
    return entry


def post_position(
    tx: Transaction, *, group_id: str, user_id: str, position_id: str, feature: dict[str, Any], at: datetime
) -> Shown | None:
    """Appends a position once, whether it was asked for or heard of first; None if the room has ended."""
    body = {"position_id": position_id, "feature": feature}
    return post(tx, group_id, "position", at, body, sender_id=user_id, client_id=position_id)


def entries(tx: Transaction, group_id: str, window: Window) -> list[Shown]:
    """Entries of a window in seq order, and one more than its limit, at the far end, if there is one."""
    forward = window.after_seq is not None
    query = select(ENTRIES).where(ENTRIES.c.group_id == group_id).limit(window.limit + 1)
    if window.after_seq is not None:
        query = query.where(ENTRIES.c.seq > window.after_seq)
    if window.before_seq is not None:
        query = query.where(ENTRIES.c.seq < window.before_seq)
    rows = tx.execute(query.order_by(ENTRIES.c.seq if forward else ENTRIES.c.seq.desc())).mappings().all()
    return [shown(row) for row in rows]


def page(tx: Transaction, group_id: str, window: Window) -> dict[str, Any]:
    """One page in seq order, shorter where texts are long; `next_cursor` is the next `after_seq`, or going
    back the next `before_seq`."""
    found = entries(tx, group_id, window)
    items = _within_an_answer(found[: window.limit])
    cursor = str(items[-1]["seq"]) if len(found) > len(items) else None
    if window.after_seq is None:
        items.reverse()
    return {"items": items, "next_cursor": cursor}


def _characters(entry: Shown) -> int:
    """How long it is in an answer, about, in characters of text."""
    named = sum(60 + len(attachment["name"]) for attachment in entry.get("attachments", ()))
    return len(entry.get("text", "")) + named + 4 * len(entry.get("mentions", ()))


def _within_an_answer(found: list[Shown]) -> list[Shown]:
    """As many of the first as fit, at least one."""
    sizes = accumulate(map(_characters, found))
    return found[: max(1, sum(size <= MOST_CHARACTERS for size in sizes))]


PLACES = rows_of("places", group_id=ID, seq=NUMBER)
AT_PLACES = _for_each(PLACES, *(ENTRIES.c[key.name] == key for key in PLACES.c))
INDEXED_AT_ONCE = 1000


def found(
    tx: Transaction, places: Sequence[search.Place], wanted: Sequence[str], limit: int
) -> dict[str, Any]:
    """A page of what search found, `limit` of the `limit` + 1 places, fewer where texts are long."""
    rows = tx.execute(AT_PLACES, sent(PLACES, [place[1:] for place in places])).mappings() if places else ()
    entries = {(row["group_id"], row["seq"]): shown(row) for row in rows}
    listed = [place for place in places if place[1:] in entries]
    size = len(_within_an_answer([entries[place[1:]] for place in listed[:limit]]))

    def item(place: search.Place) -> dict[str, Any]:
        entry = entries[place[1:]]
        return {"group_id": place.group_id, "snippet": search.snippet(entry, wanted), "entry": entry}

    return page_of(listed, size, item, lambda place: [rfc3339(place.at), place.group_id, str(place.seq)])


def index_again(tx: Transaction, after: Sequence[Any] | None) -> dict[str, Any]:
    """Makes anew what search keeps of some entries after (group_id, seq), of all rooms in order."""
    query = select(ENTRIES).order_by(ENTRIES.c.group_id, ENTRIES.c.seq).limit(INDEXED_AT_ONCE + 1)
    if after is not None:
        query = query.where(tuple_(ENTRIES.c.group_id, ENTRIES.c.seq) > tuple_(*after))
    # Locked, so that nobody edits or deletes what was read before it is written.
    rows = tx.execute(query.with_for_update(read=True)).mappings().all()
    search.keep(tx, [row for row in rows[:INDEXED_AT_ONCE] if row["kind"] in search.MESSAGES])
    told = page_of(rows, INDEXED_AT_ONCE, lambda row: row["seq"], lambda r: [r["group_id"], str(r["seq"])])
    return {"indexed": len(told["items"]), "next_cursor": told["next_cursor"]}


def read(tx: Transaction, pair: Pair, seq: int) -> int:
    """Moves a member's read mark forward, never back and never past the last entry; returns where it is."""
    group_id, user_id = pair
    upto = func.least(seq, Room.last_seq)
    mine = and_(Member.group_id == group_id, Member.user_id == user_id)
    moved = tx.scalar(
        update(Member)
        .where(mine, Room.group_id == Member.group_id, Member.read_seq < upto)
        .values(read_seq=upto)
        .returning(Member.read_seq)
        .execution_options(synchronize_session=False)
    )
    if moved is None:
        return tx.scalars(select(Member.read_seq).where(mine)).one()
    tx.emit(ReadMoved(group_id=group_id, user_id=user_id, seq=moved))
    return moved


def last_seqs(tx: Transaction, group_ids: Sequence[str]) -> dict[str, int]:
    """The last seq of each room there is."""
    found = tx.execute(select(Room.group_id, Room.last_seq).where(Room.group_id.in_(group_ids)))
    return {group_id: last_seq for group_id, last_seq in found}


def states(
    tx: Transaction, user_id: str, group_ids: Sequence[str], refused: Mapping[Pair, Refusal] | None = None
) -> dict[str, dict[str, int]]:
    """`last_seq`, `read_seq`, `unread` and `mentions_unread` of the rooms among these that the user is a
    member of.

    Args:
        refused: given by who must not miss a room that our copy has not heard of yet.

    Raises:
        MembershipsMissing: only if `refused` is given.
    """
    found = tx.execute(
        select(Member.group_id, Member.role, Room.last_seq, Member.read_seq, QUIET, NAMED)
        .join(Room, Room.group_id == Member.group_id)
        .where(Member.user_id == user_id, Member.group_id.in_(group_ids))
    ).all()
    if refused is not None:
        missing = {(g, user_id) for g in group_ids} - {(row.group_id, user_id) for row in found}
        if missing - refused.keys():
            raise MembershipsMissing(missing - refused.keys())
    return {
        row.group_id: {
            "last_seq": row.last_seq,
            "read_seq": row.read_seq,
            "unread": row.last_seq - row.read_seq - row.quiet,
            "mentions_unread": row.named,
        }
        for row in found
        if row.role is not None
    }


def catch_up(tx: Transaction, behind: Behind, most: int, refused: Mapping[Pair, Refusal]) -> dict[str, Any]:
    """What a client missed, a room at a time: all of it, or none of it and `complete` false.

    Args:
        most: entries in one answer; the rooms beyond it are not complete.

    Raises:
        MembershipsMissing: ask, and come again.
    """
    rooms: dict[str, Any] = states(tx, behind.user_id, ids(behind.groups), refused)
    have = {group_id.lower(): seq for group_id, seq in behind.have.items()}
    wanted: dict[str, tuple[str, int, int]] = {}
    for group_id, room in rooms.items():
        last = room["last_seq"]
        missing = last - have.get(group_id, last)
        # A client ahead of us has entries of a history that is gone: it has to read the room anew.
        room |= {"entries": [], "complete": 0 <= missing <= min(behind.limit, most)}
        if missing and room["complete"]:
            wanted[group_id] = group_id, have[group_id], last
            most -= missing
    if wanted:
        found = tx.execute(MISSED_ENTRIES, sent(MISSED, wanted.values()))
        for row in found.mappings():
            rooms[row["group_id"]]["entries"].append(shown(row))
        left = MOST_CHARACTERS
        for group_id in wanted:
            size = sum(map(_characters, rooms[group_id]["entries"]))
            if size > left:
                rooms[group_id] |= {"entries": [], "complete": False}
            else:
                left -= size
    return {"rooms": rooms}


def reads(tx: Transaction, group_id: str, after: str | None, limit: int) -> Sequence[Any]:
    """The members' read marks, by user, and one more than `limit` if there are more."""
    query = select(Member.user_id, Member.read_seq).where(
        Member.group_id == group_id, Member.role.is_not(None)
    )
    if after is not None:
        query = query.where(Member.user_id > after)
    return tx.execute(query.order_by(Member.user_id).limit(limit + 1)).all()
