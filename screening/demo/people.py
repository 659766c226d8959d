"""People of the demo: public-domain portraits that installed packages bring along, and copies.

Nothing is downloaded and no package is imported. A portrait whose package is not installed is left
out.
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from reference_index import Kind, PersonStatus
from screening.demo.board import encoded, scaled, warmed, write
from screening.demo.figures import figure
from screening.demo.scenes import scene

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitter:
    """A person with a public-domain portrait.

    package: the module whose folder the portrait lies in, at place. install: what to give to pip.
    head: where the head is; left, top, right and bottom in fractions of width and height.
    """

    name: str
    status: PersonStatus
    source: str
    package: str
    place: str
    install: str
    head: Box

    @property
    def portrait(self) -> Path | None:
        """Where the portrait is on this machine, None where it is not."""
        spec = find_spec(self.package)
        folders = (spec and spec.submodule_search_locations) or ()
        return next(filter(Path.is_file, (Path(folder) / self.place for folder in folders)), None)


HOPPER = Sitter(
    name="Grace Hopper",
    status=PersonStatus.DECEASED,
    source="photograph by the U.S. Navy, public domain; from the sample data of matplotlib",
    package="matplotlib",
    place="mpl-data/sample_data/grace_hopper.jpg",
    install="matplotlib",
    head=(0.22, 0.04, 0.82, 0.68),
)
COLLINS = Sitter(
    name="Eileen Collins",
    status=PersonStatus.PUBLIC_FIGURE,
    source="photograph by NASA, public domain; from the data of scikit-image",
    package="skimage",
    place="data/astronaut.png",
    install="scikit-image",
    head=(0.24, 0.0, 0.66, 0.44),
)
SITTERS = (HOPPER, COLLINS)

Heads = dict[str, Image.Image]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFile:
    """One picture of the board that shows people: who, and how it is made of their heads, by name.

    It is left out where none of them is here, and made of those who are.
    """

    path: str
    shows: tuple[Sitter, ...]
    make: Callable[[Heads], bytes]


def relit(image: Image.Image) -> Image.Image:
    """Return the image with the light from the right and its left in the dusk."""
    ramp = np.linspace(0.5, 1.2, image.width, dtype=np.float32)[None, :, None]
    lit = np.asarray(image, np.float32) * ramp * np.array((0.9, 0.97, 1.1), np.float32)
    return Image.fromarray(lit.clip(0, 255).astype(np.uint8))


def lineup(heads: Heads) -> Image.Image:
    """Return the heads pinned in one row between invented figures."""
    extras = [figure(np.random.default_rng(seed), (300, 380)) for seed in (92, 1005)]
    row = [extras[0], *(ImageOps.fit(head, (300, 380)) for head in heads.values()), extras[1]]
    sheet = Image.new("RGB", (20 + 320 * len(row), 420), (226, 221, 210))
    for number, picture in enumerate(row):
        sheet.paste(picture, (20 + 320 * number, 20))
    return sheet


def framed(head: Image.Image) -> Image.Image:
    """Return a scene with the head as a small picture in it."""
    place = scene(np.random.default_rng(0), (1000, 700), kind="woods")
    place.paste(ImageOps.expand(scaled(head, 180), 8, (58, 42, 30)), (700, 90))
    return place


PEOPLE_BOARD: tuple[PeopleFile, ...] = (
    PeopleFile(
        path="people/desk_ref.jpg",
        shows=(HOPPER,),
        make=lambda heads: encoded(
            scaled(ImageOps.mirror(warmed(heads[HOPPER.name])), 240), "JPEG", quality=75
        ),
    ),
    PeopleFile(
        path="people/lineup.png",
        shows=SITTERS,
        make=lambda heads: encoded(lineup(heads), "PNG"),
    ),
    PeopleFile(
        path="people/pilot_dusk.webp",
        shows=(COLLINS,),
        make=lambda heads: encoded(scaled(relit(heads[COLLINS.name]), 460), "WEBP", quality=80),
    ),
    PeopleFile(
        path="people/trail_marker.jpg",
        shows=(HOPPER,),
        make=lambda heads: encoded(framed(heads[HOPPER.name]), "JPEG", quality=88),
    ),
)


def draw_people(folder: Path) -> None:
    """Write `people/` (portraits and `records.csv`) and their copies on `board/` to a folder.

    Whom each file of the board shows stands in `PEOPLE_BOARD`. Only those are there whose
    portraits are on this machine.
    """
    heads: Heads = {}
    rows = io.StringIO()
    table = csv.writer(rows)
    table.writerow(("title", "kind", "status", "images", "source", "legal_basis", "retain_until"))
    until = date(date.today().year + 1, 12, 31)  # noqa: DTZ011  the day where we are
    for sitter in SITTERS:
        if portrait := sitter.portrait:
            file = f"{sitter.name}{portrait.suffix}"
            write(folder / "people" / file, portrait.read_bytes())
            heads[sitter.name] = _head(sitter, portrait)
            basis = "public-domain portrait, held for a demonstration"
            table.writerow(
                (sitter.name, Kind.PERSON, sitter.status, file, sitter.source, basis, until)
            )
    write(folder / "people" / "records.csv", rows.getvalue().encode())
    for picture in PEOPLE_BOARD:
        shown = {
            sitter.name: heads[sitter.name] for sitter in picture.shows if sitter.name in heads
        }
        if shown:
            write(folder / "board" / picture.path, picture.make(shown))


def _head(sitter: Sitter, portrait: Path) -> Image.Image:
    """Return the head of a portrait, cut out."""
    with Image.open(portrait) as image:
        left, top, right, bottom = sitter.head
        w, h = image.size
        return image.convert("RGB").crop((left * w, top * h, right * w, bottom * h))
