"""For operators, in the folder of config.yml, while news runs: `python -m news.admin render` makes the HTML
of all articles anew, after its rules have changed.
"""

import argparse
from pathlib import Path

import sqlalchemy as sa
from kit import config
from kit.db import Transactions, connect

from news.markdown import plain, rendered
from news.models import Article
from news.settings import NewsSettings


def render(db: Transactions) -> int:
    """Makes the HTML of each article anew; returns how many."""
    with db() as tx:
        ids = tx.scalars(sa.select(Article.id)).all()
    for article_id in ids:
        with db() as tx:
            article = tx.get_one(Article, article_id, with_for_update=True)
            article.html = rendered(article.body)
            article.text = plain(article.html)
    return len(ids)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m news.admin",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-c", "--config", type=Path, default=Path("config.yml"))
    parser.add_argument("command", choices=["render"])
    settings = config.load(parser.parse_args().config, NewsSettings)
    db = Transactions(connect(settings.DATABASE_URI, pool=1, name="bchat-news-admin"), "news")
    print(f"{render(db)} articles")  # noqa: T201


if __name__ == "__main__":
    main()
