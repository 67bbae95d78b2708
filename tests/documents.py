"""What the published documents say, held against every live answer and frame that a test sees."""

import re
from fnmatch import fnmatch
from typing import Any

import requests
from jsonschema import Draft202012Validator, FormatChecker

Json = dict[str, Any]


class Documents:
    """The OpenAPI and AsyncAPI documents of a running gateway."""

    def __init__(self, url: str) -> None:
        self.openapi: Json = requests.get(f"{url}/api/v1/openapi.json", timeout=30).json()
        self.asyncapi: Json = requests.get(f"{url}/api/v1/asyncapi.json", timeout=30).json()
        # Of two paths that match, the one that says more is meant.
        self.operations = [
            (method.upper(), re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "$"), path, operation)
            for path, item in sorted(self.openapi["paths"].items(), key=_generality)
            for method, operation in item.items()
        ]
        self.frames = {
            side: {
                payload["properties"]["type"]["const"]: payload
                for name in (
                    m["$ref"].rpartition("/")[2] for m in self.asyncapi["operations"][side]["messages"]
                )
                for payload in [self.asyncapi["components"]["messages"][name]["payload"]]
            }
            for side in ("fromClient", "toClient")
        }

    def answer(self, method: str, path: str, answer: requests.Response) -> None:
        """Fails where an answer is not as the OpenAPI document says."""
        path = path.partition("?")[0]
        where = f"{method} {path} -> {answer.status_code}"
        found = [
            operation
            for verb, pattern, _, operation in self.operations
            if verb == method and pattern.match(path)
        ]
        assert found or answer.status_code in (404, 405), f"{where}: not in the document"
        if not found:
            return
        responses = found[0]["responses"]
        said = responses.get(str(answer.status_code))
        if said is None:
            assert answer.status_code >= 400, f"{where}: a status the document does not name"
            said = responses["default"]
        said = _resolve(self.openapi, said)
        content = said.get("content", {})
        if not content:
            assert not answer.content, f"{where}: a body the document does not name"
            return
        kind = answer.headers["Content-Type"].partition(";")[0]
        told = next((content[name] for name in content if fnmatch(kind, name)), None)
        assert told is not None, f"{where}: {kind}"
        if told.get("schema", {}).get("format") != "binary":
            _validate(self.openapi, told.get("schema", {}), answer.json(), where)

    def frame(self, side: str, frame: Json) -> None:
        """Fails where a frame is not as the AsyncAPI document says; `side` is fromClient or toClient."""
        payload = self.frames[side].get(frame["type"])
        assert payload is not None, f"{frame['type']}: not in the document"
        _validate(self.asyncapi, payload, frame, f"frame {frame['type']}")


def _generality(item: tuple[str, Json]) -> tuple[int, int]:
    return item[0].count("{"), -len(item[0])


def _resolve(document: Json, node: Json) -> Json:
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def _validate(document: Json, schema: Json, value: Any, where: str) -> None:
    whole = {**schema, "components": document.get("components", {})}
    problem = next(Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value), None)
    assert problem is None, f"{where}: {problem and problem.message} at {problem and problem.json_path}"
