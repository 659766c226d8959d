"""A picture and a reference side by side, with what matched outlined in both."""

import os
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from screening.errors import PathMissingError, ReferenceUnavailableError, UnreadError
from screening.images import Limits, Loaded, load, open_picture, walk
from screening.matching import ChannelEvidence, Finding
from screening.matching.findings import Point
from screening.report.words import coincidence

HEIGHT = 512
"""Pixels that both are high, fewer where one would be wider than MAX_WIDTH."""
MAX_WIDTH = 1024

_LIMITS = Limits()
_MARGIN, _GAP = 24, 40
_TEXT = 15  # px
_LINE = 22
_NARROWEST = 480  # px of the canvas, for the caption
_PAPER, _INK, _CASING = (244, 244, 242), (24, 24, 24), (0, 0, 0)
_CORNERS = ((255, 209, 0), (0, 214, 255), (255, 122, 190), (120, 240, 110))
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw_pair(
    picture: Image.Image, reference: Image.Image, evidence: ChannelEvidence
) -> Image.Image:
    """Return a drawing of two upright images side by side, at a common height, RGB.

    What matched is outlined in both; corners of one number and color correspond. Below stand the
    channel, the transformation, and how improbable the match is in that channel's search alone.
    """
    height = min(HEIGHT, *(MAX_WIDTH * one.height // one.width for one in (picture, reference)))
    panels = [_at_height(one, max(height, 1)) for one in (picture, reference)]
    wanted = sum(panel.width for panel in panels) + 2 * _MARGIN + _GAP
    width = max(wanted, _NARROWEST)
    font = ImageFont.load_default(_TEXT)
    lines = _wrapped(_caption(evidence), font, width - 2 * _MARGIN)
    top = _MARGIN + _LINE
    foot = top + panels[0].height + _MARGIN
    canvas = Image.new("RGB", (width, foot + _LINE * len(lines) + _MARGIN // 2), _PAPER)
    draw = ImageDraw.Draw(canvas)
    left = _MARGIN + (width - wanted) // 2
    for panel, quad, label in zip(
        panels,
        (evidence.region, evidence.reference_region),
        ("picture", "reference"),
        strict=True,
    ):
        draw.text((left, _MARGIN // 2), label, _INK, font)
        canvas.paste(panel, (left, top))
        _outline(draw, [(left + x * panel.width, top + y * panel.height) for x, y in quad], font)
        left += panel.width + _GAP
    for number, line in enumerate(lines):
        draw.text((_MARGIN, foot + number * _LINE), line, _INK, font)
    return canvas


def draw_finding(
    path: str | os.PathLike[str],
    finding: Finding,
    *,
    reference: str | os.PathLike[str] | None = None,
) -> Image.Image:
    """Return the drawing of a finding in the picture at path, by the channel that sees where.

    A finding in an input is drawn in that, where it was screened; what words alone name is not to
    be drawn.
    reference: the file of the reference image, or a folder that holds it; else where the record's
    locator says, relative to the current folder. It is known by its sha256; of several frames the
    first is drawn. Nothing is written. Raises UnreadError for the picture, and
    ReferenceUnavailableError where the reference is not to be had.
    """
    evidence = _seen_best(finding)
    original = _original(finding, evidence, reference)
    path = finding.input or path
    return draw_pair(_frame(load(path), path, finding.frame), original, evidence)


def _seen_best(finding: Finding) -> ChannelEvidence:
    """Return the evidence that tells the region in the finding's frame, else the best there.

    Raises ReferenceUnavailableError where none is of a picture.
    """
    pictured = [one for one in finding.channels if one.named is None]
    if not pictured:
        raise ReferenceUnavailableError(
            f"record {finding.record.id!r}: words alone name it ({finding.channels[0].transform}), "
            "there is nothing to draw"
        )
    there = [one for one in pictured if one.frame == finding.frame] or pictured
    return next((one for one in there if one.located), there[0])


def _original(
    finding: Finding, evidence: ChannelEvidence, given: str | os.PathLike[str] | None
) -> Image.Image:
    """Return the first frame of the reference image. Raises ReferenceUnavailableError."""
    record, wanted = finding.record, evidence.reference_image
    place = record.locator if given is None else os.fspath(given)
    whose, mend = f"reference of record {record.id!r}", "pass reference=, the path of its picture"
    if not place:
        raise ReferenceUnavailableError(f"{whose}: the record has no locator; {mend}")
    if given is None and "://" in place:
        raise ReferenceUnavailableError(
            f"{whose}: the locator is {place!r}, expected the path of a file: fetch it from there "
            f"and {mend}"
        )
    try:
        for file, loaded in images_at(place):
            if loaded.sha256 == wanted:
                return _frame(loaded, file, None)
    except (UnreadError, PathMissingError) as error:
        raise ReferenceUnavailableError(
            f"{whose}: cannot be read at {place!r} ({error}); {mend}"
        ) from error
    found = (
        f"no file in {place!r} is" if Path(place).is_dir() else f"{place!r} is another file than"
    )
    raise ReferenceUnavailableError(
        f"{whose}: {found} the one enrolled, sha256 {wanted[:12]}…; {mend}"
    )


def images_at(place: str, *, limits: Limits = _LIMITS) -> Iterator[tuple[str, Loaded]]:
    """Yield a file as it was read, or those of a folder that can be. Raises UnreadError."""
    if not Path(place).is_dir():
        yield place, load(place, limits=limits)
        return
    for seen in walk(place):
        if seen.skip is None:
            try:
                yield seen.path, load(seen.path, limits=limits)
            except UnreadError:
                continue


def _frame(loaded: Loaded, path: str | os.PathLike[str], index: int | None) -> Image.Image:
    """Return one frame of a file at working size, the first for None. Raises UnreadError."""
    frames = open_picture(loaded.data or b"", name=os.fspath(path)).frames
    for frame in frames:
        if index is None or frame.index == index:
            return Image.fromarray(frame.rgb)
    raise UnreadError(f"no frame {index} in it that differs from those before")


def _at_height(image: Image.Image, height: int) -> Image.Image:
    width = max(round(image.width * height / image.height), 1)
    return image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)


def _outline(draw: ImageDraw.ImageDraw, corners: list[Point], font: Font) -> None:
    """Draw a quadrilateral, light on dark for any ground, and the numbers of its corners."""
    for color, width in ((_CASING, 7), (_PAPER, 3)):
        draw.line([*corners, *corners[:2]], color, width, joint="curve")
    for number, ((x, y), color) in enumerate(zip(corners, _CORNERS, strict=True), start=1):
        draw.circle((x, y), 11, color, _CASING, 2)
        draw.text((x, y), str(number), _CASING, font, anchor="mm")


def _caption(evidence: ChannelEvidence) -> str:
    agreeing = "" if evidence.inliers is None else f" · {evidence.inliers} features agree"
    return f"{evidence.channel}: {evidence.transform}{agreeing} · by chance {coincidence(evidence)}"


def _wrapped(text: str, font: Font, width: int) -> list[str]:
    """Return a text as lines of at most so many pixels, broken at spaces."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
