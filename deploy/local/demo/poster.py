"""The picture of the demo's news: a bicycle before a low sun, drawn when it is wanted."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 1200, 675
# Drawn larger and then made smaller, which smooths the lines.
LARGER = 2
SKY, SUN, ROAD, STEEL, DARK = "#f2b279", "#fbe3b5", "#3d4a4f", "#b8432f", "#22292c"
REAR, FRONT, CRANK, SADDLE, HEAD = (390, 470), (810, 470), (560, 480), (505, 285), (745, 275)


def bicycle() -> bytes:
    """A JPEG."""
    image = Image.new("RGB", (WIDTH * LARGER, HEIGHT * LARGER), SKY)
    draw = ImageDraw.Draw(image)

    def circle(at: tuple[int, int], radius: int, fill: str | None, line: str | None = None) -> None:
        (x, y), r = at, radius
        box = [c * LARGER for c in (x - r, y - r, x + r, y + r)]
        draw.ellipse(box, fill=fill, outline=line, width=11 * LARGER if line else 0)

    def tube(*points: tuple[int, int], colour: str = STEEL, width: int = 13) -> None:
        scaled = [(x * LARGER, y * LARGER) for x, y in points]
        draw.line(scaled, fill=colour, width=width * LARGER, joint="curve")

    circle((860, 330), 190, SUN)
    draw.rectangle([0, 585 * LARGER, WIDTH * LARGER, HEIGHT * LARGER], fill=ROAD)
    for hub in (REAR, FRONT):
        circle(hub, 118, None, DARK)
        circle(hub, 12, DARK)
    tube(CRANK, REAR, SADDLE, CRANK, HEAD, (530, 360))
    tube(HEAD, FRONT)
    tube((495, 255), SADDLE, colour=DARK)
    tube((450, 252), (540, 252), colour=DARK, width=18)
    tube((790, 262), (735, 240), HEAD, colour=DARK)
    circle(CRANK, 30, None, DARK)
    tube((528, 520), (592, 440), colour=DARK, width=9)
    out = io.BytesIO()
    image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(out, "JPEG", quality=88)
    return out.getvalue()
