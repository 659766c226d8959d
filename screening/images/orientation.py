"""EXIF orientation: how a picture is turned so that it stands upright."""

import struct

from PIL import Image

UPRIGHT = 1
_ORIENTATION = 0x0112
_SHORT = 3
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation(exif: bytes) -> int:
    """Return the orientation, 1 to 8, that EXIF bytes state; 1 when they state none.

    Only the first directory is read: Pillow's own reader takes longer than decoding a thumbnail,
    and warns. Raises ValueError when the bytes are broken.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        raise ValueError("EXIF without a byte order")
    try:
        (at,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, at)
        for entry in range(at + 2, at + 2 + count * 12, 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == _ORIENTATION:
                return value if kind == _SHORT and 1 <= value <= 8 else 1
    except struct.error as error:
        raise ValueError("EXIF cut short") from error
    return 1


def upright(image: Image.Image, turned: int) -> Image.Image:
    """Return the image with an orientation of 1 to 8 undone."""
    return image if turned == UPRIGHT else image.transpose(_TRANSPOSE[turned])


def upright_size(size: tuple[int, int], turned: int) -> tuple[int, int]:
    """Return (width, height) of the picture once it stands upright."""
    return size if turned < 5 else (size[1], size[0])
