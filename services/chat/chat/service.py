"""Chat, the session text sharing step of the method: what a member writes is verified, stored in the
room's timeline, confirmed to its sender and broadcast to the others. Whatever happens in a room is an entry.
"""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from kit.clock import now, parse, rfc3339
from kit.db import Transaction
from kit.errors import Forbidden, NotFound, Refusal, Unavailable
from kit.fields import a_number, an_id, bounded, checked, is_id, page, read_cursor
from kit.observe import get_logger
from kit.personal import Kept
from kit.rpc import RemoteFailure
from kit.service import Ask, Files, Service, every, hear, offload, rpc

from chat import attachments, changes, memberships, personal, requests, search, timeline
from chat.errors import (
    attachment_not_found,
    drawing_busy,
    group_ended,
    group_not_found,
    groups_unavailable,
    not_the_owner,
)
from chat.events import (
    GroupChanged,
    GroupCreated,
    GroupEnded,
    MemberJoined,
    MemberLeft,
    MemberRoleChanged,
    NewsChanged,
    NewsPublished,
    PositionShared,
    ReportMade,
    TaskChanged,
    TaskReminded,
    UserErased,
)
from chat.memberships import Membership, MembershipsMissing, Pair, Standing
from chat.models import Attachment
from chat.settings import ChatSettings

log = get_logger(__name__)
T = TypeVar("T")
TASK_CHANGES = {"state": "state", "assignee": "assignee_id", "target": "target_end"}
Refused = dict[Pair, Refusal]
DRAWN_AT_ONCE = 2


def _target(seq: int) -> requests.Target:
    return checked(requests.Target, "invalid_request", {"seq": seq})


class ChatService(Service):
    name = "chat"
    groups: Any = Ask("groups")
    files: Any = Files()
    settings: ChatSettings

    # --- what it answers ---------------------------------------------------------------------------

    @rpc
    def send(self, *, messages: list[dict[str, Any]]) -> dict[str, Any]:
        """Stores the messages of many senders at once; the gateway vouches for each `sender_id`."""
        most = self.settings.MESSAGE_ATTACHMENTS
        drafts = [
            requests.draft(m, most)
            for m in checked(requests.Drafts, "invalid_request", {"messages": messages}).messages
        ]
        sound = [draft for draft in drafts if not isinstance(draft, Refusal)]
        stored = iter(self._knowing(lambda tx, refused: timeline.send(tx, sound, refused)) if sound else ())
        results = [draft if isinstance(draft, Refusal) else next(stored) for draft in drafts]
        return {
            "results": [{"refusal": r.as_dict()} if isinstance(r, Refusal) else {"entry": r} for r in results]
        }

    @rpc
    def timeline(
        self,
        *,
        group_id: str,
        after_seq: int | None = None,
        before_seq: int | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        window = checked(
            requests.Window,
            "invalid_request",
            {"after_seq": after_seq, "before_seq": before_seq, "limit": bounded(limit)},
        )
        return self._as_member(group_id, lambda tx, me: timeline.page(tx, me[0], window))

    @rpc
    def edit(self, *, group_id: str, seq: int, text: str) -> dict[str, Any]:
        """Gives a message of mine another text; returns its entry."""
        target, new = _target(seq), checked(requests.Edit, "invalid_message", {"text": text})
        seconds = self.settings.CHANGE_SECONDS
        return self._as_member(group_id, lambda tx, me: changes.edit(tx, me, target.seq, new.text, seconds))

    @rpc
    def remove(self, *, group_id: str, seq: int) -> None:
        """Deletes a message: its text and attachments are gone, its place stays."""
        target, seconds = _target(seq), self.settings.CHANGE_SECONDS
        self._as_member(group_id, lambda tx, me: changes.remove(tx, me, target.seq, seconds))

    @rpc
    def versions(
        self, *, group_id: str, seq: int, limit: int | None = None, cursor: str | None = None
    ) -> dict[str, Any]:
        target, size = _target(seq), bounded(limit)
        [after] = read_cursor(cursor, a_number) or [0]
        rows = self._as_member(group_id, lambda tx, me: changes.versions(tx, me, target.seq, after, size))
        return page(
            rows,
            size,
            lambda row: {"text": row.text, "at": rfc3339(row.at)},
            lambda row: [str(row.edit_seq)],
        )

    @rpc
    def search(
        self, *, q: str, group_id: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> dict[str, Any]:
        """Messages in my rooms, or in one of them, in which all words of `q` occur; the newest first."""
        wanted = search.terms(checked(requests.Search, "invalid_request", {"q": q}).q)
        last, size = read_cursor(cursor, parse, an_id, a_number), bounded(limit)
        before = search.Place(*last) if last else None

        def found(tx: Transaction, group_ids: list[str]) -> dict[str, Any]:
            return timeline.found(tx, search.find(tx, group_ids, wanted, before, size), wanted, size)

        if group_id is not None:
            return self._as_member(group_id, lambda tx, me: found(tx, [me[0]]))
        with self.db() as tx:
            return found(tx, search.rooms_of(tx, self.caller.id))

    @rpc
    def export(self, *, group_id: str, after_seq: int = 0) -> dict[str, Any]:
        """A page of all that a room has, for its owner; also when it has ended."""
        window = checked(requests.Window, "invalid_request", {"after_seq": after_seq, "limit": 200})

        def exported(tx: Transaction, me: Pair) -> dict[str, Any]:
            if memberships.role(tx, me) != "owner":
                raise not_the_owner()
            return timeline.page(tx, me[0], window)

        return self._as_member(group_id, exported)

    # Attachments

    @rpc
    def attach(self, *, incoming_key: str, name: str) -> dict[str, Any]:
        """Keeps a file that the gateway has put into the store; its owner may send it."""
        incoming = checked(requests.Incoming, "invalid_request", {"incoming_key": incoming_key, "name": name})
        with self.db() as tx:
            attachment_id = attachments.begin(tx, self.caller.id, self.settings.UNSENT_ATTACHMENTS)
        try:
            kept = attachments.keep(
                self.files, attachment_id, incoming.incoming_key, incoming.name, self._draw
            )
            with self.db() as tx:
                # Only now is it known what came in, and so whether it is the same again.
                answer = tx.replay(self.caller, {"attach": kept._asdict()})
                if answer is None:
                    return tx.remember(self.caller, attachments.finish(tx, attachment_id, kept))
                return answer
        except FileNotFoundError:  # who brought it has given up
            raise attachment_not_found() from None
        finally:
            with self.db() as tx:
                attachments.abandon(tx, attachment_id)

    @rpc
    def attachment(self, *, attachment_id: str, thumbnail: bool = False) -> dict[str, Any]:
        """Where the gateway finds the bytes; for the members of the room it was sent in, until then for its
        owner. Whoever may not have it is told that there is none."""

        def file(tx: Transaction, refused: Refused) -> dict[str, Any]:
            found = tx.get(Attachment, attachment_id) if is_id(attachment_id) else None
            if found is None or found.state != "kept":
                raise attachment_not_found()
            if found.group_id is not None:
                memberships.require(tx, (found.group_id, self.caller.id), refused)
            elif found.owner_id != self.caller.id:
                raise attachment_not_found()
            return attachments.file_of(found, thumbnail)

        try:
            return self._knowing(file)
        except (Forbidden, NotFound):
            raise attachment_not_found() from None

    @rpc
    def detach(self, *, attachment_id: str) -> None:
        """Deletes an attachment of mine that is not sent."""
        if not is_id(attachment_id):
            raise attachment_not_found()
        with self.db() as tx:
            attachments.take_back(tx, self.caller.id, attachment_id)

    # Where one is

    @rpc
    def read(self, *, group_id: str, seq: int) -> dict[str, Any]:
        """Moves my read mark forward; it stays readable, and so this, when the group has ended."""
        mark = checked(requests.ReadMark, "invalid_request", {"seq": seq})
        return self._as_member(
            group_id, lambda tx, me: {"group_id": me[0], "seq": timeline.read(tx, me, mark.seq)}
        )

    @rpc
    def reads(self, *, group_id: str, limit: int | None = 200, cursor: str | None = None) -> dict[str, Any]:
        after = read_cursor(cursor, an_id)
        size = bounded(limit)
        rows = self._as_member(
            group_id, lambda tx, me: timeline.reads(tx, me[0], after[0] if after else None, size)
        )
        return page(
            rows, size, lambda row: {"user_id": row.user_id, "seq": row.read_seq}, lambda row: [row.user_id]
        )

    @rpc
    def rooms(self, *, group_ids: list[str]) -> dict[str, Any]:
        """Where I am in my rooms; a room our copy has not heard of yet is left out."""
        wanted = requests.ids(checked(requests.Rooms, "invalid_request", {"group_ids": group_ids}).group_ids)
        with self.db() as tx:
            return {"items": timeline.states(tx, self.caller.id, wanted)}

    @rpc
    def catch_up(
        self, *, user_id: str, have: dict[str, int], groups: list[str], limit: int = 200
    ) -> dict[str, Any]:
        """What a client that comes back has missed."""
        behind = checked(
            requests.Behind,
            "invalid_request",
            {"user_id": user_id, "have": have, "groups": groups, "limit": limit},
        )

        def missed(tx: Transaction, refused: Refused) -> dict[str, Any]:
            for refusal in refused.values():
                if isinstance(refusal, Unavailable):  # without it a room would seem gone
                    raise refusal
            return timeline.catch_up(tx, behind, self.settings.CATCH_UP_ENTRIES, refused)

        return self._knowing(missed)

    @rpc
    def fetch(self, *, group_id: str, after_seq: int, limit: int | None = None) -> dict[str, Any]:
        """Entries of a room, for the gateway that missed an event of it."""
        room = requests.group(group_id)
        window = checked(
            requests.Window, "invalid_request", {"after_seq": after_seq, "limit": bounded(limit)}
        )
        with self.db() as tx:
            return {
                "last_seq": timeline.last_seqs(tx, [room]).get(room, 0),
                "entries": timeline.page(tx, room, window)["items"],
            }

    @rpc
    def last_seqs(self, *, group_ids: list[str]) -> dict[str, int]:
        wanted = requests.ids(checked(requests.Rooms, "invalid_request", {"group_ids": group_ids}).group_ids)
        with self.db() as tx:
            return timeline.last_seqs(tx, wanted)

    @rpc
    def position_entry(
        self, *, group_id: str, user_id: str, position_id: str, feature: dict[str, Any], at: str
    ) -> dict[str, Any]:
        """The entry of a position that location has stored and vouches for, for its sender's `ack`.

        Made by whichever comes first, this call or the event: the position's id is its `client_id`.
        """
        shared = checked(
            requests.Position,
            "invalid_request",
            {
                "group_id": group_id,
                "user_id": user_id,
                "position_id": position_id,
                "feature": feature,
                "at": at,
            },
        )
        with self.db() as tx:
            entry = timeline.post_position(tx, **shared.model_dump())
        if entry is None:
            raise group_ended()
        return {"entry": entry}

    # Copies made anew

    @rpc
    def memberships(self, *, limit: int | None = None, cursor: str | None = None) -> dict[str, Any]:
        """Our copy, of members only: what groups does not name any more has to be asked for."""
        size = bounded(limit)
        with self.db() as tx:
            rows = memberships.kept(tx, read_cursor(cursor, an_id, an_id), size)
        return page(
            rows,
            size,
            lambda row: {"group_id": row.group_id, "user_id": row.user_id, "version": row.version},
            lambda row: [row.group_id, row.user_id],
        )

    @rpc
    def keep_memberships(self, *, items: list[dict[str, Any]]) -> dict[str, int]:
        """Stores what groups answers of memberships, each unless we know a newer one."""
        told = checked(requests.Memberships, "invalid_request", {"items": items}).items
        with self.db() as tx:
            memberships.keep(tx, [Membership(**item.model_dump()) for item in told])
        return {"kept": len(told)}

    @rpc
    def index_again(self, *, cursor: str | None = None) -> dict[str, Any]:
        """Makes anew what search looks through, a page of entries at a time; returns the next cursor."""
        with self.db() as tx:
            return timeline.index_again(tx, read_cursor(cursor, an_id, a_number))

    # --- what it hears -----------------------------------------------------------------------------

    @hear(GroupCreated)
    def group_created(self, event: GroupCreated) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                body = {"change": "created", "by": event.by}
                timeline.tell(tx, event.group_id, "group", event.at, body)

    @hear(GroupChanged)
    def group_changed(self, event: GroupChanged) -> None:
        with self.db() as tx:
            if not tx.seen(event) and event.changed:
                if "visibility" in event.changed:
                    memberships.ask_who_sees(tx, event.group_id)
                body = {"change": "changed", "by": event.by, "changed": event.changed}
                timeline.tell(tx, event.group_id, "group", event.at, body)

    @hear(GroupEnded)
    def group_ended(self, event: GroupEnded) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                body = {"change": "ended", "by": event.by}
                timeline.tell(tx, event.group_id, "group", event.at, body, ends=True)

    @hear(MemberJoined)
    def member_joined(self, event: MemberJoined) -> None:
        self._member(event, event.role, "joined", reader=event.user_id)

    @hear(MemberRoleChanged)
    def member_role_changed(self, event: MemberRoleChanged) -> None:
        self._member(event, event.role, "role")

    @hear(MemberLeft)
    def member_left(self, event: MemberLeft) -> None:
        self._member(event, None, "removed" if event.removed else "left")

    @hear(TaskChanged)
    def task_changed(self, event: TaskChanged) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                for change, name in TASK_CHANGES.items():
                    old, new = getattr(event.old, name), getattr(event.new, name)
                    if old != new:
                        body = {"change": change, "by": event.by, "old": old, "new": new}
                        timeline.tell(tx, event.group_id, "task", event.at, body)

    @hear(TaskReminded)
    def task_reminded(self, event: TaskReminded) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                body: dict[str, Any] = {"change": "overdue", "target_end": event.item.start}
                if event.minutes:
                    body |= {"change": "reminder", "minutes": event.minutes}
                timeline.tell(tx, event.group_id, "task", event.at, body)

    @hear(ReportMade)
    def report_made(self, event: ReportMade) -> None:
        """Only the report's name enters the room; a room that has ended takes no more."""
        with self.db() as tx:
            if not tx.seen(event) and event.group_id and event.status == "ready":
                body = {"report_id": event.report_id, "report_type": event.type, "title": event.title}
                timeline.post(tx, event.group_id, "report", event.at, body)

    @hear(NewsPublished)
    def news_published(self, event: NewsPublished) -> None:
        self._news(event, event.group_ids)

    @hear(NewsChanged)
    def news_changed(self, event: NewsChanged) -> None:
        """Only in groups it was not for before is it something new."""
        self._news(event, event.new_group_ids)

    @hear(PositionShared)
    def position_shared(self, event: PositionShared) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                timeline.post_position(tx, **event.model_dump())

    @hear(UserErased)
    def user_erased(self, event: UserErased) -> None:
        left = True
        while left:
            with self.db() as tx:
                left = personal.erase_some(tx, event.user_id)
        with self.db() as tx:
            if not tx.seen(event):
                personal.erase_rest(tx, event.user_id)

    # --- what it does by the clock -----------------------------------------------------------------

    @every(2)
    def tidy_search(self) -> None:
        with self.db() as tx:
            search.tidy(tx)

    @every(30)
    def clear_files(self) -> None:
        """Deletes attachments that nobody sent in time, and those of deleted messages; and what an upload
        that broke off left in the store."""
        old = now() - timedelta(seconds=self.settings.UNSENT_SECONDS)
        with self.db() as tx:
            attachments.expire(tx, old)
        while True:
            with self.db() as tx:
                going = attachments.going(tx)
            if not going:
                break
            attachments.clear(self.files, going)
            with self.db() as tx:
                attachments.forget(tx, going)
        self.files.delete(*self.files.older(attachments.INCOMING, old, attachments.CLEAR_AT_ONCE))

    # --- how it does it ----------------------------------------------------------------------------

    def kept_of(self, user_id: str) -> Kept:
        return personal.kept_of(user_id)

    _drawing: ClassVar[threading.BoundedSemaphore] = threading.BoundedSemaphore(DRAWN_AT_ONCE)

    def _draw(self, work: Callable[[bytes], T], read: Callable[[], bytes]) -> T:
        """A decoded photo takes a few hundred megabytes: a few at once are enough."""
        if not self._drawing.acquire(timeout=self.settings.DRAW_SECONDS):
            raise drawing_busy()
        try:
            return offload(work, read())
        finally:
            self._drawing.release()

    def _news(self, event: NewsPublished | NewsChanged, group_ids: list[str]) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                body = {"news_id": event.news_id, "title": event.article.title}
                for group_id in sorted(group_ids):  # as everybody locks rooms
                    timeline.post(tx, group_id, "news", event.at, body, sender_id=event.article.author_id)

    def _member(
        self,
        event: MemberJoined | MemberRoleChanged | MemberLeft,
        role: str | None,
        change: str,
        reader: str | None = None,
    ) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                now = Membership(event.group_id, event.user_id, role, event.version)
                memberships.keep(tx, [now])
                body = {"user_id": event.user_id, "role": role, "change": change, "by": event.by}
                timeline.tell(tx, event.group_id, "member", event.at, body, reader=reader)

    def _as_member(self, group_id: str, work: Callable[[Transaction, Pair], T]) -> T:
        me = (requests.group(group_id), self.caller.id)

        def checked_work(tx: Transaction, refused: Refused) -> T:
            memberships.require(tx, me, refused)
            return work(tx, me)

        return self._knowing(checked_work)

    def _knowing(self, work: Callable[[Transaction, Refused], T]) -> T:
        """One transaction of work; where our copy lacks memberships, asks with no lock held, then again."""
        refused: Refused = {}
        while True:
            try:
                with self.db() as tx:
                    return work(tx, refused)
            except MembershipsMissing as missing:
                refused |= self._learn(missing.pairs)

    _groups_rest_until: ClassVar[float] = 0.0

    def _learn(self, pairs: set[Pair]) -> Refused:
        """Asks groups for memberships and keeps them; returns those it could not learn, and why."""
        answers: list[Membership] = []
        refused: Refused = {}
        rest = self.settings.ASK_REST_SECONDS
        deadline = time.monotonic() + self.settings.ASK_SECONDS
        for pair in sorted(pairs):
            left = deadline - time.monotonic()
            # While groups is away, one stranger's messages must not make everybody's wait for it.
            if left <= 0 or time.monotonic() < ChatService._groups_rest_until:
                refused[pair] = groups_unavailable(rest)
                continue
            try:
                answer = self.groups.membership(group_id=pair[0], user_id=pair[1], _deadline=left)
            except (Unavailable, RemoteFailure) as problem:
                log.warning("groups_not_reached", problem=str(problem))
                ChatService._groups_rest_until = time.monotonic() + rest
                refused[pair] = groups_unavailable(rest)
                continue
            if answer is None:
                refused[pair] = group_not_found()
            else:
                answers.append(told := Membership.read(answer))
                # Unless our copy knows better, which ends the asking.
                refused[pair] = Standing(told.role, told.visible).refusal() or group_not_found()
        if answers:
            with self.db() as tx:
                memberships.keep(tx, answers)
        return refused
