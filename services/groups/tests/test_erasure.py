"""Who is erased is in no group that can go on without them."""

from typing import Any

from groups import events
from kit.testing import hear_event


def test_who_is_erased_leaves_but_for_groups_of_theirs_with_others(house: Any) -> None:
    ann, bob = house.person(), house.person()
    others, own, alone = house.group(bob, ann), house.group(ann, bob), house.group(ann)
    over = house.group(bob, ann)
    house.groups(bob).end(group_id=over)
    house.groups(ann).calendar_token()
    event = hear_event(events.UserErased, user_id=ann.id, by=bob.id)
    house.groups(bob).user_erased(event)
    assert [house.roles(group) for group in (others, own, alone, over)] == [
        {bob.id: "owner"},
        {ann.id: "owner", bob.id: "staff"},
        {},
        {bob.id: "owner", ann.id: "staff"},
    ]
    told = house.groups(ann).kept(user_id=ann.id)
    assert {item["row"]["group_id"] for item in told["items"]} == {own, over}
    before = [house.state(group) for group in (others, own, alone, over)]
    house.groups(bob).user_erased(event)
    assert [house.state(group) for group in (others, own, alone, over)] == before
