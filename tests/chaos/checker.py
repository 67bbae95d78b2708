"""After the storm: is what was promised so? It reads the database and what everybody wrote down, no more.

Each check yields a sentence for everything that is wrong.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

from client import Json

Query = Callable[..., list[Any]]
# What a service wants only some of: news and reports of a room are entries there, and push hears those.
SOME_OF = {"push": ("news.published.", "reports.report_made.")}
COPIES = ("chat", "news", "location", "reports", "push")


@dataclass
class Evidence:
    """
    Attributes:
        query: asks the database of Bchat.
        facts: of the record, in the order in which they were learnt.
        listeners: what each device was told (`Listener.as_fact`).
        events: all that came over the broker, decoded.
        bindings: whose queue is bound to which routing keys, as the broker says.
        pushed: the data of each push that the push service has taken.
        group_ids: the rooms of the storm.
        away: people who have a device and no socket.
        since: when the first of all this was.
        dead: how many events or pieces of work each service has given up.
    """

    query: Query
    facts: Sequence[Json]
    listeners: Sequence[Json]
    events: Sequence[Json]
    bindings: Mapping[str, set[str]]
    pushed: Sequence[Json]
    group_ids: Sequence[str]
    away: Sequence[str]
    since: datetime
    dead: Mapping[str, int] = field(default_factory=dict)

    def of(self, kind: str) -> list[Json]:
        return [fact for fact in self.facts if fact["kind"] == kind]

    @cached_property
    def timelines(self) -> dict[str, list[Json]]:
        columns = ("seq", "id", "kind", "sender_id", "client_id", "text", "body")
        statement = (
            "SELECT seq, id::text, kind, sender_id::text, client_id::text, text, body "
            "FROM chat.entries WHERE group_id = %s ORDER BY seq"
        )
        return {
            group: [dict(zip(columns, row, strict=True)) for row in self.query(statement, group)]
            for group in self.group_ids
        }


def check(evidence: Evidence) -> list[str]:
    """Everything that is wrong."""
    return [f"{look.__name__}: {wrong}" for look in CHECKS for wrong in look(evidence)]


def no_hole(evidence: Evidence) -> Iterator[str]:
    """A room's entries are numbered from 1 without a hole, and its counter is the last."""
    for group, entries in evidence.timelines.items():
        seqs = [entry["seq"] for entry in entries]
        ((last,),) = evidence.query("SELECT last_seq FROM chat.rooms WHERE group_id = %s", group)
        if seqs != list(range(1, last + 1)):
            yield f"the room {group} has {len(seqs)} entries and a counter at {last}"


def acknowledged_once(evidence: Evidence) -> Iterator[str]:
    """What was acknowledged is there, once, as it was acknowledged."""
    for group, entries in evidence.timelines.items():
        stored = {entry["id"]: entry for entry in entries}
        sent = Counter((e["sender_id"], e["client_id"]) for e in entries if e["client_id"])
        yield from (f"{key} is there {count} times" for key, count in sent.items() if count > 1)
        for fact in evidence.of("entry"):
            told = fact["entry"]
            if fact["group_id"] == group and not _same(stored.get(told["id"]), told):
                yield f"acknowledged and not so: {told}, stored is {stored.get(told['id'])}"


def _same(stored: Json | None, told: Json) -> bool:
    names = ("seq", "id", "kind", "sender_id", "client_id", "text")
    return stored is not None and all(stored[name] == told.get(name) for name in names)


def same_for_all(evidence: Evidence) -> Iterator[str]:
    """Every device was told what is stored, in its order, and to its end where its person is a member."""
    for listener in evidence.listeners:
        person = listener["person_id"]
        yield from (f"{person} noticed: {what}" for what in listener["broken"])
        for group, room in listener["rooms"].items():
            entries = evidence.timelines.get(group)
            if entries is None:
                continue
            since = room["since"]
            expected = entries[since : since + len(room["entries"])]
            if len(expected) != len(room["entries"]) or not all(map(_same, expected, room["entries"])):
                yield f"{person} was told of {group} what is not stored"
            elif _is_member(evidence, group, person) and since + len(expected) != len(entries):
                yield f"{person} was told of {group} up to {since + len(expected)} of {len(entries)}"
    for group in evidence.group_ids:
        for (member,) in evidence.query(
            "SELECT user_id::text FROM groups.members WHERE group_id = %s", group
        ):
            heard = [one for one in evidence.listeners if one["person_id"] == member]
            yield from (f"{member} was never shown {group}" for one in heard if group not in one["rooms"])


def _is_member(evidence: Evidence, group: str, person: str) -> bool:
    statement = "SELECT 1 FROM groups.members WHERE group_id = %s AND user_id = %s"
    return bool(evidence.query(statement, group, person))


def nothing_leaked(evidence: Evidence) -> Iterator[str]:
    """Nobody was told of an entry made while they were no member, before they asked to join again."""
    yield from (fact["what"] for fact in evidence.of("leak"))
    for listener in evidence.listeners:
        person = listener["person_id"]
        for at, group, seq in listener["told"]:
            changes = [
                (entry["seq"], entry["body"]["change"])
                for entry in evidence.timelines.get(group, ())
                if entry["kind"] == "member" and entry["body"]["user_id"] == person
            ]
            joined = [s for s, change in changes if change == "joined"]
            before = [change for s, change in changes if s < seq and change != "role"]
            if (before and before[-1] == "joined") or seq in [s for s, _ in changes]:
                continue
            asked = [
                fact["asked"]
                for fact in evidence.of("join")
                if (fact["person_id"], fact["group_id"]) == (person, group)
            ]
            times = sum(s < seq for s in joined)
            if len(joined) <= times:
                yield f"{person} was told of entry {seq} of {group} and is no member"
            elif len(asked) == len(joined) and asked[times] > at:
                yield f"{person} was told of entry {seq} of {group} before they asked to join again"


def comings_and_goings(evidence: Evidence) -> Iterator[str]:
    """Who joined and left did so as often as they were told, in turn."""
    for fact in {(f["person_id"], f["group_id"]) for f in evidence.of("join")}:
        person, group = fact
        happened = [
            entry["body"]["change"]
            for entry in evidence.timelines[group]
            if entry["kind"] == "member" and entry["body"]["user_id"] == person
        ]
        names = {"join": "joined", "leave": "left"}
        told = [
            names[f["kind"]]
            for f in evidence.facts
            if f["kind"] in names and (f["person_id"], f["group_id"]) == fact
        ]
        if happened != told:
            yield f"{person} was told {Counter(told)} and there is {Counter(happened)}"


def _told_once(evidence: Evidence, fact: str, kind: str, name: str) -> Iterator[str]:
    for group, entries in evidence.timelines.items():
        there = Counter((entry["body"] or {}).get(name) for entry in entries if entry["kind"] == kind)
        yield from (f"{kind} {id} is in {group} {count} times" for id, count in there.items() if count > 1)
        for one in evidence.of(fact):
            if one["group_id"] == group and one[name] not in there:
                yield f"{kind} {one[name]} is not in {group}"


def reports_made(evidence: Evidence) -> Iterator[str]:
    """Every report that was asked for is ready, and in its room once."""
    yield from _told_once(evidence, "report", "report", "report_id")
    for fact in evidence.of("report"):
        found = evidence.query("SELECT status, error FROM reports.reports WHERE id = %s", fact["report_id"])
        if [status for status, _ in found] != ["ready"]:
            yield f"report {fact['report_id']} is {found}"


def due_once(evidence: Evidence) -> Iterator[str]:
    """Of each due time there is one report, or a later one that says it is in place of it."""
    for fact in evidence.of("subscription"):
        runs = evidence.query(
            "SELECT scheduled_at, run, status, id::text FROM reports.reports "
            "WHERE subscription_id = %s AND scheduled_at IS NOT NULL ORDER BY scheduled_at",
            fact["id"],
        )
        if not runs and fact["at"] + 120 < evidence.facts[-1]["at"]:
            yield "a subscription never ran"
        for (before, *_), (at, run, *_) in pairwise(runs):
            missed = (at - before) / timedelta(minutes=1) - 1
            if missed != run["missed"]:
                yield f"between {before} and {at} {missed:.0f} are missing and {run['missed']} were said"
        in_room = Counter(
            entry["body"]["report_id"]
            for entry in evidence.timelines[fact["group_id"]]
            if entry["kind"] == "report"
        )
        for at, _, status, id in runs:
            if status != "ready" or in_room[id] != 1:
                yield f"the run of {at} is {status} and in the room {in_room[id]} times"


def tasks_moved(evidence: Evidence) -> Iterator[str]:
    """A task went through the states that were answered, in their order."""
    for group in {fact["group_id"] for fact in evidence.of("task")}:
        told = [fact["state"] for fact in evidence.of("task") if fact["group_id"] == group]
        there = [
            entry["body"]["new"]
            for entry in evidence.timelines[group]
            if entry["kind"] == "task" and entry["body"]["change"] == "state"
        ]
        if there != told:
            yield f"a task was told {len(told)} changes and has {len(there)}"


def news_told(evidence: Evidence) -> Iterator[str]:
    """News for a room is in it once."""
    yield from _told_once(evidence, "news", "news", "news_id")


def shares_ended(evidence: Evidence) -> Iterator[str]:
    """A share that was ended has ended, and nothing of it is kept."""
    for fact in evidence.of("share"):
        found = evidence.query(
            "SELECT ended_at IS NOT NULL AND geometry IS NULL FROM location.shares WHERE id = %s",
            fact["share_id"],
        )
        if found != [(True,)]:
            yield f"the share {fact['share_id']} goes on"


def all_said(evidence: Evidence) -> Iterator[str]:
    """What was committed was said: outboxes are empty, each entry and each version of a group was told."""
    for service in (*COPIES, "auth", "groups"):
        ((left,),) = evidence.query(f"SELECT count(*) FROM {service}.outbox")
        if left:
            yield f"{left} events of {service} are not said"
    said: dict[str, set[int]] = defaultdict(set)
    versions: dict[str, set[int]] = defaultdict(set)
    for event in evidence.events:
        if event["type"].startswith("chat.entries_appended."):
            said[event["data"]["group_id"]] |= {entry["seq"] for entry in event["data"]["entries"]}
        elif event["source"] == "/bchat/groups" and "version" in event["data"]:
            versions[event["data"]["group_id"]].add(event["data"]["version"])
    for group, entries in evidence.timelines.items():
        if unsaid := {entry["seq"] for entry in entries} - said[group]:
            yield f"{len(unsaid)} entries of {group} were never said"
        ((version,),) = evidence.query("SELECT version FROM groups.groups WHERE id = %s", group)
        if unsaid := set(range(1, version + 1)) - versions[group]:
            yield f"versions {sorted(unsaid)} of {group} were never said"


def all_heard(evidence: Evidence) -> Iterator[str]:
    """Every event was heard by each service that wants its kind, and given up by none."""
    yield from (f"{service} gave up {count}" for service, count in evidence.dead.items() if count)
    for queue, keys in evidence.bindings.items():
        if not queue.startswith("hear-"):
            continue
        service = queue.removeprefix("hear-")
        heard = {id for (id,) in evidence.query(f"SELECT event_id::text FROM {service}.inbox")}
        wanted = [e for e in evidence.events if e["type"] in keys]
        wanted = [e for e in wanted if not e["type"].startswith(SOME_OF.get(service, ("-",)))]
        missed = Counter(e["type"] for e in wanted if e["id"] not in heard)
        yield from (f"{service} has not heard {count} of {type}" for type, count in missed.items())


def copies_right(evidence: Evidence) -> Iterator[str]:
    """Every copy of the storm's memberships is what groups has."""
    here = set(evidence.group_ids)
    own = set(evidence.query("SELECT group_id::text, user_id::text, role FROM groups.members"))
    for service in COPIES:
        statement = (
            f"SELECT group_id::text, user_id::text, role FROM {service}.members WHERE role IS NOT NULL"
        )
        copy = set(evidence.query(statement))
        if wrong := {row for row in copy - own if row[0] in here}:
            yield f"{service} has {len(wrong)} memberships that are none"
        # Some services learn of a member only by what is said: all of these were.
        if missing := {row for row in own - copy if row[0] in here}:
            yield f"{service} lacks {len(missing)} memberships"


def no_push_lost(evidence: Evidence) -> Iterator[str]:
    """Who is away was told of the last thing of each room, and of nothing more than twice."""
    told_of = [data for data in evidence.pushed if "receipt" in data]  # not what only takes something away
    receipts = Counter(data["receipt"] for data in told_of)
    yield from (f"a push went out {n} times" for n in receipts.values() if n > 2)
    statement = (
        "SELECT state, reason, secret FROM push.deliveries "
        "WHERE asked_at >= %s AND upto_seq > 0 AND channel = 'fcm'"
    )
    for state, reason, secret in evidence.query(statement, evidence.since):
        if state in ("asked", "trying", "dead") or (reason == "unsure" and secret not in receipts):
            yield f"a push is {state} ({reason})"
        if state == "sent" and secret not in receipts:
            yield "a push is noted as sent and never arrived"
    for person in evidence.away:
        for group in evidence.group_ids:
            if not _is_member(evidence, group, person):
                continue
            topic = f"room:{group}"
            ((last,),) = evidence.query(
                "SELECT max(seq) FROM push.notices "
                "WHERE topic = %s AND NOT gone AND actor_id IS DISTINCT FROM %s",
                topic,
                person,
            )
            mine = _secrets(evidence, person)
            seqs = (int(d["seq"]) for d in told_of if d["tag"] == topic and d["receipt"] in mine)
            told = max(seqs, default=0)
            if last and told < last:
                yield f"{person} was told of {group} up to {told} of {last}"


def _secrets(evidence: Evidence, person: str) -> set[str]:
    found = evidence.query("SELECT secret FROM push.deliveries WHERE user_id = %s", person)
    return {secret for (secret,) in found}


def sessions_go_on(evidence: Evidence) -> Iterator[str]:
    """Nobody lost their session."""
    for user, reason in evidence.query(
        "SELECT user_id::text, end_reason FROM auth.sessions WHERE ended_at IS NOT NULL AND created_at >= %s",
        evidence.since,
    ):
        yield f"a session of {user} has ended: {reason}"


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    no_hole,
    acknowledged_once,
    same_for_all,
    nothing_leaked,
    comings_and_goings,
    reports_made,
    due_once,
    tasks_moved,
    news_told,
    shares_ended,
    all_said,
    all_heard,
    copies_right,
    no_push_lost,
    sessions_go_on,
)
