"""What clients have received is told to push together, the last of each."""

from typing import Any

from gateway.receipts import KEPT, MOST, Receipts
from kit.errors import Unavailable


def test_the_last_of_each_is_told_once_and_shown_apart_from_received() -> None:
    told: list[dict[str, Any]] = []
    receipts = Receipts(told.extend)
    for seq, shown in ((1, False), (3, False), (2, False), (2, True)):
        receipts.put("me", "g", seq, shown)
    receipts.pass_on()
    receipts.pass_on()
    assert sorted(told, key=lambda one: one["shown"]) == [
        {"user_id": "me", "group_id": "g", "shown": False, "seq": 3},
        {"user_id": "me", "group_id": "g", "shown": True, "seq": 2},
    ]


def test_what_push_can_not_take_now_is_told_later_and_no_more_is_kept_than_fits() -> None:
    parts: list[list[dict[str, Any]]] = []
    away = [True]

    def tell(items: list[dict[str, Any]]) -> None:
        if away[0]:
            raise Unavailable("unavailable", "Away.", retry_after=1)
        parts.append(items)

    receipts = Receipts(tell)
    for n in range(KEPT + 10):
        receipts.put("me", f"{n}", 1, False)
    receipts.pass_on()
    assert parts == []
    away[0] = False
    receipts.pass_on()
    assert sum(map(len, parts)) == KEPT
    assert max(map(len, parts)) == MOST
