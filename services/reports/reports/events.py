"""What reports says, and what it hears."""

from typing import Literal, Self

from kit.event import Heard, Said
from pydantic import BaseModel, ConfigDict, Field

_ID = "019ad8c6-0f70-7000-8000-00000000000{}"
_AT = "2026-11-22T17:26:03.120Z"


class KpiLine(BaseModel):
    """One key figure in a line: `text` is that line, in the report's language.

    `change_pct` is against `compared`; of a percentage it is in points. A number that is not known is null.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    label: str
    value: str | None
    unit: str
    unit_label: str | None
    compared: str | None
    change: str | None
    change_pct: str | None
    change_unit: str | None
    text: str


_KPI = KpiLine(
    id="overdue",
    label="Overdue",
    value="12345.67",
    unit="EUR",
    unit_label=None,
    compared="Year before",
    change="1345.67",
    change_pct="12.2",
    change_unit="%",
    text="Overdue: €12,345.67 (+12%)",
)


class ReportMade(Said, type="reports.report_made"):
    """A report is ready, or has failed for a `reason`. Its numbers are asked for, with rights.

    `recipients` are those it was sent to: who asked for it, and of a room the members who may see it, by the
    rights of this moment. Only they may be shown `kpi`, its first key figure. `run` says why a subscription
    made it, and `alert_id` which alert it goes with.
    """

    report_id: str
    type: str
    title: str
    status: Literal["ready", "failed"]
    requested_by: str
    group_id: str | None
    subscription_id: str | None
    as_of: str | None
    reason: str | None
    at: str
    run: Literal["schedule", "made_up", "trigger", "by_hand"] | None
    alert_id: str | None
    recompute_of: str | None
    locale: str
    kpi: KpiLine | None
    recipients: list[str]

    @property
    def subject(self) -> str:
        return self.report_id

    @property
    def audience(self) -> list[str]:
        # Who asked hears of what failed, too; the room has it in its own timeline.
        return [f"user:{id}" for id in dict.fromkeys((self.requested_by, *self.recipients))]

    @classmethod
    def example(cls) -> Self:
        return cls(
            report_id=_ID.format(1),
            type="sales",
            title="Sales · Dec 2025 – Nov 2026",
            status="ready",
            requested_by=_ID.format(2),
            group_id=_ID.format(3),
            subscription_id=None,
            as_of=_AT,
            reason=None,
            at=_AT,
            run=None,
            alert_id=None,
            recompute_of=None,
            locale="en",
            kpi=_KPI,
            recipients=[_ID.format(2), _ID.format(5)],
        )


class ReportProgressed(Said, type="reports.report_progressed"):
    """A report is on its way; `progress` runs from 0 to 1."""

    report_id: str
    type: str
    requested_by: str
    progress: float = Field(ge=0, le=1)

    @property
    def subject(self) -> str:
        return self.report_id

    @property
    def audience(self) -> list[str]:
        return [f"user:{self.requested_by}"]

    @classmethod
    def example(cls) -> Self:
        return cls(report_id=_ID.format(1), type="sales", requested_by=_ID.format(2), progress=0.5)


class LoadFinished(Said, type="reports.load_finished"):
    """A source was read, or could not be; `rows` counts the facts of each view, `mismatches` says what does
    not agree."""

    source: str
    load_id: str
    status: Literal["ready", "failed"]
    as_of: str | None
    rows: dict[str, int]
    mismatches: list[str]

    @property
    def subject(self) -> str:
        return self.source

    @property
    def audience(self) -> list[str]:
        return ["staff"]

    @classmethod
    def example(cls) -> Self:
        return cls(
            source="house",
            load_id=_ID.format(4),
            status="ready",
            as_of=_AT,
            rows={"company": 1, "order_line": 840},
            mismatches=["House: open receivables are 90.00 EUR, their accounts in the ledger 100.00 EUR."],
        )


class SourceStateChanged(Said, type="reports.source_state_changed"):
    """A source got into trouble, into another, or out of it; said to its owner before anybody is told."""

    source: str
    title: str
    owner_id: str
    load_id: str
    state: Literal["good", "mismatched", "failed"]
    as_of: str | None
    reason: str | None
    mismatches: list[str]
    at: str

    @property
    def subject(self) -> str:
        return self.source

    @property
    def audience(self) -> list[str]:
        return [f"user:{self.owner_id}"]

    @classmethod
    def example(cls) -> Self:
        return cls(
            source="house",
            title="The house",
            owner_id=_ID.format(2),
            load_id=_ID.format(4),
            state="mismatched",
            as_of=_AT,
            reason=None,
            mismatches=["House: open receivables are 90.00 EUR, their accounts in the ledger 100.00 EUR."],
            at=_AT,
        )


class AlertItem(BaseModel):
    """A thing that an alert is about: an order, an invoice, a product, a load, a group.

    `key` names it in its source for good, `label` is what people call it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    label: str
    party: str | None = None
    amount: str | None = None
    currency: str | None = None
    qty: str | None = None
    due: str | None = None
    days: int | None = None
    at: str | None = None
    reason: str | None = None


class AlertNow(BaseModel):
    """An alert as it is after the event: `firing`, `acknowledged` or `recovered`.

    `title` carries no number; `text` says all in a sentence. `more` things are beside `items`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    subscription_id: str
    owner_id: str
    group_id: str | None
    type: str
    kind: str
    state: Literal["firing", "acknowledged", "recovered"]
    title: str
    text: str
    locale: str
    kpi: KpiLine | None
    items: list[AlertItem]
    more: int
    as_of: str | None
    report_id: str | None
    raised_at: str
    acknowledged_at: str | None
    acknowledged_by: str | None
    recovered_at: str | None
    step: int


class _OfAlert(Said):
    alert: AlertNow
    recipients: list[str]
    at: str

    @property
    def subject(self) -> str:
        return self.alert.id

    @property
    def audience(self) -> list[str]:
        return [f"user:{id}" for id in self.recipients]

    @classmethod
    def example(cls) -> Self:
        alert = AlertNow(
            id=_ID.format(6),
            subscription_id=_ID.format(7),
            owner_id=_ID.format(2),
            group_id=_ID.format(3),
            type="receivables",
            kind="kpi",
            state="firing",
            title="Accounts receivable: Overdue above the threshold",
            text="Overdue is above €10,000.00: €12,345.67",
            locale="en",
            kpi=_KPI,
            items=[],
            more=0,
            as_of=_AT,
            report_id=_ID.format(1),
            raised_at=_AT,
            acknowledged_at=None,
            acknowledged_by=None,
            recovered_at=None,
            step=0,
        )
        more = {"escalated": False} if "escalated" in cls.model_fields else {}
        return cls(alert=alert, recipients=[_ID.format(2), _ID.format(5)], at=_AT, **more)


class AlertRaised(_OfAlert, type="reports.alert_raised"):
    """A trigger fired; or nobody has acknowledged its alert in time, and it is `escalated` to these."""

    escalated: bool


class AlertAcknowledged(_OfAlert, type="reports.alert_acknowledged"):
    """Somebody looks after it: it is escalated no further."""


class AlertRecovered(_OfAlert, type="reports.alert_recovered"):
    """What the alert was about is over."""


class MemberJoined(Heard, type="groups.member_joined"):
    group_id: str
    user_id: str
    role: str
    version: int


class MemberRoleChanged(Heard, type="groups.member_role_changed"):
    group_id: str
    user_id: str
    role: str
    version: int


class MemberLeft(Heard, type="groups.member_left"):
    group_id: str
    user_id: str
    version: int


class _Named(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str


class _TaskGroup(_Named):
    target_end: str


class GroupEnded(Heard, type="groups.group_ended"):
    group_id: str
    group: _Named
    at: str


class TaskReminded(Heard, type="groups.task_reminded"):
    """With no `minutes` left its target has passed."""

    group_id: str
    group: _TaskGroup
    minutes: int
    at: str


class _Task(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    state: str
    target_end: str


class TaskChanged(Heard, type="groups.task_changed"):
    group_id: str
    new: _Task
    at: str


class PermissionsChanged(Heard, type="auth.permissions_changed"):
    user_id: str
    kind: str
    permissions: list[str]
    active: bool
    version: int


class UserErased(Heard, type="auth.user_erased"):
    user_id: str
