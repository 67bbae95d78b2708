"""Files we serve: the web client and BokehJS, each compressed once and kept while it does not change."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from flask import Response, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

IMMUTABLE = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
WORTH_COMPRESSING = (
    "text/",
    "application/javascript",
    "application/json",
    "application/manifest",
    "image/svg",
)

mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("text/javascript", ".js")


@dataclass(frozen=True)
class File:
    changed: int
    mimetype: str
    plain: bytes
    zipped: bytes | None
    etag: str

    @classmethod
    def read(cls, path: Path) -> "File":
        plain = path.read_bytes()
        mimetype = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        worth = mimetype.startswith(WORTH_COMPRESSING) and len(plain) > 1024
        return cls(
            path.stat().st_mtime_ns,
            mimetype,
            plain,
            gzip.compress(plain, 9, mtime=0) if worth else None,
            hashlib.sha256(plain).hexdigest()[:32],
        )


class Files:
    """A folder's files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, File] = {}

    def get(self, name: str) -> File | None:
        found = safe_join(str(self._folder), name)
        path = Path(found) if found else None
        try:
            if path is None or not path.is_file():
                return None
        except OSError:  # longer than a name can be
            return None
        file = self._read.get(path)
        if file is None or file.changed != path.stat().st_mtime_ns:
            file = self._read[path] = File.read(path)
        return file

    def answer(self, name: str, cache: str) -> Response:
        """The file as an answer.

        Raises:
            NotFound
        """
        file = self.get(name)
        if file is None:
            raise NotFound
        zipped = file.zipped is not None and request.accept_encodings["gzip"] > 0
        response = Response(file.zipped if zipped else file.plain, mimetype=file.mimetype)
        response.headers["Cache-Control"] = cache
        if file.zipped is not None:
            response.vary.add("Accept-Encoding")
        if zipped:
            response.content_encoding = "gzip"
        response.set_etag(file.etag + ("-gzip" if zipped else ""))
        response.make_conditional(request)
        return response
