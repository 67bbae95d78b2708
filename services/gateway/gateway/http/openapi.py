"""What the OpenAPI document says of every operation alike."""

from typing import Any

from pydantic import TypeAdapter

from gateway.http.base import FILES, KEY
from gateway.http.problems import MIMETYPE, Problem

PROBLEM = {"$ref": "#/components/responses/Problem"}
NOTHING_NEW = {
    *("login", "refresh", "logout", "change_password"),
    *("join", "leave", "end", "admin_end", "rotate_calendar_token", "hook"),
}
DESCRIPTION = (
    "The HTTP half of the client protocol, version 1: within it things are only added. The websocket's half "
    "is in `/api/v1/asyncapi.json`. Ids are texts (UUIDv7), times RFC 3339 in UTC with milliseconds. Lists "
    "take `limit` and `cursor`. Every error is `application/problem+json`."
)


def complete(document: dict[str, Any]) -> dict[str, Any]:
    document["info"]["description"] = DESCRIPTION
    document["servers"] = [{"url": "/"}]
    document["security"] = [{"token": []}]
    components = document.setdefault("components", {})
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    schema = TypeAdapter(Problem).json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"].update(schema.pop("$defs"), Problem=schema)
    components["responses"] = {
        "Problem": {
            "description": "Refused or failed; `code` says why.",
            "headers": {
                "Retry-After": {
                    "schema": {"type": "integer"},
                    "description": "With 429 and 503: seconds after which to try again.",
                }
            },
            "content": {MIMETYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    }
    components["parameters"] = {
        "IdempotencyKey": {
            "name": KEY,
            "in": "header",
            "description": "The same key from the same user: the same answer, nothing new, for 24 hours.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        }
    }
    for path in document["paths"].values():
        for method, operation in path.items():
            operation["responses"].pop("422", None)  # APIFlask's own, which is no problem document
            operation["responses"]["default"] = PROBLEM
            _tell_files(operation, *FILES.get(operation["operationId"], (None, ())))
            if method == "post" and operation["operationId"].split("_", 2)[2] not in NOTHING_NEW:
                operation.setdefault("parameters", []).append(
                    {"$ref": "#/components/parameters/IdempotencyKey"}
                )
    return document


def _tell_files(operation: dict[str, Any], takes: str | None, gives: tuple[str, ...]) -> None:
    binary = {"type": "string", "format": "binary"}
    if takes:
        form = {"type": "object", "properties": {"file": binary}, "required": ["file"]}
        schema = form if takes.startswith("multipart/") else binary
        operation["requestBody"] = {"required": True, "content": {takes: {"schema": schema}}}
    if gives:
        content = {kind: {"schema": binary} for kind in gives}
        operation["responses"]["200"] = {"description": "The file", "content": content}
        operation["responses"]["206"] = {"description": "A part of it", "content": content}
        operation["responses"]["304"] = {"description": "Not changed"}
