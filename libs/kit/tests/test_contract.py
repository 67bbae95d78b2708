"""A contract that differs from the code is seen."""

from pathlib import Path

import echo
import orjson
import pytest
from kit import contract
from pydantic import ValidationError


def test_a_written_contract_agrees_with_the_code_and_its_example_with_its_schema(tmp_path: Path) -> None:
    contract.write(echo, tmp_path)
    (path,) = tmp_path.iterdir()
    body = orjson.loads(path.read_bytes())
    assert path.name == "noted.v1.json"
    assert (body["examples"], body["x-audience"]) == ([{"text": "milk"}], ["everyone"])
    assert body["additionalProperties"] is False
    assert contract.differences(echo, tmp_path) == []


def test_each_difference_is_told(tmp_path: Path) -> None:
    assert ["is missing" in line for line in contract.differences(echo, tmp_path)] == [True]
    contract.write(echo, tmp_path)
    noted = tmp_path / "noted.v1.json"
    noted.write_text(noted.read_text().replace('"string"', '"integer"'))
    (tmp_path / "forgotten.v1.json").write_text("{}")
    forgotten, differs = contract.differences(echo, tmp_path)
    assert "forgotten.v1.json describes an event nobody says" in forgotten
    assert "noted.v1.json differs from the code" in differs


def test_who_speaks_is_strict_and_who_hears_is_tolerant() -> None:
    with pytest.raises(ValidationError):
        echo.Noted(text="milk", more="is refused")  # type: ignore[call-arg]
    body = orjson.loads(echo.Noted(text="milk").encode("echo"))
    body["data"]["more"] = body["more"] = "is ignored"
    heard = echo.NotedHeard.decode(body)
    assert (heard.text, heard.envelope.source, heard.envelope.audience) == (
        "milk",
        "/bchat/echo",
        ("everyone",),
    )
