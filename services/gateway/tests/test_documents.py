"""What is written about the gateway is true and whole."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from gateway import events, frames
from gateway.http.pages import asyncapi
from gateway.settings import GatewaySettings
from gateway.wiring import Gateway
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from kit.config import Settings
from kit.event import Heard

HERE = Path(__file__).parent.parent
MESSAGES: dict[str, Any] = asyncapi()["components"]["messages"]
HEARD = [e for e in vars(events).values() if isinstance(e, type) and issubclass(e, Heard) and e.event_type]


def _schema(payload: dict[str, Any]) -> dict[str, Any]:
    return {**payload, "components": asyncapi()["components"]}


@pytest.mark.parametrize("name", MESSAGES)
def test_every_example_is_as_its_schema_says(name: str) -> None:
    for example in MESSAGES[name]["examples"]:
        Draft202012Validator(_schema(MESSAGES[name]["payload"])).validate(example["payload"])


def test_every_message_is_in_the_channel_and_in_an_operation() -> None:
    document = asyncapi()
    in_channels = {m for c in document["channels"].values() for m in c["messages"]}
    in_operations = {
        m["$ref"].rpartition("/")[2] for o in document["operations"].values() for m in o["messages"]
    }
    assert in_channels == in_operations == set(MESSAGES)


def test_what_a_client_may_say_is_what_we_take() -> None:
    told = {m["$ref"].rpartition("/")[2] for m in asyncapi()["operations"]["fromClient"]["messages"]}
    assert told == set(frames.FRAMES)
    for name, model in frames.FRAMES.items():
        payload = MESSAGES[name]["payload"]
        assert set(payload["properties"]) == set(model.model_fields)
        assert set(payload["required"]) == {n for n, f in model.model_fields.items() if f.is_required()}
        _, parsed = frames.parse(orjson.dumps(MESSAGES[name]["examples"][0]["payload"]))
        assert isinstance(parsed, model)


def test_the_settings_file_is_the_whole_list() -> None:
    told = set(yaml.safe_load((HERE / "config.yml").read_text())) - {"settings", "events"}
    own = set(GatewaySettings.model_fields) - set(Settings.model_fields)
    assert own <= told <= set(GatewaySettings.model_fields)


def test_the_readme_names_every_event_and_every_code_of_our_own() -> None:
    readme = (HERE / "README.md").read_text()
    heard = {event.event_type for event in HEARD}
    source = "".join(path.read_text() for path in (HERE / "gateway").rglob("*.py"))
    classes = "Unreadable|Unauthenticated|Forbidden|Invalid|TooMany|Unavailable|Refusal"
    codes = set(re.findall(rf'(?:{classes})\(\s*"([a-z_]+)"', source))
    assert len(codes) > 10
    assert {word for word in heard | codes if f"`{word}`" not in readme} == set()


def test_every_event_we_read_is_handled(gateway: Gateway) -> None:
    assert {event.routing_key() for event in HEARD} == set(gateway.live._table)
