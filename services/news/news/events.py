"""What news says, and what it hears. Each event of an article has a version of its own."""

from typing import Any, Literal, Self

from kit import clock
from kit.event import Heard, Said
from pydantic import BaseModel, ConfigDict

from news.models import Article, Audience

_ID = "019ad8c6-0f70-7000-8000-00000000000{}"
_AT = "2026-11-22T17:26:03.120Z"
Why = Literal["withdrawn", "expired", "narrowed"]


class Picture(BaseModel):
    """A picture there is; its bytes are asked for, with rights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int
    height: int
    etag: str


class ArticleNow(BaseModel):
    """The article as it is after the event, without its text, which is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    summary: str
    author_id: str
    audience: Audience
    must_read: bool
    picture: Picture | None
    released_at: str | None
    changed_at: str | None
    expires_at: str | None
    version: int


class _OfArticle(Said):
    news_id: str
    article: ArticleNow
    group_ids: list[str]
    at: str

    @property
    def subject(self) -> str:
        return self.news_id

    @property
    def audience(self) -> list[str]:
        if self.article.audience == "groups":
            return [f"group:{group_id}" for group_id in self.group_ids]
        return [self.article.audience]

    @classmethod
    def of(cls, article: Article, **more: Any) -> Self:
        """The event about this article as it is now.

        Args:
            more: the other fields of the event.
        """
        values = {
            "news_id": article.id,
            "article": article.as_dict(),
            "group_ids": article.group_ids,
            "at": clock.rfc3339(clock.now()),
        }
        return cls.model_validate(values | more)

    @classmethod
    def example(cls) -> Self:
        article = Article(
            id=_ID.format(1),
            author_id=_ID.format(2),
            title="The new warehouse opens",
            text="From Monday on goods come in at gate 4.",
            audience="groups",
            group_ids=[_ID.format(3)],
            must_read=True,
            picture={"key": "", "width": 1600, "height": 900, "etag": "6f2b0f0e"},
            released_at=clock.parse(_AT),
            version=2,
        )
        return cls.of(article, at=_AT, **cls._more())

    @classmethod
    def _more(cls) -> dict[str, Any]:
        return {}


class NewsPublished(_OfArticle, type="news.published"):
    """An article can be read from now on, by its audience."""


class NewsChanged(_OfArticle, type="news.changed"):
    """An article that can be read is another now; `new_group_ids` are groups it was not for before.

    With `read_again`, who had read it has to read it again.
    """

    changed: list[str]
    new_group_ids: list[str]
    read_again: bool

    @classmethod
    def _more(cls) -> dict[str, Any]:
        return {"changed": ["title"], "new_group_ids": [], "read_again": False}


class NewsWithdrawn(Said, type="news.withdrawn"):
    """An article can no longer be read by those it was for, except by `kept_by`, where it was narrowed."""

    news_id: str
    version: int
    why: Why
    was_for: list[str]
    kept_by: list[str]
    at: str

    @property
    def subject(self) -> str:
        return self.news_id

    @property
    def audience(self) -> list[str]:
        return self.was_for

    @classmethod
    def example(cls) -> Self:
        return cls(
            news_id=_ID.format(1),
            version=3,
            why="narrowed",
            was_for=["everyone"],
            kept_by=["staff"],
            at=_AT,
        )


class _OfMember(Heard):
    group_id: str
    user_id: str
    version: int


class MemberJoined(_OfMember, type="groups.member_joined"):
    role: str


class MemberRoleChanged(_OfMember, type="groups.member_role_changed"):
    role: str


class MemberLeft(_OfMember, type="groups.member_left"): ...


class GroupEnded(Heard, type="groups.group_ended"):
    group_id: str


class PersonHeard(BaseModel):
    id: str
    display_name: str
    kind: str
    active: bool
    version: int


class UserCreated(Heard, type="auth.user_created"):
    user: PersonHeard


class UserChanged(Heard, type="auth.user_changed"):
    user: PersonHeard


class UserErased(Heard, type="auth.user_erased"):
    user_id: str
