"""What the Makefile's targets do: `make help` lists them."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import rights
from machine import (
    CLIENT,
    LOCAL,
    ROOT,
    Trouble,
    build_client,
    chromium,
    install_client,
    provide,
    provide_kubectl,
)
from releases import PARTS, Releases
from rights import SERVICES
from stack import Stack, elsewhere, leftovers, of_service

BEGAN = time.monotonic()
# Each waits for much of its time, so all at once take little longer than one.
WHOLE = ("tests/contract", "tests/integration", "tests/browser", "tests/chaos", "tests/load", "tests/restore")
BESIDE = {
    "reports": ("services/reports/tests",),
    "the other parts": (
        *("libs/*/tests", "services/[!r]*/tests"),
        *("deploy/*/tests", "deploy/local/demo/tests"),
    ),
}
TYPED = (
    *("libs/kit/kit", "libs/admin/admin", "deploy/local"),
    *(f"services/{name}/{name}" for name in (*SERVICES, "gateway")),
)


def say(text: str) -> None:
    print(f"[{time.monotonic() - BEGAN:5.1f} s] {text}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in (
        "setup",
        "demo",
        "test",
        "lint",
        "types",
        "contracts",
        "pictures",
        "roll",
        "drill",
        "audit",
        "clean",
    ):
        commands.add_parser(name)
    chaos = commands.add_parser("chaos")
    chaos.add_argument("--seed")
    chaos.add_argument("--faults")
    chaos.add_argument("--only", nargs="*")
    load = commands.add_parser("load")
    load.add_argument("--members")
    load.add_argument("--sockets")
    for name in ("run", "migrate", "image"):
        commands.add_parser(name).add_argument("service")
    commands.add_parser("touched").add_argument("since", nargs="?")
    commands.add_parser("compatible").add_argument("service", nargs="?")
    bench = commands.add_parser("bench")
    bench.add_argument("beside", nargs="?", default="")
    bench.add_argument("only", nargs="?", default="")
    bench.add_argument("rounds", nargs="?", default="")
    release = commands.add_parser("release")
    release.add_argument("service")
    release.add_argument("version")
    args = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        named = {name: value for name, value in vars(args).items() if name != "command"}
        return int(globals()[args.command](**named) or 0)
    except Trouble as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("Stopped")
        return 0 if args.command == "demo" else 130


def setup() -> None:
    """Install what is missing and build the client; start nothing."""
    private = not (os.environ.get("DATABASE_URI") and os.environ.get("AMQP_URI"))
    provide(say, servers=private, browser=False)
    build_client(say)


def demo() -> None:
    """The whole of Bchat with a demo company, until Ctrl-C."""
    setup()
    with Stack(
        LOCAL,
        port=_number("PORT", 8000, 65535),
        gateways=_number("GATEWAYS", 1, 9),
        replicas=_number("REPLICAS", 1, 9),
        demo=True,
        keep=True,
        database_uri=os.environ.get("DATABASE_URI") or None,
        amqp_uri=os.environ.get("AMQP_URI") or None,
        say=say,
    ) as stack:
        file = LOCAL / "demo.json"
        file.touch(0o600)
        file.write_text(json.dumps({"url": stack.url, "logins": stack.logins}, indent=1))
        say("Ready")
        print(f"\n  {'  '.join(stack.urls)}\n")
        for login in stack.logins:
            print(f"  {login['role']:<14} {login['username']:<16} {login['password']}")
        print(f"\n  The logs are in {stack.log}. Ctrl-C stops everything.\n", flush=True)
        stack.wait()


def _number(variable: str, default: int, most: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isdigit() or not 0 < int(text) <= most:
        raise Trouble(f"{variable}={text} is not a number from 1 to {most}.")
    return int(text)


def test() -> int:
    """Everything that is checked, on servers of its own."""
    provide(say, servers=True, browser=True, tests=True)
    provide_kubectl(say)
    install_client(say)
    build_client(say)
    failed = []
    for check in (lint, types, client_tests, releases_before):
        say(check.__doc__ or "")
        if check():
            failed.append(check.__name__)
    with Stack(LOCAL / "test", services=False, say=say) as servers:
        os.environ["TEST_DATABASE_URI"] = servers.database_uri
        os.environ["TEST_AMQP_URI"] = servers.amqp_uri
        os.environ["CHROMIUM"] = str(chromium())
        tested = _pytest_all()
    if failed:
        raise Trouble(f"Not in order besides the tests: {', '.join(failed)}; see above.")
    return tested


def _pytest_all() -> int:
    """The whole, and the parts by themselves, at once; what the parts had to say follows."""

    def pytest(patterns: tuple[str, ...]) -> list[str | Path]:
        return ["pytest", *(place for pattern in patterns for place in sorted(ROOT.glob(pattern)))]

    beside = {}
    try:
        for name, patterns in BESIDE.items():
            log = LOCAL / "test" / f"{name}.log"
            with log.open("wb") as out:
                # The whole has people waiting in it, so it goes first.
                part = subprocess.Popen(
                    ["nice", *pytest(patterns)], cwd=ROOT, stdout=out, stderr=subprocess.STDOUT
                )
            beside[part] = name, log
        failed = subprocess.run(pytest(WHOLE), cwd=ROOT, check=False).returncode
        for part, (name, log) in beside.items():
            failed = part.wait() or failed
            say(f"{name.capitalize()} alone")
            print(log.read_text(errors="replace"), flush=True)
    finally:
        for part in beside:
            part.terminate()
    return failed


def lint() -> int:
    """Style"""
    return (
        subprocess.run(["ruff", "check", "."], cwd=ROOT, check=False).returncode
        or subprocess.run(["ruff", "format", "--check", "."], cwd=ROOT, check=False).returncode
    )


def types() -> int:
    """Types"""
    return subprocess.run(["mypy", "--exclude", "/tests/", *TYPED], cwd=ROOT, check=False).returncode


def client_tests() -> int:
    """The client"""
    return (
        subprocess.run(["npm", "run", "lint"], cwd=CLIENT, check=False).returncode
        or subprocess.run(["npm", "test"], cwd=CLIENT, check=False).returncode
    )


def releases_before() -> int:
    """The releases before beside what is now"""
    return compatible(None)


def contracts() -> int:
    """Write the contracts of the events that each service says, the client's types of the API, and the rights
    of each service at the broker as resources of Kubernetes."""
    (ROOT / "deploy" / "k8s" / "base" / "servers" / "rights.yaml").write_text(rights.written())
    written = max(
        subprocess.run(["kit", "contract"], cwd=folder, check=False).returncode
        for folder in sorted(place.parent for place in ROOT.glob("services/*/contract"))
    )
    install_client(say)
    return written or subprocess.run(["npm", "run", "types"], cwd=CLIENT, check=False).returncode


def pictures() -> int:
    """Take the pictures of the documentation anew."""
    provide(say, servers=True, browser=True)
    build_client(say)
    return subprocess.run(["python", ROOT / "docs" / "pictures" / "take.py"], check=False).returncode


def run(service: str) -> int:
    """One more process of a service beside those of the running demo, in the foreground."""
    return _kit(service, "run", "serve")


def migrate(service: str) -> int:
    """Bring a service's schema in the running demo to the newest version."""
    return _kit(service, "migrate", "migrate")


def _kit(service: str, target: str, command: str) -> int:
    folder = ROOT / "services" / service
    if not leftovers(LOCAL):
        raise Trouble("It needs the servers of a running demo: `make demo` in another window.")
    if not service or not (folder / "config.yml").exists():
        raise Trouble(f"Say which service: `make {target} S=chat`.")
    lines = (LOCAL / "env").read_text().splitlines()
    env = {key: value.strip("'") for key, _, value in (line.partition("=") for line in lines)}
    env |= of_service(env, service)
    return subprocess.run(["kit", command], cwd=folder, env={**os.environ, **env}, check=False).returncode


def image(service: str) -> int:
    """Build the image of a service, of its version."""
    if service not in PARTS:
        raise Trouble(f"Say which of {', '.join(PARTS)}: `make image S=chat`.")
    releases = Releases()
    version = releases.version(service)
    build: list[str | Path] = ["docker", "build", "-f", ROOT / PARTS[service] / "Dockerfile"]
    # The commit: its nearest tag may be of the release of another service.
    revision = releases.git("describe", "--always", "--dirty", "--exclude=*").strip()
    build += ["--build-arg", f"VERSION={version}", "--build-arg", f"REVISION={revision}"]
    return subprocess.run([*build, "-t", f"bchat/{service}:{version}", ROOT], check=False).returncode


def touched(since: str | None) -> None:
    """Which services' images would be others than those of their last release, and why."""
    for part, why in Releases().touched(since or None).items():
        more = f" and {len(why) - 3} more" if len(why) > 3 else ""
        print(f"{part:10} {', '.join(why[:3])}{more}")


def release(service: str, version: str) -> None:
    """Release a service: its version where it stands, a commit, a tag."""
    tag = Releases().release(service, version)
    print(f"{tag} is made here: `git push origin HEAD {tag}`, `make image S={service}`, then roll it out.")


def roll() -> int:
    """Every service, under talk, from the release before to what is here, back and forth again, on a stack of
    its own: nothing may be lost."""
    provide(say, servers=True, browser=False)
    build_client(say)
    parts = " ".join(part for part in PARTS if part != "admin")
    test: list[str | Path] = ["pytest", ROOT / "tests" / "chaos" / "test_kill.py", "-k", "roll", "-v"]
    return subprocess.run(test, cwd=ROOT, env={**os.environ, "ROLL": parts}, check=False).returncode


def chaos(**asked: Any) -> int:
    """People go on with their day while all around them fails; then it is checked that nothing was lost."""
    return _on_a_stack_of_its_own(ROOT / "tests" / "chaos" / "storm.py", asked)


def load(**asked: Any) -> int:
    """More than a Bchat can carry, on a stack of its own: it refuses, stays within bounds, and recovers."""
    return _on_a_stack_of_its_own(ROOT / "tests" / "load" / "load.py", asked)


def _on_a_stack_of_its_own(script: Path, asked: dict[str, Any]) -> int:
    provide(say, servers=True, browser=False)
    build_client(say)
    command: list[str | Path] = ["python", script]
    for name, value in asked.items():
        if value:
            command += [f"--{name}", *([value] if isinstance(value, str) else value)]
    places = ("tests", "tests/chaos", "services/push/tests", "deploy/local", "benchmarks")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / place) for place in places)}
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode


def drill() -> int:
    """A backup, as docs/operations.md describes it, brings a destroyed Bchat back to a moment."""
    provide(say, servers=True, browser=False)
    build_client(say)
    return subprocess.run(["pytest", ROOT / "tests" / "restore", "-v"], cwd=ROOT, check=False).returncode


def bench(beside: str, only: str, rounds: str) -> int:
    """What a message costs, here and in the servers named beside, and what has moved since a release."""
    provide(say, servers=True, browser=False)
    command: list[str | Path] = [sys.executable, ROOT / "benchmarks" / "talk", "--servers", "bchat"]
    command += beside.split()
    command += ["--only", *only.split()] if only else []
    command += ["--rounds", rounds] if rounds else []
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def audit() -> int:
    """Is a weakness known of anything installed? It asks PyPI and npm, and fails where they can't say."""
    uv = os.environ.get("BCHAT_UV", "uv")
    export = ["export", "--quiet", "--frozen", "--all-packages", "--no-emit-workspace", "--no-dev"]
    wanted = LOCAL / "audited.txt"
    subprocess.run([uv, *export, "--output-file", wanted], cwd=ROOT, check=True)
    ask = ["tool", "run", "pip-audit", "--strict", "--disable-pip", "--require-hashes", "--requirement"]
    services = subprocess.run([uv, *ask, wanted], cwd=ROOT, check=False).returncode
    client = subprocess.run(["npm", "audit", "--omit=dev"], cwd=CLIENT, check=False).returncode
    return services or client


def compatible(service: str | None) -> int:
    """Would the release before of each service get on with what all others say and answer now?"""
    releases = Releases()
    parts = [service] if service else [part for part in PARTS if part != "admin"]
    wrong = releases.incompatible(parts)
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    if not wrong:
        tags = " ".join(filter(None, map(releases.before, parts)))
        print(f"With all others as they are now get on: {tags or 'none yet, there is no release'}.")
    return 1 if wrong else 0


def clean() -> None:
    """Stop the demo and remove everything that was made here."""
    for place in (LOCAL / "test", LOCAL):
        holder = (place / "lock").read_text().strip() if (place / "lock").exists() else ""
        if holder.isdigit() and leftovers(place):
            os.kill(int(holder), signal.SIGTERM)
        while leftovers(place):
            time.sleep(0.2)
        shutil.rmtree(elsewhere(place), ignore_errors=True)
    shutil.rmtree(LOCAL, ignore_errors=True)
    shutil.rmtree(CLIENT / "dist", ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
