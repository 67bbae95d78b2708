"""Tells as JSON what a release of a service hears and answers. Runs in that release's own environment, in the
folder of the service, with what others say now on standard input: `{event: contract}`; the methods only when
asked for `methods`, which loads the whole service.
"""

import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

import yaml


def heard(module: Any, contracts: dict[str, Any]) -> dict[str, str]:
    """Of each event that it hears: empty, or why it can't read what is said."""
    from kit import contract
    from kit.clock import now, rfc3339
    from kit.event import new_id

    told = {}
    for event in contract.heard_in(module):
        name = event.routing_key()
        if name not in contracts:
            told[name] = "nobody says it"
            continue
        (example,) = contracts[name]["examples"]
        required = contracts[name].get("required", [])
        told[name] = ""
        for data in (example, {key: value for key, value in example.items() if key in required}):
            envelope = {
                "specversion": "1.0",
                "id": new_id(),
                "source": f"/bchat/{name.partition('.')[0]}",
                "type": name,
                "time": rfc3339(now()),
                "audience": " ".join(contracts[name]["x-audience"]),
                "data": data,
            }
            try:
                event.decode(envelope)
            except ValueError as problem:
                told[name] = " ".join(str(problem).split())
    return told


def methods(path: str) -> dict[str, dict[str, bool]]:
    """What it answers: of each method its parameters, and whether they must be given."""
    module, _, name = path.partition(":")
    service = getattr(importlib.import_module(module), name)
    return {
        method: {
            parameter.name: parameter.default is parameter.empty
            for parameter in inspect.signature(function).parameters.values()
            if parameter.name != "self" and parameter.kind is not parameter.VAR_KEYWORD
        }
        for method, function in inspect.getmembers(service, inspect.isfunction)
        if any(type(entry).__name__ == "_Rpc" for entry in getattr(function, "nameko_entrypoints", ()))
    }


def main() -> None:
    # Read as text: the values need variables that only a running service has.
    config = yaml.safe_load(Path("config.yml").read_text())
    told = {
        "heard": heard(importlib.import_module(config["events"]), json.load(sys.stdin)),
        "methods": methods(config["service"]) if "service" in config and "methods" in sys.argv else {},
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
