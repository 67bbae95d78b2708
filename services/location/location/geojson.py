"""A position as it comes in: a GeoJSON Feature (RFC 7946, longitude first), checked before SQL sees it."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from kit import clock
from kit.fields import checked, is_id
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from location.errors import too_old

# A hundred-millionth of a degree would claim a millimetre; this is a decimetre.
DIGITS = 6
RANGES = (("longitude", 180, -180), ("latitude", 90, -90), ("altitude", 100_000, -12_000))
MOST_ACCURACY = 100_000


def _an_id(text: str) -> str:
    if not is_id(text):
        raise ValueError("The id of a position is a UUID.")
    return text.lower()  # as PostgreSQL gives it back: ids are compared as texts


def _on_earth(coordinates: list[float]) -> list[float]:
    for value, (name, most, least) in zip(coordinates, RANGES, strict=False):
        if not least <= value <= most:
            raise ValueError(f"A {name} is a number from {least} to {most}.")
    return [round(value, DIGITS) for value in coordinates]


def _time(value: object) -> object:
    return clock.parse(value) if isinstance(value, str) else value


Number = Annotated[float, Field(allow_inf_nan=False)]
Coordinates = Annotated[list[Number], Field(min_length=2, max_length=3), AfterValidator(_on_earth)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Point(_Strict):
    type: Literal["Point"]
    coordinates: Coordinates


class Properties(_Strict):
    accuracy_m: Annotated[Number, Field(ge=0, le=MOST_ACCURACY)] | None = None
    recorded_at: Annotated[AwareDatetime, BeforeValidator(_time)] | None = None


class Feature(_Strict):
    """Where somebody is. Without an `id` it is a new position each time it comes."""

    type: Literal["Feature"]
    id: Annotated[str, AfterValidator(_an_id)] | None = None
    geometry: Point
    properties: Properties | None = None

    @classmethod
    def read(cls, feature: dict[str, Any]) -> Self:
        """
        Raises:
            Invalid: it is no position on earth.
        """
        return checked(cls, "invalid_position", feature)

    @property
    def accuracy_m(self) -> float | None:
        return self.properties.accuracy_m if self.properties else None

    def recorded_at(self, now: datetime, oldest: int) -> datetime:
        """When it was so, by our clock: one that runs ahead of it is a phone's, and means now.

        Raises:
            Invalid: that is more than `oldest` seconds ago.
        """
        told = self.properties.recorded_at if self.properties else None
        if told is None or told > now:
            return now
        if now - told > timedelta(seconds=oldest):
            raise too_old(oldest)
        return told
