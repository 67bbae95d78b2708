"""An image has one service in it, is locked, runs as nobody in particular, and says what it is made of."""

import re

import pytest
from machine import ROOT
from releases import PARTS


@pytest.mark.parametrize("part", PARTS)
def test_an_image_has_its_part_and_the_kit_only(part: str) -> None:
    folder = PARTS[part]
    text = (ROOT / folder / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    allowed = (
        "pyproject.toml",
        "uv.lock",
        "libs/kit",
        folder,
        "clients/web" if part == "gateway" else folder,
    )
    assert [name for names in copied for name in names.split() if not name.startswith(allowed)] == []
    # What builds stays behind.
    stages = text.split("\nFROM ")
    assert len(stages) == (4 if part == "gateway" else 3)
    assert not re.search(r"\buv\b|npm|pip install", stages[-1].partition("COPY")[0])
    for line in re.findall(r"^.*uv (?:sync|export).*$", text, re.MULTILINE):
        assert "--frozen" in line
        assert "--no-dev" in line
        assert f"--package bchat-{part}" in line
    assert "--format cyclonedx1.5 --output-file /app/sbom.cdx.json" in text
    assert 'bchat.sbom="/app/sbom.cdx.json' in stages[-1]
    for label in ("title", "version", "revision", "base.name"):
        assert f"org.opencontainers.image.{label}=" in stages[-1]
    assert re.search(r"^USER \d+:\d+$", stages[-1], re.MULTILINE)
    assert ("/readyz" in stages[-1]) == (part != "admin")
    assert not re.search(r"(?i)password|secret|token", re.sub(r"#.*", "", text))


def test_images_are_built_alike(subtests: pytest.Subtests) -> None:
    """On one Python and by one uv, so that what is mended in one is mended in all."""
    texts = {part: (ROOT / folder / "Dockerfile").read_text() for part, folder in PARTS.items()}
    for what in (r"^ARG PYTHON=(.+)$", r"uv==([\d.]+)", r"^ENV (UV_.+)$", r"^USER (.+)$"):
        with subtests.test(what):
            assert len({re.search(what, text, re.MULTILINE)[1] for text in texts.values()}) == 1  # type: ignore[index]
    checks = {re.search(r"^HEALTHCHECK (.+) ", text, re.MULTILINE) for text in texts.values()} - {None}
    assert len({check[1] for check in checks if check}) == 1
    bootstrap = (ROOT / "deploy" / "local" / "bootstrap").read_text()
    (uv,) = {re.search(r"uv==([\d.]+)", text)[1] for text in texts.values()}  # type: ignore[index]
    assert f"UV = ({uv.replace('.', ', ')})" in bootstrap
