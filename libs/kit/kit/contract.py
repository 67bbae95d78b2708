"""Contracts: a JSON Schema with an example for each event a service says, in a file readers see change."""

import inspect
import json
from pathlib import Path
from types import ModuleType
from typing import Any

from kit.event import Heard, Said, _Event


def _events(module: ModuleType, base: type[_Event]) -> list[type[_Event]]:
    return [
        cls
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if issubclass(cls, base) and cls.event_type and cls.__module__ == module.__name__
    ]


def said_in(module: ModuleType) -> list[type[Said]]:
    """The events a module says."""
    return [cls for cls in _events(module, Said) if issubclass(cls, Said)]


def heard_in(module: ModuleType) -> list[type[Heard]]:
    """The events a module hears."""
    return [cls for cls in _events(module, Heard) if issubclass(cls, Heard)]


def schema(event: type[Said]) -> dict[str, Any]:
    """The contract of an event: the schema of its data, an example, and who hears that example."""
    example = event.example()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:bchat:{event.routing_key()}",
        **event.model_json_schema(mode="serialization"),
        "examples": [example.model_dump(mode="json")],
        "x-audience": example.audience,
    }


def _files(module: ModuleType, folder: Path) -> dict[Path, str]:
    return {
        folder / f"{event.event_type.partition('.')[2]}.v{event.event_version}.json": json.dumps(
            schema(event), indent=2, ensure_ascii=False
        )
        + "\n"
        for event in said_in(module)
    }


def write(module: ModuleType, folder: Path) -> None:
    """Writes the contract of each event the module says."""
    folder.mkdir(exist_ok=True)
    for path, text in _files(module, folder).items():
        path.write_text(text)


def differences(module: ModuleType, folder: Path) -> list[str]:
    """What is wrong between code and committed contracts, a sentence each."""
    wanted = _files(module, folder)
    found = {path: path.read_text() for path in folder.glob("*.json")}
    wrong = [f"{p} is missing: run `kit contract`." for p in wanted.keys() - found.keys()]
    wrong += [f"{p} describes an event nobody says." for p in found.keys() - wanted.keys()]
    wrong += [
        f"{p} differs from the code. Within a version fields are only added; else make a new version."
        for p in wanted.keys() & found.keys()
        if wanted[p] != found[p]
    ]
    return sorted(wrong)
