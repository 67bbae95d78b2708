"""What the routes share: who asks, asking, and answering."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import orjson
from apiflask import APIBlueprint
from flask import Response, g, request
from kit.caller import Caller
from kit.errors import Invalid, Unauthenticated
from kit.event import new_id
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.wiring import gateway

PREFIX = "/api/v1"
KEY = "Idempotency-Key"
PUBLIC: set[str] = set()  # endpoints that nobody needs to be signed in for
FILES: dict[str, tuple[str | None, tuple[str, ...]]] = {}  # media types by operation

View = TypeVar("View", bound=Callable[..., Response])
Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Time = Annotated[str, Field(examples=["2026-11-22T17:26:03.120Z"], json_schema_extra={"format": "date-time"})]


class Body(BaseModel):
    """What a client sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def given(self) -> dict[str, Any]:
        """Only what was sent, for changes."""
        return self.model_dump(exclude_unset=True)


class Query(BaseModel):
    """What stands behind the question mark, where everything is text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(Query):
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, StringConstraints(max_length=1000)] | None = None


class Shown(BaseModel):
    """What we answer: within version 1 fields are only added."""

    model_config = ConfigDict(extra="allow")


class Api(APIBlueprint):
    """The routes that lead to one service."""

    def __init__(self, name: str) -> None:
        super().__init__(name, __name__, url_prefix=PREFIX, tag=name.capitalize())
        self.before_request(identify)

    def route(
        self,
        method: str,
        path: str,
        summary: str,
        *,
        body: type[BaseModel] | None = None,
        query: type[BaseModel] | None = None,
        shows: type[BaseModel] | None = None,
        status: int = 200,
        description: str | None = None,
        or_nothing: bool = False,
        public: bool = False,
        takes: str | None = None,
        gives: tuple[str, ...] = (),
    ) -> Callable[[View], View]:
        """A route and what the document says of it.

        Args:
            body, query: shapes of what comes in, which the view gets checked under these names.
            shows: shape of what is answered.
            or_nothing: the answer may also be 204.
            public: nobody needs to be signed in.
            takes: media type of a body that is a file: see uploads.py.
            gives: media types of an answer that is a file.
        """

        def decorate(view: View) -> View:
            made: Any = view
            if body:
                made = self.input(body, arg_name="body")(made)
            if query:
                made = self.input(query, location="query", arg_name="query")(made)
            if shows:
                made = self.output(shows, status_code=status)(made)
            made = self.doc(
                summary=summary,
                description=description,
                responses={204: "Done"} if or_nothing or not (shows or gives) else None,
                security=[{}] if public else None,
            )(made)
            super(Api, self).route(path, methods=[method])(made)
            if public:
                PUBLIC.add(f"{self.name}.{view.__name__}")
            if takes or gives:
                FILES[f"{method.lower()}_{self.name}_{view.__name__}"] = takes, gives
            return view

        return decorate


def address() -> str | None:
    return request.remote_addr


def identify() -> None:
    """Before every request of the API: who asks, unless nobody needs to know.

    Raises:
        Refusal
    """
    if request.endpoint not in PUBLIC:
        g.caller = bearer()


def bearer() -> Caller:
    """The caller that the token of the request names.

    Raises:
        Refusal
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("not_signed_in", "Sign in first.")
    return gateway().tokens.caller(token.strip(), address(), idempotency_key())


def idempotency_key() -> str | None:
    """What makes a POST that is repeated the same one; where the client names none, a key of its own.

    For the broker repeats as well: the call of a service that was killed before it could answer.

    Raises:
        Invalid
    """
    if request.method != "POST":
        return None
    key = request.headers.get(KEY)
    if key is None:
        return new_id()
    if not (1 <= len(key) <= 200 and key.isascii() and key.isprintable()):
        errors = [{"loc": [KEY], "msg": "1 to 200 printable ASCII characters"}]
        raise Invalid("invalid_idempotency_key", "The Idempotency-Key can not be used.", errors)
    return key


def ask(service: str, method: str, **kwargs: Any) -> Any:
    """Calls a service on behalf of the one who asks; one that only reads may be asked twice.

    Raises:
        Refusal, RemoteFailure
    """
    backend = gateway().backend
    call = backend.read if request.method == "GET" else backend.call
    return call(service, method, caller=g.caller, **kwargs)


def answer(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, mimetype="application/json")


def nothing() -> Response:
    return Response(status=204)
