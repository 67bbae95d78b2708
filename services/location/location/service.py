"""Location, the GPS positioning step of the method: a client sends its position, it is verified and stored,
the sender is told, and the others in the room see it: once, as an entry, or live for a time.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar, TypeVar

import sqlalchemy as sa
from kit import clock
from kit.db import Transaction
from kit.errors import Unavailable
from kit.fields import an_id, bounded, checked, is_id, page, read_cursor
from kit.observe import get_logger
from kit.personal import Kept
from kit.rpc import RemoteFailure
from kit.service import Ask, Service, every, hear, rpc

from location import errors, memberships, personal, positions, shares
from location.events import (
    GroupEnded,
    MemberJoined,
    MemberLeft,
    MemberRoleChanged,
    PositionShared,
    SessionEnded,
    UserErased,
)
from location.geojson import Feature
from location.memberships import Membership, MembershipMissing
from location.models import Member, Share
from location.settings import LocationSettings

log = get_logger(__name__)
T = TypeVar("T")
Json = dict[str, Any]
RETRY_AFTER = 1.0


class LocationService(Service):
    name = "location"
    groups: Any = Ask("groups")
    chat: Any = Ask("chat")
    settings: LocationSettings

    # --- what it answers: one position

    @rpc
    def send(self, *, group_id: str, feature: Json) -> Json:
        """Puts a position into the room, and answers with its entry.

        Chat makes the entry when it hears of the position; here it is only asked for at once. If chat is away
        nothing is lost: the sender is told to come again, and then gets the entry that was made meanwhile.
        """
        sent = Feature.read(feature)

        def stored(tx: Transaction, room: str) -> PositionShared:
            before = tx.replay(self.caller, {"send": [room, feature]})
            position = positions.share(
                tx,
                room,
                self.caller.id,
                sent,
                id=before["position_id"] if before else None,
                oldest=self.settings.OLDEST_SECONDS,
            )
            # Only its id: nothing of it may outlive the raw position here.
            tx.remember(self.caller, {"position_id": position.id})
            return PositionShared.of(position)

        position = self._knowing(group_id, stored)
        try:
            answer: Json = self.chat.position_entry(
                **position.model_dump(mode="json"), _deadline=self.settings.ENTRY_SECONDS
            )
        except (Unavailable, RemoteFailure) as problem:
            log.warning("entry_follows", position_id=position.position_id, problem=str(problem))
            raise errors.entry_follows(RETRY_AFTER) from None
        return answer["entry"]  # type: ignore[no-any-return]

    # --- what it answers: live sharing

    @rpc
    def share(self, *, group_id: str, minutes: int) -> Json:
        """Shares the caller's position live from now on; one that they share there gets another end."""
        most = self.settings.SHARE_MINUTES
        wanted = checked(shares.Wanted, "invalid_share", {"minutes": minutes}, {"most": most})

        def started(tx: Transaction, room: str) -> Json:
            if answer := tx.replay(self.caller, {"share": [room, wanted.minutes]}):
                return answer
            return tx.remember(self.caller, shares.start(tx, self.caller, room, wanted.minutes).shown())

        return self._knowing(group_id, started)

    @rpc
    def move(self, *, group_id: str, feature: Json) -> Json:
        """Where the caller, who shares their position in this room, is now.

        Answers with the point as the others are told it; with None where a later one is known already.
        """
        sent = Feature.read(feature)
        return self._knowing(
            group_id,
            lambda tx, room: self._moved(tx, shares.own_in(tx, self.caller.id, room), sent),
        )

    @rpc
    def move_share(self, *, share_id: str, feature: Json) -> Json:
        """The same, by the id of the share."""
        sent = Feature.read(feature)
        with self.db() as tx:
            return self._moved(tx, shares.own(tx, self.caller.id, share_id), sent)

    @rpc
    def stop(self, *, share_id: str) -> None:
        """Ends a share of the caller's; one that has ended stays so."""
        with self.db() as tx:
            share = shares.own(tx, self.caller.id, share_id)
            shares.end(tx, "stopped", Share.id == share.id)

    @rpc
    def shares(self, *, group_id: str, limit: int | None = None, cursor: str | None = None) -> Json:
        """Who shares their position in a room."""
        return self._of_room(group_id, limit, cursor, shares.running(), Share.shown)

    @rpc
    def my_shares(self, *, limit: int | None = None, cursor: str | None = None) -> Json:
        """Where the caller shares their position."""
        mine = shares.running().where(Share.user_id == self.caller.id)
        with self.db() as tx:
            return _page(tx, mine, Share.shown, limit, cursor)

    @rpc
    def last_positions(self, *, group_id: str, limit: int | None = None, cursor: str | None = None) -> Json:
        """The last point of everybody who shares their position in a room, with its age by our clock."""
        now = clock.now()

        def shown(share: Share) -> Json:
            feature = share.feature()
            assert share.recorded_at
            age = {"age_s": max(0, int((now - share.recorded_at).total_seconds()))}
            return {**feature, "properties": {**feature["properties"], **age}}

        known = shares.running().where(Share.recorded_at.is_not(None))
        found = self._of_room(group_id, limit, cursor, known, shown)
        return {
            "type": "FeatureCollection",
            "features": found["items"],
            "next_cursor": found["next_cursor"],
        }

    # --- what it answers: the operator, who makes our copy anew --------------------------------------

    @rpc
    def memberships(self, *, limit: int | None = None, cursor: str | None = None) -> Json:
        """Our copy: what groups doesn't name any more has to be asked about."""
        size = bounded(limit)
        found = sa.select(Member).where(Member.role.is_not(None))
        if after := read_cursor(cursor, an_id, an_id):
            found = found.where(sa.tuple_(Member.group_id, Member.user_id) > sa.tuple_(*after))
        with self.db() as tx:
            rows = tx.scalars(found.order_by(Member.group_id, Member.user_id).limit(size + 1)).all()
        return page(
            rows,
            size,
            lambda row: {"group_id": row.group_id, "user_id": row.user_id, "version": row.version},
            lambda row: [row.group_id, row.user_id],
        )

    @rpc
    def keep_memberships(self, *, items: list[Json]) -> None:
        """Shares of who turns out to have left, or in groups that have ended, end."""
        with self.db() as tx:
            # In one order, or two of these could each wait for the other's rows.
            for item in sorted(items, key=lambda item: (item["group_id"], item["user_id"])):
                memberships.keep(tx, Membership.read(item))
        with self.db() as tx:
            shares.end_of_strangers(tx)

    # --- what it hears

    @hear(MemberJoined)
    def member_joined(self, event: MemberJoined) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                memberships.keep(tx, Membership(event.group_id, event.user_id, event.role, event.version))

    @hear(MemberRoleChanged)
    def member_role_changed(self, event: MemberRoleChanged) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                memberships.keep(tx, Membership(event.group_id, event.user_id, event.role, event.version))

    @hear(MemberLeft)
    def member_left(self, event: MemberLeft) -> None:
        gone = Membership(event.group_id, event.user_id, None, event.version)
        with self.db() as tx:
            # Heard late, they may be back already.
            if not tx.seen(event) and not memberships.keep(tx, gone):
                shares.end(tx, "left", Share.group_id == event.group_id, Share.user_id == event.user_id)

    @hear(GroupEnded)
    def group_ended(self, event: GroupEnded) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                memberships.keep_room(tx, event.group_id, ended=True)
                shares.end(tx, "group_ended", Share.group_id == event.group_id)

    @hear(SessionEnded)
    def session_ended(self, event: SessionEnded) -> None:
        """Whoever signs out, or is signed out because they may no longer sign in, is followed no longer."""
        with self.db() as tx:
            if not tx.seen(event):
                shares.end(tx, "signed_out", Share.session_id == event.session_id)

    @hear(UserErased)
    def user_erased(self, event: UserErased) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                personal.erase(tx, event.user_id)

    # --- what it does by the clock

    @every(2)
    def end_shares(self) -> None:
        ended = shares.BATCH
        while ended == shares.BATCH:
            with self.db() as tx:
                ended = shares.end(tx, "expired", Share.ends_at <= clock.now(), most=shares.BATCH)

    @every(60)
    def forget(self) -> None:
        forgotten = 1
        while forgotten:
            with self.db() as tx:
                forgotten = shares.forget(tx, self.settings.KEPT_HOURS)

    # --- how

    def kept_of(self, user_id: str) -> Kept:
        return personal.kept_of(user_id)

    def _moved(self, tx: Transaction, share: Share, sent: Feature) -> Json:
        moved = shares.move(tx, share, sent, self.settings.OLDEST_SECONDS)
        return {
            "group_id": share.group_id,
            "user_id": share.user_id,
            "feature": share.feature() if moved else None,
        }

    def _of_room(
        self,
        group_id: str,
        limit: int | None,
        cursor: str | None,
        found: sa.Select[Share],
        show: Callable[[Share], Json],
    ) -> Json:
        """A page of the shares of a room, for its members."""

        def read(tx: Transaction, room: str) -> Json:
            memberships.require(tx, room, self.caller.id)
            return _page(tx, found.where(Share.group_id == room), show, limit, cursor)

        return self._knowing(group_id, read)

    def _knowing(self, group_id: str, work: Callable[[Transaction, str], T]) -> T:
        """One transaction of work in a room; where our copy doesn't know the caller as a member, groups is
        asked with no lock held, then again."""
        me = self.caller.id
        if not is_id(group_id):
            raise errors.group_not_found()
        room = group_id.lower()
        with suppress(MembershipMissing), self.db() as tx:
            return work(tx, room)
        self._learn(room, me)
        try:
            with self.db() as tx:
                return work(tx, room)
        except MembershipMissing:  # they have left meanwhile
            raise errors.group_not_found() from None

    _groups_rest_until: ClassVar[float] = 0.0

    def _learn(self, group_id: str, user_id: str) -> None:
        """Asks groups about a membership and keeps it. Who has none is told what groups would tell them:
        who may not see the group isn't told that it exists."""
        rest = self.settings.ASK_REST_SECONDS
        # While groups is away, strangers must not make everybody wait for it.
        if time.monotonic() < LocationService._groups_rest_until:
            raise errors.groups_unavailable(rest)
        try:
            answer = self.groups.membership(
                group_id=group_id, user_id=user_id, _deadline=self.settings.ASK_SECONDS
            )
        except (Unavailable, RemoteFailure) as problem:
            log.warning("groups_not_reached", problem=str(problem))
            LocationService._groups_rest_until = time.monotonic() + rest
            raise errors.groups_unavailable(rest) from None
        if answer is None or not answer["visible"]:
            raise errors.group_not_found()
        if answer["role"] is None:
            raise errors.not_a_member()
        with self.db() as tx:
            memberships.keep(tx, Membership.read(answer))


def _page(
    tx: Transaction,
    found: sa.Select[Share],
    show: Callable[[Share], Json],
    limit: int | None,
    cursor: str | None,
) -> Json:
    size = bounded(limit)
    if after := read_cursor(cursor, an_id):
        found = found.where(Share.id > after[0])
    rows = tx.scalars(found.limit(size + 1)).all()
    return page(rows, size, show, lambda share: [share.id])
