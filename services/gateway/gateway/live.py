"""What is heard becomes frames, and what was missed is asked for. Routing only: who may hear is the
audience that the speaker named, and what someone may see is asked of its owner, as that someone."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import gevent
import orjson
from gevent.pool import Pool
from kit.caller import Caller
from kit.clock import now, rfc3339
from kit.errors import NotFound, Refusal
from kit.event import Heard
from kit.observe import get_logger, span
from kit.rpc import RemoteFailure
from opentelemetry.trace import SpanKind
from prometheus_client import Histogram

from gateway import events
from gateway.backend import Backend
from gateway.frames import encode, encode_too_much
from gateway.hub import Hub, Reader
from gateway.latest import Latest
from gateway.peers import Peers
from gateway.sockets import Sockets
from gateway.tokens import Rights, Tokens

log = get_logger(__name__)

FANOUT = Histogram(
    "bchat_gateway_fanout_seconds",
    "From when an event was said until all its sockets here had it.",
    ["type"],
    buckets=(0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)

PUBLIC_USER = ("id", "username", "display_name", "kind", "avatar_url")
FIRST_VERSION = 1  # of a user who is new: no token tells of older rights
ROOMS_A_CALL = 500
AT_ONCE = 8
ENDED_KEPT = 1000
CHAT_IS_BEHIND_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Live:
    """Keeps the sockets of this worker in step with the services.

    Args:
        remember: seconds for which ended sessions and changed rights matter.
        pause: seconds between two live positions of the same person in a room.
    """

    def __init__(
        self,
        backend: Backend,
        hub: Hub,
        tokens: Tokens,
        sockets: Sockets,
        peers: Peers,
        remember: float,
        pause: float,
    ) -> None:
        self._backend = backend
        self._hub = hub
        self._tokens = tokens
        self._sockets = sockets
        self._peers = peers
        self._remember = remember
        self._read_at: datetime | None = None
        self._positions = Latest(pause, self._tell_position)
        self._ended: dict[str, None] = {}  # the shares that ended last
        self._table: dict[str, tuple[type[Heard], Callable[[Any], None]]] = {
            event.routing_key(): (event, handle)
            for event, handle in (
                (events.EntriesAppended, self._entries_appended),
                (events.ReadMoved, self._read_moved),
                (events.GroupCreated, self._group_told),
                (events.GroupChanged, self._group_changed),
                (events.GroupEnded, self._group_told),
                (events.TaskChanged, self._task_told),
                (events.TaskReminded, self._task_told),
                (events.AppointmentMade, self._appointment_told),
                (events.AppointmentChanged, self._appointment_told),
                (events.AppointmentWithdrawn, self._appointment_told),
                (events.AppointmentNear, self._appointment_told),
                (events.MemberMuted, self._member_muted),
                (events.MemberJoined, self._member_moved),
                (events.MemberLeft, self._member_moved),
                (events.MemberRoleChanged, self._member_moved),
                (events.UserCreated, self._new_user),
                (events.UserIntroduced, self._new_user),
                (events.UserChanged, self._user_told),
                (events.SettingsChanged, self._settings_changed),
                (events.SessionEnded, self._session_ended),
                (events.PermissionsChanged, self._permissions_changed),
                (events.NewsPublished, self._news_told),
                (events.NewsChanged, self._news_told),
                (events.NewsWithdrawn, self._news_withdrawn),
                (events.ReportMade, self._report_made),
                (events.ReportProgressed, self._report_progressed),
                (events.AlertRaised, self._alert_told),
                (events.AlertAcknowledged, self._alert_told),
                (events.AlertRecovered, self._alert_told),
                (events.SourceStateChanged, self._source_state_changed),
                (events.ShareStarted, self._share_told),
                (events.ShareEnded, self._share_told),
            )
        }

    def hear(self, body: bytes, headers: dict[str, Any] | None = None) -> None:
        """An event, from the relay. A failure is logged: the next event must be heard.

        Args:
            headers: of the message, which carry the trace that the event came of.
        """
        try:
            raw = orjson.loads(body)
            kind, handle = self._table.get(raw["type"], (None, None))
            if kind and handle:
                event = kind.decode(raw)
                with span(f"relay {raw['type']}", headers or {}, SpanKind.CONSUMER):
                    handle(event)
                seconds = (datetime.now(UTC) - event.envelope.time).total_seconds()
                FANOUT.labels(raw["type"]).observe(max(0.0, seconds))
        except Exception:
            log.exception("event_not_relayed")

    def hear_gateway(self, body: bytes) -> None:
        """Something fleeting that a gateway told all gateways; one of another version may tell what we
        don't know."""
        try:
            told = orjson.loads(body)
            if told["type"] == "gateway":
                self._peers.heard(told)
                return
            room = self._hub.sockets([f"group:{told['group_id']}"])
            if told["type"] == "position" and room:
                self._positions.put((told["group_id"], told["user_id"]), told)
                return
            self._hub.tell([s for s in room if s.user_id != told["user_id"]], encode(told))
        except Exception:
            log.exception("gateway_message_not_relayed")

    # Events

    def _entries_appended(self, event: events.EntriesAppended) -> None:
        self._hub.append(event.group_id, event.entries)

    def _read_moved(self, event: events.ReadMoved) -> None:
        self._tell(event, {"type": "read", **event.model_dump()})

    def _member_muted(self, event: events.MemberMuted) -> None:
        self._tell(event, {"type": "muted", **event.model_dump()})

    def _group_told(self, event: events.GroupCreated | events.GroupEnded) -> None:
        self._tell_group(self._hub.sockets(event.envelope.audience), event.group)

    def _group_changed(self, event: events.GroupChanged) -> None:
        sockets = self._hub.sockets(event.envelope.audience)
        if event.group["visibility"] == "invite":
            # Staff outside hear of it only when it has just been closed to them.
            outside = {s for s in sockets if self._hub.role(s.user_id, event.group_id) is None}
            gone = encode({"type": "group_gone", "group_id": event.group_id})
            self._hub.tell([s for s in outside if s.live], gone)
            sockets = [s for s in sockets if s not in outside]
        self._tell_group(sockets, event.group)

    def _task_told(self, event: events.TaskChanged | events.TaskReminded) -> None:
        self._tell_group(self._hub.sockets(event.envelope.audience), event.group)
        if event.item:
            members = self._hub.sockets([f"group:{event.group_id}"])
            self._hub.tell(members, encode({"type": "calendar", "item": event.item}))

    def _appointment_told(self, event: events._Appointment) -> None:
        self._tell(event, {"type": "calendar", "item": event.item})

    def _member_moved(
        self, event: events.MemberJoined | events.MemberLeft | events.MemberRoleChanged
    ) -> None:
        role = None if isinstance(event, events.MemberLeft) else event.role
        room = self._hub.sockets(
            [f"group:{event.group_id}"]
        )  # one who left still hears it, one who joins not
        news = self._hub.stand(event.user_id, event.group_id, event.version, role)
        self._hub.tell(
            room,
            encode({"type": "member", "group_id": event.group_id, "user_id": event.user_id, "role": role}),
        )
        if isinstance(event, events.MemberRoleChanged):
            return
        others = [s for s in self._hub.sockets(event.envelope.audience) if s.user_id != event.user_id]
        self._tell_group(others, event.group)
        if news:
            gevent.spawn(self.show, event.user_id, event.group_id)

    def _user_told(self, event: events.UserChanged) -> None:
        self._tell(event, {"type": "user", "user": _public(event.user)})

    def _new_user(self, event: events.UserCreated | events.UserIntroduced) -> None:
        frame = {"type": "user", "user": _public(event.user)}
        plain, new = encode(frame), encode({**frame, "new": True})
        self._hub.tell(
            self._hub.sockets(event.envelope.audience),
            lambda socket: new if self._hub.wants_new_users(socket.user_id) else plain,
        )

    def _settings_changed(self, event: events.SettingsChanged) -> None:
        self._hub.prefer(event.user["id"], **preferences(event.user))
        self._tell(event, {"type": "user", "user": event.user})

    def _session_ended(self, event: events.SessionEnded) -> None:
        self._end_sessions({event.session_id})

    def _permissions_changed(self, event: events.PermissionsChanged) -> None:
        if event.version > FIRST_VERSION:
            self._change_rights(event.user_id, event.version, event.kind, event.permissions)

    def _news_told(self, event: events.NewsPublished | events.NewsChanged) -> None:
        read_again = isinstance(event, events.NewsChanged) and event.read_again
        self._tell(event, {"type": "news", "item": event.article, "read_again": read_again})

    def _news_withdrawn(self, event: events.NewsWithdrawn) -> None:
        kept = set(self._hub.sockets(event.kept_by))
        # Whose hello is being answered may keep it without our knowing it yet; the list tells them.
        lost = [s for s in self._hub.sockets(event.envelope.audience) if s.live and s not in kept]
        self._hub.tell(lost, encode({"type": "news_gone", "id": event.news_id, "version": event.version}))

    def _report_made(self, event: events.ReportMade) -> None:
        mine = set(self._hub.sockets([f"user:{event.requested_by}"]))
        if mine:
            gevent.spawn(self._push_report, event)
        # Others of its room read it when they look at it.
        if others := [s for s in self._hub.sockets(event.envelope.audience) if s not in mine]:
            self._hub.tell(others, encode({"type": "report", "report": _head(event)}))

    def _push_report(self, event: events.ReportMade) -> None:
        sockets = self._hub.of_user(event.requested_by)
        if not sockets:
            return
        try:
            report = self._backend.read(
                "reports", "report", caller=sockets[0].caller, report_id=event.report_id, pushed=True
            )
        except Exception as problem:
            # The client is told that it is there and reads it over HTTP.
            log.warning("report_not_pushed", report_id=event.report_id, problem=str(problem))
            report = _head(event)
        self._hub.tell(sockets, encode({"type": "report", "report": report}))

    def _report_progressed(self, event: events.ReportProgressed) -> None:
        report = {
            "id": event.report_id,
            **event.model_dump(include={"type", "progress"}),
            "status": "running",
        }
        self._tell(event, {"type": "report", "report": report})

    def _alert_told(
        self, event: events.AlertRaised | events.AlertAcknowledged | events.AlertRecovered
    ) -> None:
        self._tell(event, {"type": "alert", "alert": event.alert})

    def _source_state_changed(self, event: events.SourceStateChanged) -> None:
        self._tell(
            event,
            {"type": "source", "source": {"name": event.source, **event.model_dump(exclude={"source"})}},
        )

    def _share_told(self, event: events.ShareStarted | events.ShareEnded) -> None:
        if isinstance(event, events.ShareEnded):
            self._ended[event.share["id"]] = None
            while len(self._ended) > ENDED_KEPT:
                del self._ended[next(iter(self._ended))]
        self._tell(event, {"type": "share", "share": event.share})

    def _tell_position(self, told: dict[str, Any]) -> None:
        # It may have been on its way when its share ended: it would stay on the map for ever.
        if told["feature"]["id"] not in self._ended:
            self._hub.tell(self._hub.sockets([f"group:{told['group_id']}"]), encode(told))

    def _tell(self, event: Heard, frame: dict[str, Any]) -> None:
        if sockets := self._hub.sockets(event.envelope.audience):
            self._hub.tell(sockets, encode(frame))

    def _tell_group(self, sockets: list[Reader], group: dict[str, Any]) -> None:
        frames: dict[str | None, bytes] = {}
        # Whose hello is being answered may be a member without our knowing it yet; the answer tells them.
        known = [s for s in sockets if s.live or self._hub.role(s.user_id, group["id"]) is not None]

        def own(socket: Reader) -> bytes:
            role = self._hub.role(socket.user_id, group["id"])
            if role not in frames:
                frames[role] = encode({"type": "group", "group": {**group, "my_role": role}})
            return frames[role]

        self._hub.tell(known, own)

    # What a user may see

    def show(self, user_id: str, group_id: str) -> None:
        """Tells a user's sockets what a group is to them now, and lets them into its room."""
        for wait in CHAT_IS_BEHIND_SECONDS:
            live = self._hub.of_user(user_id)
            if not live:
                return
            try:
                frame, last_seq = self._view(live[0].caller, group_id)
            except Refusal as refusal:
                log.warning("group_not_shown", group_id=group_id, problem=str(refusal))
            else:
                is_member = self._hub.role(user_id, group_id) is not None
                # Where they came or went while it was asked, the answer is of before.
                if (last_seq is not None) == is_member:
                    joining = self._hub.joining(group_id, user_id)
                    for socket in live if not is_member else [s for s in live if s in joining]:
                        socket.offer(frame)
                        if group_id in socket.behind:
                            socket.behind.discard(group_id)
                            if is_member:
                                socket.offer(encode_too_much(group_id))
                        if last_seq is not None:
                            self._hub.settle(group_id, socket, last_seq)
                    return
            gevent.sleep(wait)  # chat hears of a new member about when we do
        log.error("group_not_shown_at_all", group_id=group_id)

    def _view(self, caller: Caller, group_id: str) -> tuple[bytes, int | None]:
        """The frame that says what the group is to the caller; and its last seq, for a member."""
        try:
            group = self._backend.read("groups", "get", caller=caller, group_id=group_id)
        except NotFound:
            return encode({"type": "group_gone", "group_id": group_id}), None
        if group["my_role"] is None:
            return encode({"type": "group", "group": group}), None
        room = self._backend.read("chat", "rooms", caller=caller, group_ids=[group_id])["items"].get(group_id)
        return encode({"type": "group", "group": {**group, **(room or {})}}), room and room["last_seq"]

    # Keeping in step

    def _end_sessions(self, session_ids: set[str]) -> None:
        self._tokens.ended(session_ids)
        for socket in self._sockets.all():
            if socket.session_id in session_ids:
                socket.close(4401, "the session has ended")

    def _change_rights(self, user_id: str, version: int, kind: str, permissions: list[str]) -> None:
        rights = self._tokens.changed(user_id, Rights(version, kind, frozenset(permissions)))
        for socket in self._hub.sockets([f"user:{user_id}"]):
            socket.become(rights.kind, rights.permissions)
            self._hub.place(socket)

    def read_changes(self) -> None:
        """Reads which sessions have ended lately, and whose rights have changed; until it succeeds once, no
        token is believed.

        Raises:
            Refusal, RemoteFailure
        """
        began = now()
        since = rfc3339((self._read_at or began) - timedelta(seconds=self._remember))
        ended = self._backend.read("auth", "ended_sessions", since=since)["sessions"]
        changed = self._backend.read("auth", "changed_rights", since=since)["items"]
        self._end_sessions({session["session_id"] for session in ended})
        for row in changed:
            self._change_rights(row["user_id"], row["version"], row["kind"], row["permissions"])
        self._read_at = began
        self._tokens.ready = True

    def check_rooms(self) -> None:
        """Asks chat for the last seq of every room here; what was missed is fetched, and whoever still
        waits to be let into a room is tried again.

        Raises:
            Refusal, RemoteFailure
        """
        ids = list(self._hub.rooms)
        for start in range(0, len(ids), ROOMS_A_CALL):
            part = ids[start : start + ROOMS_A_CALL]
            self._hub.heard_of(self._backend.read("chat", "last_seqs", group_ids=part))
        for user_id, group_id in self._hub.unsettled():
            gevent.spawn(self.show, user_id, group_id)

    def check_members(self) -> None:
        """Reads the memberships again of every user here of whom events may have been missed."""
        pool = Pool(AT_ONCE)
        for number, user_id in enumerate(list(self._hub.unsure)):
            pool.spawn(self._check_member, user_id)
            if number == 0:
                pool.join()
                if user_id in self._hub.unsure:
                    return  # groups is away: it need not be asked for everybody
        pool.join()

    def _check_member(self, user_id: str) -> None:
        person = self._hub.people.get(user_id)
        if person is None:
            return
        before, doubts = dict(person.groups), self._hub.doubts
        try:
            groups = self._backend.read("groups", "memberships", user_id=user_id)["items"]
        except (Refusal, RemoteFailure) as refusal:
            log.warning("memberships_not_read", user_id=user_id, problem=str(refusal))
            return
        joined, left = self._hub.stand_in(user_id, groups, before)
        self._hub.believe(user_id, doubts)
        for group_id in joined | left:
            self.show(user_id, group_id)

    def keep_in_step(self, every: float, reconnected: Callable[[], bool]) -> None:
        """Runs for ever.

        Args:
            every: seconds between two checks that need no reason.
            reconnected: True once after events may have been missed.
        """
        checked, deaf = 0.0, False
        while True:
            deaf = reconnected() or deaf or bool(self._hub.unsure)
            if deaf or not self._tokens.ready or time.monotonic() - checked > every:
                try:
                    self.read_changes()
                    self.check_members()
                    self.check_rooms()
                    checked, deaf = time.monotonic(), False
                except Exception as problem:
                    log.warning("not_in_step", problem=str(problem))
            gevent.sleep(0.5)


def _public(user: dict[str, Any]) -> dict[str, Any]:
    return {name: user.get(name) for name in PUBLIC_USER}


def preferences(user: dict[str, Any]) -> dict[str, Any]:
    """Of a user's own view, what the hub goes by."""
    return {"version": user["version"], "new_user_alert": user["settings"]["new_user_alert"]}


def _head(event: events.ReportMade) -> dict[str, Any]:
    """A report without its content."""
    return {"id": event.report_id, **event.model_dump(include={"type", "title", "status", "group_id"})}
