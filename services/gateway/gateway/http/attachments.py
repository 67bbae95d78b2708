"""Photos and files on their way into messages and out of them."""

from flask import Response
from pydantic import Field

from gateway.http import uploads
from gateway.http.base import Api, Shown, answer, ask, nothing
from gateway.wiring import gateway

attachments = Api("attachments")

# A large picture is drawn anew, twice, and may have to wait for its turn.
ATTACH_SECONDS = 25.0


class Attachment(Shown):
    id: str
    kind: str = Field(examples=["photo", "file"])
    content_type: str = Field(description="What the bytes say it is.")
    name: str
    size: int
    width: int | None = Field(default=None, description="Of a photo, like the next ones.")
    height: int | None = None
    url: str
    thumbnail_url: str | None = None


@attachments.route(
    "POST",
    "/attachments",
    "Bring a photo or a file, to be sent with a message",
    takes="multipart/form-data",
    shows=Attachment,
    status=201,
    description="A picture is drawn anew, without metadata; anything else is kept as it is. What is not sent "
    "goes after a day.",
)
def attach() -> Response:
    with uploads.part(gateway().settings.ATTACHMENT_BYTES) as incoming:
        told = ask("chat", "attach", seconds=ATTACH_SECONDS, incoming_key=incoming.key, name=incoming.name)
    return answer(told, 201)


@attachments.route(
    "GET",
    "/attachments/<attachment_id>",
    "A photo or file of a room I am in, or one of mine that is not sent",
    gives=("*/*",),
)
def attachment(attachment_id: str) -> Response:
    return uploads.file(ask("chat", "attachment", attachment_id=attachment_id))


@attachments.route(
    "GET",
    "/attachments/<attachment_id>/thumbnail",
    "A photo, small",
    gives=("image/jpeg", "image/webp"),
)
def thumbnail(attachment_id: str) -> Response:
    return uploads.file(ask("chat", "attachment", attachment_id=attachment_id, thumbnail=True))


@attachments.route("DELETE", "/attachments/<attachment_id>", "Give up one of mine that is not sent")
def detach(attachment_id: str) -> Response:
    ask("chat", "detach", attachment_id=attachment_id)
    return nothing()
