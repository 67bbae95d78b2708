"""Reports, the report viewing step of the method: a person asks for a report or subscribes to it, the numbers
are acquired, analysed and drawn by a worker, and the report is handed to the person or into a room.
"""

from base64 import b64decode
from datetime import UTC
from typing import Any, cast

import nameko
import sqlalchemy as sa
from kit.clock import now, parse, rfc3339
from kit.db import Transaction
from kit.fields import an_id, bounded, checked, is_id, page, read_cursor
from kit.service import MEASURE_SECONDS, SETTINGS, Ask, Files, Service, every, hear, offload, rpc
from kit.store import Store
from nameko.extensions import DependencyProvider

from reports import ahead, behind, choices, condition, due, hooks, jobs, rooms
from reports.acquire.sources import Source, read_sources
from reports.analyse.period import NAMES
from reports.analyse.scope import choose_companies
from reports.errors import (
    customers_see_no_sources,
    group_not_found,
    not_offered,
    report_not_found,
    report_not_ready,
    source_not_found,
    subscription_not_found,
    too_many_reports,
    too_many_subscriptions,
)
from reports.events import GroupEnded, MemberJoined, MemberLeft, MemberRoleChanged, PermissionsChanged
from reports.files import keeping
from reports.making import KINDS, Kind
from reports.models import Load, Member, Report, Subscription
from reports.requests import (
    Subscribing,
    filters_of,
    kind_of,
    period_of,
    show_load,
    show_report,
    show_subscription,
)
from reports.settings import ReportsSettings
from reports.words import Words, known_locale

MOST_TIMES = 1000


class _Prepared(DependencyProvider):
    """Sources that can't be used fail the start, not each call."""

    def setup(self) -> None:
        read_sources(nameko.config[SETTINGS].SOURCES_FILE)


class Reports(Service):
    name = "reports"
    _prepared = _Prepared()
    groups: Any = Ask("groups")
    files = cast(Store, Files())
    settings: ReportsSettings

    # --- what it answers: reports ------------------------------------------------------------------

    @rpc
    def types(self, *, source: str | None = None, locale: str | None = None) -> dict[str, Any]:
        """The types of report that the caller may see, and what a source (the first) has for them."""
        allowed = {type: kind for type, kind in KINDS.items() if self.caller.may(f"reports:{type}")}
        if not allowed:
            return {"items": []}
        words, name = Words(known_locale(locale), ""), self._source(source).name
        with self.db() as tx:
            views = self._views(tx, name)
            return {
                "items": [
                    {
                        "type": type,
                        "title": words(kind.title),
                        "group": kind.group,
                        "allowed": True,
                        "source": name,
                        # None until the source has been read for the first time.
                        "offered": None if views is None else views.issuperset(kind.needs),
                        "missing": sorted({*kind.needs, *kind.uses} - (views or {*kind.needs, *kind.uses})),
                        "filters": choices.filters_of(tx, name, kind.filters),
                        "comparisons": list(kind.filters.comparisons),
                        "periods": list(NAMES),
                    }
                    for type, kind in allowed.items()
                ]
            }

    @rpc
    def request(
        self,
        *,
        type: str,
        source: str | None = None,
        period: Any = None,
        filters: Any = None,
        group_id: str | None = None,
        locale: str | None = None,
    ) -> dict[str, Any]:
        """Queues a report, for the caller or into a room; the report itself is announced when it is made."""
        kind = kind_of(type)
        self.caller.require(f"reports:{type}")
        name = self._source(source).name
        asked = {"period": period_of(period), "filters": filters_of(kind, filters)}
        if group_id is not None:
            self._membership(group_id, sending=True).require_open()
        with self.db() as tx:
            body = {"type": type, "source": name, **asked, "group_id": group_id, "locale": locale}
            if answer := tx.replay(self.caller, body):
                return answer
            self._limit_open(tx)
            self._check(tx, kind, name, asked["filters"])
            report_id = jobs.add(
                tx,
                Report,
                type=type,
                title=Words(known_locale(locale), "")(kind.title),
                source=name,
                **asked,
                locale=known_locale(locale),
                requested_by=self.caller.id,
                group_id=group_id,
            )
            due.first_load(tx, name)
            return tx.remember(self.caller, {"report_id": report_id})

    @rpc
    def report(self, *, report_id: str) -> dict[str, Any]:
        """A report, for who asked for it and the members of its room, if they have the right to its type."""
        return show_report(self._seen(report_id), whole=True)

    @rpc
    def file(self, *, report_id: str, wanted: dict[str, Any]) -> dict[str, Any]:
        """A report as a file, for who may see the report: where it lies, or that it is still being made.

        Args:
            wanted: `form` and what else can be chosen; see `files/wanted.py`.
        """
        return self._file(self._seen(report_id), wanted, self.caller.id)

    @rpc
    def rows(
        self,
        *,
        report_id: str,
        chart: str,
        point: str,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """The facts behind a point of a chart, as they are now, for who may see the report."""
        size, after = bounded(limit), read_cursor(cursor, behind.a_day, str)
        row = self._seen(report_id)
        if row.status != "ready":
            raise report_not_ready()
        found = behind.find(row, chart, point)
        source = self._sources.get(row.source)
        with self.db() as tx:
            # What the rows come to, and each page of them, from one moment of the facts.
            tx.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            zone = source.zone if source else UTC
            return behind.read(tx, row, found, zone, size, (after[0], after[1]) if after else None)

    @rpc
    def reports(
        self, *, type: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> dict[str, Any]:
        """My reports, newest first, without their content.

        Args:
            type: only those of this type.
        """
        size, after = bounded(limit), read_cursor(cursor, an_id)
        if type is not None:
            kind_of(type)
        content = (Report.kpis, Report.charts, Report.tables, Report.notes, Report.stale)
        query = sa.select(Report).options(*(sa.orm.defer(column) for column in content))
        query = query.where(Report.requested_by == self.caller.id).order_by(Report.id.desc()).limit(size + 1)
        if type is not None:
            query = query.where(Report.type == type)
        if after:
            query = query.where(Report.id < after[0])
        with self.db() as tx:
            rows = tx.scalars(query).all()
        return page(rows, size, lambda row: show_report(row, whole=False), lambda row: [row.id])

    # --- what it answers: sources ------------------------------------------------------------------

    @rpc
    def sources(self) -> dict[str, Any]:
        """The sources, how fresh their facts are, and when they are read next."""
        if self.caller.id and not self.caller.is_staff:
            raise customers_see_no_sources()
        items = []
        with self.db() as tx:
            for source in self._sources.values():
                loads = condition.newest(tx, source.name)
                used, last = loads.good, loads.last
                items.append(
                    {
                        "name": source.name,
                        "title": source.title,
                        "kind": source.kind,
                        "owner": source.owner,
                        "schedule": {"cron": source.schedule, "timezone": source.timezone}
                        if source.schedule
                        else None,
                        "next": rfc3339(source.times.after(now())[0]) if source.times else None,
                        "as_of": rfc3339(used.as_of) if used and used.as_of else None,
                        "troubles": condition.troubles(source, loads, self.settings.LATE_SECONDS),
                        "rows": used.rows if used else None,
                        "last_load": show_load(last, keeper=self._keeps(source)) if last else None,
                    }
                )
        return {"items": items}

    @rpc
    def acquire(self, *, name: str) -> dict[str, Any]:
        """Reads a source now; while that is under way already, answers with that load."""
        self.caller.require("administrator")
        source = self._source(name)
        with self.db() as tx:
            if answer := tx.replay(self.caller, {"acquire": source.name}):
                return answer
            jobs.add(tx, Load, source=source.name, requested_by=self.caller.id)
            newest = (
                sa.select(Load).where(Load.source == source.name).order_by(Load.created_at.desc()).limit(1)
            )
            load = tx.scalars(newest.where(Load.status.in_(jobs.OPEN))).one()
            return tx.remember(self.caller, show_load(load, keeper=True))

    @rpc
    def loads(self, *, name: str, limit: int | None = None, cursor: str | None = None) -> dict[str, Any]:
        """The loads of a source, newest first: how long they took, what they read and changed."""
        if not self.caller.is_staff:
            raise customers_see_no_sources()
        source = self._source(name)
        size, after = bounded(limit), read_cursor(cursor, an_id)
        query = sa.select(Load).where(Load.source == source.name).order_by(Load.id.desc()).limit(size + 1)
        if after:
            query = query.where(Load.id < after[0])
        with self.db() as tx:
            rows = tx.scalars(query).all()
        return page(rows, size, lambda row: show_load(row, keeper=self._keeps(source)), lambda row: [row.id])

    @rpc
    def called(self, *, name: str, timestamp: str, signature: str, body: str) -> dict[str, Any]:
        """The source itself says, signed, that it has changed: it is read.

        Args:
            body: what was signed, in base64.
        """
        source, settings = self._sources.get(name), self.settings
        hooks.verify(source, timestamp, signature, b64decode(body), settings.HOOK_WINDOW_SECONDS)
        assert source is not None
        with self.db() as tx:
            load = hooks.queue(tx, source, signature, settings.HOOK_CALLS_PER_MINUTE)
            return {"load_id": load.id, "status": load.status}

    # --- what it answers: subscriptions ------------------------------------------------------------

    @rpc
    def subscribe(
        self,
        *,
        type: str,
        target: Any,
        schedule: Any,
        filters: Any = None,
        source: str | None = None,
        period: Any = None,
        locale: str | None = None,
    ) -> dict[str, Any]:
        """A report by the clock, to the caller or into a room; answers with its next five times."""
        kind = kind_of(type)
        self.caller.require(f"reports:{type}")
        asked = checked(
            Subscribing,
            "invalid_subscription",
            {"target": target, "schedule": schedule, "locale": locale or "en"},
        )
        name = self._source(source).name if source is not None else None
        content = {"period": period_of(period), "filters": filters_of(kind, filters)}
        if asked.group_id:
            self._membership(asked.group_id, sending=True).require_open()
        with self.db() as tx:
            if answer := tx.replay(
                self.caller, {"type": type, "source": name, **asked.model_dump(), **content}
            ):
                return answer
            most, mine = self.settings.MOST_SUBSCRIPTIONS, Subscription.owner_id == self.caller.id
            if (tx.scalar(sa.select(sa.func.count()).where(mine)) or 0) >= most:
                raise too_many_subscriptions(most)
            self._check(tx, kind, self._source(name).name, content["filters"])
            rooms.know_caller(tx, self.caller)
            row = Subscription(owner_id=self.caller.id, type=type, source=name, created_at=now(), **content)
            self._set(row, asked)
            tx.add(row)
            tx.flush()
            return tx.remember(self.caller, show_subscription(row))

    @rpc
    def subscriptions(self, *, limit: int | None = None, cursor: str | None = None) -> dict[str, Any]:
        size, after = bounded(limit), read_cursor(cursor, an_id)
        query = sa.select(Subscription).where(Subscription.owner_id == self.caller.id)
        query = query.order_by(Subscription.id).limit(size + 1)
        if after:
            query = query.where(Subscription.id > after[0])
        with self.db() as tx:
            rows = tx.scalars(query).all()
        return page(rows, size, show_subscription, lambda row: [row.id])

    @rpc
    def update_subscription(self, *, subscription_id: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Changes target, schedule, active, locale, period or filters."""
        with self.db() as tx:
            row = self._mine(tx, subscription_id)
        kind, changes = kind_of(row.type), dict(changes)
        period = period_of(changes.pop("period")) if "period" in changes else row.period
        filters = filters_of(kind, changes.pop("filters")) if "filters" in changes else row.filters
        old = {
            "target": {"group_id": row.group_id} if row.group_id else "me",
            "schedule": {"cron": row.cron, "timezone": row.timezone},
            "active": row.active,
            "locale": row.locale,
        }
        asked = checked(Subscribing, "invalid_subscription", {**old, **changes})
        if asked.group_id and asked.group_id != row.group_id:
            self._membership(asked.group_id, sending=True).require_open()
        with self.db() as tx:
            row = self._mine(tx, subscription_id, lock=True)
            self._check(tx, kind, self._source(row.source).name, filters)
            row.period, row.filters = period, filters
            self._set(row, asked)
            return show_subscription(row)

    @rpc
    def unsubscribe(self, *, subscription_id: str) -> None:
        with self.db() as tx:
            tx.delete(self._mine(tx, subscription_id, lock=True))

    @rpc
    def run_subscription(self, *, subscription_id: str) -> dict[str, Any]:
        """Makes the subscription's report now, beside its times."""
        with self.db() as tx:
            if answer := tx.replay(self.caller, {"run": subscription_id}):
                return answer
            row = self._mine(tx, subscription_id)
            self.caller.require(f"reports:{row.type}")
            self._limit_open(tx)
            return tx.remember(self.caller, {"report_id": due.queue(tx, row, self._sources)})

    # --- what it answers: other services -----------------------------------------------------------

    @rpc
    def times(
        self,
        *,
        user_id: str,
        since: str,
        until: str,
        limit: int | None = None,
        after: str | None = None,
        each: int | None = None,
    ) -> dict[str, Any]:
        """For the calendar: when reports come to somebody, by time and subscription."""
        span = parse(since), parse(until)
        with self.db() as tx:
            rows = ahead.subscriptions_of(tx, user_id, span[1]) if is_id(user_id) else []
        most = max(1, min(limit or MOST_TIMES, MOST_TIMES))
        return {"items": offload(lambda: ahead.times(rows, *span, limit=most, after=after, each=each))}

    @rpc
    def picture(
        self, *, report_id: str, user_id: str, width: int = 720, scale: int = 1, theme: str = "light"
    ) -> dict[str, Any]:
        """For what is sent to somebody: the report as a card, `width` by `width / 2`, if they may see it now.

        Raises:
            NotFound: they may not.
        """
        row = self._known(report_id)
        with self.db() as tx:
            if row is None or not rooms.may_see(tx, row, user_id):
                raise report_not_found()
        asked = {"form": "png", "width": width, "scale": scale, "theme": theme}
        return self._file(row, asked, None)

    # --- what it answers: the operator, who makes our copies anew ------------------------------------

    @rpc
    def memberships(self, *, limit: int | None = None, cursor: str | None = None) -> dict[str, Any]:
        """Our copy: what groups doesn't name any more has to be asked about."""
        size = bounded(limit)
        query = sa.select(Member).where(Member.role.is_not(None))
        if after := read_cursor(cursor, an_id, an_id):
            query = query.where(sa.tuple_(Member.group_id, Member.user_id) > sa.tuple_(*after))
        with self.db() as tx:
            rows = tx.scalars(query.order_by(Member.group_id, Member.user_id).limit(size + 1)).all()
        return page(
            rows,
            size,
            lambda row: {"group_id": row.group_id, "user_id": row.user_id, "version": row.version},
            lambda row: [row.group_id, row.user_id],
        )

    @rpc
    def keep_memberships(self, *, items: list[dict[str, Any]]) -> None:
        with self.db() as tx:
            for item in items:
                rooms.learn(tx, item["group_id"], item["user_id"], item)

    @rpc
    def keep_people(self, *, items: list[dict[str, Any]]) -> None:
        names = ("kind", "permissions", "active", "version")
        with self.db() as tx:
            for item in items:
                rooms.keep_person(tx, item["id"], **{name: item[name] for name in names})

    # --- what it hears -----------------------------------------------------------------------------

    @hear(MemberJoined)
    def member_joined(self, event: MemberJoined) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                rooms.keep_member(tx, event.group_id, event.user_id, event.role, event.version)

    @hear(MemberRoleChanged)
    def member_role_changed(self, event: MemberRoleChanged) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                rooms.keep_member(tx, event.group_id, event.user_id, event.role, event.version)

    @hear(MemberLeft)
    def member_left(self, event: MemberLeft) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                rooms.keep_member(tx, event.group_id, event.user_id, None, event.version)

    @hear(GroupEnded)
    def group_ended(self, event: GroupEnded) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                rooms.keep_room(tx, event.group_id, ended=True)
                # For good: nobody need be told at each of its times that there is nowhere to send it.
                tx.execute(
                    sa.update(Subscription)
                    .where(Subscription.group_id == event.group_id)
                    .values(active=False)
                )

    @hear(PermissionsChanged)
    def permissions_changed(self, event: PermissionsChanged) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                rooms.keep_person(
                    tx,
                    event.user_id,
                    kind=event.kind,
                    permissions=event.permissions,
                    active=event.active,
                    version=event.version,
                )

    # --- what it does by the clock -----------------------------------------------------------------

    @every(5)
    def run_due(self) -> None:
        """Queues the loads and reports whose time has come."""
        due.run_due(self.db, self._sources)

    @every(MEASURE_SECONDS)
    def measure_work(self) -> None:
        """Brings the gauges up to date of jobs and sources."""
        with self.db() as tx:
            condition.measure(tx, self._sources)

    @every(600)
    def forget(self) -> None:
        """Forgets files that nobody asks for, and reports that are older than they are kept."""
        settings = self.settings
        for days, in_rooms in ((settings.REPORTS_KEPT_DAYS, False), (settings.ROOM_REPORTS_KEPT_DAYS, True)):
            if days:
                with self.db() as tx:
                    keeping.clear_reports(tx, self.files, days, in_rooms=in_rooms)
        with self.db() as tx:
            keeping.clear_idle(tx, self.files, settings.FILES_KEPT_DAYS)

    # --- how it does it ----------------------------------------------------------------------------

    def work(self) -> list[dict[str, Any]]:
        with self.db() as tx:
            return condition.work(tx)

    @property
    def _sources(self) -> dict[str, Source]:
        return read_sources(self.settings.SOURCES_FILE)

    def _source(self, name: str | None) -> Source:
        """The source of this name, or the first."""
        sources = self._sources
        if name is None and sources:
            return next(iter(sources.values()))
        if not isinstance(name, str) or name not in sources:
            raise source_not_found(str(name)[:40])
        return sources[name]

    def _keeps(self, source: Source) -> bool:
        """Whether the caller looks after the source, and sees what is wrong with it in full."""
        return self.caller.may("administrator") or self.caller.id == str(source.owner_id)

    def _check(self, tx: Transaction, kind: Kind, source: str, filters: dict[str, Any]) -> None:
        """Refuses now what the facts, if there are any yet, would refuse later."""
        views = self._views(tx, source)
        if views is None:
            return
        if missing := [view for view in kind.needs if view not in views]:
            raise not_offered(source, missing[0])
        choose_companies(tx, source, kind.filters(**filters))

    def _views(self, tx: Transaction, source: str) -> set[str] | None:
        """The views that the newest load of a source has read; None if it was never read."""
        ready = sa.select(Load.rows).where(Load.source == source, Load.status == "ready")
        rows = tx.scalars(ready.order_by(Load.finished_at.desc()).limit(1)).first()
        return None if rows is None else set(rows)

    def _seen(self, report_id: str) -> Report:
        """A report that the caller may see.

        Raises:
            NotFound: there is none, or it is not theirs to see.
            Forbidden: they lack the right to its type.
        """
        row = self._known(report_id)
        if row is None:
            raise report_not_found()
        if row.requested_by != self.caller.id and not (
            row.group_id and row.status == "ready" and self._membership(row.group_id).role
        ):
            raise report_not_found()
        self.caller.require(f"reports:{row.type}")
        return row

    def _known(self, report_id: str) -> Report | None:
        with self.db() as tx:
            return tx.get(Report, report_id) if is_id(report_id) else None

    def _file(self, report: Report, asked: dict[str, Any], asked_by: str | None) -> dict[str, Any]:
        if report.status != "ready":
            raise report_not_ready()
        file = keeping.wanted(report, asked)
        with self.db() as tx:
            row = keeping.ask(tx, report, file, asked_by, self.settings.MOST_OPEN_FILES)
        if row.status == "ready":
            try:
                self.files.size(row.key)
            except FileNotFoundError:  # the store was emptied, or came from another backup than the rows
                with self.db() as tx:
                    row = keeping.again(tx, row)
        return keeping.show(row, report, file)

    def _membership(self, group_id: str, *, sending: bool = False) -> rooms.Membership:
        """The caller's, from our copy; groups is asked only for what we have not heard of, and whether who
        is refused may know that the group exists."""
        if not is_id(group_id):
            raise group_not_found()
        with self.db() as tx:
            found = rooms.membership(tx, group_id, self.caller.id)
        if found is None or (sending and found.role is None):
            answer = self.groups.membership(group_id=group_id, user_id=self.caller.id)
            with self.db() as tx:
                found = rooms.learn(tx, group_id, self.caller.id, answer)
        return found

    def _mine(self, tx: Transaction, id: str, *, lock: bool = False) -> Subscription:
        row = tx.get(Subscription, id, with_for_update=lock) if is_id(id) else None
        if row is None or row.owner_id != self.caller.id:
            raise subscription_not_found()
        return row

    def _limit_open(self, tx: Transaction) -> None:
        most, mine = self.settings.MOST_OPEN_REPORTS, Report.requested_by == self.caller.id
        count = sa.select(sa.func.count()).where(mine, Report.status.in_(jobs.OPEN))
        if (tx.scalar(count) or 0) >= most:
            raise too_many_reports(most)

    def _set(self, row: Subscription, asked: Subscribing) -> None:
        row.group_id, row.active, row.locale = asked.group_id, asked.active, asked.locale
        row.cron, row.timezone = asked.schedule.cron, asked.schedule.timezone
        # From now on: what a paused subscription missed is not made up.
        row.next_run_at = asked.schedule.after(now())[0]
