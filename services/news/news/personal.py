"""What news keeps of a person, and how it forgets them."""

import sqlalchemy as sa
from kit.db import Transaction
from kit.personal import Kept

from news.models import Article, ReadMark


def kept_of(user_id: str) -> Kept:
    """The articles they wrote, and which they have read."""
    article = sa.select(Article.id, Article.title, Article.body, Article.status, Article.created_at)
    mark = sa.select(ReadMark.article_id, ReadMark.version, ReadMark.at)
    return {
        "article": article.where(Article.author_id == user_id).order_by(Article.id),
        "read_mark": mark.where(ReadMark.user_id == user_id).order_by(ReadMark.article_id),
    }


def erase(tx: Transaction, user_id: str) -> None:
    """Forgets what they have read. What they published was said by the company, and stays."""
    tx.execute(sa.delete(ReadMark).where(ReadMark.user_id == user_id))
