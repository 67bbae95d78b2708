"""What the gateway hears, with the little it reads of each."""

from typing import Any

from kit.event import Heard


class EntriesAppended(Heard, type="chat.entries_appended"):
    group_id: str
    entries: list[dict[str, Any]]


class ReadMoved(Heard, type="chat.read_moved"):
    group_id: str
    user_id: str
    seq: int


class _Group(Heard):
    group_id: str
    group: dict[str, Any]


class GroupCreated(_Group, type="groups.group_created"): ...


class GroupChanged(_Group, type="groups.group_changed"): ...


class GroupEnded(_Group, type="groups.group_ended"): ...


class TaskChanged(_Group, type="groups.task_changed"):
    item: dict[str, Any] | None


class TaskReminded(_Group, type="groups.task_reminded"):
    item: dict[str, Any]


class _Appointment(Heard):
    item: dict[str, Any]


class AppointmentMade(_Appointment, type="groups.appointment_made"): ...


class AppointmentChanged(_Appointment, type="groups.appointment_changed"): ...


class AppointmentWithdrawn(_Appointment, type="groups.appointment_withdrawn"): ...


class AppointmentNear(_Appointment, type="groups.appointment_near"): ...


class MemberMuted(Heard, type="groups.member_muted"):
    group_id: str
    muted: bool
    muted_until: str | None


class MemberJoined(_Group, type="groups.member_joined"):
    user_id: str
    role: str
    version: int


class MemberRoleChanged(Heard, type="groups.member_role_changed"):
    group_id: str
    user_id: str
    role: str
    version: int


class MemberLeft(_Group, type="groups.member_left"):
    user_id: str
    version: int


class _User(Heard):
    user: dict[str, Any]


class UserCreated(_User, type="auth.user_created"): ...


class UserChanged(_User, type="auth.user_changed"): ...


class UserIntroduced(_User, type="auth.user_introduced"): ...


class SettingsChanged(_User, type="auth.settings_changed"): ...


class SessionEnded(Heard, type="auth.session_ended"):
    session_id: str


class PermissionsChanged(Heard, type="auth.permissions_changed"):
    user_id: str
    kind: str
    permissions: list[str]
    version: int


class NewsPublished(Heard, type="news.published"):
    article: dict[str, Any]


class NewsChanged(Heard, type="news.changed"):
    article: dict[str, Any]
    read_again: bool


class NewsWithdrawn(Heard, type="news.withdrawn"):
    news_id: str
    version: int
    kept_by: list[str]


class ReportMade(Heard, type="reports.report_made"):
    report_id: str
    type: str
    title: str
    status: str
    requested_by: str
    group_id: str | None


class _OfAlert(Heard):
    alert: dict[str, Any]


class AlertRaised(_OfAlert, type="reports.alert_raised"): ...


class AlertAcknowledged(_OfAlert, type="reports.alert_acknowledged"): ...


class AlertRecovered(_OfAlert, type="reports.alert_recovered"): ...


class SourceStateChanged(Heard, type="reports.source_state_changed"):
    source: str
    title: str
    load_id: str
    state: str
    as_of: str | None
    reason: str | None
    mismatches: list[str]
    at: str


class ReportProgressed(Heard, type="reports.report_progressed"):
    report_id: str
    type: str
    progress: float


class _Share(Heard):
    share: dict[str, Any]


class ShareStarted(_Share, type="location.share_started"): ...


class ShareEnded(_Share, type="location.share_ended"): ...
