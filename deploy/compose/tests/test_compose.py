"""What docker compose runs is what the other ways of running Bchat run, and each service is kept apart."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from releases import PARTS, Releases
from rights import SERVICES

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
RUN: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in RUN.items() if service["image"].startswith("bchat/")}
# These two make the secrets, and the roles that they are for.
MAKERS = {"make-secrets", "make-roles"}


def test_every_process_of_one_machine_is_run() -> None:
    procfile = (ROOT / "deploy" / "local" / "Procfile").read_text()
    assert set(re.findall(r"^([\w-]+):", procfile, re.MULTILINE)) <= RUN.keys()


def test_both_versions_of_compose_read_it() -> None:
    """1.29 knows no other way to put a variable in than with what else holds."""
    text = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{\w+(\W{1,2})", text)) == {":-"}


def test_the_demo_is_the_one_of_one_machine() -> None:
    """What the demo of one machine sets, beyond names and addresses of its servers."""
    lines = (ROOT / "deploy" / "compose" / "demo.env").read_text().splitlines()
    given = dict(line.split("=") for line in lines if not line.startswith("#"))
    stack = (ROOT / "deploy" / "local" / "stack.py").read_text()
    assert f'"SUBSCRIPTION_MINUTES": "{given["SUBSCRIPTION_MINUTES"]}"' in stack
    assert (ROOT / given["SOURCES"]).samefile(ROOT / "deploy" / "local" / "sources.yml")


def test_an_image_is_of_the_version_of_its_part() -> None:
    for name, service in OURS.items():
        part, _, version = service["image"].removeprefix("bchat/").partition(":")
        assert version == (Releases().version(part) if part in PARTS else "0.1.0"), name
    for name in RUN.keys() - OURS.keys():
        assert re.search(r":\d+", RUN[name]["image"]), name


@pytest.mark.parametrize("name", sorted(OURS))
def test_what_is_ours_is_confined_and_bounded(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["logging"]["options"]["max-size"]
    assert ("user" in service) == (name in MAKERS)
    assert ("cap_add" in service) == (name == "make-secrets")


def test_a_service_has_its_own_secrets_and_nobody_elses() -> None:
    for name, service in OURS.items():
        secrets = {volume.split(":")[0] for volume in service["volumes"] if volume.startswith("secrets-")}
        if name == "make-secrets":
            assert secrets == {volume for volume in COMPOSE["volumes"] if volume.startswith("secrets-")}
            continue
        part = service["image"].removeprefix("bchat/").partition(":")[0]
        assert secrets == {"secrets-setup" if name == "make-roles" else f"secrets-{part}"}, name
        assert all(":ro" in volume for volume in service["volumes"] if volume.startswith("secrets-")), name


def test_a_service_serves_after_its_migration_and_that_after_the_servers() -> None:
    done, healthy = "service_completed_successfully", "service_healthy"
    for name in SERVICES:
        assert RUN[name]["depends_on"] == {f"migrate-{name}": {"condition": done}}
        needs = RUN[f"migrate-{name}"]["depends_on"]
        assert needs == {"make-roles": {"condition": done}, "rabbitmq": {"condition": healthy}}
    assert RUN["gateway"]["depends_on"] == {name: {"condition": healthy} for name in SERVICES}


def test_only_the_gateway_is_reached_from_outside() -> None:
    assert [name for name, service in RUN.items() if "ports" in service] == ["gateway"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    outside = {name for name, service in RUN.items() if "outside" in service["networks"]}
    assert outside == {"gateway", "reports", "reports-worker", "push-worker"}
