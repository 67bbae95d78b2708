"""Alerts: what a trigger found, who hears of it, who looks after it, and when it is over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from kit.caller import Caller
from kit.clock import now, rfc3339
from kit.db import Transaction, new_id
from kit.fields import is_id
from sqlalchemy.dialects.postgresql import JSONB

from reports import due, rooms
from reports.acquire.sources import Source
from reports.analyse.scope import NOW
from reports.errors import alert_not_found
from reports.events import AlertAcknowledged, AlertNow, AlertRaised, AlertRecovered
from reports.making import KINDS
from reports.models import Alert, Customer, Member, Person, Room, Subscription
from reports.sheets.sheet import Kpi, Writer
from reports.words import Words

RANKS = ("guest", "staff", "coordinator", "owner")
OPEN = ("firing", "acknowledged")


@dataclass(frozen=True)
class Found:
    """What a trigger found. `title` has no numbers in it, for it may be seen where the report may not."""

    kind: str
    title: str
    text: str
    kpi: dict[str, Any] | None = None
    items: list[dict[str, Any]] = field(default_factory=list)
    more: int = 0
    as_of: datetime | None = None
    party_id: str | None = None


def kpi_line(writer: Writer, kpi: Kpi) -> dict[str, Any]:
    """A key figure in a line, as events have it."""
    shown, words = writer.show_kpi(kpi), writer.words
    return line(shown, words, kpi.values.get(NOW))


def line(shown: dict[str, Any], words: Words, value: Decimal | None) -> dict[str, Any]:
    """A key figure of a report in a line, as events have it.

    Args:
        shown: as the report has it.
        words: of the report's currency.
    """
    said = words.full(value, shown["unit"]) if value is not None else words("not known")
    compared = shown["comparison"] or {}
    change = compared.get("change_pct")
    if change is not None and value is not None:
        said += f" ({words.signed(Decimal(change))})"
    return {
        "id": shown["id"],
        "label": shown["label"],
        "value": shown["value"],
        "unit": shown["unit"],
        "unit_label": shown["unit_label"],
        "compared": compared.get("label"),
        "change": compared.get("change"),
        "change_pct": change,
        "change_unit": compared.get("change_unit"),
        "text": f"{shown['label']}: {said}",
    }


def fire(
    tx: Transaction,
    row: Subscription,
    sources: Mapping[str, Source],
    found: Found,
    *,
    day: date | None,
    id: str | None = None,
) -> Alert:
    """Raises an alert, tells who may see it, and queues the subscription's report.

    Args:
        day: on which it was found so.
    """
    steps = row.escalation or []
    raised = now()
    alert = Alert(
        id=id or new_id(),
        subscription_id=row.id,
        owner_id=row.owner_id,
        group_id=row.group_id,
        type=row.type,
        source=row.source,
        party_id=found.party_id,
        kind=found.kind,
        state="firing",
        title=found.title,
        text=found.text,
        locale=row.locale,
        kpi=found.kpi,
        items=found.items,
        more=found.more,
        as_of=found.as_of,
        raised_at=raised,
        step=0,
        escalate_at=raised + timedelta(minutes=steps[0]["after_minutes"]) if steps else None,
        told=[],
    )
    tx.add(alert)
    alert.report_id = _report(tx, row, sources, alert, day)
    tx.flush()
    if ids := _recipients(tx, alert).ids:
        tx.emit(AlertRaised(alert=now_of(alert), recipients=ids, at=rfc3339(raised), escalated=False))
    return alert


def recover(
    tx: Transaction,
    alert_id: str,
    row: Subscription,
    sources: Mapping[str, Source],
    *,
    text: str | None = None,
    kpi: dict[str, Any] | None = None,
    day: date | None = None,
    report: bool = False,
) -> None:
    """Ends an alert, and tells so.

    Args:
        report: whether a report goes with it.
    """
    alert = tx.get(Alert, alert_id, with_for_update=True)
    if alert is None or alert.state not in OPEN:
        return
    alert.state, alert.recovered_at, alert.escalate_at = "recovered", now(), None
    alert.text = text or Words(alert.locale, "")("It is over: {what}", what=alert.text)
    alert.kpi = kpi or alert.kpi
    if report:
        alert.report_id = _report(tx, row, sources, alert, day) or alert.report_id
    tx.flush()
    if ids := _recipients(tx, alert).ids:
        tx.emit(AlertRecovered(alert=now_of(alert), recipients=ids, at=rfc3339(alert.recovered_at)))


def _report(
    tx: Transaction, row: Subscription, sources: Mapping[str, Source], alert: Alert, day: date | None
) -> str | None:
    return due.queue(tx, row, sources, run=_run(alert, day))


def _run(alert: Alert, day: date | None) -> dict[str, str | None]:
    """Why its report is made."""
    return {
        "reason": "trigger",
        "alert_id": alert.id,
        "text": alert.text,
        "party_id": alert.party_id,
        "day": day.isoformat() if day else None,
    }


def _recipients(tx: Transaction, alert: Alert) -> rooms.Recipients:
    return rooms.recipients(
        tx,
        owner_id=alert.owner_id,
        type=alert.type,
        group_id=alert.group_id,
        source=alert.source,
        party_id=alert.party_id,
    )


# --- escalation --------------------------------------------------------------------------------------


def escalate(tx: Transaction, sources: Mapping[str, Source]) -> bool:
    """Takes the next step of one alert that nobody acknowledged in time; False if there is none."""
    alert = tx.scalars(
        sa.select(Alert)
        .where(Alert.state == "firing", Alert.escalate_at <= now())
        .order_by(Alert.escalate_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if alert is None:
        return False
    row = tx.get(Subscription, alert.subscription_id)
    steps = (row.escalation if row else None) or []
    room = tx.get(Room, alert.group_id) if alert.group_id else None
    if row is None or alert.step >= len(steps) or (room is not None and room.ended):
        alert.escalate_at = None
        return True
    to = steps[alert.step]["to"]
    alert.step += 1
    after = steps[alert.step]["after_minutes"] if alert.step < len(steps) else None
    alert.escalate_at = None if after is None else alert.raised_at + timedelta(minutes=after)
    ids: list[str] = []
    if isinstance(to, str):
        roles = _recipients(tx, alert).roles
        ids = [id for id, role in roles.items() if RANKS.index(role) >= RANKS.index(to)]
    elif "user_id" in to:
        ids = [to["user_id"]] if _may_hear(tx, to["user_id"], alert) else []
    else:
        due.queue(tx, row, sources, run=_run(alert, None), group_id=to["group_id"])
    alert.told = sorted({*alert.told, *ids})
    tx.flush()
    if ids:
        tx.emit(AlertRaised(alert=now_of(alert), recipients=ids, at=rfc3339(now()), escalated=True))
    return True


def _may_hear(tx: Transaction, user_id: str, alert: Alert) -> bool:
    person = tx.get(Person, user_id)
    if not rooms.may(person, alert.type):
        return False
    assert person is not None
    theirs = rooms.party_of(tx, user_id, alert.source or "")
    return person.kind != "customer" or (theirs is not None and theirs == alert.party_id)


# --- who looks at them -------------------------------------------------------------------------------


def visible(caller: Caller) -> sa.Select[Any]:
    """The alerts that the caller may see, newest first."""
    types = [type for type in KINDS if caller.may(f"reports:{type}")]
    mine = sa.select(Member.group_id).where(Member.user_id == caller.id, Member.role.is_not(None))
    query = sa.select(Alert).where(
        Alert.type.in_(types),
        sa.or_(
            Alert.owner_id == caller.id,
            Alert.group_id.in_(mine),
            sa.cast(Alert.told, JSONB).contains([caller.id]),
        ),
    )
    if caller.kind == "customer":
        theirs = (Customer.user_id == caller.id) & (Customer.source == Alert.source)
        query = query.where(sa.exists().where(theirs, Customer.party_id == Alert.party_id))
    return query.order_by(Alert.id.desc())


def seen(tx: Transaction, caller: Caller, id: str, *, lock: bool = False) -> Alert:
    """
    Raises:
        NotFound
    """
    if not is_id(id):
        raise alert_not_found()
    query = visible(caller).where(Alert.id == id)
    found: Alert | None = tx.scalars(query.with_for_update() if lock else query).first()
    if found is None:
        raise alert_not_found()
    return found


def acknowledge(tx: Transaction, caller: Caller, id: str) -> Alert:
    """Notes who looks after an alert; the first who says so stays.

    Raises:
        NotFound
    """
    alert = seen(tx, caller, id, lock=True)
    if alert.state != "firing":
        return alert
    alert.state, alert.escalate_at = "acknowledged", None
    alert.acknowledged_at, alert.acknowledged_by = now(), caller.id
    tx.flush()
    ids = sorted(
        {*_recipients(tx, alert).ids, *(id for id in alert.told if _may_hear(tx, id, alert)), caller.id}
    )
    tx.emit(AlertAcknowledged(alert=now_of(alert), recipients=ids, at=rfc3339(alert.acknowledged_at)))
    return alert


def show(alert: Alert) -> dict[str, Any]:
    def time(at: datetime | None) -> str | None:
        return rfc3339(at) if at else None

    names = (
        "id subscription_id owner_id group_id type kind state title text locale kpi items more report_id step"
    )
    return {
        **{name: getattr(alert, name) for name in names.split()},
        "as_of": time(alert.as_of),
        "raised_at": rfc3339(alert.raised_at),
        "acknowledged_at": time(alert.acknowledged_at),
        "acknowledged_by": alert.acknowledged_by,
        "recovered_at": time(alert.recovered_at),
    }


def now_of(alert: Alert) -> AlertNow:
    return AlertNow.model_validate(show(alert))
