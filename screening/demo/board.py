"""The mood board of the demo: altered copies of works among innocent pictures."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import gmtime

import numpy as np
from PIL import Image, ImageOps

from screening.demo.canvas import Canvas
from screening.demo.figures import figure
from screening.demo.posters import poster
from screening.demo.scenes import scene
from screening.demo.works import Pictures

Make = Callable[[Pictures], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFile:
    """One file of the board: where it lies, how it is made, and what it is in truth.

    copy_of: the image below `works/` that it was made from, None if it is innocent.
    near: whether the whole picture is still alike, so that comparing hashes should find it.
    """

    path: str
    make: Make
    copy_of: str | None = None
    near: bool = False


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    """Return the image as the bytes of a file of that format."""
    buffer = io.BytesIO()
    speed = {"compress_level": 3} if form == "PNG" else {}
    image.save(buffer, form, **speed, **options)
    return buffer.getvalue()


def write(path: Path, data: bytes) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def warmed(image: Image.Image) -> Image.Image:
    """Return the image graded warm: reds up, blues down, blacks lifted."""
    curves = ((1.1, 14), (1.0, 8), (0.78, 10))
    levels = [min(255, round(level * gain + lift)) for gain, lift in curves for level in range(256)]
    return image.point(levels)


def trimmed(image: Image.Image, share: float) -> Image.Image:
    """Return the image without that share of its width and height, half of it on each side."""
    dx, dy = round(image.width * share / 2), round(image.height * share / 2)
    return image.crop((dx, dy, image.width - dx, image.height - dy))


def captioned(image: Image.Image, text: str) -> Image.Image:
    """Return the image with a faint line of text across its middle."""
    canvas = Canvas(np.random.default_rng(0), image.size)
    canvas.pixels = np.asarray(image, dtype=np.float32) / 255
    center = (canvas.width / 2, 0.5)
    canvas.letters(
        text, center, 0.05, (1, 1, 1), tracking=0.3, max_width=canvas.width * 0.8, opacity=0.6
    )
    return canvas.image()


def scaled(image: Image.Image, longest: int) -> Image.Image:
    """Return the image reduced so that its longer side is `longest` pixels."""
    return ImageOps.contain(image, (longest, longest), Image.Resampling.LANCZOS)


def quarter(image: Image.Image) -> Image.Image:
    """Return the upper left of the image, a little more than a quarter of its area."""
    return image.crop(
        (0, round(image.height * 0.08), round(image.width * 0.55), round(image.height * 0.6))
    )


def collage(paste: Image.Image) -> Image.Image:
    """Return innocent pictures pinned side by side, one pasted picture among them."""
    sheet = Image.new("RGB", (1000, 760), (226, 221, 210))
    others = [
        scene(np.random.default_rng(40 + i), (480, 320), kind=("woods", "canyon")[i])
        for i in range(2)
    ]
    sheet.paste(others[0], (30, 40))
    sheet.paste(others[1], (60, 400))
    sheet.paste(scaled(paste, 560), (560, 110))
    return sheet


def of(work: str, alter: Callable[[Image.Image], bytes]) -> Make:
    """Return what makes a file from one image of the works."""
    return lambda works: alter(works[work])


def drawn(image: Callable[[], Image.Image], form: str, **options: object) -> Make:
    """Return what makes a file from a picture of its own."""
    return lambda _: encoded(image(), form, **options)


def a_scene(seed: int, kind: str) -> Callable[[], Image.Image]:
    """Return what draws an innocent scene."""
    return lambda: scene(np.random.default_rng(seed), (900, 640), kind=kind)


def a_study(seed: int, kind: str) -> Callable[[], Image.Image]:
    """Return what draws an innocent study for a poster, before it has a title."""
    return lambda: poster(np.random.default_rng(seed), (640, 900), title="", kind=kind)


def a_figure(seed: int) -> Callable[[], Image.Image]:
    """Return what draws an innocent figure."""
    return lambda: figure(np.random.default_rng(seed), (640, 800))


def _blink(image: Image.Image) -> bytes:
    """Return a GIF of two frames, the second one the image."""
    small = scaled(image, 480)
    first = scene(np.random.default_rng(60), small.size, kind="woods").quantize(128)
    return encoded(first, "GIF", save_all=True, append_images=[small.quantize(128)], duration=900)


def _truncated(image: Image.Image) -> bytes:
    data = encoded(image, "JPEG", quality=85)
    return data[: len(data) // 3]


def _pdf() -> bytes:
    long_ago = gmtime(1_700_000_000)
    page = scene(np.random.default_rng(61), (600, 420), kind="desert")
    return encoded(page, "PDF", creationDate=long_ago, modDate=long_ago)


NOTES = b"""Mood: dusk, salt, brass, lamplight through rain.
- fewer towers, more water
- ask Ines about the arch colors
- the thumbnails in env/ still need sources
"""

LANTERNS, WHEEL = "Lanterns over Vellmoor.png", "The Wheel of Ostrander Bay.jpg"
BRINE, DOORS = "The Brine Clockmaker.webp", "Sixty Doors to Quillory.png"
HARBOR, LAKE = "Tarnwick Harbor at Dusk.jpg", "Lake Ostrel.png"
STREET, MARKET = "Rain on Copper Row.jpg", "Sellis Gate Market.webp"
NOCK, QUEEN = "Pilfer Nock.png", "Queen Odalmire.jpg"
MARROW, ZUZU = "Marrow Inkweather.png", "Zuzu Thimblegear/front.png"


def near(path: str, work: str, alter: Callable[[Image.Image], bytes]) -> BoardFile:
    """Return a copy of a work that is still like it as a whole."""
    return BoardFile(path=path, make=of(work, alter), copy_of=work, near=True)


def far(path: str, work: str, alter: Callable[[Image.Image], bytes]) -> BoardFile:
    """Return a copy of a work of which too little is left, or which is not all there is."""
    return BoardFile(path=path, make=of(work, alter), copy_of=work)


BOARD: tuple[BoardFile, ...] = (
    near("env/dusk_ref_04.jpg", HARBOR, lambda w: encoded(ImageOps.mirror(w), "JPEG", quality=82)),
    near("env/IMG_2231.jpg", LAKE, lambda w: encoded(w, "JPEG", quality=9)),
    near("env/neon_warm_v2.png", STREET, lambda w: encoded(scaled(warmed(w), 900), "PNG")),
    near("env/stall_thumb.png", MARKET, lambda w: encoded(scaled(w, 240), "PNG")),
    BoardFile(path="env/dunes_a.jpg", make=drawn(a_scene(0, "desert"), "JPEG", quality=88)),
    BoardFile(path="env/red_cliffs.png", make=drawn(a_scene(0, "canyon"), "PNG")),
    BoardFile(path="env/fog_wood.webp", make=drawn(a_scene(1, "woods"), "WEBP", quality=84)),
    BoardFile(path="env/night_islands.jpg", make=drawn(a_scene(3, "coast"), "JPEG", quality=90)),
    near("key_art/layout_final_FINAL.webp", LANTERNS, lambda w: encoded(w, "WEBP", quality=60)),
    near(
        "key_art/wide_test.tif",
        WHEEL,
        lambda w: encoded(
            scaled(w, 800).transpose(Image.Transpose.ROTATE_90), "TIFF", compression="tiff_lzw"
        ),
    ),
    near(
        "key_art/titles_wip.png", BRINE, lambda w: encoded(captioned(w, "TITLE GOES HERE"), "PNG")
    ),
    far("key_art/arch_detail.jpg", DOORS, lambda w: encoded(quarter(w), "JPEG", quality=88)),
    BoardFile(path="key_art/head_study.png", make=drawn(a_study(30, "profile"), "PNG")),
    BoardFile(path="key_art/head_b.png", make=drawn(a_study(33, "profile"), "PNG")),
    BoardFile(path="key_art/peak_study.jpg", make=drawn(a_study(36, "peaks"), "JPEG", quality=90)),
    near("cast/lineup_v3.png", NOCK, lambda w: encoded(trimmed(w, 0.03), "PNG")),
    near("cast/turnaround.gif", QUEEN, lambda w: encoded(scaled(w, 640).quantize(128), "GIF")),
    near(
        "cast/polaroid.jpg",
        MARROW,
        lambda w: encoded(ImageOps.expand(w, 12, (246, 243, 236)), "JPEG", quality=85),
    ),
    near("cast/blink_test.gif", ZUZU, _blink),
    far("cast/wall_photo.jpg", NOCK, lambda w: encoded(collage(w), "JPEG", quality=88)),
    BoardFile(path="cast/extra_01.png", make=drawn(a_figure(92), "PNG")),
    BoardFile(path="cast/extra_02.jpg", make=drawn(a_figure(1005), "JPEG", quality=90)),
    far("inbox/upload_part.jpg", HARBOR, _truncated),
    BoardFile(path="inbox/pitch.pdf", make=lambda _: _pdf()),
    BoardFile(
        path="inbox/gray.png",
        make=drawn(lambda: Image.new("RGB", (800, 600), (128, 128, 128)), "PNG"),
    ),
    BoardFile(path="notes.txt", make=lambda _: NOTES),
)
