"""Whether what a subscription waits for has come about: after each load, and when the day has changed.

The row of the subscription is the queue: a worker that looks at one holds its lock, and what it finds, that
it told of it, and how far it has looked are one transaction. A worker that is killed leaves nothing of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from kit.clock import now, parse, rfc3339
from kit.db import Transaction, Transactions, new_id, out_of_reach
from kit.errors import Invalid, Refusal
from kit.observe import get_logger
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError

from reports import alerts, rooms
from reports.acquire.sources import Source
from reports.alerts import Found
from reports.analyse.detail import named
from reports.analyse.open_items import Items
from reports.analyse.orders import Orders
from reports.analyse.scope import NOW, Scope, scope_of
from reports.errors import not_offered
from reports.making import KINDS
from reports.models import FACTS, Alert, Load, Person, Subscription, Thing
from reports.sheets.sheet import Kpi, Writer, change, text
from reports.triggers import (
    EVENTS,
    NEEDS,
    InvoiceOverdue,
    KpiTrigger,
    LoadFailed,
    OrderOver,
    StockBelow,
    kept,
)
from reports.words import Words

log = get_logger(__name__)
# Orders dated before this many days are not new, however late they come in.
NEW_DAYS = 60
# Goods that nobody ordered for so long and of which there are none are not low, but no longer kept.
KEPT_DAYS = 365
MOST_THINGS = 10_000
MOST_LOADS = 100
SHOWN = 10
# serialization_failure, deadlock_detected, lock_not_available
AGAIN = ("40001", "40P01", "55P03")
BY_THE_DAY = ("kpi", "invoice_overdue")
SIDES = {"sales": "sale", "purchasing": "purchase", "receivables": "ar", "payables": "ap"}


def look(db: Transactions, sources: Mapping[str, Source], statement_seconds: int) -> bool:
    """Looks at the next subscription whose source was read since, or whose day has changed; False if there is
    none."""
    try:
        with db() as tx:
            # Everything from one moment of the facts.
            tx.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            tx.execute(sa.text(f"SET LOCAL statement_timeout = '{statement_seconds}s'"))
            row = _next(tx)
            if row is None:
                return False
            try:
                with tx.begin_nested():
                    _look(tx, row, sources)
            except Refusal as problem:
                _failed(tx, row, sources, problem.detail)
            except Exception as problem:
                if out_of_reach(problem) or _moved_on(problem):
                    raise
                # It would be looked at for ever, and nothing after it.
                log.exception("looking_failed", subscription_id=row.id)
                _failed(tx, row, sources, "It could not be looked at; the log has the details.")
    except DBAPIError as problem:
        if not _moved_on(problem):
            raise
    return True


def _moved_on(problem: BaseException) -> bool:
    """Whether something changed meanwhile, or held what it needs: it is looked at anew."""
    return isinstance(problem, DBAPIError) and getattr(problem.orig, "pgcode", None) in AGAIN


def _failed(tx: Transaction, row: Subscription, sources: Mapping[str, Source], reason: str) -> None:
    row.state = {**(row.state or {}), "state": "error", "error": reason}
    _looked(tx, row, sources)


def _next(tx: Transaction) -> Subscription | None:
    ended = sa.select(sa.func.max(Load.finished_at)).where(
        Load.source == Subscription.source, Load.status.in_(("ready", "failed"))
    )
    newest = ended.scalar_subquery()
    seen = sa.func.coalesce(Subscription.looked_at, sa.text("'-infinity'::timestamptz"))
    return tx.scalars(
        sa.select(Subscription)
        .where(
            Subscription.active,
            Subscription.trigger.is_not(None),
            Subscription.trigger["kind"].astext.not_in(EVENTS),
            sa.or_(newest > seen, Subscription.next_run_at <= now()),
        )
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()


def _looked(tx: Transaction, row: Subscription, sources: Mapping[str, Source]) -> None:
    ended = Load.status.in_(("ready", "failed"))
    row.looked_at = tx.scalar(
        sa.select(sa.func.max(Load.finished_at)).where(Load.source == row.source, ended)
    )
    source = sources.get(row.source or "")
    assert row.trigger is not None
    by_day = source is not None and row.trigger["kind"] in BY_THE_DAY
    row.next_run_at = _tomorrow(source) if by_day and source else None


def _tomorrow(source: Source) -> datetime:
    """When the next day of the source begins."""
    day = now().astimezone(source.zone).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, 0, 1, tzinfo=source.zone)


def _look(tx: Transaction, row: Subscription, sources: Mapping[str, Source]) -> None:
    trigger, source = kept(row.trigger), sources.get(row.source or "")
    if rooms.why_not(tx, owner_id=row.owner_id, type=row.type, group_id=row.group_id) or source is None:
        # Nothing is looked for on behalf of who may not see it; when they may again, it is found then.
        row.state = {**(row.state or {}), "again": True}
        _looked(tx, row, sources)
        return
    if isinstance(trigger, LoadFailed):
        _load_failed(tx, row, sources)
    elif not _unchanged(tx, row) and (used := _used(tx, source.name)) is not None:
        view = Looking(tx, row, used, source)
        match trigger:
            case KpiTrigger():
                _kpi(view, trigger, sources)
            case OrderOver():
                _orders(view, trigger, sources)
            case InvoiceOverdue():
                _things(view, view.invoices(trigger), "invoice_overdue", sources)
            case StockBelow():
                _things(view, view.stock(trigger), "stock_below", sources)
    _looked(tx, row, sources)


def _unchanged(tx: Transaction, row: Subscription) -> bool:
    """Whether it would find what it found: the loads since then wrote nothing, and the day is the same."""
    state = row.state or {}
    if row.looked_at is None or "again" in state or state.get("state") not in ("ok", "firing", "no_data"):
        return False
    if row.next_run_at is not None and row.next_run_at <= now():
        return False
    since = (Load.source == row.source) & (Load.status == "ready") & (Load.finished_at > row.looked_at)
    changed = tx.scalars(sa.select(Load.changed).where(since).limit(MOST_LOADS)).all()
    return len(changed) < MOST_LOADS and not any(sum((found or {}).values()) for found in changed)


def begin(tx: Transaction, row: Subscription, sources: Mapping[str, Source]) -> None:
    """Notes what is there already when a trigger for what is new is set, so that it is not told as new.

    Raises:
        Refusal: the trigger can't be looked at.
    """
    trigger, source = kept(row.trigger), sources[row.source or ""]
    if not isinstance(trigger, OrderOver) or (used := _used(tx, source.name)) is None:
        return
    view = Looking(tx, row, used, source)
    since = view.day - timedelta(days=NEW_DAYS)
    there = view.orders(trigger, since).subquery()
    values = (sa.literal(row.id, sa.Uuid(as_uuid=False)), there.c.name, sa.func.now())
    tx.execute(
        insert(Thing)
        .from_select(["subscription_id", "name", "at"], sa.select(*values))
        .on_conflict_do_nothing()
    )
    row.state = {"state": "ok", "since": since.isoformat()}


def peek(tx: Transaction, row: Subscription, sources: Mapping[str, Source]) -> dict[str, Any] | None:
    """What a trigger on a key figure would find now; None for other triggers and where there are no facts.

    Raises:
        Refusal: the trigger can't be looked at.
    """
    trigger, source = kept(row.trigger), sources[row.source or ""]
    if not isinstance(trigger, KpiTrigger) or (used := _used(tx, source.name)) is None:
        return None
    view = Looking(tx, row, used, source)
    kpi, writer = view.kpi(trigger)
    value = measured(trigger, kpi, writer.scope)
    state = "no_data" if value is None else "firing" if trigger.beyond(value) else "ok"
    line = alerts.kpi_line(writer, kpi)
    return {"state": state, "value": None if value is None else f"{value:f}", "kpi": line}


def _used(tx: Transaction, source: str) -> Load | None:
    """The load that the facts are of."""
    ready = sa.select(Load).where(Load.source == source, Load.status == "ready")
    return tx.scalars(ready.order_by(Load.finished_at.desc()).limit(1)).first()


class Looking:
    """The facts as a subscription sees them: with its filters, or those of the customer in its room.

    `day` is today where the source is, though it may have been read yesterday.
    """

    def __init__(self, tx: Transaction, row: Subscription, used: Load, source: Source) -> None:
        assert used.as_of is not None
        self.tx, self.row, self.used, self.source = tx, row, used, source
        self.kind = KINDS[row.type]
        owner = tx.get(Person, row.owner_id)
        self.filters = rooms.narrowed(
            tx,
            owner_id=row.owner_id,
            customer=owner is not None and owner.kind == "customer",
            group_id=row.group_id,
            source=source.name,
            filters=row.filters,
            by_party=self.kind.by_party,
        )
        self.day = max(used.as_of, now()).astimezone(source.zone).date()
        trigger = row.trigger or {}
        views = (*self.kind.needs, *filter(None, [NEEDS.get(trigger["kind"])]))
        if missing := [view for view in views if view not in (used.rows or {})]:
            raise not_offered(source.name, missing[0])

    @property
    def party_id(self) -> str | None:
        return self.filters.get("party_id")

    @property
    def words(self) -> Words:
        return Words(self.row.locale, "")

    def _scope(self) -> tuple[Scope, Any]:
        filters = self.kind.filters(**self.filters)
        return scope_of(self.tx, self.source.name, self.row.period, filters, self.day), filters

    def kpi(self, trigger: KpiTrigger) -> tuple[Kpi, Writer]:
        filters = self.kind.filters(**self.filters)
        numbers = self.kind.analyse(self.tx, self.source.name, self.row.period, filters, self.day)
        scope: Scope = numbers.scope
        writer = Writer(scope, Words(self.row.locale, scope.currency))
        sheet = self.kind.sheet(numbers, writer)
        found = next((kpi for kpi in sheet.kpis if kpi.id == trigger.kpi), None)
        if found is None:
            # Of these filters there is none, such as one of a quantity in several units.
            raise Invalid("invalid_subscription", f"The report has no key figure {trigger.kpi!r} now.")
        return found, writer

    def orders(self, trigger: OrderOver, since: date) -> sa.Select[Any]:
        scope, filters = self._scope()
        orders = Orders(self.tx, scope, filters, SIDES[self.row.type])
        line, amount = orders.line, sa.func.sum(orders.line.net)
        return (
            sa.select(
                (sa.literal("order:") + line.order_id).label("name"),
                sa.func.coalesce(sa.func.max(line.order_no), line.order_id).label("label"),
                named(scope, "party", sa.func.max(line.party_id)).label("party"),
                amount.label("amount"),
                sa.func.min(line.date).label("due"),
                sa.null().cast(sa.Integer).label("days"),
                sa.null().cast(sa.Numeric).label("qty"),
                sa.literal(scope.currency).label("currency"),
                amount.label("weight"),
            )
            .where(orders.counted, line.date >= since)
            .group_by(line.order_id)
            .having(amount > trigger.amount)
        )

    def invoices(self, trigger: InvoiceOverdue) -> sa.Select[Any]:
        scope, filters = self._scope()
        o = Items(self.tx, scope, filters, SIDES[self.row.type]).open_on([self.day]).c
        days = sa.cast(o.day - o.due, sa.Integer)
        return sa.select(
            (sa.literal("invoice:") + o.item_id).label("name"),
            sa.func.coalesce(o.doc_no, o.item_id).label("label"),
            named(scope, "party", o.party_id).label("party"),
            o.value.label("amount"),
            o.due,
            days.label("days"),
            sa.null().cast(sa.Numeric).label("qty"),
            sa.literal(scope.currency).label("currency"),
            o.value.label("weight"),
        ).where(o.doc_type == "invoice", days >= trigger.days, o.value >= trigger.amount, o.value > 0)

    def stock(self, trigger: StockBelow) -> sa.Select[Any]:
        scope, _ = self._scope()
        stock, line, product = FACTS["stock"].c, FACTS["order_line"].c, FACTS["product"].c
        here = (stock.source == scope.source) & stock.company_id.in_(scope.company_ids)
        ordered = sa.select(line.company_id, line.product_id, sa.literal(Decimal(0)).label("qty")).where(
            line.source == scope.source,
            line.company_id.in_(scope.company_ids),
            line.date >= self.day - timedelta(days=KEPT_DAYS),
        )
        # What ran out has no row of its own in the stock of most products.
        every = sa.union_all(sa.select(stock.company_id, stock.product_id, stock.qty).where(here), ordered)
        e = every.subquery().c
        qty = sa.func.sum(e.qty)
        query = (
            sa.select(
                (sa.literal("stock:") + e.company_id + "/" + e.product_id).label("name"),
                sa.func.coalesce(sa.func.max(product.code), e.product_id).label("label"),
                sa.func.max(product.name).label("party"),
                sa.null().cast(sa.Numeric).label("amount"),
                sa.null().cast(sa.Date).label("due"),
                sa.null().cast(sa.Integer).label("days"),
                qty.label("qty"),
                sa.null().cast(sa.Text).label("currency"),
                (-qty).label("weight"),
            )
            .join(FACTS["product"], (product.source == scope.source) & (product.product_id == e.product_id))
            .where(sa.func.coalesce(product.kind, "goods") == "goods")
            .group_by(e.company_id, e.product_id)
            .having(qty < trigger.qty)
        )
        if trigger.product_id is not None:
            query = query.where(e.product_id == trigger.product_id)
        return query


# --- key figures -------------------------------------------------------------------------------------


def measured(trigger: KpiTrigger, kpi: Kpi, scope: Scope) -> Decimal | None:
    """The number that the trigger is about; None where it is not known."""
    value = kpi.values.get(NOW)
    if trigger.of == "value" or value is None:
        return value
    before = kpi.values.get(trigger.comparison or scope.compare)
    if before is None:
        return None
    if trigger.of == "change" or kpi.unit == "%":
        return value - before
    found = change(value, before)
    return None if found is None else Decimal(str(found))


@dataclass(frozen=True)
class Moved:
    """What a trigger on a key figure is in now, and what that means: `raises` an alert of this kind,
    `recovers` the one that is open."""

    state: str
    raises: str | None = None
    recovers: bool = False


def moved(trigger: KpiTrigger, state: Mapping[str, Any], value: Decimal | None, at: datetime) -> Moved:
    """The next state: `ok`, `firing`, `held` (over the threshold, and not armed yet) or `no_data`.

    Args:
        state: has the last `state`, the kind of the `open` alert, and when the last was `raised_at`.
    """
    opened = state.get("open")
    if value is None:
        # That nothing is known now is told where something was; what fired stays open until it is known.
        news = opened is None and state.get("state") in ("ok", "held")
        return Moved("no_data", raises="no_data" if news else None)
    if opened == "kpi":
        return Moved("ok", recovers=True) if trigger.recovered(value) else Moved("firing")
    known_again = opened == "no_data"
    if not trigger.beyond(value):
        return Moved("ok", recovers=known_again)
    raised = state.get("raised_at")
    if raised and at < parse(raised) + timedelta(minutes=trigger.rearm_minutes):
        return Moved("held", recovers=known_again)
    return Moved("firing", raises="kpi", recovers=known_again)


def _kpi(view: Looking, trigger: KpiTrigger, sources: Mapping[str, Source]) -> None:
    tx, row = view.tx, view.row
    kpi, writer = view.kpi(trigger)
    value, at, before = measured(trigger, kpi, writer.scope), now(), dict(row.state or {})
    step = moved(trigger, before, value, at)
    state = {name: value for name, value in before.items() if name in ("open", "alert_id", "raised_at")}
    line = alerts.kpi_line(writer, kpi)
    if step.recovers:
        text = writer.words("{figure} is back: {value}.", figure=kpi.label, value=line["text"])
        if before.get("open") == "no_data":
            text = writer.words("{figure} is known again: {value}.", figure=kpi.label, value=line["text"])
        alerts.recover(tx, before["alert_id"], row, sources, text=text, kpi=line, day=view.day, report=True)
        state.pop("open", None)
        state.pop("alert_id", None)
    if step.raises:
        title, text = _said(trigger, step.raises, kpi, value, writer, view.words(view.kind.title))
        found = Found(step.raises, title, text, kpi=line, as_of=view.used.as_of, party_id=view.party_id)
        alert = alerts.fire(tx, row, sources, found, day=view.day)
        state |= {"open": step.raises, "alert_id": alert.id}
        if step.raises == "kpi":
            state["raised_at"] = rfc3339(at)
    since = before.get("since") if before.get("state") == step.state else rfc3339(at)
    shown = None if value is None else f"{value:f}"
    row.state = {**state, "state": step.state, "since": since, "value": shown}


def _said(
    trigger: KpiTrigger, kind: str, kpi: Kpi, value: Decimal | None, writer: Writer, report: str
) -> tuple[str, str]:
    words = writer.words
    if kind == "no_data" or value is None:
        title = words("{report}: {figure} is not known", report=report, figure=kpi.label)
        return title, words("Nothing is known of {figure} any more.", figure=kpi.label)
    unit = "%" if trigger.of == "change_pct" else kpi.unit
    numbers = {
        "figure": kpi.label,
        "value": words.full(value, unit),
        "threshold": words.full(trigger.threshold, unit),
    }
    above, changed = trigger.direction == "above", trigger.of != "value"
    title = (
        "{report}: {figure} is above its threshold" if above else "{report}: {figure} is below its threshold"
    )
    if changed:
        text = (
            "{figure} has changed by {value}, which is above {threshold}."
            if above
            else "{figure} has changed by {value}, which is below {threshold}."
        )
    else:
        text = (
            "{figure} is {value}, above {threshold}." if above else "{figure} is {value}, below {threshold}."
        )
    return words(title, report=report, figure=kpi.label), words(text, **numbers)


# --- things ------------------------------------------------------------------------------------------


def _orders(view: Looking, trigger: OrderOver, sources: Mapping[str, Source]) -> None:
    since = (view.row.state or {}).get("since")
    if since is None:
        # The source was never read when it was set.
        begin(view.tx, view.row, sources)
        return
    # What was noted as told is forgotten in time; what is that old is not new.
    floor = max(date.fromisoformat(since), view.day - timedelta(days=NEW_DAYS))
    _things(view, view.orders(trigger, floor), "order_over", sources, since=since)


def _things(
    view: Looking, query: sa.Select[Any], kind: str, sources: Mapping[str, Source], since: str | None = None
) -> None:
    """Tells of what is so and was not told of; forgets what is so no more, which then can be told anew.

    Args:
        since: of what is told once and for all, the day from which on it is new.
    """
    tx, row = view.tx, view.row
    holding = query.cte("holding")
    told = sa.select(Thing.name).where(Thing.subscription_id == row.id)
    if since is None:
        still = sa.select(holding.c.name)
        gone = sa.delete(Thing).where(Thing.subscription_id == row.id, Thing.name.not_in(still))
        over(tx, row, {id for id in tx.scalars(gone.returning(Thing.alert_id)) if id}, sources)
    new = tx.execute(
        sa.select(holding)
        .where(holding.c.name.not_in(told))
        .order_by(holding.c.weight.desc(), holding.c.name)
        .limit(MOST_THINGS)
    ).all()
    count = tx.scalar(sa.select(sa.func.count()).select_from(holding)) or 0
    state = {"state": "firing" if count and since is None else "ok", "value": str(count)}
    row.state = state if since is None else {**state, "since": since}
    if not new:
        return
    found = _found(view, kind, new)
    alert = alerts.fire(tx, row, sources, found, day=view.day)
    note(tx, row, [thing.name for thing in new], alert.id)


def _found(view: Looking, kind: str, things: Sequence[Any]) -> Found:
    """What is told of these: the first by weight, and how many more there are."""
    words, items = view.words, []
    for thing in things[:SHOWN]:
        item: dict[str, Any] = {"key": thing.name, "label": thing.label}
        for name, value in (
            ("party", thing.party),
            ("amount", None if thing.amount is None else text(thing.amount, "money")),
            ("currency", thing.currency if thing.amount is not None else None),
            ("qty", None if thing.qty is None else text(thing.qty, "number")),
            ("due", None if thing.due is None else thing.due.isoformat()),
            ("days", thing.days),
        ):
            if value is not None:
                item[name] = value
        items.append(item)
    more, report = len(things) - len(items), words(view.kind.title)
    title = words(
        {
            "order_over": "{report}: a new large order",
            "invoice_overdue": "{report}: overdue",
            "stock_below": "{report}: stock is low",
        }[kind],
        report=report,
    )
    said = [" · ".join(_parts(thing, view.row.locale)) for thing in things[:3]]
    if len(things) > len(said):
        said.append(words("and {count} more", count=len(things) - len(said)))
    return Found(
        kind, title, "; ".join(said), items=items, more=more, as_of=view.used.as_of, party_id=view.party_id
    )


def _parts(thing: Any, locale: str) -> list[str]:
    words = Words(locale, thing.currency or "")
    parts = [thing.label, thing.party]
    if thing.amount is not None:
        parts.append(words.money(thing.amount))
    if thing.qty is not None:
        parts.append(words.full(thing.qty, "count"))
    if thing.days is not None:
        parts.append(words.full(thing.days, "days"))
    return [part for part in parts if part]


def note(tx: Transaction, row: Subscription, names: list[str], alert_id: str | None) -> list[str]:
    """Notes that these things were told of, and returns those that were not before."""
    values = [{"subscription_id": row.id, "name": name, "alert_id": alert_id, "at": now()} for name in names]
    new = insert(Thing).values(values).on_conflict_do_nothing().returning(Thing.name)
    return list(tx.scalars(new))


def over(tx: Transaction, row: Subscription, alert_ids: set[str], sources: Mapping[str, Source]) -> None:
    """Ends the alerts of which nothing is left."""
    for id in sorted(alert_ids):
        if not tx.scalar(
            sa.select(Thing.name).where(Thing.subscription_id == row.id, Thing.alert_id == id).limit(1)
        ):
            alerts.recover(tx, id, row, sources)


def _load_failed(tx: Transaction, row: Subscription, sources: Mapping[str, Source]) -> None:
    """The first failed load after a good one is told of; the next good one ends it."""
    ended = sa.select(Load).where(Load.source == row.source, Load.status.in_(("ready", "failed")))
    newest = tx.scalars(ended.order_by(Load.finished_at.desc()).limit(1)).first()
    mine = sa.delete(Thing).where(Thing.subscription_id == row.id)
    if newest is None or newest.status == "ready":
        row.state = {"state": "ok"}
        over(tx, row, {id for id in tx.scalars(mine.returning(Thing.alert_id)) if id}, sources)
        return
    row.state = {"state": "firing"}
    if tx.scalar(sa.select(Thing.name).where(Thing.subscription_id == row.id).limit(1)):
        return
    source = sources[row.source or ""]
    words = Words(row.locale, "")
    at = newest.finished_at or now()
    title = words("{source} could not be read", source=source.title)
    text = words("The load of {time} failed.", time=words.moment(at, source.zone))
    # Why may name hosts: that is for who keeps the source.
    item = {"key": f"load:{newest.id}", "label": source.title, "at": rfc3339(at)}
    found = Found("load_failed", title, text, items=[item], as_of=newest.as_of)
    alert = alerts.fire(tx, row, sources, found, day=None)
    note(tx, row, [item["key"]], alert.id)


# --- what groups say ---------------------------------------------------------------------------------


def heard(
    tx: Transaction,
    sources: Mapping[str, Source],
    *,
    kind: str,
    group_id: str,
    name: str,
    at: str,
    target: str | None = None,
) -> None:
    """Fires the subscriptions that wait for this event of a group that their owner is in.

    Args:
        name: of the group.
        target: of a task.
    """
    thing = f"group:{group_id}" if target is None else _task(group_id, target)
    for row in tx.scalars(_of_group(kind, group_id).where(Subscription.active)).all():
        there = rooms.membership(tx, group_id, row.owner_id)
        if there is None or there.role is None or not rooms.may(tx.get(Person, row.owner_id), row.type):
            continue
        alert_id = new_id()
        if not note(tx, row, [thing], alert_id):
            continue
        words = Words(row.locale, "")
        title = words(
            "The group {name} has ended" if kind == "group_ended" else "{name} is overdue", name=name
        )
        item = {"key": thing, "label": name, "at": at, **({"due": target} if target else {})}
        alerts.fire(tx, row, sources, Found(kind, title, f"{title}.", items=[item]), day=None, id=alert_id)


def task_settled(tx: Transaction, sources: Mapping[str, Source], group_id: str, target: str | None) -> None:
    """Ends the alerts about a task that is done, or has another target.

    Args:
        target: by when it is still to be done.
    """
    settled = sa.func.starts_with(Thing.name, _task(group_id, "")) & (
        Thing.name != _task(group_id, target or "")
    )
    # Those that may just be telling of it, too: what they note is seen when their lock is had.
    for row in tx.scalars(_of_group("task_overdue", group_id)).all():
        gone = sa.delete(Thing).where(Thing.subscription_id == row.id, settled)
        over(tx, row, {id for id in tx.scalars(gone.returning(Thing.alert_id)) if id}, sources)


def _of_group(kind: str, group_id: str) -> sa.Select[Subscription]:
    """The subscriptions that wait for such an event of this group or of any, locked in one order."""
    of_group = Subscription.trigger["group_id"].astext
    return (
        sa.select(Subscription)
        .where(Subscription.trigger["kind"].astext == kind, sa.or_(of_group.is_(None), of_group == group_id))
        .order_by(Subscription.id)
        .with_for_update()
    )


def _task(group_id: str, target: str) -> str:
    return f"task:{group_id}:{target}"


def forget(tx: Transaction, row: Subscription) -> None:
    """What a trigger knows, when it is another or none: its open alerts stay, and go nowhere."""
    tx.execute(sa.delete(Thing).where(Thing.subscription_id == row.id))
    tx.execute(sa.update(Alert).where(Alert.subscription_id == row.id).values(escalate_at=None))
    row.state, row.looked_at = None, None
