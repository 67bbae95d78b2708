"""Push: who isn't connected hears of what happens on their devices.

It hears what is said to an audience, keeps it for a short while, and once the people of that audience have
had the time to see it where they are connected, asks its workers for a push to each of their devices.
"""

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa
from kit.db import Transaction
from kit.errors import Conflict, NotFound
from kit.examine import Finding, finding
from kit.fields import an_id, bounded, checked, page, read_cursor
from kit.observe import get_logger
from kit.personal import Kept
from kit.service import Ask, Service, every, hear, rpc
from pydantic import BaseModel, ConfigDict, Field

from push import copies, devices, errors, events, notices, personal, receipts, tellings
from push.keys import public_key
from push.models import Device, Notice, Telling, room_topic
from push.settings import PushSettings

log = get_logger(__name__)
Json = dict[str, Any]
ROUNDS = 20


class _Seen(BaseModel):
    model_config = ConfigDict(extra="forbid")

    user_id: str = Field(pattern="^[0-9a-f-]{36}$")
    group_id: str = Field(pattern="^[0-9a-f-]{36}$")
    seq: int = Field(ge=0, lt=2**53)
    shown: bool


class _SeenMany(BaseModel):
    items: list[_Seen] = Field(max_length=1000)


class PushService(Service):
    name = "push"
    for_workers = (events.PushAsked,)
    auth: Any = Ask("auth")
    groups: Any = Ask("groups")
    chat: Any = Ask("chat")
    reports: Any = Ask("reports")
    settings: PushSettings

    # --- what it answers: devices

    @rpc
    def offers(self) -> Json:
        """How devices can be pushed to here."""
        key = self.settings.VAPID_PRIVATE_KEY
        return {
            "fcm": self.settings.is_on("fcm"),
            "web_push": {"public_key": public_key(key)} if key else None,
        }

    @rpc
    def register(
        self,
        *,
        device_id: str,
        platform: str,
        fcm_token: str | None = None,
        web_push: Json | None = None,
    ) -> Json:
        me = self.caller.id
        fields = {"device_id": device_id, "platform": platform, "fcm_token": fcm_token, "web_push": web_push}
        with self.db() as tx:
            met = not copies.unknown(tx, [me])
        # Their rooms and settings, from before anything was heard of them; with no lock held.
        told = None if met else (self.auth.person(user_id=me), self.groups.memberships(user_id=me)["items"])
        with self.db() as tx:
            if told:
                self._meet(tx, me, *told)
            return devices.register(tx, self.settings, self.caller, fields)

    @rpc
    def devices(self, *, limit: int | None = None, cursor: str | None = None) -> Json:
        size, mine = bounded(limit), sa.select(Device).where(Device.user_id == self.caller.id)
        if after := read_cursor(cursor, an_id):
            mine = mine.where(Device.id > after[0])
        with self.db() as tx:
            rows = tx.scalars(mine.order_by(Device.id).limit(size + 1)).all()
        return page(
            rows,
            size,
            lambda row: devices.shown(row, self.settings, self.caller.session_id),
            lambda row: [row.id],
        )

    @rpc
    def forget(self, *, device_id: str) -> None:
        mine = sa.delete(Device).where(Device.user_id == self.caller.id, Device.device_id == device_id)
        with self.db() as tx:
            if not tx.execute(mine.returning(Device.id)).first():
                raise errors.device_not_found()

    # --- what it answers: what became of it

    @rpc
    def acknowledge(self, *, secrets: list[str]) -> Json:
        """Devices have these pushes; who knows a secret has got it by one."""
        with self.db() as tx:
            return {"known": receipts.acknowledge(tx, self.settings, secrets)}

    @rpc
    def seen(self, *, items: list[Json]) -> None:
        """Clients that are connected have received entries, or shown them on a screen in use; the gateway
        vouches for each `user_id`."""
        seen = checked(_SeenMany, "invalid_request", {"items": items}).items
        marks = [
            {"user_id": s.user_id, "group_id": s.group_id, "received_seq": s.seq}
            | ({"shown_seq": s.seq} if s.shown else {})
            for s in seen
        ]
        with self.db() as tx:
            copies.move_marks(tx, self.settings, marks)

    @rpc
    def receipts(
        self, *, group_id: str, seq: int, limit: int | None = None, cursor: str | None = None
    ) -> Json:
        """How far a message of mine has come, with each member."""
        found = self.chat.timeline(caller=self.caller, group_id=group_id, after_seq=max(seq, 1) - 1, limit=1)
        entry = next((e for e in found["items"] if e["seq"] == seq), None)
        if entry is None:
            raise errors.entry_not_found()
        if entry["sender_id"] != self.caller.id:
            raise errors.not_the_sender()
        if entry.get("deleted"):
            raise errors.message_deleted()
        reads = self.chat.reads(caller=self.caller, group_id=group_id, limit=bounded(limit), cursor=cursor)
        with self.db() as tx:
            items = receipts.chain(tx, group_id, seq, self.caller.id, reads["items"])
        return {"stored_at": entry["at"], "items": items, "next_cursor": reads["next_cursor"]}

    @rpc
    def picture(self, *, secret: str) -> Json:
        """The picture of the report that was pushed with this secret: where it lies, or that it is coming."""
        with self.db() as tx:
            pushed = receipts.report_of(tx, secret)
        if pushed is None:
            raise errors.picture_not_found()
        user_id, report_id = pushed
        try:
            # It is they who may see it or not, now.
            told: Json = self.reports.picture(report_id=report_id, user_id=user_id, width=720)
        except (NotFound, Conflict):
            raise errors.picture_not_found() from None
        return told

    # --- what it answers: copies

    @rpc
    def memberships(self, *, limit: int | None = None, cursor: str | None = None) -> Json:
        """Our copy: what groups doesn't name any more has to be asked about."""
        size = bounded(limit)
        with self.db() as tx:
            rows = copies.memberships(tx, read_cursor(cursor, an_id, an_id), size)
        return page(
            rows,
            size,
            lambda row: {"group_id": row.group_id, "user_id": row.user_id, "version": row.version},
            lambda row: [row.group_id, row.user_id],
        )

    @rpc
    def keep_memberships(self, *, items: list[Json]) -> None:
        with self.db() as tx:
            copies.keep_memberships(tx, items)

    @rpc
    def keep_people(self, *, items: list[Json]) -> None:
        with self.db() as tx:
            for item in items:
                copies.keep_own(tx, events.PersonOwn.model_validate(item))

    # --- what it hears: what is told of

    # Nobody is told before they had the time to see it: there is time to take many at once.
    @hear(events.EntriesAppended, gather=0.5)
    def entries_appended(self, heard: list[events.EntriesAppended]) -> None:
        with self.db() as tx:
            rooms: dict[str, list[Json]] = {}
            for event in tx.unseen(heard):
                rooms.setdefault(event.group_id, []).extend(event.entries)
            # Who sends has read: nobody says so but the entry itself.
            read: dict[tuple[str, str], int] = {}
            for group_id, entries in rooms.items():
                notices.hear_entries(tx, self.settings, group_id, entries)
                for entry in entries:
                    if entry["sender_id"] and entry.get("client_id"):
                        read[entry["sender_id"], group_id] = entry["seq"]
            copies.move_marks(
                tx,
                self.settings,
                [{"user_id": u, "group_id": g, "read_seq": seq} for (u, g), seq in read.items()],
            )

    @hear(events.AppointmentMade)
    def appointment_made(self, event: events.AppointmentMade) -> None:
        self._appointment(event, "appointment_made", event.by)

    @hear(events.AppointmentChanged)
    def appointment_changed(self, event: events.AppointmentChanged) -> None:
        self._appointment(event, "appointment_moved", event.by)

    @hear(events.AppointmentWithdrawn)
    def appointment_withdrawn(self, event: events.AppointmentWithdrawn) -> None:
        self._appointment(event, "appointment_withdrawn", event.by)

    @hear(events.AppointmentNear)
    def appointment_near(self, event: events.AppointmentNear) -> None:
        self._appointment(event, "appointment_near", None)

    @hear(events.NewsPublished)
    def news_published(self, event: events.NewsPublished) -> None:
        """News for groups are entries of their rooms."""
        if event.article.audience == "groups":
            return
        kind = "news_for_staff" if event.article.audience == "staff" else "news_for_all"
        body = {"news_id": event.news_id, "title": event.article.title, "text": event.article.summary}
        self._tell(
            event, f"news:{event.news_id}", kind, event.article.author_id, body, event.article.expires_at
        )

    @hear(events.NewsWithdrawn)
    def news_withdrawn(self, event: events.NewsWithdrawn) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                notices.withdraw(tx, self.settings, f"news:{event.news_id}")

    @hear(events.ReportMade)
    def report_made(self, event: events.ReportMade) -> None:
        """One that went into a room is an entry there, one that goes with an alert is told with it; who asked
        for it hears of all others."""
        if event.status == "ready" and (event.group_id or event.alert_id):
            return
        body = {"report_id": event.report_id, "title": event.title}
        kind = "report_ready" if event.status == "ready" else "report_failed"
        self._tell(event, f"report:{event.report_id}", kind, None, body)

    @hear(events.AlertRaised)
    def alert_raised(self, event: events.AlertRaised) -> None:
        """Whom it is escalated to needs not be in its room, and hears it though the room is muted."""
        kind, group_id = ("escalation", None) if event.escalated else ("alert", event.alert.group_id)
        self._alert(event, kind, "alert", group_id)

    @hear(events.AlertRecovered)
    def alert_recovered(self, event: events.AlertRecovered) -> None:
        self._alert(event, "alert", "alert_over", event.alert.group_id)

    @hear(events.AlertAcknowledged)
    def alert_acknowledged(self, event: events.AlertAcknowledged) -> None:
        """Somebody looks after it: nobody else has to."""
        with self.db() as tx:
            if not tx.seen(event):
                for kind in ("alert", "escalation"):
                    notices.withdraw(tx, self.settings, f"{kind}:{event.alert.id}", before=_order(event.at))

    @hear(events.SourceStateChanged)
    def source_state_changed(self, event: events.SourceStateChanged) -> None:
        why = (event.reason or next(iter(event.mismatches), ""))[: notices.TEXT_LENGTH]
        body = {"title": event.title, "why": why, "source": event.source}
        # Its name would stand in what is pushed in private, too.
        topic = f"source:{uuid5(NAMESPACE_URL, event.source)}"
        self._tell(event, topic, f"source_{event.state}", None, body)

    # --- what it hears: people

    @hear(events.UserCreated)
    def user_created(self, event: events.UserCreated) -> None:
        with self.db() as tx:
            copies.keep_seen(tx, event.user)
        self._tell_of_person(event, {})

    @hear(events.UserIntroduced)
    def user_introduced(self, event: events.UserIntroduced) -> None:
        with self.db() as tx:
            copies.keep_seen(tx, event.user)
        self._tell_of_person(event, {"introduced": True})

    @hear(events.UserChanged)
    def user_changed(self, event: events.UserChanged) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                copies.keep_seen(tx, event.user)

    @hear(events.SettingsChanged)
    def settings_changed(self, event: events.SettingsChanged) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                copies.keep_own(tx, event.user)
                # What waited for the end of quiet hours is looked at anew.
                waiting = Telling.user_id == event.user.id, Telling.due_at.is_not(None)
                tx.execute(
                    sa.update(Telling)
                    .where(*waiting)
                    .values(due_at=sa.func.least(Telling.due_at, event.envelope.time))
                )

    @hear(events.SessionEnded)
    def session_ended(self, event: events.SessionEnded) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                devices.end_session(tx, event.user_id, event.session_id)

    @hear(events.UserErased)
    def user_erased(self, event: events.UserErased) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                personal.erase(tx, event.user_id)
                theirs = sa.select(Notice.topic).where(Notice.actor_id == event.user_id)
                notices.look_again(tx, self.settings, Telling.topic.in_(theirs))

    # --- what it hears: rooms

    @hear(events.GroupCreated)
    def group_created(self, event: events.GroupCreated) -> None:
        self._room(event)

    @hear(events.GroupChanged)
    def group_changed(self, event: events.GroupChanged) -> None:
        self._room(event)

    @hear(events.MemberJoined)
    def member_joined(self, event: events.MemberJoined) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                copies.keep_room(tx, event.group_id, event.group.name, event.group.version)
                copies.keep_member(tx, event.group_id, event.user_id, event.role, event.version)

    @hear(events.MemberLeft)
    def member_left(self, event: events.MemberLeft) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                copies.keep_member(tx, event.group_id, event.user_id, None, event.version)
                told = Telling.user_id == event.user_id, Telling.topic == room_topic(event.group_id)
                notices.look_again(tx, self.settings, *told)

    @hear(events.MemberMuted)
    def member_muted(self, event: events.MemberMuted) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                copies.keep_mute(tx, event)

    @hear(events.ReadMoved)
    def read_moved(self, event: events.ReadMoved) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                mark = {"user_id": event.user_id, "group_id": event.group_id, "read_seq": event.seq}
                copies.move_marks(tx, self.settings, [mark])

    # --- what it does by the clock

    @every(1)
    def tell_due(self) -> None:
        for _ in range(ROUNDS):
            with self.db() as tx:
                claimed = tellings.tell_due(tx, self.settings)
            if claimed < tellings.AT_ONCE:
                return

    @every(15)
    def measure_work(self) -> None:
        (pushes,) = self.work()
        tellings.WAITING.set(pushes["queued"])

    @every(600)
    def tidy(self) -> None:
        with self.db() as tx:
            tellings.tidy(tx, self.settings)

    # --- how

    def kept_of(self, user_id: str) -> Kept:
        return personal.kept_of(user_id)

    def findings(self) -> list[Finding]:
        names = {"fcm": ("FCM", "FCM_CREDENTIALS"), "web_push": ("Web Push", "VAPID_PRIVATE_KEY")}
        return [
            finding(
                "push", f"{name} is on." if self.settings.is_on(channel) else f"{name} is off: no {setting}."
            )
            for channel, (name, setting) in names.items()
        ]

    def work(self) -> list[Json]:
        with self.db() as tx:
            return tellings.work(tx)

    def _meet(self, tx: Transaction, user_id: str, person: Json | None, rooms: list[Json]) -> None:
        if person is None:
            raise errors.session_ended()
        copies.keep_own(tx, events.PersonOwn.model_validate(person))
        for group in rooms:
            copies.keep_member(tx, group["id"], user_id, group["my_role"], group["version"])
            copies.keep_room(tx, group["id"], group["name"], group["version"])
            mute = {name: group[name] for name in ("muted", "muted_until", "version")}
            event = events.MemberMuted(group_id=group["id"], user_id=user_id, **mute)
            copies.keep_mute(tx, event)

    def _room(self, event: events.GroupCreated | events.GroupChanged) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                copies.keep_room(tx, event.group_id, event.group.name, event.group.version)

    def _appointment(self, event: events._Appointment, kind: str, by: str | None) -> None:
        item = event.item
        over = item.start if kind == "appointment_near" else None
        body = item.model_dump(mode="json", include={"title", "place", "all_day", "start", "occurrence"})
        self._tell(event, f"calendar:{item.id}", kind, by, body, over, event.group_id)

    def _alert(self, event: events._OfAlert, topic: str, kind: str, group_id: str | None) -> None:
        body = event.alert.model_dump(include={"type", "title", "report_id"}) | {"alert_id": event.alert.id}
        self._tell(event, f"{topic}:{event.alert.id}", kind, None, body, group_id=group_id)

    def _tell_of_person(self, event: events._AboutPerson, more: Json) -> None:
        if event.user.active:
            self._tell(event, f"person:{event.user.id}", "person", event.user.id, more)

    def _tell(
        self,
        event: Any,
        topic: str,
        kind: str,
        actor_id: str | None,
        body: Json,
        expires_at: Any = None,
        group_id: str | None = None,
    ) -> None:
        """Tells the audience that the event names."""
        envelope = event.envelope
        at = getattr(event, "at", envelope.time)
        notice = {
            "topic": topic,
            "seq": _order(at),
            "kind": kind,
            "group_id": group_id,
            "actor_id": actor_id,
            "body": body,
            "at": at,
        }
        with self.db() as tx:
            if not tx.seen(event):
                notices.tell(
                    tx,
                    self.settings,
                    [notice | ({"expires_at": expires_at} if expires_at else {})],
                    envelope.audience,
                )


def _order(at: datetime) -> int:
    """The number of a notice outside of rooms: later ones are higher, and that is all that is asked of it."""
    return int(at.timestamp() * 1000)
