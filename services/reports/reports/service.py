"""Reports, the report viewing step of the method: a person asks for a report or subscribes to it, the numbers
are acquired, analysed and drawn by a worker, and the report is handed to the person or into a room.
"""

from base64 import b64decode
from datetime import UTC, timedelta
from typing import Any, cast

import nameko
import sqlalchemy as sa
from kit.clock import now, parse, rfc3339
from kit.db import Transaction
from kit.examine import Finding
from kit.fields import an_id, bounded, checked, is_id, page, read_cursor
from kit.personal import Kept
from kit.service import MEASURE_SECONDS, SETTINGS, Ask, Files, Service, every, hear, offload, rpc
from kit.store import Store
from nameko.extensions import DependencyProvider

from reports import (
    ahead,
    alerts,
    audit,
    behind,
    choices,
    condition,
    due,
    examination,
    hooks,
    jobs,
    personal,
    rooms,
    watch,
)
from reports.acquire.sources import Source, read_sources
from reports.analyse.period import NAMES
from reports.analyse.scope import choose_companies
from reports.errors import (
    customers_see_no_sources,
    group_not_found,
    not_a_customer,
    not_a_member,
    not_offered,
    not_to_be_told,
    party_not_found,
    report_not_found,
    report_not_ready,
    source_not_found,
    subscription_not_found,
    too_dense,
    too_many_reports,
    too_many_subscriptions,
    wrong_trigger,
)
from reports.events import (
    GroupEnded,
    MemberJoined,
    MemberLeft,
    MemberRoleChanged,
    PermissionsChanged,
    TaskChanged,
    TaskReminded,
    UserErased,
)
from reports.files import keeping
from reports.making import KINDS, Kind
from reports.models import FACTS, Alert, Customer, Load, Member, Person, Reader, Report, Subscription
from reports.requests import (
    SHOWN_TIMES,
    Subscribing,
    filters_of,
    kind_of,
    period_of,
    schedule_json,
    show_customer,
    show_load,
    show_reader,
    show_report,
    show_run,
    show_subscription,
)
from reports.schedule import countries
from reports.settings import ReportsSettings
from reports.triggers import STAFF_ONLY, TYPES, GroupEndedTrigger, TaskOverdue, ToPerson, ToRoom
from reports.words import Words, known_locale

MOST_TIMES = 1000
PREVIEW_SECONDS = 5


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
        allowed = {
            type: kind
            for type, kind in KINDS.items()
            if self.caller.may(f"reports:{type}") and (kind.by_party or self.caller.kind != "customer")
        }
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
                        "filters": self._choices(tx, name, kind),
                        "kpis": [{"id": id, "label": words(label)} for id, label in kind.kpis.items()],
                        "comparisons": list(kind.filters.comparisons),
                        "periods": list(NAMES),
                    }
                    for type, kind in allowed.items()
                ]
            }

    @rpc
    def choices(
        self, *, type: str, filter: str, q: str | None = None, source: str | None = None
    ) -> dict[str, Any]:
        """The first of what a filter of a type can be set to that have `q` in their name."""
        kind = kind_of(type)
        self.caller.require(f"reports:{type}")
        name = self._source(source).name
        if self.caller.kind == "customer" or filter not in kind.filters.model_fields:
            return {"items": []}
        with self.db() as tx:
            return {"items": choices.found(tx, name, kind.filters, filter, q or "") or []}

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
            rooms.know_caller(tx, self.caller)
            body = {"type": type, "source": name, **asked, "group_id": group_id, "locale": locale}
            if answer := tx.replay(self.caller, body):
                return answer
            self._limit_open(tx)
            self._check(tx, kind, name, asked["filters"], group_id)
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
    def recompute(self, *, report_id: str) -> dict[str, Any]:
        """Queues the same question on the facts of now, for the caller or into the report's room."""
        old = self._seen(report_id, opens=False)
        if old.group_id is not None:
            self._membership(old.group_id, sending=True).require_open()
        period = {"name": old.period["name"]} if "name" in old.period else old.period
        asked = {
            "period": {k: period[k] for k in ("name", "from", "to") if k in period},
            "filters": old.filters,
        }
        with self.db() as tx:
            rooms.know_caller(tx, self.caller)
            if answer := tx.replay(self.caller, {"recompute": report_id}):
                return answer
            self._limit_open(tx)
            self._check(tx, kind_of(old.type), self._source(old.source).name, old.filters, old.group_id)
            made = jobs.add(
                tx,
                Report,
                type=old.type,
                title=Words(old.locale, "")(kind_of(old.type).title),
                source=old.source,
                **asked,
                locale=old.locale,
                requested_by=self.caller.id,
                group_id=old.group_id,
                recompute_of=old.id,
            )
            return tx.remember(self.caller, {"report_id": made})

    @rpc
    def report(self, *, report_id: str, pushed: bool = False) -> dict[str, Any]:
        """A report, for who asked for it and the members of its room, if they have the right to its type.

        Args:
            pushed: nobody has asked for it now; it is only sent on.
        """
        return show_report(self._seen(report_id, opens=not pushed), whole=True)

    @rpc
    def readers(
        self, *, report_id: str, limit: int | None = None, cursor: str | None = None
    ) -> dict[str, Any]:
        """To whom a report was sent and who has opened it, for who asked for it and administrators."""
        size, after = bounded(limit), read_cursor(cursor, an_id)
        if not is_id(report_id):
            raise report_not_found()
        query = (
            sa.select(Reader).where(Reader.report_id == report_id).order_by(Reader.user_id).limit(size + 1)
        )
        if after:
            query = query.where(Reader.user_id > after[0])
        with self.db() as tx:
            row = tx.get(Report, report_id)
            if row is None or not (row.requested_by == self.caller.id or self.caller.may("administrator")):
                raise report_not_found()
            rows = tx.scalars(query).all()
        return page(rows, size, show_reader, lambda row: [row.user_id])

    @rpc
    def file(self, *, report_id: str, wanted: dict[str, Any]) -> dict[str, Any]:
        """A report as a file, for who may see the report: where it lies, or that it is still being made.

        Args:
            wanted: `form` and what else can be chosen; see `files/wanted.py`.
        """
        told = self._file(self._seen(report_id, opens=False), wanted, self.caller.id)
        if told["status"] == "ready":  # whoever waits for it asks many times
            with self.db() as tx:
                audit.opened(tx, report_id, self.caller.id)
        return told

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
        row = self._seen(report_id, opens=False)
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
        schedule: Any = None,
        trigger: Any = None,
        escalation: Any = None,
        filters: Any = None,
        source: str | None = None,
        period: Any = None,
        locale: str | None = None,
    ) -> dict[str, Any]:
        """A report by the clock or when something comes about, to the caller or into a room."""
        asked, row = self._asked(type, target, schedule, trigger, escalation, filters, source, period, locale)
        with self.db() as tx:
            rooms.know_caller(tx, self.caller)
            body = {"type": type, "source": source, **asked.model_dump(mode="json"), "filters": row.filters}
            if answer := tx.replay(self.caller, {**body, "period": row.period}):
                return answer
            most, mine = self.settings.MOST_SUBSCRIPTIONS, Subscription.owner_id == self.caller.id
            if (tx.scalar(sa.select(sa.func.count()).where(mine)) or 0) >= most:
                raise too_many_subscriptions(most)
            self._check(tx, kind_of(type), self._source(row.source).name, row.filters, asked.group_id)
            tx.add(row)
            tx.flush()
            self._set(tx, row, asked)
            tx.flush()
            return tx.remember(self.caller, show_subscription(row))

    @rpc
    def preview(
        self,
        *,
        type: str,
        target: Any,
        schedule: Any = None,
        trigger: Any = None,
        escalation: Any = None,
        filters: Any = None,
        source: str | None = None,
        period: Any = None,
        locale: str | None = None,
    ) -> dict[str, Any]:
        """What a subscription would do, refused as it would be; nothing is kept."""
        asked, row = self._asked(type, target, schedule, trigger, escalation, filters, source, period, locale)
        words, notes = Words(row.locale, ""), []
        with self.db() as tx:
            rooms.know_caller(tx, self.caller)
            name = self._source(row.source).name
            self._check(tx, kind_of(type), name, row.filters, asked.group_id)
            self._set(tx, row, asked, keep=False)
            tx.execute(sa.text(f"SET LOCAL statement_timeout = '{PREVIEW_SECONDS}s'"))
            state = watch.peek(tx, row, self._sources) if row.trigger else None
            if self._views(tx, name) is None:
                notes.append(words("The source was never read yet."))
            if asked.group_id:
                found = rooms.recipients(
                    tx,
                    owner_id=self.caller.id,
                    type=type,
                    group_id=asked.group_id,
                    source=name,
                    party_id=self._narrowed(tx, kind_of(type), name, row.filters, asked.group_id).get(
                        "party_id"
                    ),
                )
                many = {"count": len(found.ids), "all": len(found.ids) + sum(found.withheld.values())}
                notes.append(words("Of {all} members of the group {count} would get it now.", **many))
        times = asked.schedule.after(now(), SHOWN_TIMES) if asked.schedule else []
        return {"next": [rfc3339(time) for time in times], "state": state, "notes": notes}

    @rpc
    def countries(self) -> dict[str, Any]:
        """Whose holidays are known, for schedules by working days."""
        return {"items": [{"country": code, "subdivisions": parts} for code, parts in countries().items()]}

    @rpc
    def subscription(self, *, subscription_id: str) -> dict[str, Any]:
        with self.db() as tx:
            return show_subscription(self._mine(tx, subscription_id))

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
    def runs(
        self, *, subscription_id: str, limit: int | None = None, cursor: str | None = None
    ) -> dict[str, Any]:
        """What a subscription has done, newest first."""
        size, after = bounded(limit), read_cursor(cursor, an_id)
        content = (Report.kpis, Report.charts, Report.tables, Report.notes, Report.stale)
        query = sa.select(Report).options(*(sa.orm.defer(column) for column in content))
        query = query.where(Report.subscription_id == subscription_id)
        query = query.order_by(Report.id.desc()).limit(size + 1)
        if after:
            query = query.where(Report.id < after[0])
        with self.db() as tx:
            self._mine(tx, subscription_id)
            rows = tx.scalars(query).all()
        return page(rows, size, show_run, lambda row: [row.id])

    @rpc
    def update_subscription(self, *, subscription_id: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Changes target, schedule or trigger, escalation, active, locale, period or filters."""
        with self.db() as tx:
            row = self._mine(tx, subscription_id)
        kind, changes = kind_of(row.type), dict(changes)
        period = period_of(changes.pop("period")) if "period" in changes else row.period
        filters = filters_of(kind, changes.pop("filters")) if "filters" in changes else row.filters
        # The one takes the place of the other.
        if changes.get("trigger") is not None:
            changes.setdefault("schedule", None)
        elif changes.get("schedule") is not None:
            changes.setdefault("trigger", None)
            changes.setdefault("escalation", [])
        if changes.get("escalation", []) is None:
            changes["escalation"] = []
        old = {
            "target": {"group_id": row.group_id} if row.group_id else "me",
            "schedule": schedule_json(row.schedule),
            "trigger": row.trigger,
            "escalation": row.escalation or [],
            "active": row.active,
            "locale": row.locale,
        }
        asked = checked(Subscribing, "invalid_subscription", {**old, **changes})
        if asked.group_id and asked.group_id != row.group_id:
            self._membership(asked.group_id, sending=True).require_open()
        self._fits(row.type, asked)
        with self.db() as tx:
            row = self._mine(tx, subscription_id, lock=True)
            self._check(tx, kind, self._source(row.source).name, filters, asked.group_id)
            another = (row.period, row.filters) != (period, filters)
            row.period, row.filters = period, filters
            self._set(tx, row, asked, another=another)
            tx.flush()
            return show_subscription(row)

    @rpc
    def unsubscribe(self, *, subscription_id: str) -> None:
        with self.db() as tx:
            row = self._mine(tx, subscription_id, lock=True)
            watch.forget(tx, row)
            tx.delete(row)

    @rpc
    def run_subscription(self, *, subscription_id: str) -> dict[str, Any]:
        """Makes the subscription's report now, beside its times."""
        with self.db() as tx:
            if answer := tx.replay(self.caller, {"run": subscription_id}):
                return answer
            row = self._mine(tx, subscription_id)
            self.caller.require(f"reports:{row.type}")
            self._limit_open(tx)
            made = due.queue(tx, row, self._sources, run={"reason": "by_hand"})
            return tx.remember(self.caller, {"report_id": made})

    # --- what it answers: alerts -------------------------------------------------------------------

    @rpc
    def alerts(
        self,
        *,
        state: str | None = None,
        group_id: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> dict[str, Any]:
        """The alerts that the caller may see, newest first.

        Args:
            state: one, or `open` for those that are not over.
        """
        size, after = bounded(limit), read_cursor(cursor, an_id)
        query = alerts.visible(self.caller).limit(size + 1)
        if state is not None:
            query = query.where(Alert.state.in_(alerts.OPEN if state == "open" else (state,)))
        if group_id is not None:
            if not is_id(group_id):
                raise group_not_found()
            query = query.where(Alert.group_id == group_id)
        if after:
            query = query.where(Alert.id < after[0])
        with self.db() as tx:
            rows = tx.scalars(query).all()
        return page(rows, size, alerts.show, lambda row: [row.id])

    @rpc
    def alert(self, *, alert_id: str) -> dict[str, Any]:
        with self.db() as tx:
            return alerts.show(alerts.seen(tx, self.caller, alert_id))

    @rpc
    def acknowledge(self, *, alert_id: str) -> dict[str, Any]:
        """Notes that the caller looks after an alert."""
        with self.db() as tx:
            if answer := tx.replay(self.caller, {"acknowledge": alert_id}):
                return answer
            return tx.remember(self.caller, alerts.show(alerts.acknowledge(tx, self.caller, alert_id)))

    # --- what it answers: whose rows a customer sees --------------------------------------------------

    @rpc
    def parties(self, *, user_id: str) -> dict[str, Any]:
        self.caller.require("administrator")
        with self.db() as tx:
            query = sa.select(Customer).where(Customer.user_id == (user_id if is_id(user_id) else None))
            return {"items": [show_customer(row) for row in tx.scalars(query.order_by(Customer.source))]}

    @rpc
    def set_party(self, *, user_id: str, source: str, party_id: str) -> dict[str, Any]:
        """A customer's account stands for this party of the source from now on."""
        self.caller.require("administrator")
        name, party = self._source(source).name, FACTS["party"].c
        with self.db() as tx:
            person = tx.get(Person, user_id) if is_id(user_id) else None
            if person is None or person.kind != "customer":
                raise not_a_customer()
            known = sa.select(party.party_id).where(party.source == name, party.party_id == party_id)
            if "\x00" in party_id or tx.scalar(known) is None:
                raise party_not_found()
            row = Customer(
                user_id=user_id, source=name, party_id=party_id, set_by=self.caller.id, set_at=now()
            )
            return show_customer(tx.merge(row))

    @rpc
    def unset_party(self, *, user_id: str, source: str) -> None:
        self.caller.require("administrator")
        with self.db() as tx:
            row = tx.get(Customer, (user_id, source)) if is_id(user_id) else None
            if row is None:
                raise party_not_found()
            tx.delete(row)

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
                watch.heard(
                    tx,
                    self._sources,
                    kind="group_ended",
                    group_id=event.group_id,
                    name=event.group.name,
                    at=event.at,
                )
                rooms.keep_room(tx, event.group_id, ended=True)
                # For good: nobody need be told at each of its times that there is nowhere to send it.
                tx.execute(
                    sa.update(Subscription)
                    .where(Subscription.group_id == event.group_id)
                    .values(active=False)
                )

    @hear(TaskReminded)
    def task_reminded(self, event: TaskReminded) -> None:
        with self.db() as tx:
            if not tx.seen(event) and event.minutes == 0:
                watch.heard(
                    tx,
                    self._sources,
                    kind="task_overdue",
                    group_id=event.group_id,
                    name=event.group.name,
                    at=event.at,
                    target=event.group.target_end,
                )

    @hear(TaskChanged)
    def task_changed(self, event: TaskChanged) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                done = event.new.state in ("done", "cancelled")
                target = None if done else event.new.target_end
                watch.task_settled(tx, self._sources, event.group_id, target)

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

    @hear(UserErased)
    def user_erased(self, event: UserErased) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                personal.erase(tx, event.user_id)

    # --- what it does by the clock -----------------------------------------------------------------

    @every(5)
    def run_due(self) -> None:
        """Queues the loads and reports whose time has come."""
        due.run_due(self.db, self._sources, self.settings.LATE_SECONDS)

    @every(5)
    def escalate(self) -> None:
        """Tells the next of alerts that nobody has acknowledged in time."""
        for _ in range(due.MOST_AT_ONCE):
            with self.db() as tx:
                if not alerts.escalate(tx, self._sources):
                    return

    @every(600)
    def forget_old(self) -> None:
        """Removes who read what, and alerts, when they are old."""
        with self.db() as tx:
            audit.forget(tx, self.settings.AUDIT_KEPT_DAYS)

    @every(MEASURE_SECONDS)
    def measure_work(self) -> None:
        """Brings the gauges up to date of jobs and sources."""
        with self.db() as tx:
            condition.measure(tx, self._sources)

    @every(600)
    def forget_reports(self) -> None:
        """Forgets files that nobody asks for, and reports that are older than they are kept."""
        settings = self.settings
        for days, in_rooms in ((settings.REPORTS_KEPT_DAYS, False), (settings.ROOM_REPORTS_KEPT_DAYS, True)):
            if days:
                with self.db() as tx:
                    keeping.clear_reports(tx, self.files, days, in_rooms=in_rooms)
        with self.db() as tx:
            keeping.clear_idle(tx, self.files, settings.FILES_KEPT_DAYS)

    # --- how it does it ----------------------------------------------------------------------------

    def kept_of(self, user_id: str) -> Kept:
        return personal.kept_of(user_id)

    def work(self) -> list[dict[str, Any]]:
        with self.db() as tx:
            return condition.work(tx)

    def findings(self) -> list[Finding]:
        sources = (offload(examination.of, source) for source in self._sources.values())
        return [*super().findings(), *(found for of_source in sources for found in of_source)]

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

    def _choices(self, tx: Transaction, source: str, kind: Kind) -> list[dict[str, Any]]:
        """What its filters can be set to; a customer is not told of others."""
        return choices.filters_of(tx, source, kind.filters) if self.caller.kind != "customer" else []

    def _narrowed(
        self, tx: Transaction, kind: Kind, source: str, filters: dict[str, Any], group_id: str | None
    ) -> dict[str, Any]:
        return rooms.narrowed(
            tx,
            owner_id=self.caller.id,
            customer=self.caller.kind == "customer",
            group_id=group_id,
            source=source,
            filters=filters,
            by_party=kind.by_party,
        )

    def _check(
        self, tx: Transaction, kind: Kind, source: str, filters: dict[str, Any], group_id: str | None
    ) -> None:
        """Refuses now what rights, or the facts if there are any yet, would refuse later."""
        self._narrowed(tx, kind, source, filters, group_id)
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

    def _seen(self, report_id: str, *, opens: bool = True) -> Report:
        """A report that the caller may see.

        Args:
            opens: it is noted that they have opened it.

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
        with self.db() as tx:
            # Before it is made its rows are not chosen, and it shows none.
            if row.status == "ready" and not rooms.sees(
                tx, self.caller, row.source, row.filters.get("party_id")
            ):
                raise report_not_found()
            if opens and row.status == "ready":
                audit.opened(tx, row.id, self.caller.id)
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

    def _asked(
        self,
        type: str,
        target: Any,
        schedule: Any,
        trigger: Any,
        escalation: Any,
        filters: Any,
        source: str | None,
        period: Any,
        locale: str | None,
    ) -> tuple[Subscribing, Subscription]:
        """What is asked for, checked as far as that needs no row, and the subscription without its times."""
        kind = kind_of(type)
        self.caller.require(f"reports:{type}")
        values = {"target": target, "schedule": schedule, "trigger": trigger, "escalation": escalation or []}
        asked = checked(Subscribing, "invalid_subscription", {**values, "locale": locale or "en"})
        row = Subscription(
            owner_id=self.caller.id,
            type=type,
            source=self._source(source).name if source is not None else None,
            period=period_of(period),
            filters=filters_of(kind, filters),
            created_at=now(),
        )
        if asked.group_id:
            self._membership(asked.group_id, sending=True).require_open()
        self._fits(type, asked)
        row.group_id, row.locale = asked.group_id, asked.locale
        return asked, row

    def _fits(self, type: str, asked: Subscribing) -> None:
        """Refuses times that are too near to each other, and triggers that don't go with the report.

        Raises:
            Refusal
        """
        minutes = self.settings.SUBSCRIPTION_MINUTES
        if asked.schedule is not None and asked.schedule.closest(now()) < timedelta(minutes=minutes):
            raise too_dense(minutes)
        trigger = asked.trigger
        if trigger is None:
            return
        types = TYPES.get(trigger.kind)
        if types is not None and type not in types:
            raise wrong_trigger(f"{trigger.kind} goes with the reports {', '.join(types)}.", "kind")
        if trigger.kind in STAFF_ONLY and self.caller.kind == "customer":
            raise customers_see_no_sources()
        if trigger.kind == "kpi":
            kind = kind_of(type)
            if trigger.kpi not in kind.kpis:
                raise wrong_trigger(f"Its key figures are {', '.join(kind.kpis)}.", "kpi")
            if trigger.comparison is not None and trigger.comparison not in kind.filters.comparisons:
                raise wrong_trigger("The report has no such comparison.", "comparison")
        if isinstance(trigger, GroupEndedTrigger | TaskOverdue) and trigger.group_id is not None:
            there = self._membership(trigger.group_id)
            if there.role is None:
                raise not_a_member() if there.visible else group_not_found()
        for step in asked.escalation:
            if isinstance(step.to, ToRoom):
                self._membership(step.to.group_id, sending=True).require_open()
            if isinstance(step.to, ToPerson):
                with self.db() as tx:
                    if not rooms.may(tx.get(Person, step.to.user_id), type):
                        raise not_to_be_told()

    def _set(
        self,
        tx: Transaction,
        row: Subscription,
        asked: Subscribing,
        *,
        another: bool = False,
        keep: bool = True,
    ) -> None:
        """
        Args:
            another: it is about something else than before, though its trigger is the same.
            keep: False to look at it only.
        """
        trigger, schedule = asked.trigger_json, asked.schedule
        anew = another or trigger != row.trigger or asked.group_id != row.group_id or not row.active
        row.group_id, row.active, row.locale = asked.group_id, asked.active, asked.locale
        row.escalation = [step.model_dump(mode="json") for step in asked.escalation] or None
        row.trigger, row.cron, row.timezone = trigger, None, None
        row.working_days, row.await_load, row.next_run_at = None, False, None
        if schedule is not None:
            row.cron, row.timezone = schedule.cron, schedule.timezone
            row.await_load = schedule.await_load
            if schedule.working_days is not None:
                row.working_days = schedule.working_days.model_dump(mode="json", exclude_none=True)
            # From now on: what a paused subscription missed is not made up.
            row.next_run_at = schedule.after(now())[0]
        if trigger is not None or row.await_load:
            row.source = self._source(row.source).name
        if keep and anew:
            watch.forget(tx, row)
            if trigger is not None and row.active:
                watch.begin(tx, row, self._sources)
