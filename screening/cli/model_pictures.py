"""Pictures to compare the precisions of a model on: one's own, or the drawings of the demo."""

from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from screening.errors import UnreadError
from screening.images import load, open_picture, walk
from screening.models.agreement import MIN_PICTURES

RgbImage = npt.NDArray[np.uint8]

MOST = 200
"""More say little that is new, and all are held at once."""

pictures_option = click.option(
    "--pictures", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help=f"Folder of pictures to measure on whether int8 may be used, at least {MIN_PICTURES}; the "
         f"first {MOST} count.  [default: the drawings of the demo]",
)  # fmt: skip


def sample_pictures(folder: Path | None) -> list[RgbImage]:
    """Return pictures, uint8 (h, w, 3): of a folder, without one of the demo. Takes seconds.

    Raises UsageError where the folder has too few that can be decoded.
    """
    if folder is None:
        return _drawn()
    found: list[RgbImage] = []
    for seen in walk(folder):
        if len(found) == MOST:
            break
        if seen.skip is None and (picture := _decoded(seen.path)) is not None:
            found.append(picture)
    if len(found) < MIN_PICTURES:
        raise click.UsageError(
            f"{folder} has {len(found)} pictures that can be decoded, expected at least "
            f"{MIN_PICTURES}"
        )
    return found


def _decoded(path: str) -> RgbImage | None:
    try:
        data = load(path).data
        return next(open_picture(data, name=path).frames).rgb if data else None
    except UnreadError:
        return None


def _drawn() -> list[RgbImage]:
    """Return the works of the demo, and three crops of each."""
    from screening.demo.works import paint_works

    given = []
    for image in paint_works().values():
        rgb = np.asarray(image.convert("RGB"))
        height, width = (2 * side // 3 for side in rgb.shape[:2])
        given += [rgb, rgb[:height, :width], rgb[-height:, -width:]]
        given.append(rgb[height // 4 : -height // 4, width // 4 : -width // 4])
    return given
