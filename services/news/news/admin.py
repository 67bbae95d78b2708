"""For operators, in the folder of config.yml, while news runs: nothing newer is overwritten.

`python -m news.admin rebuild-memberships` makes our copy of the memberships anew from groups,
`python -m news.admin rebuild-people` that of people from auth,
`python -m news.admin render` the HTML of all articles, after its rules have changed.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from kit import config
from kit.db import Transactions, connect
from kit.rpc import RpcClient

from news.events import PersonHeard
from news.markdown import plain, rendered
from news.models import Article, Member
from news.readers import keep_member, keep_person, learn
from news.settings import NewsSettings

PAGE = 200
ANSWER_SECONDS = 10.0


def rebuild_memberships(db: Transactions, ask: Callable[..., Any]) -> int:
    """Stores all that groups says, and asks again about members it no longer named; returns how many.

    Args:
        ask: calls a method of a service.
    """
    named: set[tuple[str, str]] = set()
    for items in _pages(lambda cursor: ask("groups", "all_memberships", limit=PAGE, cursor=cursor)):
        with db() as tx:
            for item in items:
                learn(tx, item)
        named |= {(item["group_id"], item["user_id"]) for item in items}
    with db() as tx:
        ours = tx.execute(
            sa.select(Member.group_id, Member.user_id, Member.version).where(Member.role.is_not(None))
        ).all()
    gone = [row for row in ours if (row.group_id, row.user_id) not in named]
    for row in gone:
        found = ask("groups", "membership", group_id=row.group_id, user_id=row.user_id)
        with db() as tx:
            if found:
                learn(tx, found)
            else:
                keep_member(tx, row.group_id, row.user_id, None, row.version + 1)
    return len(named) + len(gone)


def rebuild_people(db: Transactions, ask: Callable[..., Any]) -> int:
    """Stores everybody whom auth knows; returns how many."""
    known = 0
    for items in _pages(lambda cursor: ask("auth", "all_people", limit=PAGE, cursor=cursor)):
        with db() as tx:
            for item in items:
                keep_person(tx, PersonHeard.model_validate(item))
        known += len(items)
    return known


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


def _pages(ask: Callable[[str | None], Any]) -> Iterator[list[dict[str, Any]]]:
    cursor: str | None = None
    while True:
        answer = ask(cursor)
        yield answer["items"]
        if (cursor := answer["next_cursor"]) is None:
            return


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m news.admin",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-c", "--config", type=Path, default=Path("config.yml"))
    parser.add_argument("command", choices=["rebuild-memberships", "rebuild-people", "render"])
    args = parser.parse_args()
    settings = config.load(args.config, NewsSettings)
    db = Transactions(connect(settings.DATABASE_URI, pool=1, name="bchat-news-admin"), "news")
    if args.command == "render":
        print(f"{render(db)} articles")  # noqa: T201
        return
    client = RpcClient(settings.AMQP_URI, "news-admin").start()

    def ask(service: str, method: str, **kwargs: Any) -> Any:
        return client.call(service, method, timeout=ANSWER_SECONDS, **kwargs)

    try:
        if args.command == "rebuild-people":
            print(f"{rebuild_people(db, ask)} people")  # noqa: T201
        else:
            print(f"{rebuild_memberships(db, ask)} memberships")  # noqa: T201
    finally:
        client.stop()


if __name__ == "__main__":
    main()
