"""What a gateway's processes use: of several `prometheus_client` measures none."""

import os
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from prometheus_client import ProcessCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

NEWEST = "process_start_time_seconds"


class Workers(Collector):
    """What is told of one process elsewhere, of all workers of this gateway: the sum, and the start of the
    newest, so that it changes whenever one had to be started anew."""

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        values: dict[str, list[float]] = defaultdict(list)
        for pid in _workers():
            for family in ProcessCollector(pid=partial(str, pid), registry=None).collect():
                families[family.name] = family
                values[family.name] += [sample.value for sample in family.samples]
        for name, family in families.items():
            of_all = max(values[name]) if name == NEWEST else sum(values[name])
            family.samples = [family.samples[0]._replace(value=of_all)]
            yield family


def _workers() -> list[str]:
    master = os.getppid()
    try:
        return Path(f"/proc/{master}/task/{master}/children").read_text().split()
    except OSError:  # not every kernel tells
        return [str(os.getpid())]
