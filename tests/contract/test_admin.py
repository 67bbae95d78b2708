"""The command line of the operator knows every service, and what each keeps a copy of."""

from pathlib import Path
from typing import Any

import yaml
from admin.cli import SERVICES
from admin.copies import KEEPERS, MAKE_ANEW
from kit import config


def services() -> dict[str, Any]:
    """The class of each service that runs by itself."""
    found = {}
    for path in Path(__file__).parents[2].glob("services/*/config.yml"):
        if "service" in yaml.safe_load(path.read_text()):
            found[path.parent.name] = config.named(path, "service")
    return found


def test_every_service_has_its_dead_letters_listed() -> None:
    assert sorted(services()) == sorted(SERVICES)


def test_every_copy_that_can_be_made_anew_is() -> None:
    for what in MAKE_ANEW:
        keepers = {name for name, service in services().items() if hasattr(service, f"keep_{what}")}
        assert keepers == set(KEEPERS[what]), what
