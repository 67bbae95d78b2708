"""Prints alert rules as Prometheus' operator and dashboards as the sidecar of Grafana takes them.

python deploy/k8s/seeing.py | kubectl apply -f -
"""

from pathlib import Path

import yaml

OBSERVABILITY = Path(__file__).parents[1] / "observability"


def main() -> None:
    rules = yaml.safe_load((OBSERVABILITY / "alerts.yml").read_text())
    items = [
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "bchat", "namespace": "bchat"},
            "spec": rules,
        }
    ]
    for path in sorted((OBSERVABILITY / "grafana").glob("*.json")):
        labels = {"grafana_dashboard": "1"}
        items.append(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": f"dashboard-{path.stem}", "namespace": "bchat", "labels": labels},
                "data": {path.name: path.read_text()},
            }
        )
    print(yaml.safe_dump_all(items, sort_keys=False))  # noqa: T201


if __name__ == "__main__":
    main()
