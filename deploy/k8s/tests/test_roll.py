"""How a service is brought to another version: what is asked of the cluster, in which order."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from rights import SERVICES, USERS

K8S = Path(__file__).parents[1]
# Renders as the true one does; of what it would do to a cluster it keeps a list. What it is told to fails.
KUBECTL = """#!/bin/sh
case "$1" in kustomize) exec "$TRUE_KUBECTL" "$@" ;; esac
echo "$@" >>"$ASKED"
case "$1" in apply) grep '^kind:' | tr '\\n' ' ' >>"$ASKED"; echo >>"$ASKED" ;; esac
case "$1 $3 $FAILS" in
"--namespace get migration") echo "FailureTarget Failed" ;;
"--namespace get "*) echo "SuccessCriteriaMet Complete" ;;
"--namespace rollout rollout") [ "$4" = undo ] || exit 1 ;;
esac
"""


def roll(folder: Path, *arguments: str, fails: str = "nothing") -> tuple[int, list[str]]:
    stand_in, asked = folder / "kubectl", folder / "asked"
    stand_in.write_text(KUBECTL)
    stand_in.chmod(0o755)
    env = {
        **os.environ,
        "TRUE_KUBECTL": str(shutil.which("kubectl")),
        "PATH": f"{folder}:{os.environ['PATH']}",
        "ASKED": str(asked),
        "FAILS": fails,
    }
    done = subprocess.run([K8S / "roll", *arguments], env=env, capture_output=True, check=False)
    return done.returncode, asked.read_text().splitlines()


def test_the_schema_comes_first_and_then_the_processes(tmp_path: Path) -> None:
    status, asked = roll(tmp_path, "production", "chat", "gateway")
    assert status == 0
    assert asked[:3] == [
        "--namespace bchat delete job chat-migrate --ignore-not-found --wait",
        "apply -f -",
        "kind: Job ",
    ]
    assert asked[3].startswith("--namespace bchat get job/chat-migrate")
    assert asked[4] == "apply -f -"
    assert "kind: Deployment" in asked[5]
    assert asked[6] == "--namespace bchat rollout status --timeout=600s deployment/chat-service"
    # The gateway has no schema.
    assert [line for line in asked[7:] if "migrate" in line] == []
    assert asked[-1] == "--namespace bchat rollout status --timeout=600s deployment/gateway-service"


def test_what_does_not_come_up_is_rolled_back_and_the_next_not_begun(tmp_path: Path) -> None:
    status, asked = roll(tmp_path, "production", "location", "chat", fails="rollout")
    assert status != 0
    assert "--namespace bchat rollout undo deployment/location-service" in asked
    assert not [line for line in asked if "chat-" in line]


def test_what_can_not_be_migrated_goes_on_as_it_is(tmp_path: Path) -> None:
    status, asked = roll(tmp_path, "production", "location", "chat", fails="migration")
    assert status == 1
    assert asked[-1] == "--namespace bchat logs --tail=40 --selector job-name=location-migrate"
    assert "kind: Deployment" not in " ".join(asked)


def test_new_secrets_are_those_that_the_resources_name() -> None:
    made = subprocess.run([sys.executable, K8S / "new_secrets.py"], capture_output=True, check=True).stdout
    secrets = {item["metadata"]["name"]: item["stringData"] for item in json.loads(made)["items"]}
    rendered = subprocess.run(
        ["kubectl", "kustomize", K8S / "overlays" / "production"], capture_output=True, check=True
    ).stdout
    for resource in yaml.safe_load_all(rendered):
        for name, key in named(resource):
            assert name in secrets, f"{resource['kind']} {resource['metadata']['name']} wants {name}"
            assert key is None or key in secrets[name]
    assert {f"{user}-broker" for user in USERS} <= secrets.keys()
    passwords = [data["password"] for data in secrets.values() if "password" in data]
    assert len(set(passwords)) == len(passwords) == len(USERS) + len(SERVICES)


def named(value: object) -> list[tuple[str, str | None]]:
    """The secrets that a resource can't do without and no operator makes, with the key."""
    if isinstance(value, list):
        return [found for inner in value for found in named(inner)]
    if not isinstance(value, dict):
        return []
    found = [
        (inner.get("name") or inner["secretName"], inner.get("key"))
        for kind in ("secretKeyRef", "secretRef", "secret", "passwordSecret", "importCredentialsSecret")
        if isinstance(inner := value.get(kind), dict) and not inner.get("optional")
    ]
    return found + [each for inner in value.values() for each in named(inner)]
