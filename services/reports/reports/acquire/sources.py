"""The sources there are, from the file that the setting SOURCES_FILE names."""

from functools import cache
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from kit.config import ConfigError, read
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from reports.schedule import Schedule


class Source(BaseModel):
    """One CRM/ERP replica. `kind` is the folder of queries that fits its product."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    kind: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    uri: str = Field(
        description="SQLAlchemy URL of the replica, with a role that may only read; or files:///a/folder.",
        repr=False,
    )
    session: tuple[str, ...] = Field(default=(), description="SQL said to the replica before it is read.")
    title: str = Field(min_length=1, max_length=120)
    schedule: str | None = Field(default=None, description="Cron line; without one only on request.")
    timezone: str = Field(default="UTC", description="Of the schedule, and of what 'today' means.")
    owner: str | None = Field(default=None, max_length=120, description="Whom to ask about this source.")
    owner_id: UUID | None = Field(default=None, description="The user who hears first when it is in trouble.")
    hook_secret: str | None = Field(
        default=None, min_length=16, description="Of calls by the ERP that it has changed.", repr=False
    )

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as problem:
            raise ValueError(f"{value} is no IANA time zone") from problem
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def times(self) -> Schedule | None:
        return Schedule(cron=self.schedule, timezone=self.timezone) if self.schedule else None


@cache
def read_sources(path: Path) -> dict[str, Source]:
    """The sources by name, in the order of the file.

    Raises:
        ConfigError: the file can't be used; the text names the source and the setting.
    """
    try:
        found = read(path)
    except ConfigError as problem:
        raise ConfigError(f"SOURCES_FILE: {problem}") from problem
    sources = {}
    for name, body in found.items():
        try:
            sources[name] = Source(name=name, **(body or {}))
            sources[name].times  # noqa: B018  a bad cron line must stop the start, not the first tick
        except (ValidationError, TypeError) as problem:
            errors = problem.errors() if isinstance(problem, ValidationError) else []
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in errors) or str(problem)
            raise ConfigError(f"SOURCES_FILE: {path}: source {name}: {wrong}") from problem
    return sources
