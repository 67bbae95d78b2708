"""News: articles, their pictures, and who has read them."""

from typing import Annotated, Any, Literal

from flask import Response
from pydantic import Field, StringConstraints

from gateway.http import uploads
from gateway.http.base import Api, Body, Id, Page, Shown, Time, answer, ask, nothing

news = Api("news")

Title = Annotated[str, StringConstraints(max_length=1000)]
Markdown = Annotated[str, StringConstraints(max_length=100_000)]
Groups = Annotated[list[Id], Field(max_length=100)]
Audience = Literal["everyone", "staff", "groups"]
Status = Literal["draft", "planned", "released", "expired", "withdrawn"]
PICTURE_BYTES = 15 * 1024 * 1024
PICTURE_SECONDS = 20.0


class ArticleNew(Body):
    title: Title
    body: Markdown = Field(description="Markdown, without raw HTML; images become links.")
    audience: Audience
    group_ids: Groups = Field(default=[], description="For `groups`: in each the publisher has a role.")
    must_read: bool = False
    draft: bool = Field(default=False, description="Not released until this is false.")
    publish_at: Time | None = Field(default=None, description="Released then, and not now.")
    expires_at: Time | None = Field(default=None, description="Gone for readers from then on.")


class ArticleChanges(Body):
    title: Title = ""
    body: Markdown = ""
    audience: Audience = "everyone"
    group_ids: Groups = Field(default=[])
    must_read: bool = False
    draft: bool = False
    publish_at: Time | None = None
    expires_at: Time | None = None
    read_again: bool = Field(default=False, description="Who has read it has to read it again.")


class NewsQuery(Page):
    status: Status | None = Field(
        default=None, description="For publishers: the articles in this state that they could publish."
    )
    unread: bool | None = None
    q: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        default=None, description="Part of the title or the text."
    )


class ReadersQuery(Page):
    read: bool | None = Field(default=None, description="Only who has read it, or only who has not yet.")


class ReadVersion(Body):
    version: Annotated[int, Field(ge=1, lt=2**31)] | None = Field(
        default=None, description="The version that was read; the present one if left out."
    )


class Picture(Shown):
    width: int
    height: int
    etag: str


class ArticleItem(Shown):
    """An article in a list. Its last four fields are for who may change it."""

    id: str
    title: str
    summary: str = Field(description="The beginning of the text, without its form.")
    author_id: str
    audience: Audience
    group_ids: list[str] = Field(description="Of the groups it is for, those one is in.")
    must_read: bool
    picture: Picture | None = Field(description="At `/news/{id}/picture`.")
    status: Status
    released_at: Time | None
    changed_at: Time | None = Field(description="When title, text or picture last changed after the release.")
    expires_at: Time | None
    version: int
    read_at: Time | None = Field(description="Null while it is to be read, or to be read again.")
    may_change: bool
    created_at: Time | None = None
    publish_at: Time | None = None
    ended_at: Time | None = None
    ended_by: str | None = None


class Article(ArticleItem):
    html: str
    body: str | None = Field(default=None, description="As it was written; for who may change it.")


class NewsPage(Shown):
    items: list[ArticleItem]
    next_cursor: str | None
    unread: int = Field(description="All that is for me and unread; counted up to 1000.")


class ReaderOfArticle(Shown):
    user_id: str
    display_name: str
    read_at: Time | None


class ReaderPage(Shown):
    items: list[ReaderOfArticle]
    next_cursor: str | None
    read: int
    unread: int


@news.route("GET", "/news", "News for me, newest first", query=NewsQuery, shows=NewsPage)
def list_news(query: NewsQuery) -> Response:
    return answer(ask("news", "list", **query.model_dump()))


@news.route(
    "POST",
    "/news",
    "Release an article, now or at a time",
    body=ArticleNew,
    shows=Article,
    status=201,
    description="Needs the permission `news:publish`.",
)
def publish(body: ArticleNew) -> Response:
    return answer(ask("news", "publish", **body.model_dump()), 201)


@news.route("GET", "/news/<news_id>", "One article with its text", shows=Article)
def article(news_id: str) -> Response:
    return answer(ask("news", "get", article_id=news_id))


@news.route("PATCH", "/news/<news_id>", "Change an article", body=ArticleChanges, shows=Article)
def edit_article(news_id: str, body: ArticleChanges) -> Response:
    return answer(ask("news", "edit", article_id=news_id, changes=body.given()))


@news.route("DELETE", "/news/<news_id>", "Withdraw an article")
def withdraw(news_id: str) -> Response:
    ask("news", "withdraw", article_id=news_id)
    return nothing()


@news.route("PUT", "/news/<news_id>/read", "I have read it", body=ReadVersion)
def read_article(news_id: str, body: ReadVersion) -> Response:
    ask("news", "read", article_id=news_id, version=body.version)
    return nothing()


@news.route(
    "GET",
    "/news/<news_id>/reads",
    "Who has read what must be read, and who has not yet",
    query=ReadersQuery,
    shows=ReaderPage,
)
def readers(news_id: str, query: ReadersQuery) -> Response:
    return answer(ask("news", "reads", article_id=news_id, **query.model_dump()))


@news.route(
    "PUT",
    "/news/<news_id>/picture",
    "Give an article a picture",
    takes="image/*",
    shows=Article,
    description="JPEG, PNG, WebP, GIF, AVIF or BMP up to 15 MiB; kept with at most 1600 pixels a side.",
)
def set_picture(news_id: str) -> Response:
    with uploads.body(PICTURE_BYTES) as incoming:
        told: dict[str, Any] = ask(
            "news", "set_picture", article_id=news_id, incoming_key=incoming.key, seconds=PICTURE_SECONDS
        )
    return answer(told)


@news.route("GET", "/news/<news_id>/picture", "An article's picture", gives=("image/jpeg", "image/webp"))
def picture(news_id: str) -> Response:
    return uploads.file(ask("news", "picture", article_id=news_id))


@news.route("DELETE", "/news/<news_id>/picture", "Take the picture away")
def remove_picture(news_id: str) -> Response:
    ask("news", "remove_picture", article_id=news_id)
    return nothing()
