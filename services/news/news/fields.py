"""What may be written into an article."""

from datetime import UTC, datetime
from typing import Annotated

from kit import clock
from kit.fields import Line, Text, an_id
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    ValidationInfo,
    field_validator,
)

from news.models import Article, Audience

LAST_YEAR = 9000
MOST_GROUPS = 20


def _in_milliseconds(time: datetime) -> datetime:
    if time.year >= LAST_YEAR:
        raise ValueError("This lies too far ahead.")
    time = time.astimezone(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


Time = Annotated[AwareDatetime, AfterValidator(_in_milliseconds)]
# In small letters, as PostgreSQL gives it back: ids are compared as texts.
GroupId = Annotated[str, AfterValidator(lambda text: an_id(text).lower())]


class ArticleFields(BaseModel):
    """What a publisher sets. Order matters: later fields are judged by earlier ones.

    The context's `article` is what there is already: its times may have passed meanwhile.
    """

    model_config = ConfigDict(extra="forbid")

    title: Annotated[Line, Field(min_length=1, max_length=200)]
    body: Annotated[Text, Field(min_length=1, max_length=20_000)]
    audience: Audience
    group_ids: Annotated[list[GroupId], Field(max_length=MOST_GROUPS)]
    must_read: StrictBool
    draft: StrictBool
    publish_at: Time | None
    expires_at: Time | None

    @field_validator("group_ids")
    @classmethod
    def _groups_are_named(cls, group_ids: list[str], info: ValidationInfo) -> list[str]:
        match info.data.get("audience"):
            case "groups" if not group_ids:
                raise ValueError("News for groups names them.")
            case "everyone" | "staff" if group_ids:
                raise ValueError("Only news for groups names groups.")
        return sorted(set(group_ids))

    @field_validator("publish_at")
    @classmethod
    def _planned_ahead(cls, time: datetime | None, info: ValidationInfo) -> datetime | None:
        article: Article | None = (info.context or {}).get("article")
        if time and time <= clock.now() and not (article and time == article.publish_at):
            raise ValueError("A planned release is in the future.")
        return time

    @field_validator("expires_at")
    @classmethod
    def _ends_after_its_release(cls, time: datetime | None, info: ValidationInfo) -> datetime | None:
        article: Article | None = (info.context or {}).get("article")
        planned = info.data.get("publish_at")
        if article and (time, planned) == (article.expires_at, article.publish_at):
            return time
        if time and time <= max(clock.now(), planned or clock.now()):
            raise ValueError("An article ends after its release.")
        return time
