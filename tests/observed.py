"""What the code measures, and what alerts and dashboards ask."""

import ast
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[1]
OBSERVABILITY = ROOT / "deploy" / "observability"
KINDS = {"Counter": "counter", "Gauge": "gauge", "Histogram": "histogram"}


class Metric(NamedTuple):
    kind: str
    labels: frozenset[str]


@cache
def measured() -> dict[str, Metric]:
    """The metrics that the code makes."""
    found = {}
    for path in (*ROOT.glob("libs/*/*/**/*.py"), *ROOT.glob("services/*/*/**/*.py")):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
                name, labels = next(iter(node.args), None), node.args[2:]
                if isinstance(name, ast.Constant) and str(name.value).startswith("bchat_"):
                    named = ast.literal_eval(labels[0]) if labels else []
                    found[str(name.value)] = Metric(KINDS[node.func.id], frozenset(named))
    return found


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((OBSERVABILITY / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def asked() -> Iterator[tuple[str, str]]:
    """Each expression of alerts and dashboards, with where it stands."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for path in sorted(OBSERVABILITY.glob("grafana/*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", ()):
                yield f"{path.stem}: {panel['title']}", target["expr"]
