"""What a message costs, in Bchat and in others, at the same work.

    make bench                                    Bchat, all of it, compared with the last release
    make bench WITH="ejabberd prosody flask"      others beside it, in the same run
    make bench ONLY="A B" ROUNDS=1

The work: messages of 200 bytes, each committed with fsync before it is confirmed, each delivery checked to
come once and in order. A: one room of 100, one sender, the next when the last is confirmed. B: 20 rooms of
20, 20 senders likewise. C: one room of 1000, one sender. D: 1000 idle connections. a, b and c: the same
rooms with a fixed number of messages a second. Costs are processor seconds of all processes of the server,
its database and its broker included, per 1000 deliveries, less what the same processes use at rest; the
client's are not counted. Latencies are of confirmations, and of the last member's delivery.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from processes import memory, used
from servers import PEOPLE, SERVERS, Server

HERE = Path(__file__).parent
REST_SECONDS, OPEN_SECONDS = 8.0, 10.0
ROOMS = {0: list(range(100)), 2: list(range(PEOPLE))} | {
    10 + room: list(range(20 * room, 20 * room + 20)) for room in range(20)
}
# Rooms, messages of each sender, and messages a second where they do not wait.
WORK = {"A": ([0], 400, 50), "B": ([r for r in ROOMS if r >= 10], 100, 200), "C": ([2], 80, 5)}
NOISE = 0.15


class Client:
    """The load client's process."""

    def __init__(self, spec: dict[str, Any]) -> None:
        command = [sys.executable, HERE / "load.py"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._tell(spec)

    def _tell(self, told: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()

    def do(self, what: str, **arguments: Any) -> Any:
        assert self.process.stdout
        self._tell({"do": what, **arguments})
        answer = json.loads(self.process.stdout.readline())
        if answer and "broken" in answer:
            raise SystemExit(f"{what} {arguments}: {answer['broken']}")
        return answer

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def measured(server: Server, client: Client, what: str, **arguments: Any) -> dict[str, Any]:
    """One piece of work with its cost, less what rest costs, which is measured right before."""
    calm = used(server.pids)
    began = time.monotonic()
    client.do("rest", seconds=REST_SECONDS)
    seconds = time.monotonic() - began
    before, stored = used(server.pids), server.stored()
    result: dict[str, Any] = client.do(what, **arguments)
    after = used(server.pids)
    if server.stored() - stored < result["messages"]:
        raise SystemExit(f"Of {result['messages']} messages {server.stored() - stored} were stored.")
    resting = {name: (before[name] - calm[name]) / seconds for name in calm}
    cost = {name: after[name] - before[name] - resting[name] * result["seconds"] for name in after}
    thousands = result["deliveries"] / 1000
    result["cpu_s_per_1000"] = round(sum(cost.values()) / thousands, 4)
    result["of_which"] = {n: round(c / thousands, 4) for n, c in cost.items() if c / thousands > 0.0002}
    result["rest_cpu_ms_per_s"] = round(1000 * sum(resting.values()), 1)
    result["confirmed_per_s"] = round(result["messages"] / result["seconds"], 1)
    return result


def run(name: str, only: list[str], rounds: int) -> dict[str, Any]:
    """All the work on one server, the median of each figure over the rounds."""
    found: dict[str, list[dict[str, Any]]] = {}
    with SERVERS[name](ROOMS) as server:
        for work, (rooms, each, rate) in WORK.items():
            if not {work, work.lower()} & set(only):
                continue
            client = Client(server.spec)
            try:
                client.do("connect", rooms={room: (server.rooms[room], ROOMS[room]) for room in rooms})
                client.do("closed", rooms=rooms, each=max(1, each // 10))  # caches, pools, plans
                for _ in range(rounds):
                    if work in only:
                        found.setdefault(work, []).append(
                            measured(server, client, "closed", rooms=rooms, each=each)
                        )
                    if work.lower() in only:
                        found.setdefault(f"{work} open", []).append(
                            measured(server, client, "open", rooms=rooms, rate=rate, seconds=OPEN_SECONDS)
                        )
            finally:
                client.end()
        if "D" in only:
            found["D"] = [idle(server)]
        said = {"versions": server.versions, "settings_changed": server.changed}
    return {**said, "work": {work: median(results) for work, results in found.items()}}


def idle(server: Server) -> dict[str, Any]:
    """A connection's share of what a thousand of them hold, in a room each has to hear of."""

    def held() -> int:
        return sum(memory(pid) for pid in server.pids.values())

    before = held()
    client = Client(server.spec)
    try:
        client.do("connect", rooms={2: (server.rooms[2], ROOMS[2])})
        client.do("rest", seconds=5)
        return {"kb_per_connection": round((held() - before) / 1024 / PEOPLE, 1)}
    finally:
        client.end()


def median(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Of each figure, also of those within."""
    medians: dict[str, Any] = {}
    for name, value in results[0].items():
        of_all = [result[name] for result in results if name in result]
        medians[name] = median(of_all) if isinstance(value, dict) else round(statistics.median(of_all), 4)
    return medians


def show(name: str, work: dict[str, dict[str, Any]]) -> None:
    for what, figures in work.items():
        if what == "D":
            print(f"{name:<10} D       {figures['kb_per_connection']:6.1f} kB a connection")
            continue
        confirm, last = (
            "/".join(f"{figures[what][p]:.1f}" for p in ("p50", "p99"))
            for what in ("confirm_ms", "last_member_ms")
        )
        print(
            f"{name:<10} {what:<7} {figures['cpu_s_per_1000']:.4f} CPU s per 1000 deliveries  "
            f"{figures['confirmed_per_s']:7.1f} confirmed/s  confirm {confirm} ms  last member {last} ms",
            flush=True,
        )


def compare(now: dict[str, Any], file: Path) -> None:
    """Says what is other than in the stored result by more than the noise."""
    if not file.exists():
        print(f"There is no {file.name} to compare with.")
        return
    stored = json.loads(file.read_text())
    moved = []
    for work, figures in now["work"].items():
        before = stored["servers"]["bchat"]["work"].get(work, {})
        for name in ("cpu_s_per_1000", "kb_per_connection"):
            if (
                name in figures
                and name in before
                and abs((ratio := figures[name] / before[name]) - 1) > NOISE
            ):
                moved.append(f"{work}: {name} {before[name]} -> {figures[name]}, ratio {ratio:.2f}")
    print(f"Beside {file.name} of {stored['at']}:")
    print(*(moved or ["nothing moved by more than the noise"]), sep="\n")


def machine() -> dict[str, Any]:
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cores": os.cpu_count(),
        "model": model[0].partition(": ")[2] if model else platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average_before": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=["bchat"])
    parser.add_argument("--only", nargs="+", default=["A", "a", "B", "b", "C", "c", "D"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store", type=Path, help="keep the results in this file")
    parser.add_argument("--against", type=Path, default=HERE / "results" / "last_release.json")
    args = parser.parse_args()
    about = machine()
    revision = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    results = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "command": " ".join(["python benchmarks/talk", *sys.argv[1:]]),
        "revision": revision,
        "machine": about,
        "servers": {},
    }
    for name in args.servers:
        results["servers"][name] = run(name, args.only, args.rounds)
        show(name, results["servers"][name]["work"])
    if "bchat" in results["servers"]:
        compare(results["servers"]["bchat"], args.against)
    if args.store:
        args.store.parent.mkdir(exist_ok=True)
        args.store.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
