"""Invented characters as data: what they look like, how they stand, and the brush for both."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from screening.demo.canvas import Canvas
from screening.demo.colors import INKS, Color, Inks, mix, one_of, rgb
from screening.demo.patterns import pattern
from screening.demo.shapes import Place, Point, Points, ellipse
from screening.demo.stages import STAGES

BODIES = ("cloak", "coat", "round", "robot")
HEADS = ("round", "egg", "box", "beak", "fox")
TOPS = ("pointed", "bowler", "horns", "antennae", "hair", "crown", "leaf")
EYES = ("dots", "goggles", "cyclops", "sleepy")
PATTERNS = ("stripes", "dots", "diamonds", "plain", "scales")
PROPS = ("staff", "lantern", "umbrella", "kite", "book", "key")
SKINS = tuple(map(rgb, ("f2cfae", "c98e64", "8a5a3c", "9fc7a8", "b7a6d9", "e9dcc4", "7fb0c4")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """Everything that makes a character the same from one picture to the next."""

    body: str
    head: str
    top: str
    eyes: str
    pattern: str
    prop: str
    stage: str
    inks: Inks
    skin: Color
    girth: float
    head_size: float

    @classmethod
    def invent(cls, rng: np.random.Generator) -> Self:
        """Return a character by chance."""
        return cls(
            body=one_of(rng, BODIES),
            head=one_of(rng, HEADS),
            top=one_of(rng, TOPS),
            eyes=one_of(rng, EYES),
            pattern=one_of(rng, PATTERNS),
            prop=one_of(rng, PROPS),
            stage=one_of(rng, tuple(STAGES)),
            inks=one_of(rng, INKS),
            skin=one_of(rng, SKINS),
            girth=float(rng.uniform(0.85, 1.25)),
            head_size=float(rng.uniform(0.105, 0.15)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """How a character stands; arms are in turns, hanging at 0 and raised at 0.5."""

    left_arm: float = 0.08
    right_arm: float = 0.2
    lean: float = 0.0
    stride: float = 0.05
    scale: float = 0.74
    x: float = 0.0
    mirrored: bool = False

    @classmethod
    def strike(cls, rng: np.random.Generator) -> Self:
        """Return a pose by chance."""
        return cls(
            left_arm=float(rng.uniform(0.04, 0.4)),
            right_arm=float(rng.uniform(0.12, 0.36)),
            lean=float(rng.uniform(-0.12, 0.12)),
            stride=float(rng.uniform(0.03, 0.1)),
            scale=float(rng.uniform(0.66, 0.8)),
            x=float(rng.uniform(-0.08, 0.08)),
            mirrored=bool(rng.random() < 0.5),
        )


@dataclass(frozen=True, slots=True)
class Brush:
    """Draws parts of one character, given around its feet, at one place of a canvas."""

    canvas: Canvas
    who: Character
    at: Place

    def part(self, points: Points, color: Color, *, printed: bool = False) -> None:
        """Fill one part, shaded toward the line color; printed parts bear the pattern."""
        kind = self.who.pattern if printed else "plain"
        self.canvas.shape(
            self.at(points),
            color,
            shadow=mix(color, self.who.inks.line, 0.75),
            pattern=pattern(kind, self.canvas.size, scale=0.07 * self.at.scale),
            pattern_color=self.who.inks.accent,
        )

    def line(self, points: Points, width: float, color: Color) -> None:
        """Draw a line; its width is in the character's own unit."""
        self.canvas.stroke(self.at(points), width * self.at.scale, color)

    def dot(self, center: Point, radius: float, color: Color) -> None:
        """Fill a circle."""
        self.part(ellipse(center, (radius, radius)), color)
