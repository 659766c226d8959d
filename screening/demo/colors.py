"""Color palettes: inks for drawings, and lights for landscapes by the hour."""

from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

Color = tuple[float, float, float]
Item = TypeVar("Item")


def rgb(code: str) -> Color:
    """Return a color within 0–1 from six hexadecimal digits."""
    red, green, blue = (int(code[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


def mix(first: Color, second: Color, share: float) -> Color:
    """Return the color `share` of the way from the first to the second."""
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue


def pixel(color: Color) -> NDArray[np.floating[Any]]:
    """Return a color as float32 (3,), to be mixed with whole pictures."""
    return np.asarray(color, dtype=np.float32)


BLACK, WHITE = rgb("000000"), rgb("ffffff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inks:
    """The few colors that a drawing is printed in, from paper to line."""

    paper: Color
    light: Color
    middle: Color
    deep: Color
    line: Color
    accent: Color
    second: Color

    @classmethod
    def of(cls, codes: str) -> Self:
        """Read seven hexadecimal colors, in the order of the fields."""
        paper, light, middle, deep, line, accent, second = map(rgb, codes.split())
        return cls(
            paper=paper,
            light=light,
            middle=middle,
            deep=deep,
            line=line,
            accent=accent,
            second=second,
        )


INKS = tuple(
    map(
        Inks.of,
        (
            "f6e7c8 f2b880 d9695f 7d3c5d 2b1d38 f4d35e 3d8b8b",  # ember
            "e8f1ea a9d3c1 4f9d94 1f5a68 10253a f2784b f7c95c",  # lagoon
            "fbead0 e9c99b b07a52 5c4033 241a1c c8442d 4c8577",  # tobacco
            "e9e4f5 b9a7dc 7b64b5 3c3273 171433 ff8c61 5fd0c5",  # dusk violet
            "f3f0e4 c9d6a3 7f9f5a 3b5f3f 14271f e2583e f0b43c",  # moss
            "fdf1e6 f6c4c0 dd7f94 8e4470 2c1a3f 35a7a0 f9d56e",  # rose
            "e7edf3 a8c2d9 5b87b2 2b4d7e 101c3a f25f4c f8c13a",  # north sea
            "f7efe1 e5d0b1 9aa58c 4d6a6d 1c2b33 d96c3f 8c3b4a",  # sage
        ),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """An hour of the day: the sky from top to bottom, the sun, the air between."""

    zenith: Color
    horizon: Color
    sun: Color
    haze: Color
    shade: Color
    brightness: float

    @classmethod
    def of(cls, codes: str, *, brightness: float) -> Self:
        """Read five hexadecimal colors, in the order of the fields."""
        zenith, horizon, sun, haze, shade = map(rgb, codes.split())
        return cls(
            zenith=zenith,
            horizon=horizon,
            sun=sun,
            haze=haze,
            shade=shade,
            brightness=brightness,
        )


DAWN = Light.of("6f8fc4 f9cfb0 fff0cf d8b9b8 4b4a72", brightness=0.92)
NOON = Light.of("2f78bf cfe6f0 fffbe8 b9d2e0 33506e", brightness=1.0)
DUSK = Light.of("2c3568 f58a4b ffd58a b0606a 2a2145", brightness=0.72)
GOLDEN = Light.of("5a86a8 ffd592 fff1c4 e3b985 594058", brightness=0.98)
NIGHT = Light.of("0a1230 3d5a84 e8f0ff 263e66 0c1228", brightness=0.45)
STORM = Light.of("39454f b4bcb9 f1efdf 87949a 2c353e", brightness=0.75)
LIGHTS = (DAWN, NOON, DUSK, GOLDEN, NIGHT, STORM)


def one_of(rng: np.random.Generator, items: tuple[Item, ...]) -> Item:
    """Return one of the items, by chance."""
    return items[int(rng.integers(len(items)))]
