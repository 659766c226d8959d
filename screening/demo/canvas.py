"""A surface to paint on: antialiased shapes with grainy shading, light, mirrors and lettering.

Positions are fractions of the picture's height, x to the right and y downward, so that a drawing
keeps its proportions at any size.
"""

import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from screening.demo.colors import BLACK, Color, pixel
from screening.demo.noise import Field, Size, grain, smoothstep
from screening.demo.shapes import Point, Points, ellipse

Box = tuple[slice, slice]
OVERSAMPLING = 3


class Canvas:
    """A picture in the making: `pixels` is float32 (height, width, 3), within 0–1."""

    def __init__(self, rng: np.random.Generator, size: Size) -> None:
        """Begin a black picture of (width, height) pixels, with a paper grain of its own."""
        self.rng = rng
        self.size = size
        self.pixels: Field = np.zeros((size[1], size[0], 3), dtype=np.float32)
        self.grain = grain(rng, size)

    @property
    def width(self) -> float:
        """The picture's width, in heights."""
        return self.size[0] / self.size[1]

    def grid(self) -> tuple[Field, Field]:
        """Return each pixel's x as (1, width) and y as (height, 1)."""
        width, height = self.size
        x = (np.arange(width, dtype=np.float32) + 0.5) / height
        y = (np.arange(height, dtype=np.float32) + 0.5) / height
        return x[None, :], y[:, None]

    def gradient(self, *colors: Color, bottom: float = 1.0) -> None:
        """Fill the picture from top to `bottom` with colors that run into each other."""
        _, y = self.grid()
        stops = np.linspace(0, bottom, len(colors))
        for band in range(3):
            self.pixels[:, :, band] = np.interp(y, stops, [color[band] for color in colors])

    def paint(self, mask: Field, color: Color | Field) -> None:
        """Cover the picture where the (height, width) mask is 1, with one color or many."""
        self.pixels += mask[:, :, None] * (np.asarray(color, np.float32) - self.pixels)

    def read(self, x: Field, y: Field) -> Field:
        """Return the pixels at positions, the nearest ones where these lie outside."""
        width, height = self.size
        columns = np.clip((x * height).astype(np.int32), 0, width - 1)
        rows = np.clip((y * height).astype(np.int32), 0, height - 1)
        return self.pixels[rows, columns]

    def shape(
        self,
        points: Points,
        color: Color,
        *,
        shadow: Color | None = None,
        opacity: float = 1.0,
        pattern: Field | None = None,
        pattern_color: Color = BLACK,
    ) -> None:
        """Fill a polygon; a shadow is sprayed on from the lower right, a pattern printed over."""
        self._fill(
            points,
            lambda pen, scaled: pen.polygon(scaled, fill=255),
            color,
            shadow=shadow,
            opacity=opacity,
            pattern=pattern,
            pattern_color=pattern_color,
        )

    def stroke(self, points: Points, width: float, color: Color, *, opacity: float = 1.0) -> None:
        """Draw a line through the points, with round ends."""
        pixels = width * self.size[1] * OVERSAMPLING

        def line(pen: ImageDraw.ImageDraw, scaled: list[Point]) -> None:
            pen.line(scaled, fill=255, width=max(1, round(pixels)), joint="curve")
            if pixels > 4 * OVERSAMPLING:
                for x, y in (scaled[0], scaled[-1]):
                    pen.circle((x, y), pixels / 2, fill=255)

        self._fill(points, line, color, opacity=opacity, margin=width)

    def ellipse(
        self,
        center: Point,
        radii: Point,
        color: Color,
        *,
        shadow: Color | None = None,
        opacity: float = 1.0,
    ) -> None:
        """Fill an ellipse."""
        self.shape(ellipse(center, radii), color, shadow=shadow, opacity=opacity)

    def glow(self, center: Point, radius: float, color: Color, strength: float = 1.0) -> None:
        """Add light around a point; it fades to nothing at the radius."""
        around = [
            (center[0] - radius, center[1] - radius),
            (center[0] + radius, center[1] + radius),
        ]
        box = self._box(around, 0)
        x, y = self.grid()
        dx, dy = x[:, box[1]] - center[0], y[box[0]] - center[1]
        fall = np.clip(1 - (dx * dx + dy * dy) / (radius * radius), 0, 1)
        light = (fall * fall * fall)[:, :, None] * pixel(color) * strength
        self.pixels[box] = 1 - (1 - self.pixels[box]) * (1 - np.clip(light, 0, 1))

    def letters(
        self,
        text: str,
        center: Point,
        height: float,
        color: Color,
        *,
        tracking: float = 0.08,
        stretch: float = 1.0,
        weight: float = 0.0,
        slant: float = 0.0,
        max_width: float = 10.0,
        opacity: float = 1.0,
    ) -> None:
        """Write one line of text around a point, narrowed where it would be wider than allowed.

        tracking and weight are fractions of the letters' height; stretch makes them taller, slant
        is how far they lean to the right, in heights.
        """
        word = _lettering(text, height * self.size[1] / stretch, tracking, weight)
        rows = round(word.height * stretch)
        columns = min(word.width, round(max_width * self.size[1]))
        word = word.resize((columns, rows), Image.Resampling.LANCZOS)
        columns += round(abs(slant) * rows)
        shear = (1, slant, -max(slant, 0) * rows, 0, 1, 0)
        word = word.transform(
            (columns, rows), Image.Transform.AFFINE, shear, Image.Resampling.BICUBIC
        )
        left = round(center[0] * self.size[1] - columns / 2)
        top = round(center[1] * self.size[1] - rows / 2)
        inside = (
            max(left, 0),
            max(top, 0),
            min(left + columns, self.size[0]),
            min(top + rows, self.size[1]),
        )
        word = word.crop((inside[0] - left, inside[1] - top, inside[2] - left, inside[3] - top))
        mask = np.asarray(word, dtype=np.float32)[:, :, None] * (opacity / 255)
        spot = self.pixels[inside[1] : inside[3], inside[0] : inside[2]]
        spot += mask * (pixel(color) - spot)

    def finish(self, *, grain_strength: float = 0.04, vignette: float = 0.25) -> Image.Image:
        """Darken the corners, lay the paper's grain over everything and return the picture."""
        x, y = self.grid()
        dx, dy = x * (2 / self.width) - 1, y * 2 - 1
        corner = smoothstep(0.6, 2.0, dx * dx + dy * dy)
        self.pixels *= (1 - vignette * corner)[:, :, None]
        self.pixels += (grain_strength * self.grain)[:, :, None]
        return self.image()

    def image(self) -> Image.Image:
        """Return the picture as it is, 8 bits per channel."""
        levels = np.clip(self.pixels * 255 + 0.5, 0, 255)
        return Image.fromarray(levels.astype(np.uint8))

    def _fill(
        self,
        points: Points,
        draw: Callable[[ImageDraw.ImageDraw, list[Point]], None],
        color: Color,
        *,
        shadow: Color | None = None,
        opacity: float = 1.0,
        pattern: Field | None = None,
        pattern_color: Color = BLACK,
        margin: float = 0.0,
    ) -> None:
        box = self._box(points, margin)
        rows, columns = box[0].stop - box[0].start, box[1].stop - box[1].start
        if rows <= 0 or columns <= 0:
            return
        sheet = Image.new("L", (columns * OVERSAMPLING, rows * OVERSAMPLING))
        height = self.size[1]
        scaled = [
            ((x * height - box[1].start) * OVERSAMPLING, (y * height - box[0].start) * OVERSAMPLING)
            for x, y in points
        ]
        draw(ImageDraw.Draw(sheet), scaled)
        mask = np.asarray(sheet.reduce(OVERSAMPLING), dtype=np.float32) * (opacity / 255)
        paint = np.empty((rows, columns, 3), dtype=np.float32)
        paint[:] = color
        if pattern is not None:
            paint += pattern[box][:, :, None] * (pixel(pattern_color) - paint)
        if shadow is not None:
            shade = self._spray(box)[:, :, None]
            paint += shade * (pixel(shadow) - paint)
        self.pixels[box] += mask[:, :, None] * (paint - self.pixels[box])

    def _spray(self, box: Box) -> Field:
        """Return the shadow on each pixel of a box: more to the lower right, in specks."""
        rows, columns = box[0].stop - box[0].start, box[1].stop - box[1].start
        down = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
        across = np.linspace(0, 1, columns, dtype=np.float32)[None, :]
        depth = 0.45 * down + 0.55 * across
        return smoothstep(0.3, 1.05, depth + 0.22 * self.grain[box])

    def _box(self, points: Points, margin: float) -> Box:
        """Return the pixels that points may touch, as slices within the picture."""
        width, height = self.size
        left = math.floor((min(x for x, _ in points) - margin) * height) - 1
        right = math.ceil((max(x for x, _ in points) + margin) * height) + 1
        top = math.floor((min(y for _, y in points) - margin) * height) - 1
        bottom = math.ceil((max(y for _, y in points) + margin) * height) + 1
        return slice(max(top, 0), min(bottom, height)), slice(max(left, 0), min(right, width))


def _lettering(text: str, height: float, tracking: float, weight: float) -> Image.Image:
    """Set the letters one by one, so that no shaping library changes their places."""
    font = ImageFont.load_default(height)
    stroke = round(weight * height)
    steps = [font.getlength(letter) + tracking * height for letter in text]
    sheet = Image.new(
        "L", (math.ceil(sum(steps) + 2 * stroke) + 2, math.ceil(height * 1.3) + 2 * stroke)
    )
    pen = ImageDraw.Draw(sheet)
    left = float(stroke)
    for letter, step in zip(text, steps, strict=True):
        pen.text((round(left), stroke), letter, fill=255, font=font, stroke_width=stroke)
        left += step
    box = sheet.getbbox()
    return sheet.crop(box) if box else sheet
