"""Many people at once, from the operator's list: all of it, or nothing of it."""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from kit.db import Transaction
from kit.errors import Invalid, Refusal
from kit.fields import checked

from auth import errors, people
from auth.fields import Enrolled
from auth.models import User, username_key

MOST = 500


def read(given: list[dict[str, Any]]) -> dict[str, Enrolled]:
    """The people of a list in its order, by the keys of their usernames.

    Raises:
        Invalid: what is wrong, each with the number of its row.
    """
    if len(given) > MOST:
        raise errors.invalid_people([{"loc": [MOST], "msg": f"A list has at most {MOST} rows."}])
    rows: dict[str, Enrolled] = {}
    wrong: list[dict[str, Any]] = []
    for number, fields in enumerate(given):
        try:
            row = checked(Enrolled, "invalid_people", fields)
        except Invalid as refusal:
            wrong += [{**error, "loc": [number, *error["loc"]]} for error in refusal.errors or []]
        else:
            if rows.setdefault(username_key(row.username), row) is not row:
                wrong.append({"loc": [number, "username"], "msg": "This username came before."})
    if wrong:
        raise errors.invalid_people(wrong)
    return rows


def present(tx: Transaction, rows: Mapping[str, Enrolled]) -> dict[str, User]:
    """Those of a list who are there already."""
    return {
        user.username_key: user for user in tx.scalars(sa.select(User).where(User.username_key.in_(rows)))
    }


def enrol(
    tx: Transaction, rows: Mapping[str, Enrolled], hashes: Mapping[str, str] | None, *, update: bool
) -> list[dict[str, Any]]:
    """Makes whoever is missing. Who is there is left alone, or brought to what the list says of them; their
    password stays theirs.

    Args:
        hashes: of the passwords of the new, by the keys of their usernames; None to try: nobody is made.

    Raises:
        Invalid: what can't be done, each with the number of its row.
    """
    there = present(tx, rows)
    done, wrong = [], []
    for number, (key, row) in enumerate(rows.items()):
        change = "created"
        try:
            if user := there.get(key):
                change = _update(tx, user, row) if update else "left"
            elif hashes is not None:
                people.create(tx, _made_before(hashes.get(key, "")), **row.model_dump())
        except Refusal as refusal:
            wrong += [
                {"loc": [number, *error["loc"]], "msg": error["msg"]}
                for error in refusal.errors or [{"loc": [], "msg": refusal.detail}]
            ]
        else:
            done.append({"username": row.username, "change": change})
    if wrong:
        raise errors.invalid_people(wrong)
    return done


def _update(tx: Transaction, user: User, row: Enrolled) -> str:
    before = user.version
    changes = row.model_dump(exclude={"username", "password"}, exclude_unset=True)
    people.administer(tx, _made_before(""), user.id, changes, by=None)
    return "updated" if user.version > before else "unchanged"


def _made_before(hash: str) -> Callable[[str], str]:
    """A tenth of a second each: not while the transaction holds what others wait for."""
    return lambda _password: hash
