"""Pictures in memory: photographs of the training pack and drawings, each squashed to a square."""

import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]

ARCHIVE = "clean_images.tar"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """Pictures to train on and pictures held out.

    train, held_out: uint8 (n, side, side, 3), RGB. photographs: how many of ``train``, the first.
    """

    train: Pixels
    held_out: Pixels
    photographs: int


def photographs(folder: Path, *, side_px: int) -> Pixels:
    """Return the photographs of the archive in a folder, in the order of their names.

    Raises FileNotFoundError where there is no archive.
    """
    path = folder / ARCHIVE
    if not path.is_file():
        raise FileNotFoundError(
            f"no {ARCHIVE} in {folder}: pass the folder of the training pack as --data"
        )
    found: dict[str, Pixels] = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name.endswith(".jpg") and (file := archive.extractfile(member)) is not None:
                found[member.name] = squashed(Image.open(io.BytesIO(file.read())), side_px)
    return np.stack([found[name] for name in sorted(found)])


def digest(folder: Path) -> str:
    """Return the SHA-256 of the archive in a folder, in hexadecimal digits."""
    with (folder / ARCHIVE).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def squashed(image: Image.Image, side_px: int) -> Pixels:
    """Return an image as a square, uint8 (side, side, 3): what the network is given of it."""
    return np.asarray(image.convert("RGB").resize((side_px, side_px), Image.Resampling.BILINEAR))


def pool(photos: Pixels, drawings: Pixels, *, held_out: int, seed: int) -> Pool:
    """Return photographs and drawings in one, less ``held_out`` photographs drawn by the seed."""
    if not 0 < held_out < len(photos):
        raise ValueError(
            f"held_out is {held_out}, expected at least 1 and fewer than the "
            f"{len(photos)} photographs"
        )
    order = np.random.default_rng(seed).permutation(len(photos))
    kept = np.sort(order[held_out:])
    return Pool(
        train=np.concatenate([photos[kept], drawings]),
        held_out=photos[np.sort(order[:held_out])],
        photographs=len(kept),
    )
