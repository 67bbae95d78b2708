"""Writes `operators.yml`, what the tests know of operators' resources: of each definition as much as concerns
the fields that are used here. Done again when a new field is wanted, or for newer operators:

    python deploy/k8s/tests/operators.py DEFINITION.yaml...    # the CustomResourceDefinitions of all kinds
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
# What of a schema says whether a value is good.
CHECKED = ("type", "enum", "pattern", "format", "minimum", "maximum", "minLength", "maxLength", "required")
Schema = dict[str, Any]


def pruned(schema: Schema, values: Iterable[Any]) -> Schema:
    """As much of a schema as those values touch; an object takes no other fields than those.

    Args:
        values: all that are held against it.
    """
    kept = {word: schema[word] for word in CHECKED if word in schema}
    if schema.get("x-kubernetes-int-or-string"):
        kept["type"] = ["integer", "string"]
    if schema.get("type") == "array":
        kept["items"] = pruned(schema["items"], [inner for value in values for inner in value])
    elif isinstance(schema.get("additionalProperties"), dict):
        kept["additionalProperties"] = pruned(
            schema["additionalProperties"], [inner for value in values for inner in value.values()]
        )
    elif schema.get("type") == "object" and not schema.get("x-kubernetes-preserve-unknown-fields"):
        used = {field: [v[field] for v in values if field in v] for value in values for field in value}
        known = schema.get("properties", {})
        kept["properties"] = {
            field: pruned(known[field], inner) for field, inner in sorted(used.items()) if field in known
        }
        kept["additionalProperties"] = False
    return kept


def main(definitions: list[str]) -> None:
    resources: dict[str, list[Any]] = {}
    for command in (
        ["kubectl", "kustomize", HERE.parent / "overlays" / "small"],
        ["kubectl", "kustomize", HERE.parent / "overlays" / "production"],
        [sys.executable, HERE.parent / "seeing.py"],
    ):
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        for resource in yaml.safe_load_all(done.stdout):
            kind = f"{resource['apiVersion']}/{resource['kind']}"
            resources.setdefault(kind, []).append(resource.get("spec"))
    schemas = {}
    for name in definitions:
        definition = yaml.safe_load(Path(name).read_text())["spec"]
        for version in definition["versions"]:
            kind = f"{definition['group']}/{version['name']}/{definition['names']['kind']}"
            if kind in resources:
                spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
                schemas[kind] = pruned(spec, resources[kind])
    path = HERE / "operators.yml"
    head = path.read_text().partition("\n\n")[0]
    body = "".join(
        yaml.safe_dump({kind: schema}, default_flow_style=None, width=118, sort_keys=False)
        for kind, schema in sorted(schemas.items())
    )
    path.write_text(f"{head}\n\n{body}")


if __name__ == "__main__":
    main(sys.argv[1:])
