"""The protected works of the demo: a dozen invented records, each one a chosen seed."""

from collections.abc import Mapping

import numpy as np
from PIL import Image

from screening.demo.cast import Character, Pose
from screening.demo.figures import figure
from screening.demo.posters import poster
from screening.demo.scenes import scene

Pictures = Mapping[str, Image.Image]
PORTRAIT, TALL, WIDE = (768, 1024), (800, 1200), (1152, 768)

# Each one: its path below `works/`, its seed, and its kind or its pose.
POSTERS = (
    ("Lanterns over Vellmoor.png", 3, "summit"),
    ("The Wheel of Ostrander Bay.jpg", 5, "skyline"),
    ("The Brine Clockmaker.webp", 1, "tide"),
    ("Sixty Doors to Quillory.png", 2, "portal"),
)
PHOTOGRAPHS = (
    ("Tarnwick Harbor at Dusk.jpg", 1, "harbor"),
    ("Lake Ostrel.png", 0, "lake"),
    ("Rain on Copper Row.jpg", 2, "street"),
    ("Sellis Gate Market.webp", 2, "market"),
)
CHARACTERS = (
    ("Pilfer Nock.png", 4, None),
    ("Queen Odalmire.jpg", 11, Pose(left_arm=0.1, right_arm=0.17, x=-0.09, scale=0.67)),
    (
        "Marrow Inkweather.png",
        14,
        Pose(left_arm=0.12, right_arm=0.15, x=-0.05, lean=0.05, scale=0.72),
    ),
)
POSED = ("Zuzu Thimblegear", 0)
POSES = {
    "front.png": Pose(),
    "greeting.png": Pose(left_arm=0.38, right_arm=0.3, lean=0.08, x=-0.05, scale=0.7),
    "leaving.jpg": Pose(
        left_arm=0.15, right_arm=0.14, lean=-0.1, x=0.06, mirrored=True, stride=0.1
    ),
}


def paint_works() -> dict[str, Image.Image]:
    """Return every image of every protected work, by its path below `works/`."""
    pictures: dict[str, Image.Image] = {}
    for path, seed, kind in POSTERS:
        title = path.rpartition(".")[0]
        pictures[path] = poster(np.random.default_rng(seed), TALL, title=title, kind=kind)
    for path, seed, posed in CHARACTERS:
        rng = np.random.default_rng(seed)
        who = Character.invent(rng)
        pictures[path] = figure(rng, PORTRAIT, character=who, pose=posed)
    name, seed = POSED
    who = Character.invent(np.random.default_rng(seed))
    for number, (file, pose) in enumerate(POSES.items()):
        rng = np.random.default_rng(seed + 1000 + number)
        pictures[f"{name}/{file}"] = figure(rng, PORTRAIT, character=who, pose=pose)
    for path, seed, kind in PHOTOGRAPHS:
        pictures[path] = scene(np.random.default_rng(seed), WIDE, kind=kind)
    return pictures


def title_of(path: str) -> str:
    """Return the title of the record that an image below `works/` belongs to."""
    folder, _, file = path.rpartition("/")
    return folder or file.rpartition(".")[0]
