"""What processes have used and hold, those they have started included, as /proc says."""

import os
from collections.abc import Mapping
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def used(pids: Mapping[str, int]) -> dict[str, float]:
    """Processor seconds so far of each."""
    seconds = {}
    for name, pid in pids.items():
        fields = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in _family(pid)]
        seconds[name] = sum(int(ticks) for each in fields for ticks in each[11:15]) / TICKS
    return seconds


def memory(pid: int) -> int:
    """Bytes that a process holds and shares with nobody."""
    return sum(
        1024 * int(line.split()[1])
        for each in _family(pid)
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
        if line.startswith("Private_")
    )


def _family(pid: int) -> list[int]:
    """A process and all below it."""
    children = [
        child
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return [pid, *(each for child in children for each in _family(int(child)))]
