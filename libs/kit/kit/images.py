"""Pictures that people bring: drawn anew, so that nothing is in them but the picture."""

import ctypes
import io
from typing import NamedTuple

from PIL import Image, ImageOps

# Formats that browsers show. Decoding is bounded by what a 50-megapixel camera makes.
READ = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP")
MOST_PIXELS = 60_000_000
# Of glibc; elsewhere memory is given back by itself, or not at all.
_give_back = getattr(ctypes.CDLL(None), "malloc_trim", None)


class NotAnImage(ValueError):
    """No picture of a known kind, a broken one, or larger than any camera's; the text says which."""


class Picture(NamedTuple):
    """A picture of ours; `width` and `height` are in pixels."""

    content: bytes
    content_type: str
    width: int
    height: int


def reencoded(content: bytes, *, most_side: int, square: bool = False, moving: bool = True) -> Picture:
    """The picture drawn anew, upright and without metadata; of a moving one the first frame.

    Args:
        most_side: pixels of the longer side at most; a smaller picture stays as large as it is.
        square: cut to its middle, as avatars are.
        moving: whether the first frame will do; if not, a moving picture is none.

    Raises:
        NotAnImage
    """
    try:
        return _reencoded(content, most_side, square, moving)
    finally:
        # A large picture takes hundreds of megabytes, which the process would keep for the next one.
        if _give_back:
            _give_back(0)


def _reencoded(content: bytes, most_side: int, square: bool, moving: bool) -> Picture:
    try:
        with Image.open(io.BytesIO(content), formats=READ) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise NotAnImage(f"The picture has more than {MOST_PIXELS // 1_000_000} million pixels.")
            if not moving and getattr(opened, "is_animated", False):
                raise NotAnImage("The picture moves.")
            opened.draft("RGB", (most_side * 2, most_side * 2))  # a JPEG needs no more to be decoded
            return _drawn(ImageOps.exif_transpose(opened), most_side, square)
    except NotAnImage:
        raise
    # What Pillow raises on broken input is whatever its decoders raise.
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        ArithmeticError,
        Image.DecompressionBombError,
    ) as problem:
        raise NotAnImage("This is no picture that can be shown.") from problem


def _drawn(image: Image.Image, most_side: int, square: bool) -> Picture:
    clear = image.has_transparency_data
    image = image.convert("RGBA" if clear else "RGB")
    if square:
        side = min(most_side, *image.size)
        image = ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)
    else:
        image.thumbnail((most_side, most_side), Image.Resampling.LANCZOS)
    image.info.clear()  # else the colour profile and comments of the file would go along
    out = io.BytesIO()
    if clear:
        image.save(out, "WEBP", quality=85, method=4)
        return Picture(out.getvalue(), "image/webp", *image.size)
    image.save(out, "JPEG", quality=85, optimize=True, progressive=True)
    return Picture(out.getvalue(), "image/jpeg", *image.size)
