"""A task has a state, somebody whose it is and a target, and its members are told of all three."""

from datetime import UTC, datetime, timedelta

import pytest
from client import Connected, Device, Json, Person, Refused, Someone, until


def soon(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_task(owner: Person, name: str = "Stocktaking", **fields: object) -> str:
    body = {"name": name, "catalogue": "task", "target_end": soon(days=3), **fields}
    made: str = owner.post("/groups", body)["id"]
    return made


def task_frame(device: Device, group_id: str, **parts: object) -> Json:
    """The first `group` frame of that group with those parts, waited for."""

    def found() -> Json | None:
        groups = (f["group"] for f in list(device.frames) if f["type"] == "group")
        return next((g for g in groups if g["id"] == group_id and parts.items() <= g.items()), None)

    group: Json = device.wait(found, f"told of the task {parts}")
    return group


def test_a_task_goes_from_hand_to_hand_before_the_eyes_of_its_members(
    someone: Someone, connected: Connected
) -> None:
    ann, bob, cal, eve = someone(), someone(), someone(kind="customer"), someone()
    id = new_task(ann, visibility="invite")
    path = f"/groups/{id}"
    for person, role in ((bob, "coordinator"), (cal, "guest")):
        ann.put(f"{path}/members/{person.id}", {"role": role})
    hers, theirs, stranger = connected(ann, at=0), connected(cal, at=1), connected(eve, at=1)

    taken = bob.put(f"{path}/task", {"state": "in_progress", "assignee_id": cal.id}, at=1)
    assert (taken["state"], taken["assignee_id"], taken["overdue"]) == ("in_progress", cal.id, False)
    for device, role in ((hers, "owner"), (theirs, "guest")):
        assert task_frame(device, id, state="in_progress", assignee_id=cal.id)["my_role"] == role
        device.entry(id, kind="task", change="state", by=bob.id, old="open", new="in_progress")
        device.entry(id, kind="task", change="assignee", by=bob.id, old=None, new=cal.id)
    assert bob.put(f"{path}/task", {"state": "in_progress"})["version"] == taken["version"]

    end = soon(days=9)
    assert ann.patch(path, {"target_end": end}, at=1)["target_end"] == end
    moved = theirs.frame("calendar")["item"]
    assert (moved["id"], moved["kind"], moved["change"], moved["start"]) == (id, "task", "moved", end)
    theirs.entry(id, kind="task", change="target", new=end)

    for person, changes, status, code in (
        (cal, {"state": "done"}, 403, "not_a_coordinator"),
        (eve, {"state": "done"}, 404, "group_not_found"),
        (bob, {"state": "finished"}, 422, "invalid_request"),
        (bob, {"state": "done", "assignee_id": eve.id}, 422, "invalid_task"),
        (bob, {"state": "done", "target_end": soon(days=-1)}, 422, "invalid_task"),
        (bob, {}, 422, "invalid_request"),
    ):
        with pytest.raises(Refused) as refused:
            person.put(f"{path}/task", changes)
        assert (refused.value.status, refused.value.code) == (status, code)

    cal.post(f"{path}/leave")
    assert task_frame(hers, id, assignee_id=None, state="in_progress")
    hers.entry(id, kind="task", change="assignee", by=cal.id, old=cal.id, new=None)
    ann.post(f"{path}/end")
    with pytest.raises(Refused) as ended:
        ann.put(f"{path}/task", {"state": "done"})
    assert ended.value.code == "group_ended"
    late = connected(bob)
    (welcome,) = (f for f in late.frames if f["type"] == "welcome")
    assert [g["state"] for g in welcome["groups"] if g["id"] == id] == ["in_progress"]
    assert id not in str(stranger.frames)


def test_members_are_reminded_once_before_the_target_and_told_when_it_has_passed(
    someone: Someone, connected: Connected
) -> None:
    """An hour before is one of the moments; two replicas look at the clock."""
    ann, bob, cal = someone(), someone(), someone(kind="customer")
    near, over = (
        new_task(ann, "Near", target_end=soon(hours=1, seconds=2)),
        new_task(ann, "Over", target_end=soon(seconds=3)),
    )
    done = new_task(ann, "Done", target_end=soon(seconds=3))
    ann.put(f"/groups/{done}/task", {"state": "done"})
    for id in (near, over, done):
        ann.put(f"/groups/{id}/members/{cal.id}", {"role": "guest"})
    theirs, outside = connected(cal, at=1), connected(bob)

    def item(id: str) -> Json | None:
        return next(
            (f["item"] for f in list(theirs.frames) if f["type"] == "calendar" and f["item"]["id"] == id),
            None,
        )

    first, second = (theirs.wait(lambda id=id: item(id), "reminded") for id in (near, over))
    assert (first["title"], first["change"], second["title"], second["change"]) == (
        "Near",
        "near",
        "Over",
        "overdue",
    )
    assert task_frame(theirs, over, overdue=True)
    for id, part in ((near, {"change": "reminder", "minutes": 60}), (over, {"change": "overdue"})):
        theirs.entry(id, kind="task", **part)
        until(lambda id=id: ann.get(f"/groups/{id}")["overdue"] == (id == over))
        assert [e["change"] for e in ann.timeline(id) if e["kind"] == "task"] == [part["change"]]
    assert [e["change"] for e in ann.timeline(done) if e["kind"] == "task"] == ["state"]
    assert ann.get(f"/groups/{done}")["overdue"] is False
    assert all(f["type"] != "calendar" for f in outside.frames), (
        "staff outside see the group, not its calendar"
    )
