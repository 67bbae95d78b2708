"""What push says, to its own workers, and what it hears."""

from datetime import datetime
from typing import Any, Self

from kit.event import Heard, Said
from pydantic import BaseModel

_ID = "019ad8c6-0f70-7000-8000-000000000001"


class PushAsked(Said, type="push.push_asked"):
    """A device is to be pushed to; only our workers hear it."""

    delivery_id: str

    @property
    def subject(self) -> str:
        return self.delivery_id

    @classmethod
    def example(cls) -> Self:
        return cls(delivery_id=_ID)


class ToBeSent(Heard, type="push.push_asked"):
    delivery_id: str


class EntriesAppended(Heard, type="chat.entries_appended"):
    group_id: str
    entries: list[dict[str, Any]]


class ReadMoved(Heard, type="chat.read_moved"):
    group_id: str
    user_id: str
    seq: int


class GroupSeen(BaseModel):
    name: str
    version: int


class _OfGroup(Heard):
    group_id: str
    group: GroupSeen


class GroupCreated(_OfGroup, type="groups.group_created"): ...


class GroupChanged(_OfGroup, type="groups.group_changed"): ...


class MemberJoined(_OfGroup, type="groups.member_joined"):
    user_id: str
    role: str
    version: int


class MemberLeft(_OfGroup, type="groups.member_left"):
    user_id: str
    version: int


class MemberMuted(Heard, type="groups.member_muted"):
    group_id: str
    user_id: str
    muted: bool
    muted_until: datetime | None
    version: int


class Item(BaseModel):
    id: str
    group_id: str
    title: str
    start: datetime
    timezone: str | None


class AppointmentItem(Item):
    place: str
    all_day: bool
    occurrence: str | None


class _Appointment(Heard):
    group_id: str
    item: AppointmentItem
    version: int
    at: datetime


class _AppointmentBy(_Appointment):
    by: str


class AppointmentMade(_AppointmentBy, type="groups.appointment_made"): ...


class AppointmentChanged(_AppointmentBy, type="groups.appointment_changed"): ...


class AppointmentWithdrawn(_AppointmentBy, type="groups.appointment_withdrawn"): ...


class AppointmentNear(_Appointment, type="groups.appointment_near"):
    minutes: int


class Article(BaseModel):
    title: str
    summary: str
    author_id: str
    audience: str
    expires_at: datetime | None
    version: int


class NewsPublished(Heard, type="news.published"):
    news_id: str
    article: Article
    at: datetime


class NewsWithdrawn(Heard, type="news.withdrawn"):
    news_id: str
    why: str


class ReportMade(Heard, type="reports.report_made"):
    report_id: str
    type: str
    title: str
    status: str
    requested_by: str
    group_id: str | None
    alert_id: str | None
    at: datetime


class AlertSeen(BaseModel):
    """What may stand on a locked screen of anybody who hears of it; the rest is asked for as that person."""

    id: str
    group_id: str | None
    type: str
    title: str
    report_id: str | None


class _OfAlert(Heard):
    alert: AlertSeen
    at: datetime


class AlertRaised(_OfAlert, type="reports.alert_raised"):
    escalated: bool


class AlertAcknowledged(_OfAlert, type="reports.alert_acknowledged"): ...


class AlertRecovered(_OfAlert, type="reports.alert_recovered"): ...


class SourceStateChanged(Heard, type="reports.source_state_changed"):
    source: str
    title: str
    state: str
    reason: str | None
    mismatches: list[str]
    at: datetime


class PersonSeen(BaseModel):
    id: str
    display_name: str
    kind: str
    active: bool
    version: int


class _AboutPerson(Heard):
    user: PersonSeen


class UserCreated(_AboutPerson, type="auth.user_created"): ...


class UserChanged(_AboutPerson, type="auth.user_changed"): ...


class UserIntroduced(_AboutPerson, type="auth.user_introduced"): ...


class PersonOwn(PersonSeen):
    permissions: list[str]
    locale: str
    timezone: str
    settings: dict[str, Any]


class SettingsChanged(Heard, type="auth.settings_changed"):
    user: PersonOwn


class SessionEnded(Heard, type="auth.session_ended"):
    session_id: str
    user_id: str


class UserErased(Heard, type="auth.user_erased"):
    user_id: str
