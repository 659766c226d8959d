"""Pictures of invented characters: a cast drawn by chance, posed at will, on a stage."""

import math

import numpy as np
from PIL import Image

from screening.demo.canvas import Canvas
from screening.demo.cast import Brush, Character, Pose
from screening.demo.colors import BLACK, WHITE, mix
from screening.demo.heads import head
from screening.demo.noise import Size
from screening.demo.props import prop
from screening.demo.shapes import Place, Point, curve, ellipse, rectangle
from screening.demo.stages import STAGES


def figure(
    rng: np.random.Generator,
    size: Size,
    *,
    character: Character | None = None,
    pose: Pose | None = None,
) -> Image.Image:
    """Return a character of (width, height) pixels: this one in this pose, else any in any."""
    who = character or Character.invent(rng)
    how = pose or Pose.strike(rng)
    canvas = Canvas(rng, size)
    STAGES[who.stage](canvas, who.inks)
    at = Place(
        x=canvas.width / 2 + how.x, y=0.92, scale=how.scale, mirrored=how.mirrored, lean=how.lean
    )
    canvas.ellipse(
        (at.x, 0.925), (0.3 * at.scale, 0.03), mix(who.inks.line, BLACK, 0.4), opacity=0.45
    )
    draw(Brush(canvas, who, at), how)
    return canvas.finish(grain_strength=0.035, vignette=0.3)


def draw(brush: Brush, pose: Pose) -> None:
    """Draw the character from back to front."""
    who = brush.who
    _legs(brush, pose.stride)
    hand = _arm(brush, 0.14 * who.girth, pose.right_arm, 1)
    prop(brush, hand)
    _body(brush)
    _arm(brush, 0.14 * who.girth, pose.left_arm, -1)
    head(brush)


def _legs(brush: Brush, stride: float) -> None:
    boots = mix(brush.who.inks.line, brush.who.inks.second, 0.25)
    for side in (-1, 1):
        x = side * stride
        brush.line([(side * 0.05, 0.3), (x + side * 0.02, 0.04)], 0.07, mix(boots, BLACK, 0.2))
        toe = [
            (x - 0.045, 0.0),
            (x - 0.045, 0.07),
            (x + 0.02, 0.08),
            (x + 0.1, 0.03),
            (x + 0.1, 0.0),
        ]
        brush.part(toe, boots)


def _body(brush: Brush) -> None:
    who, g = brush.who, brush.who.girth
    if who.body == "robot":
        _robot(brush, g)
    elif who.body == "round":
        brush.part(ellipse((0, 0.4), (0.22 * g, 0.26)), who.inks.second, printed=True)
        brush.part(ellipse((0, 0.33), (0.13 * g, 0.15)), mix(who.inks.light, WHITE, 0.2))
    elif who.body == "coat":
        _coat(brush, g)
    else:
        _cloak(brush, g)


def _cloak(brush: Brush, g: float) -> None:
    who = brush.who
    hem = [(-0.27 * g + 0.09 * g * i, 0.07 + 0.03 * (i % 2)) for i in range(7)]
    brush.part(
        [*hem, (0.14 * g, 0.6), (0.07, 0.68), (-0.07, 0.68), (-0.14 * g, 0.6)],
        who.inks.second,
        printed=True,
    )
    brush.part(
        [(-0.03, 0.66), (0.05, 0.66), (0.06 * g, 0.1), (-0.07 * g, 0.1)],
        mix(who.inks.second, who.inks.line, 0.6),
    )
    collar = [(-0.15 * g, 0.58), (0, 0.53), (0.15 * g, 0.58), (0.09, 0.7), (-0.09, 0.7)]
    brush.part(collar, who.inks.accent)
    brush.dot((0.0, 0.585), 0.025, who.inks.paper)


def _coat(brush: Brush, g: float) -> None:
    who = brush.who
    left = [(-0.19 * g, 0.2), (-0.13 * g, 0.42), (-0.15 * g, 0.62), (-0.06, 0.69)]
    right = [(-x, y) for x, y in reversed(left)]
    brush.part([*left, *right], who.inks.second, printed=True)
    brush.part([(-0.05, 0.69), (0.05, 0.69), (0.0, 0.5)], who.inks.paper)
    brush.part(rectangle(-0.145 * g, 0.44, 0.145 * g, 0.4), mix(who.inks.line, who.inks.deep, 0.4))
    for y in (0.54, 0.48, 0.34, 0.28):
        brush.dot((0.03, y), 0.013, who.inks.accent)
    scarf = [(-0.12, 0.7), (0.12, 0.7), (0.14, 0.64), (0.02, 0.6), (-0.14, 0.64)]
    brush.part(scarf, who.inks.accent)
    brush.part(
        curve([(-0.12, 0.67), (-0.26, 0.6), (-0.36, 0.63), (-0.34, 0.54), (-0.22, 0.54)]),
        who.inks.accent,
    )


def _robot(brush: Brush, g: float) -> None:
    who = brush.who
    shell = mix(who.inks.second, who.inks.paper, 0.25)
    brush.part(rectangle(-0.17 * g, 0.66, 0.17 * g, 0.25), shell, printed=True)
    brush.part(rectangle(-0.12 * g, 0.58, 0.12 * g, 0.4), mix(who.inks.line, who.inks.deep, 0.3))
    for i in range(3):
        brush.dot(
            (-0.07 * g + 0.07 * g * i, 0.53),
            0.022,
            (who.inks.accent, who.inks.paper, who.inks.middle)[i],
        )
    brush.line(
        [(-0.09 * g, 0.45), (-0.03, 0.47), (0.01, 0.43), (0.09 * g, 0.46)], 0.01, who.inks.accent
    )
    for side in (-1, 1):
        brush.dot((side * 0.17 * g, 0.6), 0.05, mix(shell, who.inks.line, 0.3))
    brush.part(rectangle(-0.05, 0.71, 0.05, 0.65), mix(shell, who.inks.line, 0.5))


def _arm(brush: Brush, shoulder: float, raised: float, side: int) -> Point:
    """Draw an arm and return where its hand is."""
    who, angle = brush.who, 2 * math.pi * raised
    start = (side * shoulder, 0.58)
    elbow = (
        start[0] + side * 0.15 * math.sin(angle * 0.7),
        start[1] - 0.15 * math.cos(angle * 0.7),
    )
    hand = (elbow[0] + side * 0.15 * math.sin(angle), elbow[1] - 0.15 * math.cos(angle))
    sleeve = mix(who.inks.second, who.inks.line, 0.25 if side < 0 else 0.45)
    brush.line([start, elbow, hand], 0.075, sleeve)
    brush.dot(hand, 0.045, who.skin)
    return hand
