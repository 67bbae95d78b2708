"""What a subscription may wait for instead of a time: the shapes of triggers, and of escalation."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from kit.fields import Line
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from reports.analyse.scope import BUDGET, PREVIOUS, YEAR_BEFORE

Number = Annotated[Decimal, Field(max_digits=20, decimal_places=6)]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
MOST_STEPS = 5


class _Trigger(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KpiTrigger(_Trigger):
    """A key figure of the report goes above or below a threshold.

    `of` is the figure's value, its change since what it is compared with, or that change in percent (of a
    percentage: in points). It has recovered when it is back by `hysteresis`; what goes over it again within
    `rearm_minutes` after the last alert waits until they are over.
    """

    kind: Literal["kpi"]
    kpi: str = Field(max_length=60)
    direction: Literal["above", "below"]
    threshold: Number
    of: Literal["value", "change", "change_pct"] = "value"
    comparison: Literal["year_before", "previous_period", "budget"] | None = None
    hysteresis: Number = Field(default=Decimal(0), ge=0)
    rearm_minutes: int = Field(default=0, ge=0, le=30 * 24 * 60)

    @model_validator(mode="after")
    def _compared(self) -> "KpiTrigger":
        if self.comparison and self.of == "value":
            raise ValueError("a comparison goes with of change or change_pct")
        return self

    def beyond(self, value: Decimal) -> bool:
        return value > self.threshold if self.direction == "above" else value < self.threshold

    def recovered(self, value: Decimal) -> bool:
        if self.beyond(value):
            return False
        if self.direction == "above":
            return value <= self.threshold - self.hysteresis
        return value >= self.threshold + self.hysteresis


class OrderOver(_Trigger):
    """An order that was not there before comes to more than an amount, in the currency of the report."""

    kind: Literal["order_over"]
    amount: Number = Field(gt=0)


class InvoiceOverdue(_Trigger):
    """A document is open `days` after it was due, with at least `amount` left of it."""

    kind: Literal["invoice_overdue"]
    days: int = Field(default=1, ge=1, le=3650)
    amount: Number = Field(default=Decimal(0), ge=0)


class StockBelow(_Trigger):
    """Of a product, or of this one, there is less than a quantity in all places of a company together."""

    kind: Literal["stock_below"]
    qty: Number
    product_id: Line | None = Field(default=None, max_length=200)


class LoadFailed(_Trigger):
    """The source could not be read."""

    kind: Literal["load_failed"]


class GroupEndedTrigger(_Trigger):
    """A group of the owner's, or this one, has ended."""

    kind: Literal["group_ended"]
    group_id: Id | None = None


class TaskOverdue(_Trigger):
    """The target of a task of the owner's, or of this one, has passed with the task not done."""

    kind: Literal["task_overdue"]
    group_id: Id | None = None


Trigger = Annotated[
    KpiTrigger | OrderOver | InvoiceOverdue | StockBelow | LoadFailed | GroupEndedTrigger | TaskOverdue,
    Field(discriminator="kind"),
]
_ADAPTER: TypeAdapter[Any] = TypeAdapter(Trigger)

EVENTS = ("group_ended", "task_overdue")
# The types of report that a trigger goes with, where not with all, and the view that it looks at.
TYPES = {
    "order_over": ("sales", "purchasing"),
    "invoice_overdue": ("receivables", "payables"),
    "stock_below": ("sales", "purchasing", "production"),
}
NEEDS = {"stock_below": "stock"}
# What is not about one customer's rows.
STAFF_ONLY = ("stock_below", "load_failed")
COMPARISONS = (YEAR_BEFORE, PREVIOUS, BUDGET)


def kept(trigger: dict[str, Any] | None) -> Any:
    """A trigger as it was kept."""
    return None if trigger is None else _ADAPTER.validate_python(trigger)


class ToPerson(_Trigger):
    user_id: Id


class ToRoom(_Trigger):
    group_id: Id


class Step(_Trigger):
    """Who hears of an alert that nobody has acknowledged so long after it was raised.

    A role means the members of the subscription's room with that role or a higher one.
    """

    after_minutes: int = Field(ge=1, le=7 * 24 * 60)
    to: Literal["staff", "coordinator", "owner"] | ToPerson | ToRoom


Escalation = Annotated[list[Step], Field(max_length=MOST_STEPS)]
