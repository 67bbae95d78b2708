"""What reports says, and what it hears."""

from typing import Literal, Self

from kit.event import Heard, Said
from pydantic import Field

_ID = "019ad8c6-0f70-7000-8000-00000000000{}"
_AT = "2026-11-22T17:26:03.120Z"


class ReportMade(Said, type="reports.report_made"):
    """A report is ready, or has failed for a `reason`. Its numbers are asked for, with rights."""

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

    @property
    def subject(self) -> str:
        return self.report_id

    @property
    def audience(self) -> list[str]:
        # The room hears of it through its own timeline.
        return [f"user:{self.requested_by}"]

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


class GroupEnded(Heard, type="groups.group_ended"):
    group_id: str


class PermissionsChanged(Heard, type="auth.permissions_changed"):
    user_id: str
    kind: str
    permissions: list[str]
    active: bool
    version: int
