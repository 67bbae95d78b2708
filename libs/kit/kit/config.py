"""Typed settings from `config.yml`, where `${NAME:default}` stands for an environment variable.

The variable `NAME_FILE` may name a file that holds the value instead: so secrets stay out of environments,
which every child process and many a crash report has.
"""

import difflib
import importlib
import os
import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z][A-Z0-9_]*)(?::(?P<default>[^}]*))?\}")
_NAMES = ("service", "settings", "metadata", "events")


class ConfigError(Exception):
    """The settings can't be used; the text says which and why."""


class Settings(BaseModel):
    """What every process needs; a service's own class adds its own. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    AMQP_URI: str = Field(pattern="^amqps?://", description="The broker.")
    DATABASE_URI: str = Field(
        default="",
        pattern=r"^(postgresql\+psycopg2://.*)?$",
        description="The service's own schema, by its own role.",
    )
    DATABASE_POOL: int = Field(default=10, ge=1, description="Connections a process may hold.")
    MAX_WORKERS: int = Field(default=20, ge=1, description="Calls and events handled at once.")
    PROBE_PORT: int = Field(default=0, description="Port of /healthz, /readyz and /metrics; 0 is off.")
    PROBE_HOST: str = Field(default="127.0.0.1", description="Address the probes listen on.")
    LOG_LEVEL: str = Field(default="INFO", description="What is not worth this level is not logged.")
    LOG_FORMAT: str = Field(
        default="json", pattern="^(json|console)$", description="json, or console for eyes."
    )
    TRACES_URL: str = Field(
        default="", description="Where spans are sent: http://collector:4318/v1/traces; empty is off."
    )
    TRACES_SAMPLE: float = Field(default=0.05, ge=0, le=1, description="The part of traces that is sent.")
    HEAR_ATTEMPTS: int = Field(default=10, ge=1, description="Tries before an event is a dead letter.")
    HEAR_RETRY_SECONDS: float = Field(default=1.0, gt=0, description="First delay; doubles each time.")
    HEAR_RETRY_MAX_SECONDS: float = Field(default=60.0, gt=0, description="The longest such delay.")
    OUTBOX_POLL_SECONDS: float = Field(default=1.0, gt=0, description="How often unsaid events are sought.")


S = TypeVar("S", bound=Settings)


def variable(name: str, default: str | None = None) -> str | None:
    """An environment variable, or the content of the file that `<name>_FILE` names, less its last line's end.

    Raises:
        ConfigError: that file can't be read.
    """
    path = os.environ.get(f"{name}_FILE")
    if name in os.environ or not path:
        return os.environ.get(name, default)
    try:
        return Path(path).read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{name}_FILE can't be read: {problem}") from problem


def _expand(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _expand(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_expand(v) for v in value]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        found = variable(match["name"], match["default"])
        if found is None:
            raise ConfigError(f"The environment variable {match['name']} is not set and has no default.")
        return found

    return _VARIABLE.sub(replace, value)


def read(path: Path) -> dict[str, Any]:
    """The file with its variables put in.

    Raises:
        ConfigError: the file is missing, isn't a mapping, or needs a variable that isn't set.
    """
    try:
        raw = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as problem:
        raise ConfigError(f"{path}: {problem}") from problem
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: not a mapping of settings.")
    body: dict[str, Any] = _expand(raw)
    return body


def load(path: Path, cls: type[S]) -> S:
    """The settings of a service.

    Args:
        path: its `config.yml`.
        cls: its class of settings.

    Raises:
        ConfigError: a setting is missing, unknown or of the wrong type.
    """
    body = {k: v for k, v in read(path).items() if k not in _NAMES}
    try:
        return cls(**body)
    except ValidationError as problem:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in problem.errors())
        raise ConfigError(f"{path}: {wrong}") from problem


def misspelt(path: Path) -> dict[str, str]:
    """Environment variables that are no setting of a `config.yml` and look like one that isn't set, with that
    one: nothing else would tell of a default that is in force against somebody's will."""
    known = {match["name"] for match in _VARIABLE.finditer(path.read_text())}
    given = {name.removesuffix("_FILE") for name in os.environ}
    close = {name: difflib.get_close_matches(name, known - given, 1, 0.92) for name in sorted(given - known)}
    return {name: meant[0] for name, meant in close.items() if meant}


def named(path: Path, what: str) -> Any:
    """The object that a `config.yml` names under `service`, `settings`, `metadata` or `events`."""
    target = read(path).get(what)
    if not target:
        raise ConfigError(f"{path}: names no {what}.")
    module, _, attribute = str(target).partition(":")
    loaded = importlib.import_module(module)
    return getattr(loaded, attribute) if attribute else loaded
