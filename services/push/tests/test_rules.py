"""Who is told of what, and when."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.event import new_id
from push import events
from push.rules import Who, quiet_until
from push_house import Clock, House


def test_members_with_a_device_are_told_once_they_had_the_time_to_see_it(house: House, time: Clock) -> None:
    mei, tom, stranger = house.person("Mei Lin"), house.person("Tom"), house.person("Eve")
    group = house.room(mei, tom)
    for who in (mei, tom, stranger):
        house.phone(who, f"phone of {who.id}".replace(" ", "-"))
    house.say(group, mei, "The numbers  are\nhere.")
    house.tell()
    assert house.fcm.messages == []
    time.forward(seconds=6)
    house.tell()
    ((token, message),) = house.fcm.messages
    assert token == f"phone-of-{tom.id}"
    assert house.told() == [("Sales Asia", "Mei Lin: The numbers are here.")]
    assert message["data"]["tag"] == f"room:{group}"
    assert message["data"]["url"] == f"/g/{group}"
    house.tell()
    assert len(house.fcm.messages) == 1


def test_a_room_is_one_notification_that_tells_the_newest(house: House, time: Clock) -> None:
    mei, tom = house.person("Mei Lin"), house.person()
    group = house.room(mei, tom)
    house.phone(tom)
    for n in range(20):
        house.say(group, mei, f"{n}")
    time.forward(seconds=6)
    house.tell()
    assert house.told() == [("Sales Asia (20)", "Mei Lin: 19")]
    # The next waits, longer each time nobody answers, and counts on.
    pauses = []
    for n in range(3):
        house.say(group, mei, f"more {n}")
        (telling,) = house.due(tom)
        assert telling.due_at is not None
        pauses.append((telling.due_at - time.now()).total_seconds())
        time.forward(seconds=pauses[-1] + 1)
        house.tell()
    assert [round(p, -1) for p in pauses] == [20, 40, 80]
    assert house.told()[-1] == ("Sales Asia (23)", "Mei Lin: more 2")
    house.read(group, tom, 23)
    house.say(group, mei, "again")
    time.forward(seconds=21)
    house.tell()
    assert house.told()[-1] == ("Sales Asia", "Mei Lin: again")


def test_what_was_seen_elsewhere_deleted_or_left_is_not_told(house: House, time: Clock) -> None:
    mei, reads, sees, writes, leaves, hides = (house.person() for _ in range(6))
    group = house.room(mei, reads, sees, writes, leaves, hides)
    for who in (reads, sees, writes, leaves, hides):
        house.phone(who)
    seq = house.say(group, mei, "Here.")
    house.read(group, reads, seq)
    seen = {"group_id": group, "seq": seq}
    house.push().seen(items=[{"user_id": sees.id, "shown": True, **seen}])
    # A page that is open and that nobody looks at has received it, and no more.
    house.push().seen(items=[{"user_id": hides.id, "shown": False, **seen}])
    house.leave(group, leaves)
    house.say(group, writes, "I was here.")
    time.forward(seconds=6)
    house.push().tell_due()
    told = {row.user_id for row in house.deliveries()}
    # Who has written has read what stood before; the others are told of that.
    assert told == {reads.id, sees.id, hides.id}
    house.hear(
        "entries_appended",
        events.EntriesAppended,
        group_id=group,
        entries=[
            {"seq": 3, "kind": "delete", "target_seq": 2, "sender_id": writes.id, "client_id": None, "at": ""}
        ],
    )
    house.work()
    assert house.told() == [("Sales Asia", "Mei Lin: Here.")]
    reasons = {row.user_id: row.reason for row in house.deliveries()}
    assert reasons == {reads.id: "deleted", sees.id: "shown", hides.id: None}


def test_an_edit_is_told_as_it_is_now(house: House, time: Clock) -> None:
    mei, tom = house.person("Mei Lin"), house.person()
    group = house.room(mei, tom)
    house.phone(tom)
    seq = house.say(group, mei, "Ten o'clok")
    house.entry(group, mei, "edit", target_seq=seq, text="Ten o'clock")
    time.forward(seconds=6)
    house.tell()
    assert house.told() == [("Sales Asia", "Mei Lin: Ten o'clock")]


def test_a_deletion_that_is_heard_first_is_a_deletion(house: House, time: Clock) -> None:
    mei, tom = house.person(), house.person()
    group = house.room(mei, tom)
    house.phone(tom)
    house.seqs[group] = 1
    house.entry(group, mei, "delete", target_seq=1)
    house.seqs[group] = 0
    house.say(group, mei, "Oh no.")
    time.forward(seconds=6)
    house.tell()
    assert house.fcm.tried == []


@pytest.mark.parametrize("until", [None, "later"])
def test_a_mute_is_broken_by_ones_name_and_not_by_everyones(
    house: House, time: Clock, until: str | None
) -> None:
    mei, tom = house.person("Mei Lin"), house.person()
    group = house.room(mei, tom)
    house.phone(tom)
    ends = (time.now() + timedelta(hours=1)).isoformat() if until else None
    house.hear(
        "member_muted",
        events.MemberMuted,
        group_id=group,
        user_id=tom.id,
        muted=True,
        muted_until=ends,
        version=9,
    )
    house.say(group, mei, "All of you.", mentions=["everyone"])
    time.forward(seconds=6)
    house.tell()
    assert house.told() == []
    house.say(group, mei, "Tom?", mentions=[tom.id])
    time.forward(seconds=6)
    house.tell()
    assert house.told() == [("Sales Asia", "Mei Lin mentioned you: Tom?")]
    time.forward(hours=2)
    house.say(group, mei, "Later.")
    time.forward(hours=1)
    house.tell()
    assert len(house.told()) == (2 if until else 1)


def test_who_wants_no_messages_is_told_of_reminders_only(house: House, time: Clock) -> None:
    mei, tom = house.person(), house.person(settings={"message_alert": False})
    group = house.room(mei, tom)
    house.phone(tom)
    house.say(group, mei, "Hello.")
    time.forward(seconds=6)
    house.tell()
    assert house.told() == []
    house.entry(group, None, "task", change="reminder", minutes=60, target_end="2099-12-24T17:00:00.000Z")
    time.forward(seconds=6)
    house.tell()
    assert house.told() == [("Sales Asia", "The task is due Dec 24, 2099 5:00 PM")]


def test_quiet_hours_are_those_of_the_persons_zone_and_what_came_is_told_after_them(
    house: House, time: Clock
) -> None:
    quiet = {"quiet_hours": {"start": "22:00", "end": "07:00"}}
    mei = house.person("Mei Lin")
    taipei = house.person(timezone="Asia/Taipei", settings=quiet)
    berlin = house.person(timezone="Europe/Berlin", settings=quiet)
    group = house.room(mei, taipei, berlin)
    phones = {who.id: house.phone(who) for who in (taipei, berlin)}
    time.to(16)  # midnight in Taipei, afternoon in Berlin
    house.say(group, mei, "Good night.", mentions=[taipei.id])
    time.forward(seconds=6)
    house.tell()
    assert [token for token, _ in house.fcm.messages] == [phones[berlin.id]]
    time.to(22, 59)
    house.tell()
    assert len(house.fcm.messages) == 1
    time.to(23, 1)
    house.tell()
    assert [token for token, _ in house.fcm.messages[1:]] == [phones[taipei.id]]


def test_who_ends_their_quiet_hours_is_told_what_waits(house: House, time: Clock) -> None:
    mei, tom = house.person(), house.person(settings={"quiet_hours": {"start": "00:00", "end": "23:59"}})
    group = house.room(mei, tom)
    house.phone(tom)
    time.to(12)
    house.say(group, mei, "Hello.")
    time.forward(seconds=6)
    house.tell()
    assert house.told() == []
    house.set(tom, settings={"quiet_hours": None})
    house.tell()
    assert len(house.told()) == 1


@given(
    start=st.integers(0, 1439),
    length=st.integers(1, 1439),
    moment=st.integers(1_577_836_800, 1_893_456_000),
    zone=st.sampled_from(["UTC", "Asia/Taipei", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]),
)
def test_quiet_hours_end_at_their_end_and_after_now(start: int, length: int, moment: int, zone: str) -> None:
    end = (start + length) % 1440
    hours = {"start": f"{start // 60:02}:{start % 60:02}", "end": f"{end // 60:02}:{end % 60:02}"}
    who = Who(new_id(), "staff", (), "en", zone, {"quiet_hours": hours})
    now = datetime.fromtimestamp(moment, UTC)
    local = now.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    until = quiet_until(who, now)
    assert (until is not None) == ((minute - start) % 1440 < length)
    if until is not None:
        assert now < until <= now + timedelta(hours=26)


def test_what_is_too_old_is_not_told(house: House, time: Clock) -> None:
    mei, tom = house.person(), house.person()
    group = house.room(mei, tom)
    house.phone(tom)
    house.say(group, mei, "Hello.")
    time.forward(seconds=6)
    house.push().tell_due()
    time.forward(hours=25)
    house.work()
    assert house.fcm.tried == []
    assert [row.reason for row in house.deliveries()] == ["expired"]


def published(**article: Any) -> dict[str, Any]:
    fields = {"title": "We open", "summary": "At gate 4.", "expires_at": None, "version": 1, **article}
    return {"news_id": new_id(), "article": fields, "at": "2099-01-01T00:00:00.000Z"}


def test_news_go_to_their_audience_and_withdrawn_to_nobody(house: House, time: Clock) -> None:
    author, mei, guest = house.person(), house.person(), house.person(kind="customer")
    phones = {who.id: house.phone(who) for who in (author, mei, guest)}
    for audience in ("staff", "everyone", "groups"):
        house.hear(
            "news_published",
            events.NewsPublished,
            audience,
            **published(author_id=author.id, audience=audience),
        )
    gone = published(author_id=author.id, audience="everyone")
    house.hear("news_published", events.NewsPublished, "everyone", **gone)
    house.hear("news_withdrawn", events.NewsWithdrawn, news_id=gone["news_id"], why="withdrawn")
    time.forward(seconds=6)
    house.tell()
    tokens = [token for token, _ in house.fcm.messages]
    assert sorted(tokens) == sorted([phones[mei.id], phones[mei.id], phones[guest.id]])
    assert set(house.told()) == {("We open", "At gate 4.")}


def test_a_new_person_is_told_to_who_wants_to_know(house: House, time: Clock) -> None:
    mei, tom = house.person(), house.person(settings={"new_user_alert": False})
    guest = house.person(kind="customer")
    phones = {who.id: house.phone(who) for who in (mei, tom, guest)}
    new = {"id": new_id(), "display_name": "Ann", "kind": "staff", "active": True, "version": 1}
    house.hear("user_created", events.UserCreated, f"staff user:{new['id']}", user=new)
    time.forward(seconds=6)
    house.tell()
    assert [token for token, _ in house.fcm.messages] == [phones[mei.id]]
    house.hear("user_introduced", events.UserIntroduced, f"user:{guest.id}", user=new | {"id": new_id()})
    time.forward(seconds=6)
    house.tell()
    assert [token for token, _ in house.fcm.messages[1:]] == [phones[guest.id]]
    assert house.told()[-1] == ("Somebody new", "Ann is here now")


def test_appointments_are_told_to_their_group_until_they_begin(house: House, time: Clock) -> None:
    mei, tom = house.person(), house.person(timezone="Asia/Taipei")
    group = house.room(mei, tom)
    phone = house.phone(tom)
    house.phone(mei)
    item = {
        "id": new_id(),
        "group_id": group,
        "title": "Weekly numbers",
        "start": "2099-11-23T08:00:00.000Z",
        "timezone": "Europe/Berlin",
        "place": "Room 4",
        "all_day": False,
        "occurrence": None,
    }
    about = {"group_id": group, "item": item, "version": 1, "at": "2098-11-23T08:00:00.000Z"}
    house.hear("appointment_made", events.AppointmentMade, f"group:{group}", by=mei.id, **about)
    time.forward(seconds=6)
    house.tell()
    assert [token for token, _ in house.fcm.messages] == [phone]
    assert house.told() == [("Weekly numbers", "New appointment: Nov 23, 2099 4:00 PM · Room 4")]
    past = {**about, "item": {**item, "id": new_id(), "start": "2020-01-01T00:00:00.000Z"}}
    house.hear("appointment_near", events.AppointmentNear, f"group:{group}", minutes=15, **past)
    time.forward(seconds=6)
    house.tell()
    assert len(house.fcm.messages) == 1


def test_who_is_added_to_a_room_is_told_and_no_other_member(house: House, time: Clock) -> None:
    mei, tom, ann = house.person("Mei Lin"), house.person(), house.person()
    group = house.room(mei, tom, ann)
    phone = house.phone(tom)
    house.phone(ann)
    house.entry(group, None, "member", user_id=tom.id, role="staff", change="joined", by=mei.id)
    house.entry(group, None, "member", user_id=ann.id, role="staff", change="joined", by=ann.id)
    time.forward(seconds=6)
    house.tell()
    assert [token for token, _ in house.fcm.messages] == [phone]
    assert house.told() == [("Sales Asia", "Mei Lin added you to the room")]
