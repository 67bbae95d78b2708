"""What chat says and what it hears, and the shape of an entry, which is the same in answers and events."""

from datetime import datetime
from typing import Annotated, Literal, NotRequired, Self

from kit.event import Heard, Said
from pydantic import BaseModel, ConfigDict, Field, JsonValue, with_config
from typing_extensions import TypedDict

_strict = with_config(ConfigDict(extra="forbid"))


class _Entry(TypedDict):
    seq: int
    id: str
    sender_id: str | None
    client_id: str | None
    at: str


@_strict
class SentAttachment(TypedDict):
    id: str
    kind: Literal["photo", "file"]
    content_type: str
    name: str
    size: int
    width: NotRequired[int]
    height: NotRequired[int]
    url: str
    thumbnail_url: NotRequired[str]


class _Message(_Entry):
    """What its sender may edit and delete; deleted, it has neither text nor attachments any more."""

    reply_to: NotRequired[int]
    reply_part: NotRequired[str]
    mentions: NotRequired[list[str]]
    edited_at: NotRequired[str]
    deleted: NotRequired[bool]


@_strict
class TextEntry(_Message):
    kind: Literal["text"]
    text: str


@_strict
class AttachmentsEntry(_Message):
    """`photo` where all attachments are photos."""

    kind: Literal["photo", "file"]
    text: NotRequired[str]
    attachments: list[SentAttachment]


@_strict
class EditEntry(_Entry):
    """A message has another text; without one, a later edit or its deletion has overtaken this edit."""

    kind: Literal["edit"]
    target_seq: int
    text: NotRequired[str]


@_strict
class DeleteEntry(_Entry):
    kind: Literal["delete"]
    target_seq: int


@_strict
class ReportEntry(_Entry):
    """Names the report and carries no numbers: they are fetched, and rights checked, when it is shown."""

    kind: Literal["report"]
    report_id: str
    report_type: str
    title: str


@_strict
class MemberEntry(_Entry):
    kind: Literal["member"]
    user_id: str
    role: str | None
    change: Literal["joined", "left", "removed", "role"]
    by: str


@_strict
class GroupEntry(_Entry):
    kind: Literal["group"]
    change: Literal["created", "changed", "ended"]
    by: str
    changed: NotRequired[list[str]]


@_strict
class PositionEntry(_Entry):
    """Where its sender is; `feature` is a GeoJSON Feature, its `client_id` the position's id."""

    kind: Literal["position"]
    position_id: str
    feature: dict[str, JsonValue]


@_strict
class NewsEntry(_Entry):
    """Names the news and carries no text: it is read, and rights checked, when it is shown."""

    kind: Literal["news"]
    news_id: str
    title: str


@_strict
class TaskEntry(_Entry):
    """A task's state, assignee or target became another, or its target is `minutes` away or has passed."""

    kind: Literal["task"]
    change: Literal["state", "assignee", "target", "reminder", "overdue"]
    by: NotRequired[str]
    old: NotRequired[str | None]
    new: NotRequired[str | None]
    minutes: NotRequired[int]
    target_end: NotRequired[str]


AnyEntry = Annotated[
    TextEntry
    | AttachmentsEntry
    | EditEntry
    | DeleteEntry
    | ReportEntry
    | PositionEntry
    | NewsEntry
    | MemberEntry
    | GroupEntry
    | TaskEntry,
    Field(discriminator="kind"),
]


class EntriesAppended(Said, type="chat.entries_appended"):
    """New entries of one room, in seq order, without a hole between them."""

    group_id: str
    entries: list[AnyEntry]

    @property
    def audience(self) -> list[str]:
        return [f"group:{self.group_id}"]

    @property
    def subject(self) -> str:
        return self.group_id

    @classmethod
    def example(cls) -> Self:
        ann = "01936f5e-0000-7000-8000-000000000001"
        at = "2026-11-22T17:26:03.120Z"
        return cls(
            group_id="01936f5e-0000-7000-8000-0000000000aa",
            entries=[
                TextEntry(
                    seq=57,
                    id="01936f5e-0000-7000-8000-0000000000e1",
                    kind="text",
                    sender_id=ann,
                    client_id="6f2b0f0e-6a4c-4f0e-9d0b-3f0a4b8f5d11",
                    at=at,
                    text="Here are the numbers.",
                    reply_to=41,
                ),
                AttachmentsEntry(
                    seq=64,
                    id="01936f5e-0000-7000-8000-0000000000e8",
                    kind="photo",
                    sender_id=ann,
                    client_id="6f2b0f0e-6a4c-4f0e-9d0b-3f0a4b8f5d12",
                    at=at,
                    mentions=["01936f5e-0000-7000-8000-000000000002"],
                    attachments=[
                        SentAttachment(
                            id="01936f5e-0000-7000-8000-0000000000a1",
                            kind="photo",
                            content_type="image/jpeg",
                            name="gate.jpg",
                            size=48213,
                            width=1280,
                            height=960,
                            url="/api/v1/attachments/01936f5e-0000-7000-8000-0000000000a1",
                            thumbnail_url="/api/v1/attachments/01936f5e-0000-7000-8000-0000000000a1/thumbnail",
                        )
                    ],
                ),
                EditEntry(
                    seq=65,
                    id="01936f5e-0000-7000-8000-0000000000e9",
                    kind="edit",
                    sender_id=ann,
                    client_id=None,
                    at=at,
                    target_seq=57,
                    text="Here are the numbers of November.",
                ),
                DeleteEntry(
                    seq=66,
                    id="01936f5e-0000-7000-8000-0000000000ea",
                    kind="delete",
                    sender_id=ann,
                    client_id=None,
                    at=at,
                    target_seq=64,
                ),
                ReportEntry(
                    seq=58,
                    id="01936f5e-0000-7000-8000-0000000000e2",
                    kind="report",
                    sender_id=None,
                    client_id=None,
                    at=at,
                    report_id="01936f5e-0000-7000-8000-0000000000b1",
                    report_type="sales",
                    title="Sales, November 2026",
                ),
                MemberEntry(
                    seq=59,
                    id="01936f5e-0000-7000-8000-0000000000e3",
                    kind="member",
                    sender_id=None,
                    client_id=None,
                    at=at,
                    user_id="01936f5e-0000-7000-8000-000000000002",
                    role="guest",
                    change="joined",
                    by=ann,
                ),
                GroupEntry(
                    seq=60,
                    id="01936f5e-0000-7000-8000-0000000000e4",
                    kind="group",
                    sender_id=None,
                    client_id=None,
                    at=at,
                    change="changed",
                    by=ann,
                    changed=["name"],
                ),
                TaskEntry(
                    seq=63,
                    id="01936f5e-0000-7000-8000-0000000000e7",
                    kind="task",
                    sender_id=None,
                    client_id=None,
                    at=at,
                    change="assignee",
                    by=ann,
                    old=None,
                    new="01936f5e-0000-7000-8000-000000000002",
                ),
                PositionEntry(
                    seq=61,
                    id="01936f5e-0000-7000-8000-0000000000e5",
                    kind="position",
                    sender_id=ann,
                    client_id="01936f5e-0000-7000-8000-0000000000c1",
                    at=at,
                    position_id="01936f5e-0000-7000-8000-0000000000c1",
                    feature={
                        "type": "Feature",
                        "geometry": {"type": "Point", "coordinates": [8.6821, 50.1109]},
                        "properties": {"accuracy_m": 12, "recorded_at": at},
                    },
                ),
                NewsEntry(
                    seq=62,
                    id="01936f5e-0000-7000-8000-0000000000e6",
                    kind="news",
                    sender_id=ann,
                    client_id=None,
                    at=at,
                    news_id="01936f5e-0000-7000-8000-0000000000d1",
                    title="We open on Saturday",
                ),
            ],
        )


class ReadMoved(Said, type="chat.read_moved"):
    """Somebody has read a room further. Reading by sending or joining is told by that entry itself."""

    group_id: str
    user_id: str
    seq: int

    @property
    def audience(self) -> list[str]:
        return [f"group:{self.group_id}"]

    @property
    def subject(self) -> str:
        return self.group_id

    @classmethod
    def example(cls) -> Self:
        return cls(
            group_id="01936f5e-0000-7000-8000-0000000000aa",
            user_id="01936f5e-0000-7000-8000-000000000001",
            seq=57,
        )


class _GroupHeard(Heard):
    group_id: str
    by: str
    version: int
    at: datetime


class GroupCreated(_GroupHeard, type="groups.group_created"): ...


class GroupChanged(_GroupHeard, type="groups.group_changed"):
    changed: list[str]


class GroupEnded(_GroupHeard, type="groups.group_ended"): ...


class MemberJoined(_GroupHeard, type="groups.member_joined"):
    user_id: str
    role: str


class MemberRoleChanged(_GroupHeard, type="groups.member_role_changed"):
    user_id: str
    role: str


class MemberLeft(_GroupHeard, type="groups.member_left"):
    user_id: str
    removed: bool


class TaskHeard(BaseModel):
    state: str
    assignee_id: str | None
    target_end: str


class TaskChanged(_GroupHeard, type="groups.task_changed"):
    old: TaskHeard
    new: TaskHeard


class TaskItem(BaseModel):
    start: str


class TaskReminded(Heard, type="groups.task_reminded"):
    group_id: str
    at: datetime
    minutes: int
    item: TaskItem


class ReportMade(Heard, type="reports.report_made"):
    report_id: str
    type: str
    title: str
    status: str
    group_id: str | None
    at: datetime


class ArticleSeen(BaseModel):
    title: str
    author_id: str


class _NewsHeard(Heard):
    news_id: str
    article: ArticleSeen
    at: datetime


class NewsPublished(_NewsHeard, type="news.published"):
    group_ids: list[str]


class NewsChanged(_NewsHeard, type="news.changed"):
    new_group_ids: list[str]


class PositionShared(Heard, type="location.position_shared"):
    position_id: str
    group_id: str
    user_id: str
    feature: dict[str, JsonValue]
    at: datetime


class UserErased(Heard, type="auth.user_erased"):
    user_id: str
