import io
import resource
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kit.images import NotAnImage, reencoded
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base


def picture(
    size: tuple[int, int] = (64, 32), format: str = "JPEG", mode: str = "RGB", **options: object
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, "#c03020").save(out, format, **options)  # type: ignore[arg-type]
    return out.getvalue()


def exif() -> Image.Exif:
    found = Image.Exif()
    found[Base.Orientation] = 6
    found[Base.Artist] = "SECRET-ARTIST"
    found.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (22.0, 17.0, 5.0)
    return found


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_photo_comes_back_upright_and_without_what_it_tells_of_its_maker() -> None:
    made = reencoded(picture(exif=exif(), comment=b"SECRET-COMMENT"), most_side=2000)
    assert (made.width, made.height, made.content_type) == (32, 64, "image/jpeg")
    assert b"SECRET" not in made.content
    assert not opened(made.content).getexif()


def test_a_large_picture_is_made_smaller_and_a_small_one_is_left_as_large_as_it_is() -> None:
    assert reencoded(picture((4000, 1000)), most_side=400)[2:] == (400, 100)
    assert reencoded(picture((40, 10)), most_side=400)[2:] == (40, 10)


def test_a_moving_picture_is_its_first_frame_or_none() -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert reencoded(out.getvalue(), most_side=100)[2:] == (20, 10)
    with pytest.raises(NotAnImage):
        reencoded(out.getvalue(), most_side=100, moving=False)
    assert reencoded(picture(format="GIF"), most_side=100, moving=False)[2:] == (64, 32)


def test_an_avatar_is_a_square_of_the_middle() -> None:
    assert reencoded(picture((300, 200)), most_side=128, square=True)[2:] == (128, 128)
    assert reencoded(picture((30, 20)), most_side=128, square=True)[2:] == (20, 20)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "GIF"])
def test_what_is_clear_stays_clear(format: str) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(out, format)
    made = reencoded(out.getvalue(), most_side=8)
    assert made.content_type == "image/webp"
    assert opened(made.content).convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]


def test_the_memory_of_a_picture_is_given_back() -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    content = picture(size=(4000, 3000))
    reencoded(picture(), most_side=64)  # brings the decoder's own libraries
    before = resident()
    with ThreadPoolExecutor(2) as drawing:  # as services draw
        made = list(drawing.map(lambda _: reencoded(content, most_side=2560), range(4)))
    assert resident() - before < 20_000_000 + sum(len(drawn.content) for drawn in made)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "GIF", "AVIF", "BMP", "JPEG"])
def test_every_format_that_browsers_show_is_read(format: str) -> None:
    assert reencoded(picture(format=format), most_side=64).content_type == "image/jpeg"


def bomb() -> bytes:
    """A PNG of a few bytes that says it is 50000 pixels wide and high."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50000, 50000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"%PDF-1.7\n%%EOF",
        picture()[:200],
        picture(format="PNG")[:60],
        picture(format="TIFF"),
        bomb(),
    ],
    ids=["nothing", "text", "svg", "pdf", "half a JPEG", "half a PNG", "TIFF", "bomb"],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(NotAnImage):
        reencoded(content, most_side=64)


@pytest.mark.parametrize("format", ["PNG", "GIF", "JPEG", "WEBP"])
def test_of_a_file_that_is_a_picture_and_something_else_only_the_picture_is_left(format: str) -> None:
    hidden = b"<script>alert(1)</script>PK\x03\x04"
    made = reencoded(picture(format=format) + hidden, most_side=64)
    assert made.content
    assert hidden[:8] not in made.content
    assert hidden[-4:] not in made.content
