"""Speakers and readers agree: every contract is the code's, and every reader reads what is said."""

import importlib
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from jsonschema import Draft202012Validator
from kit import contract
from kit.clock import now, rfc3339
from kit.event import Heard, new_id

SERVICES = Path(__file__).parents[2] / "services"
CONTRACTS = {
    f"{path.parent.parent.name}.{path.name.removesuffix('.json')}": orjson.loads(path.read_bytes())
    for path in SERVICES.glob("*/contract/*.json")
}
SPEAKERS = sorted({name.partition(".")[0] for name in CONTRACTS})
# Read as text: the values need variables that only a running service has.
MODULES = {
    path.parent.name: importlib.import_module(yaml.safe_load(path.read_text())["events"])
    for path in SERVICES.glob("*/config.yml")
}
HEARD = [(name, event) for name, module in MODULES.items() for event in contract.heard_in(module)]


def envelope(name: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": new_id(),
        "source": f"/bchat/{name.partition('.')[0]}",
        "type": name,
        "time": rfc3339(now()),
        "datacontenttype": "application/json",
        "audience": " ".join(CONTRACTS[name]["x-audience"]),
        "data": data,
    }


@pytest.mark.parametrize("service", SPEAKERS)
def test_the_contracts_are_those_of_the_code(service: str) -> None:
    assert contract.differences(MODULES[service], SERVICES / service / "contract") == []


@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_a_contract_is_a_schema_and_its_example_is_as_it_says(name: str) -> None:
    Draft202012Validator.check_schema(CONTRACTS[name])
    assert CONTRACTS[name]["additionalProperties"] is False
    (example,) = CONTRACTS[name]["examples"]
    Draft202012Validator(CONTRACTS[name]).validate(example)
    service, _, fact = name.partition(".")
    assert service in SPEAKERS
    assert fact.removesuffix(".v1").islower()


@pytest.mark.parametrize(
    ("service", "event"), HEARD, ids=[f"{service} hears {event.routing_key()}" for service, event in HEARD]
)
def test_a_reader_reads_what_is_said(service: str, event: type[Heard]) -> None:
    name = event.routing_key()
    assert name in CONTRACTS, f"{service} hears {name}, which nobody says"
    (example,) = CONTRACTS[name]["examples"]
    heard = event.decode(envelope(name, example))
    assert heard.envelope.audience == tuple(CONTRACTS[name]["x-audience"])
    # What it reads is in the contract, and what may be missing there it does without.
    said = CONTRACTS[name]["properties"]
    assert set(event.model_fields) <= set(said)
    least = {key: value for key, value in example.items() if key in CONTRACTS[name].get("required", [])}
    event.decode(envelope(name, least))
    for key, schema in said.items():
        if {"type": "null"} in schema.get("anyOf", ()):
            event.decode(envelope(name, {**example, key: None}))
    # Within a version fields are added, which no reader may mind.
    event.decode(envelope(name, {**example, "added_later": True}))
