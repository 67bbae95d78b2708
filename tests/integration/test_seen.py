"""Prometheus reads all processes, and whatever the alerts and dashboards ask is there to be asked."""

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from client import Device, Person, Someone, room_of, until
from observed import asked, measured
from stack import PROGRAMS, Stack

Ask = Callable[..., Any]
# Where nothing is wrong there is nothing to be drawn; the broker here measures nothing.
TROUBLE = r"[<>=]=? [\d.]+$|outcome(!=\"ok\"|=\"(failed|away)\")|status=~\"5|rabbitmq_"


@pytest.fixture(scope="module")
def prometheus(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Asks a Prometheus that has read every process twice."""
    place = tmp_path_factory.mktemp("prometheus")
    jobs = [
        {
            "job_name": f"bchat-{program}",
            "honor_labels": True,
            "static_configs": [{"targets": _targets(stack, program)}],
        }
        for program in PROGRAMS
    ]
    settings = place / "prometheus.yml"
    settings.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}))
    found = shutil.which("prometheus")
    assert found, "prometheus is missing; `make test` installs it"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(found, f"--config.file={settings}", f"--storage.tsdb.path={place / 'data'}"),
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )

    def ask(path: str, **query: str) -> Any:
        answer = requests.get(f"http://127.0.0.1:{port}/api/v1/{path}", params=query, timeout=30).json()
        assert answer["status"] == "success", (query, answer)
        return answer["data"]

    def read() -> bool:
        try:
            twice = ask("query", query="count_over_time(up[1h]) >= 2 and up == 1")["result"]
        except (requests.ConnectionError, requests.JSONDecodeError):
            # It says in plain words that it is not ready yet.
            assert process.poll() is None, (place / "log").read_text()
            return False
        return len(twice) == sum(len(job["static_configs"][0]["targets"]) for job in jobs)

    try:
        until(read, "all processes read")
        yield ask
    finally:
        process.terminate()
        process.wait()


def test_all_that_alerts_and_dashboards_ask_is_there(
    stack: Stack, admin: Person, someone: Someone, books: None, prometheus: Ask
) -> None:
    """An answer may be empty where there is no trouble; what it would be drawn from may not."""
    ann = someone()
    group = room_of(admin, ann)
    with Device(ann) as device:
        device.send(group, "seen")
        device.entry(group, text="seen")
    names = until(lambda: _names(prometheus), "what was said is counted")
    # What is counted by a reason or a channel begins with the first of these; of some there is none here.
    counted = {name for name, metric in measured().items() if metric.kind != "gauge" and metric.labels}
    quiet = counted | {f"{name}{part}" for name in counted for part in ("_bucket", "_count")}
    for where, expression in asked():
        query = re.sub(r"\$__rate_interval", "1m", expression).replace("$service", "chat").strip()
        answer = prometheus("query", query=query)["result"]
        lacks = set(re.findall(r"\b(?:bchat|process)_\w+", query)) - names
        assert lacks <= quiet, f"{where} asks for what is not there: {lacks - quiet}"
        trouble = re.search(TROUBLE, query)
        assert answer or trouble or lacks, f"{where} draws nothing: {query}"


def _names(prometheus: Ask) -> set[str]:
    names = set(prometheus("label/__name__/values"))
    # What waits is measured by the clock.
    wanted = {name for name, metric in measured().items() if metric.kind == "gauge"}
    return names if wanted | {"bchat_gateway_fanout_seconds_count"} <= names else set()


def test_each_process_tells_what_it_uses_and_since_when(stack: Stack, prometheus: Ask) -> None:
    for name in ("process_start_time_seconds", "process_resident_memory_bytes", "bchat_info"):
        jobs = {each["metric"]["job"] for each in prometheus("query", query=name)["result"]}
        assert jobs == {f"bchat-{program}" for program in PROGRAMS}, name


def _targets(stack: Stack, program: str) -> list[str]:
    ports = [f"PORT_{re.sub(r'[.-]', '_', name)}" for name in stack.names if name.startswith(f"{program}.")]
    return [f"127.0.0.1:{stack.env[port]}" for port in ports]
