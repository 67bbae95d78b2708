"""An article's life: written, planned, released, changed, and gone from its readers' eyes.

A change begins with the lock of the article's row, and what is said of it is said in the same transaction.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from kit import clock
from kit.caller import Caller
from kit.db import Transaction, Transactions
from kit.fields import is_id
from sqlalchemy.dialects.postgresql import insert

from news import errors, readers
from news.events import NewsChanged, NewsPublished, NewsWithdrawn, Why
from news.fields import ArticleFields
from news.markdown import plain, rendered
from news.models import Article, ReadMark
from news.readers import Place, Told

MOST_AT_ONCE = 500
ENDED = ("expired", "withdrawn")
# What a reader sees change.
CONTENT = {"title", "body", "picture"}


def seen(tx: Transaction, caller: Caller, article_id: str, told: Told) -> tuple[Article, bool]:
    """An article the caller may read or change, and whether they may change it.

    Raises:
        NotFound: unknown or not for them, which look the same.
        Unheard
    """
    article = tx.get(Article, article_id) if caller.id and is_id(article_id) else None
    if article:
        changes = readers.may_change(tx, caller, article, told)
        if changes or readers.may_read(tx, caller, article, told):
            return article, changes
    raise errors.article_not_found()


def own(tx: Transaction, caller: Caller, article_id: str, told: Told) -> Article:
    """An article that the caller may change, as it is or was.

    Raises:
        NotFound, Unheard: as `seen`.
        Forbidden: they may only read it.
    """
    article, changes = seen(tx, caller, article_id, told)
    if not changes:
        readers.require_publisher(caller)
        raise errors.role_required()
    return article


def locked(tx: Transaction, caller: Caller, article_id: str, told: Told) -> Article:
    """Likewise, and until this transaction ends nobody else changes it."""
    if is_id(article_id):
        tx.get(Article, article_id, with_for_update=True)
    return own(tx, caller, article_id, told)


def edit(tx: Transaction, article: Article, new: ArticleFields, by: str, *, read_again: bool) -> None:
    """Makes an article what its publisher wants it to be now.

    Args:
        read_again: who has read it has to read it again.

    Raises:
        Conflict: it has ended, or what is changed belongs before its release.
        Invalid: it would be gone as soon as released.
    """
    require_running(article)
    released = article.status == "released"
    if released and (new.draft or new.publish_at != article.publish_at):
        raise errors.already_released()
    was_for, had_groups = article.heard_by, article.group_ids
    changed = write(article, new)
    if not released:
        article.version += 1
        settle(tx, article, draft=new.draft)
    elif changed or read_again:
        lost = [] if article.audience == "everyone" else sorted(set(was_for) - set(article.heard_by))
        say_changed(tx, article, changed, had_groups, read_again=read_again)
        if read_again:
            mark(tx, article, by)
        if lost:
            tx.emit(_gone(article, "narrowed", lost, article.heard_by))


def require_running(article: Article) -> None:
    """Refuses to change what has expired or was withdrawn.

    Raises:
        Conflict
    """
    if article.status in ENDED:
        raise errors.article_ended()


def write(article: Article, new: ArticleFields) -> set[str]:
    """Puts the fields into an article, and returns the names of those that are other than before."""
    values = new.model_dump(exclude={"draft"})
    changed = {name for name, value in values.items() if value != getattr(article, name)}
    for name in changed:
        setattr(article, name, values[name])
    if "body" in changed:
        article.html = rendered(article.body)
        article.text = plain(article.html)
    return changed


def settle(tx: Transaction, article: Article, *, draft: bool) -> None:
    """Where an article that nobody can read yet is now: a draft, planned, or released.

    Raises:
        Invalid: it would be gone as soon as released.
    """
    if draft or article.publish_at:
        article.status = "draft" if draft else "planned"
        article.at = article.publish_at or article.created_at
    elif article.over:
        raise errors.already_over()
    else:
        release(tx, article)


def release(tx: Transaction, article: Article) -> None:
    """Lets its audience read it. Who wrote it has read it."""
    article.status = "released"
    article.at = article.released_at = clock.now()
    tx.flush()
    mark(tx, article, article.author_id)
    tx.emit(NewsPublished.of(article))


def say_changed(
    tx: Transaction,
    article: Article,
    changed: set[str],
    had_groups: list[str] | None = None,
    *,
    read_again: bool = False,
) -> None:
    """Gives a change its version, and says it if the article can be read.

    Args:
        had_groups: those it was for before, if they are others now.
    """
    article.version += 1
    if article.status != "released":
        return
    if changed & CONTENT:
        article.changed_at = clock.now()
    if read_again:
        article.read_from = article.version
    new_groups = set(article.group_ids) - set(article.group_ids if had_groups is None else had_groups)
    tx.emit(
        NewsChanged.of(
            article, changed=sorted(changed), new_group_ids=sorted(new_groups), read_again=read_again
        )
    )


def withdraw(tx: Transaction, article: Article, why: Why, by: str | None = None) -> None:
    """Takes an article from its readers. Publishers still see that it was there."""
    could_be_read = article.status == "released"
    article.status = "expired" if why == "expired" else "withdrawn"
    article.ended_at, article.ended_by = clock.now(), by
    article.version += 1
    if could_be_read:
        tx.emit(_gone(article, why, article.heard_by, []))


def _gone(article: Article, why: Why, was_for: list[str], kept_by: list[str]) -> NewsWithdrawn:
    return NewsWithdrawn(
        news_id=article.id,
        version=article.version,
        why=why,
        was_for=was_for,
        kept_by=kept_by,
        at=clock.rfc3339(clock.now()),
    )


def mark(tx: Transaction, article: Article, user_id: str, version: int | None = None) -> None:
    """Notes that somebody has read it; a mark only moves forward.

    Args:
        version: the one they read, the present one if left out.
    """
    read = min(version or article.version, article.version)
    new = insert(ReadMark).values(article_id=article.id, user_id=user_id, version=read, at=clock.now())
    tx.execute(
        new.on_conflict_do_update(
            index_elements=[ReadMark.user_id, ReadMark.article_id],
            set_={"version": new.excluded.version, "at": new.excluded.at},
            where=ReadMark.version < new.excluded.version,
        )
    )


def run_due(db: Transactions) -> int:
    """Releases what is planned for now, and ends what has expired; returns how many that were.

    Every replica looks: a row is claimed by its lock, and leaves the due ones in that same transaction.
    """
    for number in range(MOST_AT_ONCE):
        with db() as tx:
            if not (article := tx.scalars(_due(clock.now())).first()):
                return number
            # Planned and over meanwhile, as after a long stop: nobody is called to read what is gone.
            if article.status == "released" or article.over:
                withdraw(tx, article, "expired")
            else:
                release(tx, article)
    return MOST_AT_ONCE


def _due(now: datetime) -> sa.Select[Article]:
    planned = sa.and_(Article.status == "planned", Article.publish_at <= now)
    expiring = sa.and_(Article.status == "released", Article.expires_at <= now)
    found = sa.select(Article).where(sa.or_(planned, expiring))
    return found.order_by(Article.at, Article.id).limit(1).with_for_update(skip_locked=True)


def shown(
    article: Article, read_at: datetime | None, places: Mapping[str, Place], *, changes: bool
) -> dict[str, Any]:
    """An article in a list.

    Args:
        places: the caller's in its groups; of the others only who may change it learns.
        changes: whether the caller may change it.
    """
    mine = [g for g in article.group_ids if changes or (g in places and places[g].role)]
    item = {
        **article.as_dict(),
        "status": article.status,
        "group_ids": mine,
        "read_at": read_at and clock.rfc3339(read_at),
        "may_change": changes,
    }
    if changes:
        item |= {
            "created_at": clock.rfc3339(article.created_at),
            "publish_at": article.publish_at and clock.rfc3339(article.publish_at),
            "ended_at": article.ended_at and clock.rfc3339(article.ended_at),
            "ended_by": article.ended_by,
        }
    return item


def shown_whole(tx: Transaction, caller: Caller, article: Article, *, changes: bool) -> dict[str, Any]:
    """An article with its text; who may change it gets what was written, too."""
    mark = tx.get(ReadMark, (caller.id, article.id), populate_existing=True)
    read_at = mark.at if mark and mark.version >= article.read_from else None
    places = readers.places(tx, caller, article.group_ids)
    item = shown(article, read_at, places, changes=changes) | {"html": article.html}
    return item | {"body": article.body} if changes else item
