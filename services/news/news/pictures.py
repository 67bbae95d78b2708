"""Pictures of articles: drawn anew, and seen by whoever may see the article."""

from typing import Any

from kit.event import new_id
from kit.images import NotAnImage, Picture, reencoded
from kit.observe import get_logger
from kit.store import Store

from news import errors

log = get_logger(__name__)


def drawn(content: bytes, pixels: int) -> Picture:
    """The picture as it is shown.

    Args:
        pixels: of the longer side, at most.

    Raises:
        Invalid: it is none.
    """
    try:
        return reencoded(content, most_side=pixels)
    except NotAnImage as problem:
        raise errors.invalid_picture(str(problem)) from None


def keep(files: Store, picture: Picture) -> dict[str, Any]:
    """Keeps a picture, and returns what an article knows of it."""
    name = new_id()
    files.put(f"news/{name}", picture.content)
    return {
        "key": f"news/{name}",
        "content_type": picture.content_type,
        "size": len(picture.content),
        "width": picture.width,
        "height": picture.height,
        "etag": name,
    }


def forget(files: Store, picture: dict[str, Any] | None) -> None:
    """Takes the file away of a picture that no article has any more."""
    if not picture:
        return
    try:
        files.delete(picture["key"])
    except Exception:
        # Nobody can come to it any more; what was asked for is done or refused all the same.
        log.exception("picture_not_deleted", key=picture["key"])
