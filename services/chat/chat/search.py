"""Search: what messages say, folded so that case and width do not matter, and the grams by which it is found.

A gram is one character or two that follow each other, hashed together with its room. So the index is asked
for a room's own messages only, and a search costs what its caller may read, not what everybody wrote; and
Chinese, which has no spaces, is found by any part of it. Grams narrow down; the text itself decides.
"""

import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from operator import add
from string import ascii_lowercase
from typing import Any, NamedTuple
from zlib import crc32

from kit.db import Transaction
from kit.fields import contains
from sqlalchemy import RowMapping, select, text

from chat.errors import too_short
from chat.models import Base, Member

FINDABLE = Base.metadata.tables["findable"]
MESSAGES = ("text", "photo", "file")
# Of what is found in a room: if there are as many, walking back through the room is the shorter way.
MANY = 500
SNIPPET, SNIPPET_BEFORE = 160, 40
PLAIN = frozenset(ascii_lowercase + " ")

# For each room the newest that match: few by the index, many by walking back.
FIND = text(r"""
    SELECT found.group_id, found.seq, found.at
    FROM unnest(CAST(:group_ids AS uuid[]), CAST(:grams AS text[])) AS room (group_id, grams)
    CROSS JOIN LATERAL (
        SELECT count(*) AS number, (array_agg(seq ORDER BY seq DESC))[1\:CAST(:most AS int)] AS seqs
        FROM (
            SELECT seq FROM findable
            WHERE group_id = room.group_id AND grams @> CAST(room.grams AS integer[])
            AND text LIKE ALL (CAST(:patterns AS text[]))
            AND (at, group_id, seq) < (:at, CAST(:group_id AS uuid), :seq)
            LIMIT :many
        ) AS matching
    ) AS few
    CROSS JOIN LATERAL (
        SELECT group_id, seq, at FROM findable
        WHERE few.number < :many AND group_id = room.group_id AND seq = ANY (few.seqs)
        UNION ALL (
            SELECT group_id, seq, at FROM findable
            WHERE few.number >= :many AND group_id = room.group_id
            AND text LIKE ALL (CAST(:patterns AS text[]))
            AND (at, group_id, seq) < (:at, CAST(:group_id AS uuid), :seq)
            ORDER BY seq DESC LIMIT :most
        )
    ) AS found
    ORDER BY found.at DESC, found.group_id DESC, found.seq DESC LIMIT :most
""")
# Also a part of the statement that stores new messages (chat/timeline.py).
KEEP = """
    INSERT INTO findable (group_id, seq, at, text, grams)
    SELECT group_id, seq, at, text, CAST(grams AS integer[])
    FROM unnest(
        CAST(:find_group_id AS uuid[]), CAST(:find_seq AS bigint[]), CAST(:find_at AS timestamptz[]),
        CAST(:find_text AS text[]), CAST(:find_grams AS text[])
    ) AS new (group_id, seq, at, text, grams)
    ON CONFLICT (group_id, seq) DO UPDATE SET text = excluded.text, grams = excluded.grams
"""
KEEP_ALONE = text(KEEP)
# One replica at a time; the others have nothing to do meanwhile.
TIDY = text("""
    SELECT count(gin_clean_pending_list(relid)) FROM pg_partition_tree('findable_grams')
    WHERE isleaf AND pg_try_advisory_xact_lock(hashtext('findable_grams'))
""")


class Place(NamedTuple):
    """Where a message is in the order of what was found: the newest first."""

    at: datetime
    group_id: str
    seq: int


def fold(text: str) -> str:
    """The text as it is compared: without regard to case, width and kind of space."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())


def grams(folded: str) -> set[str]:
    """What a folded text is found by. A lone letter from a to z is in nearly every text, and is none."""
    pairs = set(map(add, folded, folded[1:]))
    return set(folded) - PLAIN | {pair for pair in pairs if " " not in pair}


def sought(terms: Iterable[str]) -> set[str]:
    """The grams of a message in which all these terms occur."""
    return {gram for term in terms for gram in grams(term) if len(gram) == min(2, len(term))}


def keys(group_id: str, wanted: Iterable[str]) -> list[int]:
    """The grams as the index holds them: with their room, in 32 bits."""
    room = crc32(group_id.encode())
    return array("i", array("I", [crc32(gram.encode(), room) for gram in wanted]).tobytes()).tolist()


def _array(numbers: Iterable[int]) -> str:
    """As PostgreSQL writes it: it has no arrays of arrays of different lengths."""
    return "{" + ",".join(map(str, numbers)) + "}"


def kept(messages: Sequence[Mapping[str, Any] | RowMapping]) -> dict[str, list[Any]]:
    """The parameters of KEEP that make these rows of entries findable."""
    said = [(row, fold(_says(row["text"], row["body"]))) for row in messages]
    found = [(row, folded) for row, folded in said if folded]
    columns: dict[str, list[Any]] = {
        f"find_{name}": [row[name] for row, _ in found] for name in ("group_id", "seq", "at")
    }
    columns["find_text"] = [folded for _, folded in found]
    columns["find_grams"] = [_array(keys(row["group_id"], grams(folded))) for row, folded in found]
    return columns


def keep(tx: Transaction, messages: Sequence[Mapping[str, Any] | RowMapping]) -> None:
    """Makes these rows of entries findable by what they say now; a deleted one says nothing."""
    if (columns := kept(messages))["find_seq"]:
        tx.execute(KEEP_ALONE, columns)


def _says(text: str | None, body: Mapping[str, Any] | None) -> str:
    """All that a message can be found by: its text, and what its attachments are called."""
    return "\n".join([text or "", *(a["name"] for a in (body or {}).get("attachments", ()))])


def terms(query: str) -> list[str]:
    """What has to occur in a message, each as it is compared.

    Raises:
        Invalid: nothing in it can be looked up.
    """
    found = fold(query).split()
    if not sought(found):
        raise too_short()
    return found


def find(
    tx: Transaction, group_ids: Sequence[str], wanted: Sequence[str], before: Place | None, limit: int
) -> list[Place]:
    """The newest messages of these rooms in which all these terms occur, and one more than `limit`."""
    looked_up = sought(wanted)
    last = before or Place(datetime.max.replace(tzinfo=UTC), "f" * 32, 0)
    rows = tx.execute(
        FIND,
        {
            "group_ids": list(group_ids),
            "grams": [_array(keys(group_id, looked_up)) for group_id in group_ids],
            "patterns": [contains(term) for term in wanted],
            **last._asdict(),
            "most": limit + 1,
            "many": MANY,
        },
    )
    return [Place(at, str(group_id), seq) for group_id, seq, at in rows]


def rooms_of(tx: Transaction, user_id: str) -> list[str]:
    """The rooms somebody is a member of now."""
    return list(
        tx.scalars(select(Member.group_id).where(Member.user_id == user_id, Member.role.is_not(None)))
    )


def snippet(entry: Mapping[str, Any], wanted: Sequence[str]) -> str:
    """The part of a message in which the first term occurs."""
    says = " ".join(_says(entry.get("text"), entry).split())
    # Character by character, so that it is known which one of the message a place in the folded text is.
    folded = [fold(character) or character for character in says]
    ends = list(accumulate(map(len, folded)))
    at = bisect_right(ends, max(0, "".join(folded).find(wanted[0])))
    start = max(0, at - SNIPPET_BEFORE) if len(says) > SNIPPET else 0
    part = says[start : start + SNIPPET]
    return ("…" if start else "") + part + ("…" if start + SNIPPET < len(says) else "")


def tidy(tx: Transaction) -> None:
    """Puts the grams that wait into the index."""
    tx.execute(TIDY)
