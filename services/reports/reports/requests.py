"""What callers ask for, checked before any SQL sees it, and how rows are shown to them."""

from datetime import datetime
from typing import Any, Literal

from kit.clock import now, rfc3339
from kit.errors import Invalid
from kit.fields import checked
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from reports.analyse.period import DEFAULT, resolve
from reports.errors import unknown_type
from reports.making import KINDS, Kind
from reports.models import Customer, Load, Reader, Report, Subscription
from reports.schedule import Schedule
from reports.triggers import Escalation, GroupEndedTrigger, Trigger
from reports.words import known_locale

SHOWN_TIMES = 5
# Of what a trigger knows, what its owner is shown.
STATE = ("state", "value", "since", "error")


def kind_of(type: object) -> Kind:
    """The type of report of this name.

    Raises:
        Invalid
    """
    if not isinstance(type, str) or type not in KINDS:
        raise unknown_type(type, sorted(KINDS))
    return KINDS[type]


def period_of(asked: Any) -> dict[str, Any]:
    """The period as it is kept: `{"name"}` or `{"from", "to"}`.

    Raises:
        Invalid
    """
    if asked is None or isinstance(asked, str):
        asked = {"name": asked or DEFAULT}
    if not isinstance(asked, dict) or set(asked) not in ({"name"}, {"from", "to"}):
        why = 'A period is a name, or {"from": "2026-01-01", "to": "2026-12-31"}.'
        raise Invalid("invalid_period", why, [{"loc": ["period"], "msg": why}])
    kept = {key: str(value)[:40] for key, value in asked.items()}
    resolve(kept, now().date())
    return kept


def filters_of(kind: Kind, asked: Any) -> dict[str, Any]:
    """The filters this type of report has.

    Raises:
        Invalid: one is unknown or wrong; its place begins with `filters`.
    """
    if asked is None:
        return {}
    if isinstance(asked, dict) and isinstance(asked.get("company_id"), str):
        asked = {**asked, "company_id": [asked["company_id"]]}
    try:
        return checked(kind.filters, "invalid_filters", asked).model_dump(mode="json", exclude_none=True)
    except Invalid as refusal:
        errors = [{**error, "loc": ["filters", *error["loc"]]} for error in refusal.errors or []]
        raise Invalid(refusal.code, refusal.detail, errors) from None


class Target(BaseModel):
    model_config = ConfigDict(extra="forbid")

    group_id: str


class Subscribing(BaseModel):
    """A subscription as asked for; also, with the old values filled in, as changed."""

    model_config = ConfigDict(extra="forbid")

    target: Target | Literal["me"]
    schedule: Schedule | None = None
    trigger: Trigger | None = None
    escalation: Escalation = []
    active: bool = True
    locale: str = Field(default="en", max_length=35)

    @field_validator("locale")
    @classmethod
    def _known(cls, value: str) -> str:
        return known_locale(value)

    @model_validator(mode="after")
    def _when(self) -> "Subscribing":
        if (self.schedule is None) == (self.trigger is None):
            raise ValueError("a subscription has a schedule or a trigger, and not both")
        if self.escalation and self.trigger is None:
            raise ValueError("only the alerts of a trigger are escalated")
        after = [step.after_minutes for step in self.escalation]
        if after != sorted(set(after)):
            raise ValueError("each step of the escalation comes after the one before")
        if self.group_id is None and any(isinstance(step.to, str) for step in self.escalation):
            raise ValueError("roles are those of a room: name a person or a room instead")
        ends = isinstance(self.trigger, GroupEndedTrigger) and self.trigger.group_id
        if ends and ends == self.group_id:
            raise ValueError("nothing can be sent into the group once it has ended: choose another target")
        return self

    @property
    def group_id(self) -> str | None:
        return None if self.target == "me" else self.target.group_id

    @property
    def trigger_json(self) -> dict[str, Any] | None:
        """As it is kept."""
        return None if self.trigger is None else self.trigger.model_dump(mode="json", exclude_none=True)


def _time(time: datetime | None) -> str | None:
    return rfc3339(time) if time else None


def show_report(row: Report, *, whole: bool) -> dict[str, Any]:
    """A report for those who may see it; in lists without its content."""
    body = {
        "id": row.id,
        "type": row.type,
        "title": row.title,
        "status": row.status,
        "progress": row.progress,
        "source": row.source,
        "as_of": _time(row.as_of),
        "period": row.period,
        "filters": row.filters,
        "group_id": row.group_id,
        "subscription_id": row.subscription_id,
        "requested_by": row.requested_by,
        "created_at": _time(row.created_at),
        "finished_at": _time(row.finished_at),
        "load_id": row.load_id,
        "recompute_of": row.recompute_of,
        "alert_id": (row.run or {}).get("alert_id"),
        "error": row.error,
    }
    if whole:
        content = {name: getattr(row, name) or [] for name in ("kpis", "charts", "tables", "notes")}
        body |= content | {"stale": row.stale}
    return body


def show_load(row: Load, *, keeper: bool) -> dict[str, Any]:
    """A load; its error may name hosts and its checks show amounts, which only those who keep it see."""
    hidden = None if row.error is None else "The source could not be read."
    seconds = (
        (row.finished_at - row.started_at).total_seconds() if row.finished_at and row.started_at else None
    )
    return {
        "id": row.id,
        "source": row.source,
        "status": row.status,
        "created_at": _time(row.created_at),
        "started_at": _time(row.started_at),
        "finished_at": _time(row.finished_at),
        "seconds": seconds,
        "as_of": _time(row.as_of),
        "whole": row.whole,
        "rows": row.rows,
        "changed": row.changed,
        "mismatches": sum(not check["agrees"] for check in row.checks or ()),
        "checks": row.checks if keeper else None,
        "error": row.error if keeper else hidden,
    }


def schedule_json(schedule: Schedule | None) -> dict[str, Any] | None:
    """As it is shown, and as it may come back."""
    return None if schedule is None else schedule.model_dump(mode="json", exclude_none=True)


def show_subscription(row: Subscription) -> dict[str, Any]:
    schedule = row.schedule
    times = schedule.after(now(), SHOWN_TIMES) if schedule and row.active else []
    state = {name: value for name, value in (row.state or {}).items() if name in STATE}
    return {
        "id": row.id,
        "type": row.type,
        "source": row.source,
        "period": row.period,
        "filters": row.filters,
        "locale": row.locale,
        "target": {"group_id": row.group_id} if row.group_id else "me",
        "schedule": schedule_json(schedule),
        "trigger": row.trigger,
        "escalation": row.escalation or [],
        "active": row.active,
        "next": [rfc3339(time) for time in times],
        "state": {"state": "waiting", **state} if row.trigger else None,
        "created_at": rfc3339(row.created_at),
    }


def show_run(row: Report) -> dict[str, Any]:
    """A report as a run of its subscription."""
    run, delivery = row.run or {}, row.delivery or {}
    reason = run.get("reason") or ("schedule" if row.scheduled_at else "by_hand")
    return {
        "report_id": row.id,
        "reason": reason,
        "scheduled_at": _time(row.scheduled_at),
        "missed": run.get("missed", 0),
        "as_is": bool(run.get("as_is")),
        "alert_id": run.get("alert_id"),
        "created_at": _time(row.created_at),
        "started_at": _time(row.started_at),
        "finished_at": _time(row.finished_at),
        "result": "sent" if row.status == "ready" else row.status,
        "sent": delivery.get("sent"),
        "withheld": [
            {"reason": reason, "count": count}
            for reason, count in sorted(delivery.get("withheld", {}).items())
        ],
        "error": row.error,
    }


def show_reader(row: Reader) -> dict[str, Any]:
    return {
        "user_id": row.user_id,
        "sent_at": _time(row.sent_at),
        "opened_at": _time(row.opened_at),
        "last_opened_at": _time(row.last_opened_at),
        "opened": row.opened,
    }


def show_customer(row: Customer) -> dict[str, Any]:
    return {
        "user_id": row.user_id,
        "source": row.source,
        "party_id": row.party_id,
        "set_by": row.set_by,
        "set_at": _time(row.set_at),
    }
