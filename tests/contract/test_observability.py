"""What is measured, what operations.md says of it, and what alerts and dashboards ask are one."""

import re
import subprocess

import pytest
from machine import promtool
from observed import OBSERVABILITY, ROOT, Metric, asked, measured, rules

# Of each target that is scraped, and `le` of every histogram; the others are of other people's exporters.
GIVEN = {"job", "instance", "le"}
FOREIGN = ("up", "process_", "rabbitmq_")


def told() -> dict[str, Metric]:
    """The metrics of the table in operations.md."""
    text = (ROOT / "docs" / "operations.md").read_text()
    row = re.compile(r"^\| `(bchat_\w+)` \| (counter|gauge|histogram) \| ([^|]*) \| [^|]+ \|$", re.MULTILINE)
    return {
        name: Metric(kind, frozenset(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in row.findall(text)
    }


def test_the_table_of_metrics_is_what_the_code_measures() -> None:
    assert told() == measured()


@pytest.mark.parametrize(("where", "expression"), list(asked()))
def test_what_alerts_and_dashboards_ask_is_measured(where: str, expression: str) -> None:
    metrics, known = measured(), set(GIVEN)
    selectors = re.findall(r"\b(bchat_\w+)(?:\{([^}]*)\})?", expression)
    for name, matchers in selectors:
        base = re.sub(r"_(bucket|count|sum)$", "", name)
        metric = metrics.get(name) or metrics.get(base)
        assert metric, f"{name} is not measured"
        assert (base != name and name not in metrics) == (metric.kind == "histogram"), name
        known |= metric.labels
        assert set(re.findall(r"(\w+)\s*[=!]", matchers)) <= metric.labels | GIVEN, matchers
    grouped = {label.strip() for by in re.findall(r"\bby \(([^)]*)\)", expression) for label in by.split(",")}
    assert grouped - {""} <= known
    assert selectors or any(word.startswith(FOREIGN) for word in re.findall(r"\w+", expression)), expression


def test_each_alert_says_how_bad_it_is_and_what_to_do() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{rule['alert'].lower()}"
        assert f"\n### {rule['alert']}\n" in text, (
            f"operations.md does not say what to do for {rule['alert']}"
        )
    headings = set(re.findall(r"^### (Bchat\w+)$", text, re.MULTILINE))
    assert headings == {rule["alert"] for rule in rules()}


def test_prometheus_reads_the_rules_and_each_alert_comes_in_its_trouble_only() -> None:
    tried = (OBSERVABILITY / "alerts.test.yml").read_text()
    assert all(f'alertname="{rule["alert"]}"' in tried for rule in rules()), "an alert is not tried"
    tool = promtool()
    assert tool, "promtool is missing; `make test` installs it"
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"]):
        done = subprocess.run(
            [tool, *command], cwd=OBSERVABILITY, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
