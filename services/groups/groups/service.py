"""Groups, the user group creation, joining and ending steps: the rooms people talk in, and who is in them.

Every change holds the lock of the group's row and raises its version, so that what is said of one group
has one order, whoever hears it and in whatever order it arrives.
"""

from datetime import timedelta
from typing import Any, get_args

import sqlalchemy as sa
from kit import clock
from kit.db import Transaction
from kit.errors import Refusal, Unavailable
from kit.fields import an_id, bounded, checked, contains, is_id, page, read_cursor
from kit.service import Ask, Service, every, hear, rpc

from groups import errors, invites, roster, tasks
from groups.events import GroupChanged, GroupCreated, PersonHeard, UserChanged, UserCreated
from groups.fields import GroupFields, InviteFields, TaskFields
from groups.models import Catalogue, Group, Invite, Member, Person, Role
from groups.settings import GroupsSettings

Json = dict[str, Any]
# More groups than this nobody is in; the newest of them are told.
MOST_OF_ONE = 1000


class GroupsService(Service):
    name = "groups"
    settings: GroupsSettings
    auth = Ask("auth")

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
            return tx.remember(self.caller, group.shown(owner.role))

    @rpc
    def join(self, *, group_id: str) -> Json:
        with self.db() as tx:
            if answer := tx.replay(self.caller, {"join": group_id}):
                return answer
            group, member = roster.seen(tx, self.caller, group_id, lock=True)
            if not member:
                # Only staff see a group they are not in.
                member = roster.add(tx, group, self.caller.id, "staff", self.caller.id)
            return tx.remember(self.caller, group.shown(member.role))

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
            return tx.remember(self.caller, group.shown(owner.role))

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
            return group.shown(owner.role)

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
            return group.shown(member.role)

    # --- what it answers: members

    @rpc
    def members(self, *, group_id: str, limit: int | None = None, cursor: str | None = None) -> Json:
        with self.db() as tx:
            group, _ = roster.seen(tx, self.caller, group_id)
            return self._members(tx, group, limit, cursor)

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
            return tx.remember(self.caller, {"group": group.shown(member.role), "user": None})

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
        return {"group": group.shown(member.role), "user": public}

    # --- what it answers: groups

    @rpc
    def get(self, *, group_id: str) -> Json:
        with self.db() as tx:
            group, member = roster.seen(tx, self.caller, group_id)
        return group.shown(member.role if member else None)

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
        return self._groups(found, "my_role", catalogue, ended, q, limit, cursor)

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
        return self._groups(found, "owner_active", catalogue, ended, q, limit, cursor)

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
        found = sa.select(Group, Member.role).join(Member, Member.group_id == Group.id)
        running_first = Group.ended_at.is_not(None), Group.changed_at.desc(), Group.id
        with self.db() as tx:
            rows = (
                tx.execute(
                    found.where(Member.user_id == user_id).order_by(*running_first).limit(MOST_OF_ONE)
                ).all()
                if is_id(user_id)
                else []
            )
        return {"items": [group.shown(role) for group, role in rows]}

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

    # --- how

    def _groups(
        self,
        found: sa.Select[Group, Any],
        second: str,
        catalogue: str | None,
        ended: bool | None,
        q: str | None,
        limit: int | None,
        cursor: str | None,
    ) -> Json:
        """A page of the groups that are asked for among those found, the last changed first.

        Args:
            second: the name of what is found beside each group.
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
            lambda row: row[0].as_dict() | {second: row[1]},
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
