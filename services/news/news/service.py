"""News, the news information release step of the method: a publisher releases an article, now or at a time,
and those it is for see it, and nobody else. Who has read what must be read is known.
"""

import threading
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from kit import clock
from kit.db import Transaction
from kit.fields import an_id, bounded, checked, contains, page, read_cursor
from kit.personal import Kept
from kit.service import Ask, Files, Service, every, hear, offload, rpc

from news import articles, errors, personal, pictures, readers
from news.events import (
    GroupEnded,
    MemberJoined,
    MemberLeft,
    MemberRoleChanged,
    PersonHeard,
    UserChanged,
    UserCreated,
    UserErased,
)
from news.fields import ArticleFields
from news.models import Article, Member, ReadMark
from news.readers import Place, Told, Unheard
from news.settings import NewsSettings

Json = dict[str, Any]
Items = list[Json]
T = TypeVar("T")
# More than this a count of unread articles doesn't tell.
MOST_COUNTED = 1000


@cache
def _drawing(at_once: int) -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(at_once)


class NewsService(Service):
    name = "news"
    settings: NewsSettings
    groups: Any = Ask("groups")
    files: Any = Files()

    # --- what it answers: publishers

    @rpc
    def publish(
        self,
        *,
        title: str,
        body: str,
        audience: str,
        group_ids: list[str] | None = None,
        must_read: bool = False,
        draft: bool = False,
        publish_at: str | None = None,
        expires_at: str | None = None,
    ) -> Json:
        fields = {
            "title": title,
            "body": body,
            "audience": audience,
            "group_ids": group_ids or [],
            "must_read": must_read,
            "draft": draft,
            "publish_at": publish_at,
            "expires_at": expires_at,
        }

        def work(tx: Transaction, told: Told) -> Json:
            if answer := tx.replay(self.caller, {"publish": fields}):
                return answer
            readers.require_publisher(self.caller)
            new = checked(ArticleFields, "invalid_article", fields)
            readers.require_open(tx, self.caller, new.group_ids, told)
            article = Article(author_id=self.caller.id, created_at=clock.now(), version=1, read_from=1)
            articles.write(article, new)
            tx.add(article)
            articles.settle(tx, article, draft=new.draft)
            tx.flush()
            return tx.remember(self.caller, articles.shown_whole(tx, self.caller, article, changes=True))

        return self._placed(work)

    @rpc
    def edit(self, *, article_id: str, changes: Json) -> Json:
        changes = dict(changes)
        read_again = changes.pop("read_again", False) is True

        def work(tx: Transaction, told: Told) -> Json:
            article = articles.locked(tx, self.caller, article_id, told)
            present = {name: getattr(article, name) for name in ArticleFields.model_fields if name != "draft"}
            present["draft"] = article.status == "draft"
            if changes.get("audience", article.audience) != article.audience:
                present["group_ids"] = []  # they belonged to the old one
            new = checked(ArticleFields, "invalid_article", present | changes, {"article": article})
            added = [g for g in new.group_ids if g not in article.group_ids]
            readers.require_open(tx, self.caller, added, told)
            articles.edit(tx, article, new, self.caller.id, read_again=read_again)
            return articles.shown_whole(tx, self.caller, article, changes=True)

        return self._placed(work)

    @rpc
    def withdraw(self, *, article_id: str) -> None:
        """What has gone already may be withdrawn again: it stays as it is."""

        def work(tx: Transaction, told: Told) -> None:
            article = articles.locked(tx, self.caller, article_id, told)
            if article.status not in articles.ENDED:
                articles.withdraw(tx, article, "withdrawn", self.caller.id)

        self._placed(work)

    @rpc
    def reads(
        self,
        *,
        article_id: str,
        read: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Json:
        """Who of those a must-read article is for has read it, and who has not yet."""
        size = bounded(limit)
        after = read_cursor(cursor, str, an_id)

        def work(tx: Transaction, told: Told) -> Json:
            article = articles.own(tx, self.caller, article_id, told)
            if not article.must_read:
                raise errors.not_a_must_read()
            asked = readers.asked_to_read(article).subquery()
            counts = sa.select(sa.func.count(asked.c.at), sa.func.count()).select_from(asked)
            done, all = tx.execute(counts).one()
            found = sa.select(asked).order_by(asked.c.name, asked.c.id).limit(size + 1)
            if read is not None:
                found = found.where(asked.c.at.is_not(None) if read else asked.c.at.is_(None))
            if after:
                found = found.where(sa.tuple_(asked.c.name, asked.c.id) > sa.tuple_(*after))
            people = page(
                tx.execute(found).all(),
                size,
                lambda row: {
                    "user_id": row.id,
                    "display_name": row.display_name,
                    "read_at": row.at and clock.rfc3339(row.at),
                },
                lambda row: [row.name, row.id],
            )
            return {**people, "read": done, "unread": all - done}

        return self._placed(work)

    @rpc
    def set_picture(self, *, article_id: str, incoming_key: str) -> Json:
        self._placed(lambda tx, told: articles.own(tx, self.caller, article_id, told))
        if not _drawing(self.settings.PICTURES_AT_ONCE).acquire(blocking=False):
            raise errors.drawing()
        try:
            content = self.files.get(incoming_key)
            drawn = offload(pictures.drawn, content, self.settings.PICTURE_PIXELS)
        finally:
            _drawing(self.settings.PICTURES_AT_ONCE).release()
        new = pictures.keep(self.files, drawn)
        try:
            return self._picture(article_id, new)
        except BaseException:
            pictures.forget(self.files, new)
            raise

    @rpc
    def remove_picture(self, *, article_id: str) -> None:
        self._picture(article_id, None)

    # --- what it answers: readers

    @rpc
    def list(
        self,
        *,
        status: str | None = None,
        unread: bool | None = None,
        q: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Json:
        """What there is for the caller, newest first; or with a status, what they could publish."""
        size = bounded(limit)
        if status is None:
            wanted = readers.read_by(self.caller)
        else:
            readers.require_publisher(self.caller)
            wanted = sa.and_(Article.status == status, readers.changed_by(self.caller))
        mine = sa.and_(
            ReadMark.article_id == Article.id,
            ReadMark.user_id == self.caller.id,
            ReadMark.version >= Article.read_from,
        )
        found = sa.select(Article, ReadMark.at).outerjoin(ReadMark, mine).where(wanted)
        found = found.options(sa.orm.defer(Article.body), sa.orm.defer(Article.html))
        if unread is not None:
            found = found.where(ReadMark.at.is_(None) if unread else ReadMark.at.is_not(None))
        if q:
            texts = Article.title, Article.text
            found = found.where(sa.or_(*(text.ilike(contains(q), escape="\\") for text in texts)))
        if after := read_cursor(cursor, clock.parse, an_id):
            found = found.where(sa.tuple_(Article.at, Article.id) < sa.tuple_(*after))
        some = (
            sa.select(Article.id)
            .outerjoin(ReadMark, mine)
            .where(readers.read_by(self.caller), ReadMark.at.is_(None))
            .limit(MOST_COUNTED)
        )
        with self.db() as tx:
            rows = tx.execute(found.order_by(Article.at.desc(), Article.id.desc()).limit(size + 1)).all()
            waiting = tx.scalar(sa.select(sa.func.count()).select_from(some.subquery()))
            groups = {group_id for article, _ in rows for group_id in article.group_ids}
            places = readers.places(tx, self.caller, groups)
            items = page(
                rows,
                size,
                lambda row: articles.shown(
                    *row, places, changes=readers.would_change(self.caller, row[0], places)
                ),
                lambda row: [clock.rfc3339(row[0].at), row[0].id],
            )
        return {**items, "unread": waiting}

    @rpc
    def get(self, *, article_id: str) -> Json:
        def work(tx: Transaction, told: Told) -> Json:
            article, changes = articles.seen(tx, self.caller, article_id, told)
            return articles.shown_whole(tx, self.caller, article, changes=changes)

        return self._placed(work)

    @rpc
    def read(self, *, article_id: str, version: int | None = None) -> None:
        def work(tx: Transaction, told: Told) -> None:
            article, _ = articles.seen(tx, self.caller, article_id, told)
            articles.mark(tx, article, self.caller.id, version)

        self._placed(work)

    @rpc
    def picture(self, *, article_id: str) -> Json:
        """Where the gateway finds the picture, for who may see the article."""

        def work(tx: Transaction, told: Told) -> Json:
            article, _ = articles.seen(tx, self.caller, article_id, told)
            if not article.picture:
                raise errors.no_picture()
            return article.picture

        return self._placed(work)

    # --- what it answers: the operator, who makes our copies anew

    @rpc
    def memberships(self, *, limit: int | None = None, cursor: str | None = None) -> Json:
        """Our copy: what groups doesn't name any more has to be asked about."""
        size = bounded(limit)
        found = sa.select(Member).where(Member.role.is_not(None))
        if after := read_cursor(cursor, an_id, an_id):
            found = found.where(sa.tuple_(Member.group_id, Member.user_id) > sa.tuple_(*after))
        with self.db() as tx:
            rows = tx.scalars(found.order_by(Member.group_id, Member.user_id).limit(size + 1)).all()
        return page(
            rows,
            size,
            lambda row: {"group_id": row.group_id, "user_id": row.user_id, "version": row.version},
            lambda row: [row.group_id, row.user_id],
        )

    @rpc
    def keep_memberships(self, *, items: Items) -> None:
        with self.db() as tx:
            for item in items:
                readers.learn(tx, item)

    @rpc
    def keep_people(self, *, items: Items) -> None:
        with self.db() as tx:
            for item in items:
                readers.keep_person(tx, PersonHeard.model_validate(item))

    # --- what it hears

    @hear(MemberJoined)
    def note_joined(self, event: MemberJoined) -> None:
        self._note_member(event, event.role)

    @hear(MemberRoleChanged)
    def note_role(self, event: MemberRoleChanged) -> None:
        self._note_member(event, event.role)

    @hear(MemberLeft)
    def note_left(self, event: MemberLeft) -> None:
        self._note_member(event, None)

    @hear(GroupEnded)
    def note_group_ended(self, event: GroupEnded) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                readers.keep_room(tx, event.group_id, ended=True)

    @hear(UserCreated)
    def note_new_person(self, event: UserCreated) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                readers.keep_person(tx, event.user)

    @hear(UserChanged)
    def note_person(self, event: UserChanged) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                readers.keep_person(tx, event.user)

    @hear(UserErased)
    def user_erased(self, event: UserErased) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                personal.erase(tx, event.user_id)

    # --- what it does by the clock

    @every(2)
    def run_due(self) -> None:
        """Releases what is planned for now, and ends what has expired."""
        articles.run_due(self.db)

    # --- how

    def kept_of(self, user_id: str) -> Kept:
        return personal.kept_of(user_id)

    def _note_member(self, event: MemberJoined | MemberRoleChanged | MemberLeft, role: str | None) -> None:
        with self.db() as tx:
            if not tx.seen(event):
                readers.keep_member(tx, event.group_id, event.user_id, role, event.version)

    def _placed(self, work: Callable[[Transaction, Told], T]) -> T:
        """One transaction of work; where our copy lacks the caller's place in groups, it ends, groups is
        asked, and another begins."""
        told: dict[str, Place | None] = {}
        while True:
            try:
                with self.db() as tx:
                    return work(tx, told)
            except Unheard as unheard:
                told |= self._ask(unheard.group_ids)

    def _ask(self, group_ids: Iterable[str]) -> dict[str, Place | None]:
        deadline = time.monotonic() + self.settings.ASK_SECONDS
        answers: dict[str, Json | None] = {}
        for group_id in group_ids:
            if (left := deadline - time.monotonic()) <= 0:
                raise errors.groups_unavailable()
            answers[group_id] = self.groups.membership(
                group_id=group_id, user_id=self.caller.id, _deadline=left
            )
        with self.db() as tx:
            return {g: readers.learn(tx, answer) if answer else None for g, answer in answers.items()}

    def _picture(self, article_id: str, picture: Json | None) -> Json:
        """Gives an article another picture, or none; the old one's file goes when that is committed."""

        def work(tx: Transaction, told: Told) -> tuple[Json | None, Json]:
            article = articles.locked(tx, self.caller, article_id, told)
            articles.require_running(article)
            old, article.picture = article.picture, picture
            if old or picture:
                articles.say_changed(tx, article, {"picture"})
            return old, articles.shown_whole(tx, self.caller, article, changes=True)

        old, answer = self._placed(work)
        pictures.forget(self.files, old)
        return answer
