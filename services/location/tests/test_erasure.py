"""Where somebody was who is erased, nobody can tell any more."""

from kit.event import new_id
from kit.testing import hear_event
from location import events

from .conftest import House, feature


def test_positions_and_shares_go_and_those_of_others_stay(house: House) -> None:
    ann, ben = new_id(), new_id()
    room = house.room(ann, ben)
    for who in (ann, ben):
        house.location(who).send(group_id=room, feature=feature())
        house.location(who).share(group_id=room, minutes=15)
        house.location(who).move(group_id=room, feature=feature())
    kinds = [item["kind"] for item in house.location(ann).kept(user_id=ann)["items"]]
    assert kinds == ["position"]
    event = hear_event(events.UserErased, user_id=ann)
    house.location().user_erased(event)
    assert {row.user_id for table in ("positions", "shares") for row in house.rows(table)} == {ben}
    assert [told["share"]["end_reason"] for told in house.said("share_ended")] == ["signed_out"]
    before = house.state()
    house.location().user_erased(event)
    assert house.state() == before
