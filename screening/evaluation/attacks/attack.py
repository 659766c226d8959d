"""One copy attack as a value: its name, its family, how strong it gets, and what it does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
import numpy.typing as npt

MIN_SIDE_PX = 32

RgbImage = npt.NDArray[np.uint8]


class Family(StrEnum):
    """What an attack alters."""

    GEOMETRY = "geometry"
    FRAMING = "framing"
    PHOTOMETRIC = "photometric"
    DEGRADATION = "degradation"
    OVERLAY = "overlay"
    STYLIZATION = "stylization"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """The range one strength of an attack is drawn from, evenly, both ends included.

    Two whole numbers as bounds mean that only whole numbers are drawn.
    """

    name: str
    low: float
    high: float
    unit: str

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"strength {self.name} is {self.low} to {self.high}, expected a range")

    def draw(self, rng: np.random.Generator) -> float:
        """Return one value of the range."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return int(rng.integers(self.low, self.high, endpoint=True))
        return float(rng.uniform(self.low, self.high))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draw:
    """What one application of an attack may use: strengths drawn, more chance, other images."""

    strengths: Mapping[str, float]
    rng: np.random.Generator
    others: Sequence[RgbImage]

    def sign(self) -> float:
        """Return 1 or -1."""
        return 1.0 if self.rng.random() < 0.5 else -1.0


Transform = Callable[[RgbImage, Draw], RgbImage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One way of altering a picture that leaves it recognizable as a copy.

    others: how many other images it needs around the picture.
    """

    name: str
    family: Family
    strengths: tuple[Strength, ...]
    others: int
    transform: Transform

    def apply(
        self, image: RgbImage, rng: np.random.Generator, others: Sequence[RgbImage] = ()
    ) -> RgbImage:
        """Return the altered picture, uint8 (h, w, 3) RGB, each side at least 32 px.

        image: uint8 (h, w, 3) RGB, left as it is; a smaller one is enlarged first.
        The same state of ``rng`` gives the same pixels.
        Raises ValueError for another kind of array, or too few ``others``.
        """
        for picture in (image, *others):
            _check(picture)
        if len(others) < self.others:
            raise ValueError(
                f"{self.name} got {len(others)} other images, expected at least {self.others}: "
                "pass them as others"
            )
        drawn = {strength.name: strength.draw(rng) for strength in self.strengths}
        draw = Draw(strengths=drawn, rng=rng, others=others)
        altered = _at_least(MIN_SIDE_PX, self.transform(_at_least(MIN_SIDE_PX, image), draw))
        return np.array(altered, np.uint8, order="C")


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """Attacks applied one after the other; without any, the picture stays as it is."""

    parts: tuple[Attack, ...]

    @property
    def name(self) -> str:
        """The names in order, ``none`` where there are none."""
        return " + ".join(part.name for part in self.parts) or "none"

    @property
    def others(self) -> int:
        """How many other images the parts need; they share them."""
        return max((part.others for part in self.parts), default=0)

    def apply(
        self, image: RgbImage, rng: np.random.Generator, others: Sequence[RgbImage] = ()
    ) -> RgbImage:
        """Return the picture after every part; see ``Attack.apply``."""
        for part in self.parts:
            image = part.apply(image, rng, others)
        return image


def compose(*parts: Attack) -> Composition:
    """Return the attack that applies the parts from left to right."""
    return Composition(parts=parts)


def attack(family: Family, *strengths: Strength, others: int = 0) -> Callable[[Transform], Attack]:
    """Return a decorator that makes an Attack, named after it, of a function on pixels."""

    def make(transform: Transform) -> Attack:
        return Attack(
            name=transform.__name__,
            family=family,
            strengths=strengths,
            others=others,
            transform=transform,
        )

    return make


def _check(image: RgbImage) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            f"image is {image.dtype} {image.shape}, expected uint8 (h, w, 3) RGB: convert it first"
        )


def _at_least(side_px: int, image: RgbImage) -> RgbImage:
    height, width = image.shape[:2]
    if min(height, width) < side_px:
        size = (max(width, side_px), max(height, side_px))
        return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    return image
