"""What the client brings before anything is shown is small enough for a phone."""

import gzip
import re
from pathlib import Path

from machine import CLIENT

DIST = CLIENT / "dist"
MOST = 250 * 1024


def test_the_scripts_before_the_first_chart_fit_into_their_budget() -> None:
    page = (DIST / "index.html").read_text()
    named = re.findall(r'<(?:script|link)[^>]+(?:src|href)="/([^"]+\.js)"', page)
    # Besides what the page names: the rooms that are seen first, and the words of the largest language.
    words = max(DIST.glob("assets/zh-*.js"), key=lambda path: path.stat().st_size)
    scripts = {DIST / name for name in named} | {words}
    assert len(scripts) > 2
    sizes = {path.name: zipped(path) for path in scripts}
    assert sum(sizes.values()) < MOST, dict(sorted(sizes.items(), key=lambda item: -item[1]))


def test_bokehjs_is_no_part_of_the_client() -> None:
    for path in DIST.rglob("*.js"):
        assert b"register_models" not in path.read_bytes(), path.name


def zipped(path: Path) -> int:
    """Bytes, as the gateway sends it."""
    return len(gzip.compress(path.read_bytes(), 9, mtime=0))
