"""Groups, the user group creation, joining and ending steps: the rooms people talk in, and who is in them.

Every change holds the lock of the group's row and raises its version, so that what is said of one group
has one order, whoever hears it and in whatever order it arrives.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import dropwhile, islice
from typing import Any, get_args

import sqlalchemy as sa
from kit import clock
from kit.db import Transaction
from kit.errors import Refusal, Unavailable
from kit.fields import an_id, bounded, checked, contains, is_id, page, read_cursor
from kit.observe import get_logger
from kit.personal import Kept
from kit.rpc import RemoteFailure
from kit.service import Ask, Service, every, hear, offload, rpc

from groups import (
    appointments,
    calendar,
    calendar_feed,
    calendar_near,
    errors,
    invites,
    personal,
    roster,
    tasks,
)
from groups.calendar_fields import Begin, Window
from groups.events import GroupChanged, GroupCreated, PersonHeard, UserChanged, UserCreated, UserErased
from groups.fields import GroupFields, InviteFields, TaskFields
from groups.models import FOR_GOOD, Appointment, CalendarToken, Catalogue, Group, Invite, Member, Person, Role
from groups.recurrence import END
from groups.settings import GroupsSettings

log = get_logger(__name__)
Json = dict[str, Any]
Items = list[Json]
# More groups than this nobody is in; the newest of them are told.
MOST_OF_ONE = 1000


class GroupsService(Service):
    name = "groups"
    settings: GroupsSettings
    auth = Ask("auth")
    reports: Any = Ask("reports")

    # --- what it answers: the steps

    @rpc
    def create(
        self,
        *,
        name: str,
        catalogue: str,
        description: str | None = None,
        type: str | None = None,
        visibility: str | None = None,
        target_end: str | None = None,
    ) -> Json:
        fields = {
            "name": name,
            "description": description or "",
            "catalogue": catalogue,
            "type": type,
            "visibility": visibility or "open",
            "target_end": target_end,
        }
        me = self.caller.id
        with self.db() as tx:
            if answer := tx.replay(self.caller, {"create": fields}):
                return answer
            if not self.caller.is_staff:
                raise errors.customers_may_not_create()
            new = checked(GroupFields, "invalid_group", fields)
            self._require_report(new.type)
            group = Group(owner_id=me, **new.model_dump())
            tasks.begin(group)
            tx.add(group)
            tx.flush()
            tx.emit(GroupCreated.of(group, me))
            owner = roster.add(tx, group, me, "owner", me)
            return tx.remember(self.caller, group.shown(owner))

    @rpc
    def join(self, *, group_id: str) -> Json:
        with self.db() as tx:
            if answer := tx.replay(self.caller, {"join": group_id}):
                return answer
            group, member = roster.seen(tx, self.caller, group_id, lock=True)
            if not member:
                # Only staff see a group they are not in.
                member = roster.add(tx, group, self.caller.id, "staff", self.caller.id)
            return tx.remember(self.caller, group.shown(member))

    @rpc
    def leave(self, *, group_id: str) -> Json | None:
        with self.db() as tx:
            if answer := tx.replay(self.caller, {"leave": group_id}):
                return answer["group"]  # type: ignore[no-any-return]
            group, member = roster.seen(tx, self.caller, group_id, lock=True)
            if not member:
                raise errors.not_a_member()
            roster.take_out(tx, group, member, self.caller.id)
            still_seen = self.caller.is_staff and group.visibility == "open"
            answer = tx.remember(self.caller, {"group": group.shown(None) if still_seen else None})
            return answer["group"]  # type: ignore[no-any-return]

    @rpc
    def end(self, *, group_id: str) -> Json:
        with self.db() as tx:
            if answer := tx.replay(self.caller, {"end": group_id}):
                return answer
            group, owner = roster.owned(tx, self.caller, group_id)
            roster.end(tx, group, self.caller.id)
            return tx.remember(self.caller, group.shown(owner))

    @rpc
    def edit(self, *, group_id: str, changes: Json) -> Json:
        with self.db() as tx:
            group, owner = roster.owned(tx, self.caller, group_id)
            present = {name: getattr(group, name) for name in GroupFields.model_fields}
            if changes.get("catalogue", group.catalogue) != group.catalogue:
                # They belonged to the old catalogue.
                present |= {"type": None, "target_end": None}
            context = {"target_end": group.target_end}
            new = checked(GroupFields, "invalid_group", present | changes, context).model_dump()
            changed = [name for name, value in new.items() if value != getattr(group, name)]
            if "type" in changed:
                self._require_report(new["type"])
            moved = "target_end" in changed and "catalogue" not in changed
            if moved:
                changed.remove("target_end")
            for name in changed:
                setattr(group, name, new[name])
            if "catalogue" in changed:
                tasks.begin(group)
            if changed:
                group.touch()
                tx.emit(GroupChanged.of(group, self.caller.id, changed=changed))
            if moved:
                tasks.change(tx, group, self.caller.id, target_end=new["target_end"])
            return group.shown(owner)

    @rpc
    def set_task(self, *, group_id: str, changes: Json) -> Json:
        """What `changes` leaves out stays as it is."""
        with self.db() as tx:
            group, member = roster.led(tx, self.caller, group_id)
            if group.catalogue != "task":
                raise errors.not_a_task()
            context = {"target_end": group.target_end}
            new = checked(TaskFields, "invalid_task", group.as_task() | changes, context).model_dump()
            if (assignee := new["assignee_id"]) is not None:
                new["assignee_id"] = assignee = assignee.lower()
                if not roster.member_of(tx, group, assignee):
                    raise errors.assignee_not_a_member()
            tasks.change(tx, group, self.caller.id, **new)
            return group.shown(member)

    # --- what it answers: members

    @rpc
    def members(self, *, group_id: str, limit: int | None = None, cursor: str | None = None) -> Json:
        with self.db() as tx:
            group, _ = roster.seen(tx, self.caller, group_id)
            return self._members(tx, group, limit, cursor)

    @rpc
    def mute(self, *, group_id: str, muted: bool, until: str | None = None) -> Json:
        """Whether I want no alerts of a group, until a time or for good; the others do not learn of it."""
        ends = None
        if muted:
            try:
                ends = clock.parse(until) if until else FOR_GOOD
            except ValueError:
                raise errors.invalid_mute() from None
            if ends <= clock.now():
                raise errors.invalid_mute()
        with self.db() as tx:
            group, member = roster.seen(tx, self.caller, group_id, lock=True)
            if not member:
                raise errors.not_a_member()
            roster.mute(tx, group, member, ends)
            return group.shown(member)

    @rpc
    def set_role(self, *, group_id: str, user_id: str, role: Role) -> Json:
        if role not in get_args(Role):
            raise errors.unknown_role()
        me, user_id = self.caller.id, user_id.lower()  # readers of our events compare ids as texts
        with self.db() as tx:
            roster.owned(tx, self.caller, group_id, lock=False)
            # Before the lock: auth may have to be asked, and the group need not wait for it.
            person = self._person(tx, user_id)
            group, owner = roster.owned(tx, self.caller, group_id)
            member = owner if user_id == me else roster.member_of(tx, group, user_id)
            if member and member.role == role:
                return roster.as_member(member, person)
            if member is owner:
                raise errors.last_owner()
            if role == "owner":
                return roster.as_member(roster.hand_over(tx, group, person, me), person)
            if not member and not (person and person.active):
                raise errors.user_not_found()
            if member:
                roster.give_role(tx, group, member, role, me)
            else:
                member = roster.add(tx, group, user_id, role, me)
            return roster.as_member(member, person)

    @rpc
    def remove_member(self, *, group_id: str, user_id: str) -> None:
        user_id = user_id.lower()
        with self.db() as tx:
            group, member = roster.seen(tx, self.caller, group_id, lock=True)
            if not member:
                raise errors.not_a_member()
            if user_id != self.caller.id:
                roster.owned(tx, self.caller, group_id)
                member = roster.member_of(tx, group, user_id)
            if not member:
                raise errors.no_such_member()
            roster.take_out(tx, group, member, self.caller.id)

    # --- what it answers: invitations

    @rpc
    def invite(
        self, *, group_id: str, role: str = "guest", expires_in_hours: int = 168, max_uses: int = 1
    ) -> Json:
        fields = {"role": role, "expires_in_hours": expires_in_hours, "max_uses": max_uses}
        with self.db() as tx:
            if answer := tx.replay(self.caller, {"invite": group_id, **fields}):
                # The token is kept nowhere. Who asks again did not get it, so this answer has another.
                made = tx.get_one(Invite, answer["id"])
                return made.as_dict() | {"token": invites.new_token(made)}
            group, member = roster.led(tx, self.caller, group_id)
            if not self.caller.is_staff:
                raise errors.customers_may_not_invite()
            new = checked(InviteFields, "invalid_invite", fields)
            if not invites.may_invite(member, new.role):
                raise errors.not_the_owner()
            made, token = invites.make(tx, group, self.caller.id, new)
            tx.remember(self.caller, {"id": made.id})
            return made.as_dict() | {"token": token}

    @rpc
    def invites(self, *, group_id: str, limit: int | None = None, cursor: str | None = None) -> Json:
        """Those that can be used, the newest first."""
        size = bounded(limit)
        after = read_cursor(cursor, an_id)
        with self.db() as tx:
            group, _ = roster.led(tx, self.caller, group_id, lock=False)
            found = invites.usable(group.id).order_by(Invite.id.desc()).limit(size + 1)
            rows = tx.scalars(found.where(Invite.id < after[0]) if after else found).all()
        return page(rows, size, Invite.as_dict, lambda invite: [invite.id])

    @rpc
    def revoke_invite(self, *, group_id: str, invite_id: str) -> None:
        with self.db() as tx:
            group, _ = roster.led(tx, self.caller, group_id)
            invites.revoke(tx, group, invite_id)

    @rpc
    def invitation(self, *, token: str) -> Json:
        """What anybody may know who has the link."""
        with self.db() as tx:
            group, invite = invites.offered(tx, token)
            invites.require_valid(tx, group, invite)
        if group.ended_at:
            raise errors.group_ended()
        return {
            "group_name": group.name,
            "role": invite.role,
            "expires_at": clock.rfc3339(invite.expires_at),
        }

    @rpc
    def accept_invite(
        self,
        *,
        token: str,
        username: str | None = None,
        password: str | None = None,
        display_name: str | None = None,
    ) -> Json:
        """Who is signed in joins; for somebody else an account is made first, and answered as `user`."""
        account = {"username": username, "password": password, "display_name": display_name}
        if not self.caller.anonymous and any(value is not None for value in account.values()):
            raise errors.already_signed_in()
        if self.caller.anonymous and username is not None:
            return self._newcomer(token, username, account)
        with self.db() as tx:
            if answer := tx.replay(self.caller, {"accept_invite": token}):
                return answer
            group, invite = invites.offered(tx, token, lock=True)
            member = invites.accept(tx, group, invite, self.caller)
            return tx.remember(self.caller, {"group": group.shown(member), "user": None})

    def _newcomer(self, token: str, username: str, account: Json) -> Json:
        with self.db() as tx:
            group, invite = invites.offered(tx, token, lock=True)
            place = invites.keep_place(tx, group, invite, self.caller.idempotency_key, username)
        try:
            user = self.auth.create_customer(
                user_id=place.user_id,
                address=self.caller.address,
                _deadline=self.settings.INVITE_AUTH_SECONDS,
                **account,
            )
        except Refusal as refusal:
            # Without an answer nobody knows yet whether there is somebody: the clock finds out.
            if not isinstance(refusal, Unavailable):
                with self.db() as tx:
                    invites.give_back(tx, place)
            raise
        with self.db() as tx:
            roster.keep_person(tx, PersonHeard.model_validate(user))
            group, member = invites.bring_in(tx, place)
        public = {name: user[name] for name in ("id", "username", "display_name", "kind", "avatar_url")}
        return {"group": group.shown(member), "user": public}

    # --- what it answers: groups

    @rpc
    def get(self, *, group_id: str) -> Json:
        with self.db() as tx:
            group, member = roster.seen(tx, self.caller, group_id)
        return group.shown(member)

    @rpc
    def list(
        self,
        *,
        catalogue: str | None = None,
        ended: bool | None = None,
        q: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Json:
        found = roster.visible_to(self.caller)
        return self._groups(found, Group.shown, catalogue, ended, q, limit, cursor)

    # --- what it answers: administrators, who see of any group what it is, and nothing of what is said in it

    @rpc
    def admin_list(
        self,
        *,
        catalogue: str | None = None,
        ended: bool | None = None,
        ownerless: bool = False,
        q: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Json:
        self.caller.require("administrator")
        found = roster.all_of_them(ownerless)

        def shown(group: Group, owner_active: bool) -> Json:
            return group.as_dict() | {"owner_active": owner_active}

        return self._groups(found, shown, catalogue, ended, q, limit, cursor)

    @rpc
    def admin_members(self, *, group_id: str, limit: int | None = None, cursor: str | None = None) -> Json:
        with self.db() as tx:
            return self._members(
                tx, roster.administered(tx, self.caller, group_id, lock=False), limit, cursor
            )

    @rpc
    def admin_name_owner(self, *, group_id: str, user_id: str) -> Json:
        """An owner who can act gives a group away; an administrator only where there is none."""
        user_id = user_id.lower()
        with self.db() as tx:
            group = roster.administered(tx, self.caller, group_id, lock=False)
            # Before the lock, as in `set_role`.
            person, owner = self._person(tx, user_id), self._person(tx, group.owner_id)
            group = roster.administered(tx, self.caller, group_id)
            if group.owner_id != user_id:
                if roster.can_own(owner):
                    raise errors.owner_is_active()
                roster.hand_over(tx, group, person, self.caller.id)
            return group.as_dict() | {"owner_active": roster.can_own(person)}

    @rpc
    def admin_end(self, *, group_id: str) -> Json:
        with self.db() as tx:
            if answer := tx.replay(self.caller, {"admin_end": group_id}):
                return answer
            group = roster.administered(tx, self.caller, group_id)
            roster.end(tx, group, self.caller.id)
            owner = self._person(tx, group.owner_id)
            return tx.remember(self.caller, group.as_dict() | {"owner_active": roster.can_own(owner)})

    @rpc
    def admin_remove_member(self, *, group_id: str, user_id: str) -> None:
        with self.db() as tx:
            group = roster.administered(tx, self.caller, group_id)
            if not (member := roster.member_of(tx, group, user_id.lower())):
                raise errors.no_such_member()
            roster.take_out(tx, group, member, self.caller.id)

    # --- what it answers: appointments

    @rpc
    def make_appointment(
        self,
        *,
        group_id: str,
        title: str,
        start: str,
        end: str,
        timezone: str,
        description: str | None = None,
        place: str | None = None,
        all_day: bool | None = None,
        rrule: str | None = None,
        remind_minutes: Any = None,
    ) -> Json:
        if remind_minutes is None:
            remind_minutes = [] if all_day else [appointments.REMINDED]
        asked = {
            "title": title,
            "description": description or "",
            "place": place or "",
            "start": start,
            "end": end,
            "timezone": timezone,
            "all_day": bool(all_day),
            "rrule": rrule,
            "remind_minutes": remind_minutes,
        }
        with self.db() as tx:
            if answer := tx.replay(self.caller, {"make_appointment": group_id, **asked}):
                return answer
            group, _ = appointments.of_members(tx, self.caller, group_id, lock=True)
            most = self.settings.MOST_APPOINTMENTS
            row = appointments.make(tx, group, self.caller.id, asked, most)
            return tx.remember(self.caller, self._appointment(tx, row))

    @rpc
    def appointments(
        self, *, group_id: str, since: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Json:
        """By their first time; `since` leaves out what was over by then, to the day."""
        size = bounded(limit)
        found = sa.select(Appointment).order_by(Appointment.starts, Appointment.id)
        if since is not None:
            begin = checked(Begin, "invalid_window", {"from": since}).since.replace(tzinfo=None)
            ahead = Appointment.latest.is_(None), Appointment.latest >= begin - timedelta(days=1)
            found = found.where(sa.or_(*ahead))
        if after := read_cursor(cursor, datetime.fromisoformat, an_id):
            found = found.where(sa.tuple_(Appointment.starts, Appointment.id) > sa.tuple_(*after))
        with self.db() as tx:
            group, _ = appointments.of_members(tx, self.caller, group_id)
            rows = tx.scalars(found.where(Appointment.group_id == group.id).limit(size + 1)).all()
            series = appointments.series_of(tx, rows)
        return offload(
            lambda: page(
                rows,
                size,
                lambda row: appointments.as_dict(row, series[row.id], group.ended_at),
                lambda row: [row.starts.isoformat(), row.id],
            )
        )

    @rpc
    def appointment(self, *, appointment_id: str) -> Json:
        with self.db() as tx:
            return self._appointment(tx, appointments.seen(tx, self.caller, appointment_id))

    @rpc
    def edit_appointment(self, *, appointment_id: str, changes: Json) -> Json:
        with self.db() as tx:
            row = appointments.hold(tx, self.caller, appointment_id)
            appointments.edit(tx, row, self.caller.id, changes)
            return self._appointment(tx, row)

    @rpc
    def withdraw_appointment(self, *, appointment_id: str) -> None:
        with self.db() as tx:
            row = appointments.hold(tx, self.caller, appointment_id)
            appointments.withdraw(tx, row, self.caller.id)

    @rpc
    def move_occurrence(
        self, *, appointment_id: str, occurrence: str, start: str, end: str | None = None
    ) -> Json:
        with self.db() as tx:
            row = appointments.hold(tx, self.caller, appointment_id)
            appointments.move(tx, row, self.caller.id, occurrence, start, end)
            return self._appointment(tx, row)

    @rpc
    def cancel_occurrence(self, *, appointment_id: str, occurrence: str) -> None:
        with self.db() as tx:
            row = appointments.hold(tx, self.caller, appointment_id)
            appointments.cancel(tx, row, self.caller.id, occurrence)

    # --- what it answers: the calendar

    @rpc
    def calendar(
        self, *, since: str, until: str, limit: int | None = None, cursor: str | None = None
    ) -> Json:
        """What stands in the caller's calendar; `missing` names the kinds whose owner is out of reach."""
        size = bounded(limit)
        window = checked(Window, "invalid_window", {"from": since, "to": until})
        after = read_cursor(cursor, clock.parse, str, an_id, str)
        if after:
            window = window.model_copy(update={"since": min(max(window.since, after[0]), window.until)})
        me = self.caller.id
        with self.db() as tx:
            appointed = calendar.planned(tx, me, window.since, window.until)
            ends = calendar.tasks(tx, me, window.since, window.until)
        if len(appointed) > calendar.MOST_IN_WINDOW:
            raise errors.window_too_full(calendar.MOST_IN_WINDOW)
        told = after[2] if after and after[1] else None  # the last report of the page before
        reports = self._report_times(me, window.since, window.until, limit=size + 1, after=told)
        found = calendar.entries(appointed, ends, reports or [], window)
        if after:
            found = dropwhile(lambda entry: entry[0] <= tuple(after), found)
        answer = page(
            offload(lambda: [*islice(found, size + 1)]),
            size,
            lambda entry: entry[1],
            lambda entry: [clock.rfc3339(entry[0][0]), *entry[0][1:]],
        )
        return {**answer, "missing": ["report"] if reports is None else []}

    @rpc
    def calendar_token(self) -> Json:
        with self.db() as tx:
            row = tx.get(CalendarToken, self.caller.id)
        return {
            "exists": row is not None,
            "made_at": row and clock.rfc3339(row.made_at),
            "read_at": row and row.read_at and clock.rfc3339(row.read_at),
        }

    @rpc
    def rotate_calendar_token(self) -> Json:
        """Its answer is kept nowhere, so that nobody else reads the token: asking again makes another."""
        with self.db() as tx:
            return {"token": calendar_feed.rotate(tx, self.caller.id)}

    @rpc
    def revoke_calendar_token(self) -> None:
        with self.db() as tx:
            tx.execute(sa.delete(CalendarToken).where(CalendarToken.user_id == self.caller.id))

    @rpc
    def calendar_feed(self, *, token: str) -> Json:
        """For whoever has the token; a token that opens nothing is answered alike for every reason."""
        now = clock.now()
        since, until = now - timedelta(days=self.settings.FEED_PAST_DAYS), END.replace(tzinfo=UTC)
        with self.db() as tx:
            user_id = calendar_feed.reader(tx, token, self.settings)
            person = self._person(tx, user_id)
            if not person or not person.active:
                raise errors.calendar_not_found()
            appointed = calendar.planned(tx, user_id, since, until)
            ends = calendar.tasks(tx, user_id, since, until)
        reports = self._report_times(
            user_id,
            now,
            now + calendar_feed.REPORTS_AHEAD,
            limit=calendar_feed.MOST_REPORTS,
            each=calendar_feed.MOST_OF_EACH,
        )
        return {"calendar": offload(calendar_feed.text, user_id, appointed, ends, reports or [])}

    # --- what it answers: other services and the gateway

    @rpc
    def membership(self, *, group_id: str, user_id: str) -> Json | None:
        with self.db() as tx:
            group = tx.get(Group, group_id) if is_id(group_id) else None
            member = roster.member_of(tx, group, user_id) if group else None
            person = self._person(tx, user_id) if group and not member else None
        if not group:
            return None
        is_staff = person is not None and person.kind == "staff"
        return roster.as_membership(group, user_id, member.role if member else None, is_staff)

    @rpc
    def memberships(self, *, user_id: str) -> Json:
        found = sa.select(Group, Member).join(Member, Member.group_id == Group.id)
        running_first = Group.ended_at.is_not(None), Group.changed_at.desc(), Group.id
        with self.db() as tx:
            rows = (
                tx.execute(
                    found.where(Member.user_id == user_id).order_by(*running_first).limit(MOST_OF_ONE)
                ).all()
                if is_id(user_id)
                else []
            )
        return {"items": [group.shown(member) for group, member in rows]}

    @rpc
    def all_memberships(self, *, limit: int | None = None, cursor: str | None = None) -> Json:
        """For services that make their copy anew."""
        size = bounded(limit)
        found = sa.select(Group, Member).join(Member, Member.group_id == Group.id)
        if after := read_cursor(cursor, an_id, an_id):
            found = found.where(sa.tuple_(Member.group_id, Member.user_id) > sa.tuple_(*after))
        with self.db() as tx:
            rows = tx.execute(found.order_by(Member.group_id, Member.user_id).limit(size + 1)).all()
        return page(
            rows,
            size,
            lambda row: roster.as_membership(row[0], row[1].user_id, row[1].role, False),
            lambda row: [row[0].id, row[1].user_id],
        )

    @rpc
    def keep_people(self, *, items: Items) -> None:
        """For the operator, who makes our copy anew: keeps what auth says of people."""
        with self.db() as tx:
            for item in items:
                roster.keep_person(tx, PersonHeard.model_validate(item))

    # --- what it hears

    @hear(UserCreated)
    def note_new_person(self, event: UserCreated) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                roster.keep_person(tx, event.user)

    @hear(UserChanged)
    def note_person(self, event: UserChanged) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                roster.keep_person(tx, event.user)

    @hear(UserErased)
    def user_erased(self, event: UserErased) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                personal.erase(tx, event.user_id, event.by)

    # --- what it does by the clock

    @every(5)
    def remind(self) -> None:
        while True:
            with self.db() as tx:
                if tasks.remind(tx, self.settings.remind_minutes) < tasks.AT_ONCE:
                    return

    @every(20)
    def settle_invites(self) -> None:
        before = clock.now() - timedelta(seconds=self.settings.INVITE_SETTLE_SECONDS)
        with self.db() as tx:
            places = invites.left_open(tx, before)
        for place in places:
            person = self.auth.person(user_id=place.user_id)
            with self.db() as tx:
                invites.settle(tx, place, made=person is not None)

    @every(600)
    def forget_invites(self) -> None:
        with self.db() as tx:
            invites.forget(tx)

    @every(5)
    def say_near(self) -> None:
        """Reminds groups of the appointments whose time has come."""
        calendar_near.say_due(self.db)

    # --- how

    def kept_of(self, user_id: str) -> Kept:
        return personal.kept_of(user_id)

    def _groups(
        self,
        found: sa.Select[Group, Any],
        shown: Callable[[Group, Any], Json],
        catalogue: str | None,
        ended: bool | None,
        q: str | None,
        limit: int | None,
        cursor: str | None,
    ) -> Json:
        """A page of the groups that are asked for among those found, the last changed first.

        Args:
            shown: a group with what is found beside it.
        """
        size = bounded(limit)
        if catalogue is not None:
            if catalogue not in get_args(Catalogue):
                raise errors.unknown_catalogue()
            found = found.where(Group.catalogue == catalogue)
        if ended is not None:
            found = found.where(Group.ended_at.is_not(None) if ended else Group.ended_at.is_(None))
        if q:
            names = Group.name, Group.description
            found = found.where(sa.or_(*(name.ilike(contains(q), escape="\\") for name in names)))
        if after := read_cursor(cursor, clock.parse, an_id):
            found = found.where(sa.tuple_(Group.changed_at, Group.id) < sa.tuple_(*after))
        with self.db() as tx:
            rows = tx.execute(found.order_by(Group.changed_at.desc(), Group.id.desc()).limit(size + 1)).all()
        return page(
            rows,
            size,
            lambda row: shown(row[0], row[1]),
            lambda row: [clock.rfc3339(row[0].changed_at), row[0].id],
        )

    def _members(self, tx: Transaction, group: Group, limit: int | None, cursor: str | None) -> Json:
        size = bounded(limit)
        found = sa.select(Member, Person).outerjoin(Person, Person.id == Member.user_id)
        found = found.where(Member.group_id == group.id).order_by(Member.joined_at, Member.user_id)
        if after := read_cursor(cursor, clock.parse, an_id):
            found = found.where(sa.tuple_(Member.joined_at, Member.user_id) > sa.tuple_(*after))
        rows = tx.execute(found.limit(size + 1)).all()
        people = {m.user_id: person or self._person(tx, m.user_id) for m, person in rows[:size]}
        return page(
            [member for member, _ in rows],
            size,
            lambda member: roster.as_member(member, people[member.user_id]),
            lambda member: [clock.rfc3339(member.joined_at), member.user_id],
        )

    def _appointment(self, tx: Transaction, row: Appointment) -> Json:
        series = appointments.series_of(tx, [row])[row.id]
        ended_at = tx.get_one(Group, row.group_id).ended_at
        changes = appointments.changes_of(row, series)
        return {**appointments.as_dict(row, series, ended_at), "changes": changes}

    def _report_times(
        self,
        user_id: str,
        since: datetime,
        until: datetime,
        *,
        limit: int,
        after: str | None = None,
        each: int | None = None,
    ) -> Sequence[Json] | None:
        """When reports come to somebody; None where reports is out of reach, which costs the rest nothing."""
        try:
            told = self.reports.times(
                user_id=user_id,
                since=clock.rfc3339(since),
                until=clock.rfc3339(until),
                limit=limit,
                after=after,
                each=each,
            )
        except (Unavailable, RemoteFailure) as problem:
            log.warning("report_times_missing", problem=str(problem))
            return None
        items: Sequence[Json] = told["items"]
        return items

    def _require_report(self, type: str | None) -> None:
        if type is not None:
            self.caller.require(f"reports:{type}")

    def _person(self, tx: Transaction, user_id: str) -> Person | None:
        """Our copy of a person; auth is asked where it is missing."""
        if not is_id(user_id):
            return None
        if not tx.get(Person, user_id) and (found := self.auth.person(user_id=user_id)):
            roster.keep_person(tx, PersonHeard.model_validate(found))
        return tx.get(Person, user_id)
