"""The client reads the answers as the API's document has them."""

import subprocess

from gateway.document import document
from machine import CLIENT


def test_the_types_of_the_client_are_those_of_the_document() -> None:
    generator = ("npx", "openapi-typescript", "--default-non-nullable", "false")
    made = subprocess.run(
        generator, cwd=CLIENT, input=document(), capture_output=True, check=True, timeout=120
    )
    assert made.stdout.decode() == (CLIENT / "src" / "api" / "openapi.ts").read_text(), (
        "Run `make contracts`: the API has changed since the client's types were written."
    )
