"""A file is made in a process of its own: it can be ended when it takes too long or too much, and gives back
all its memory. What goes in is the frozen report as JSON, what comes out is the file.
"""

import os
import subprocess
import sys
from datetime import tzinfo
from typing import Any

import orjson
from kit.clock import rfc3339
from kit.observe import get_logger

from reports.models import Report

log = get_logger(__name__)
MOST_SAID = 2000  # characters of what a process that failed said


class NotMade(Exception):
    """The file could not be made within its limits, or at all; the text is for the log."""


def frozen(report: Report, source: str, zone: tzinfo) -> dict[str, Any]:
    """What a file is made of.

    Args:
        source: what people call it.
        zone: in which times are told.
    """
    names = ("type", "title", "period", "locale", "kpis", "charts", "tables", "notes", "stale")
    body = {name: getattr(report, name) for name in names}
    times = {name: rfc3339(time) for name in ("as_of", "finished_at") if (time := getattr(report, name))}
    return {**body, **times, "source": source, "zone": str(zone)}


def made(report: dict[str, Any], wanted: dict[str, Any], *, seconds: float, megabytes: int) -> bytes:
    """The file.

    Raises:
        NotMade
    """

    try:
        done = subprocess.run(
            [sys.executable, "-m", "reports.files"],
            input=orjson.dumps({"report": report, "wanted": wanted, "megabytes": megabytes}),
            capture_output=True,
            timeout=seconds,
            check=False,
            # One thread each: who draws has one processor.
            env={**os.environ, "RAYON_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired:
        raise NotMade(f"It took longer than {seconds:g} seconds.") from None
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip()[-MOST_SAID:]
        raise NotMade(f"It ended with {done.returncode}: {said}")
    if done.stderr:
        log.warning("file_made_poorly", said=done.stderr.decode(errors="replace")[-MOST_SAID:])
    return done.stdout
