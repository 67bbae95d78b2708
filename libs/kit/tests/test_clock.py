"""One way to write times, and one to read them."""

from datetime import UTC, datetime

import pytest
from kit.clock import parse, rfc3339


def test_what_is_written_is_read_again() -> None:
    time = datetime(2026, 11, 22, 17, 26, 3, 120_000, UTC)
    assert rfc3339(time) == "2026-11-22T17:26:03.120Z"
    assert parse(rfc3339(time)) == parse("2026-11-22T18:26:03.120+01:00") == time


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2026-11-22", "2026-11-22T17:26:03", "9999-12-31T23:59:59-23:00", "0001-01-01T00:00+01:00"],
)
def test_what_is_no_time_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)
