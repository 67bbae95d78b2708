"""Services are released one by one: which of them a change touches, making a release, and whether the release
before still gets on with what the others say and answer now.

A release of a service is the tag `<service>/v<version>`.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from machine import ROOT, Trouble
from rights import SERVICES

Contracts = dict[str, dict[str, Any]]
# What is released, and where it is.
PARTS = {**{name: f"services/{name}" for name in (*SERVICES, "gateway")}, "admin": "libs/admin"}
# What is in the image of which; a service's own folder goes without saying.
INSIDE = {"libs/kit/": set(PARTS), "clients/web/": {"gateway"}}
VERSION = re.compile(r"\d+\.\d+\.\d+")
# In these folders of a part, or by these names, nothing gets into an image.
OUTSIDE = re.compile(r"/tests?/|\.test\.tsx?$|/(README|CHANGELOG)\.md$")


@dataclass
class Told:
    """What a release of a service hears, with what is wrong about it, and the methods that it answers."""

    heard: dict[str, str] = field(default_factory=dict)
    methods: dict[str, dict[str, bool]] = field(default_factory=dict)


class Releases:
    """Those of a repository.

    Args:
        root: its work tree.
    """

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", self.root, *arguments], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise Trouble(f"git {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def last(self, part: str) -> str | None:
        """The tag of its newest release that this work tree comes from."""
        return next(iter(self._tags(part)), None)

    def before(self, part: str) -> str | None:
        """The tag of its newest release that is another than what is here, so just after a release the one
        before it; where there is no other, the only one."""
        tags = self._tags(part)
        return next((tag for tag in tags if self._changes(part, tag)), tags[0] if tags else None)

    def _tags(self, part: str) -> list[str]:
        return self.git("tag", "--merged", "HEAD", "--sort=-version:refname", "--list", f"{part}/v*").split()

    def touched(self, since: str | None = None) -> dict[str, list[str]]:
        """The parts whose images would be others, each with why.

        Args:
            since: compared with this commit; else each part with its own last release.
        """
        found = {}
        for part in PARTS:
            before = since or self.last(part)
            found[part] = self._changes(part, before) if before else ["was never released"]
        return {part: why for part, why in found.items() if why}

    def _changes(self, part: str, before: str) -> list[str]:
        changed = self.git("diff", "--name-only", before).split()
        changed += self.git("ls-files", "--others", "--exclude-standard").split()
        places = [f"{PARTS[part]}/", *(place for place, parts in INSIDE.items() if part in parts)]
        why = [
            name
            for name in sorted(set(changed))
            if any(name.startswith(place) for place in places) and not OUTSIDE.search(name)
        ]
        if "uv.lock" in changed:
            was, now = _locked(self.git("show", f"{before}:uv.lock")), _locked(self.read("uv.lock"))
            package = f"bchat-{part}"
            why += sorted(_closure(now, package) ^ _closure(was, package))
        return why

    def read(self, name: str) -> str:
        return (self.root / name).read_text()

    def version(self, part: str) -> str:
        """The one that its project file names."""
        version: str = tomllib.loads(self.read(f"{PARTS[part]}/pyproject.toml"))["project"]["version"]
        return version

    def release(self, part: str, version: str) -> str:
        """Writes the version where it stands, commits, and tags; returns the tag.

        Raises:
            Trouble: it can't be released so.
        """
        if part not in PARTS:
            raise Trouble(f"Say which of {', '.join(PARTS)}: `make release S=chat V=0.2.0`.")
        if not VERSION.fullmatch(version):
            raise Trouble(f"{version or 'Nothing'} is no version, as 0.2.0 is.")
        tag, last = f"{part}/v{version}", self.last(part)
        if last and _number(version) <= _number(last.rpartition("/v")[2]):
            raise Trouble(f"{last} is out already: {version} has to be newer.")
        if self.git("status", "--porcelain").strip():
            raise Trouble("There are changes that are not committed: a release is of what is.")
        log = f"{PARTS[part]}/CHANGELOG.md"
        text = self.read(log)
        if last or self.version(part) != version:
            if "## Unreleased\n" not in text:
                raise Trouble(f"{log} has nothing under `## Unreleased`: say there what is new.")
            (self.root / log).write_text(text.replace("## Unreleased\n", f"## {version}\n", 1))
        for name, pattern in _stands(part):
            (self.root / name).write_text(re.sub(pattern, rf"\g<1>{version}", self.read(name), flags=re.M))
        subprocess.run([os.environ.get("BCHAT_UV", "uv"), "lock", "--quiet"], cwd=self.root, check=True)
        if self.git("status", "--porcelain").strip():
            self.git("commit", "--quiet", "--all", "--message", f"{part}: Release {version}.")
        self.git("tag", "--annotate", "--message", f"{part} {version}", tag)
        return tag

    def contracts(self, at: str | None = None, only: str | None = None) -> Contracts:
        """The events that are said, by their names: of the work tree, or of a commit.

        Args:
            only: those of this service.
        """
        place = f"services/{only}/contract" if only else "services"
        if at:
            names = self.git("ls-tree", "-r", "--name-only", at, place).split()
        else:
            names = [str(path.relative_to(self.root)) for path in (self.root / place).rglob("*.json")]
        return {
            f"{name.split('/')[1]}.{Path(name).stem}": json.loads(
                self.git("show", f"{at}:{name}") if at else self.read(name)
            )
            for name in names
            if re.fullmatch(r"services/\w+/contract/\w+\.v\d+\.json", name)
        }

    def incompatible(self, parts: Iterable[str] = (*SERVICES, "gateway")) -> list[str]:
        """What would go wrong were one of the services still of the release before and all others of now: a
        sentence each, with what to do."""
        now = self.contracts()
        wrong = []
        for part in parts:
            tag = self.before(part)
            if tag is None:
                continue
            old = self._told(self.checked_out(part, tag), part, now, methods=True)
            wrong += [_not_heard(part, tag, event, why) for event, why in old.heard.items() if why]
            if old.methods:
                answered = self._told(self.root, part, now, methods=True).methods
                wrong += changed_methods(part, tag, old.methods, answered)
            wrong += self._not_heard_of(part, tag, now)
        return wrong

    def _not_heard_of(self, part: str, tag: str, now: Contracts) -> list[str]:
        """What readers of now make of what the release before says."""
        said = self.contracts(tag, part)
        wrong = []
        for reader in (*SERVICES, "gateway") if said else ():
            heard = self._told(self.root, reader, {**now, **said}).heard
            wrong += [
                f"{reader} can't hear {event} as {tag} says it ({why}): what a release doesn't say yet, "
                "a reader does without; give the field a default."
                for event, why in heard.items()
                if why and event in said
            ]
        return wrong

    def checked_out(self, part: str, at: str) -> Path:
        """The work tree of a release or another commit, with an environment of its own, as its lock says."""
        commit = self.git("rev-parse", "--short", f"{at}^{{commit}}").strip()
        place = self.root / ".local" / "releases" / f"{part}-{commit}"
        if not place.exists():
            self.git("worktree", "prune")
            self.git("worktree", "add", "--quiet", "--force", "--detach", str(place), commit)
        uv = [os.environ.get("BCHAT_UV", "uv"), "sync", "--quiet", "--frozen", "--no-dev"]
        env = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
        done = subprocess.run(
            [*uv, "--package", f"bchat-{part}"],
            cwd=place,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Trouble(f"{part} of {at} can't be set up: {done.stderr.strip()}")
        return place

    def _told(self, root: Path, part: str, contracts: Contracts, *, methods: bool = False) -> Told:
        folder = root / PARTS[part]
        own = root / ".venv" / "bin" / "python"
        done = subprocess.run(
            [
                own if own.exists() else sys.executable,
                Path(__file__).with_name("tell.py"),
                *(["methods"] if methods else []),
            ],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": f"{folder}:{root / 'libs' / 'kit'}", "PYTHONWARNINGS": "ignore"},
            input=json.dumps(contracts),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Trouble(f"{part} in {root} doesn't tell what it does:\n{done.stderr.strip()}")
        return Told(**json.loads(done.stdout))


def _not_heard(part: str, tag: str, event: str, why: str) -> str:
    if why == "nobody says it":
        return (
            f"{tag} hears {event}, which nobody says any longer: go on saying it, beside what takes "
            "its place, until a release that hears the new one is everywhere."
        )
    return (
        f"{tag} can't hear {event} as it is said now ({why}): within a version fields are only added; "
        "say the change as a new version, beside this one."
    )


def changed_methods(
    part: str, tag: str, was: Mapping[str, Mapping[str, bool]], now: Mapping[str, Mapping[str, bool]]
) -> list[str]:
    """What who asks a service as its last release answers would meet: a sentence each.

    Args:
        was, now: of each method its parameters, and whether they must be given.
    """
    wrong = []
    for method, parameters in was.items():
        if method not in now:
            wrong.append(
                f"{part}.{method} is gone, and who asks {tag} may still ask it: leave it, and take it away "
                "when no release asks it."
            )
            continue
        wrong += [
            f"{part}.{method} takes no `{name}` any longer, which who asks {tag} gives: go on taking it."
            for name in parameters.keys() - now[method].keys()
        ]
        wrong += [
            f"{part}.{method} must now be given `{name}`, which who asks {tag} doesn't: give it a default."
            for name, must in now[method].items()
            if must and not parameters.get(name, False)
        ]
    return wrong


def _stands(part: str) -> list[tuple[str, str]]:
    """Where a part's version stands: file, and a pattern whose first group comes before it."""
    image = rf"bchat/{part}"
    found = [
        (f"{PARTS[part]}/pyproject.toml", r'^(version = ")[^"]+'),
        ("docker-compose.yml", rf"(image: {image}:)[\d.]+"),
    ]
    workers = {"reports": ("reports", "reports-worker"), "push": ("push", "push-worker")}
    bases = () if part == "admin" else workers.get(part, (part,))
    tag = rf"(newName: {image}, newTag: )[\d.]+"
    return found + [(f"deploy/k8s/base/{base}/kustomization.yaml", tag) for base in bases]


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _locked(lock: str) -> dict[str, dict[str, Any]]:
    return {package["name"]: package for package in tomllib.loads(lock)["package"]}


def _closure(locked: Mapping[str, Mapping[str, Any]], package: str) -> set[str]:
    """What a package is built on, with versions, extras included: more than needed is better than less."""
    found: set[str] = set()
    left = [package]
    while left:
        name = left.pop()
        if name in found or name not in locked:
            continue
        found.add(name)
        entry = locked[name]
        for wanted in (entry.get("dependencies", ()), *entry.get("optional-dependencies", {}).values()):
            left += [other["name"] for other in wanted]
    return {f"{name} {locked[name].get('version', '')}" for name in found if not name.startswith("bchat-")}
