"""Who is erased has no device, and nobody is told of them any more."""

from push import events
from push_house import House


def test_devices_go_and_what_was_to_be_told(house: House) -> None:
    mei, tom, ann = house.person("Mei"), house.person("Tom"), house.person("Ann")
    group = house.room(mei, tom, ann)
    kept = house.phone(ann)
    house.phone(tom)
    house.say(group, mei, "Before.")
    house.say(group, tom, "Secret words.")
    told = house.push(tom).kept(user_id=tom.id)
    assert [(item["kind"], item["row"]["platform"]) for item in told["items"]] == [("device", "android")]

    house.hear("user_erased", events.UserErased, user_id=tom.id)

    assert [device.address for device in house.devices()] == [kept]
    assert house.due(tom) == []
    assert "Secret" not in str(house.rows("notices"))
    house.tell()
    assert all("Secret" not in body for _, body in house.told())
