"""Texts in the lowest bits of a PNG's pixels, as NovelAI and others hide them.

The bits run down the columns, so the first pixels of the first rows tell whether there are any,
and those need no other pixel: a PNG's filters take the left neighbor of the first for zero.
"""

import zlib
from collections.abc import Iterator
from io import BytesIO
from itertools import islice

import numpy as np
from PIL import Image

from screening.errors import UnreadError
from screening.generation.containers import png_chunks
from screening.generation.reading import Reading, decoded, taken, unpacked
from screening.images.boundary import decoding, quiet

_MAGIC_BYTES = 15
_HEAD_BITS = 8 * (_MAGIC_BYTES + 4)
_SIGNS = {
    b"stealth_pnginfo": (slice(3, 4), False),
    b"stealth_pngcomp": (slice(3, 4), True),
    b"stealth_rgbinfo": (slice(0, 3), False),
    b"stealth_rgbcomp": (slice(0, 3), True),
}
"""Whose bits they are, and whether they are packed."""

_MAX_PIXELS = 1 << 24
_MAX_LOW_PIXELS = 1 << 20
_MAX_WIDTH = 1 << 17
_PIECE = 1 << 14
_GZIP = 31
_MAX_PACKED = 1 << 26
_END = b"\0\0\0\0IEND\xaeB`\x82"
_COLORS, _COLORS_ALPHA = 2, 6


def stealth_text(data: bytes, reading: Reading) -> str | None:
    """Return the text hidden in a PNG of 8 bits without interlacing, None where there is none.

    The picture is decoded only where its first pixels begin as such a text does, or where it is
    lower than that beginning is long.
    """
    head = data[16:29]
    if len(head) < 13 or head[8] != 8 or head[12] or head[9] not in {_COLORS, _COLORS_ALPHA}:
        return None
    width, height = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:8], "big")
    channels = 4 if head[9] == _COLORS_ALPHA else 3
    if not width or not height or width > _MAX_WIDTH:
        return None
    low = height < _HEAD_BITS
    if width * height > _MAX_LOW_PIXELS if low else not _begins(data, width, channels):
        return None
    if width * height > _MAX_PIXELS:
        reading.problem(f"hidden text: picture of more than {_MAX_PIXELS:,} pixels, not read")
        return None
    try:
        with decoding("PNG"), quiet(), Image.open(BytesIO(_bare(data)), formats=("PNG",)) as image:
            pixels = np.asarray(image)
    except UnreadError:
        return None  # a picture that cannot be decoded says so elsewhere
    return _text(pixels, reading)


def _begins(data: bytes, width: int, channels: int) -> bool:
    """Tell whether the first pixels spell one of the signs."""
    signs = [(where, _bits(sign)) for sign, (where, _) in _SIGNS.items() if where.stop <= channels]
    pixels = list[list[int]]()
    for pixel in islice(_first_pixels(data, width, channels), 8 * _MAGIC_BYTES):
        pixels.append(pixel)
        signs = [(where, bits) for where, bits in signs if _spell(pixels, where, bits)]
        if not signs:
            return False
    return True


def _spell(pixels: list[list[int]], where: slice, bits: list[int]) -> bool:
    read = [value & 1 for pixel in pixels for value in pixel[where]][: len(bits)]
    return bits[: len(read)] == read


def _first_pixels(data: bytes, width: int, channels: int) -> Iterator[list[int]]:
    """Yield the first pixel of each row from the top."""
    row, above, held = width * channels + 1, [0] * channels, b""
    stream = zlib.decompressobj()
    try:
        for piece in _pieces(data):
            rest = piece
            while rest:
                held += stream.decompress(rest, row)
                rest = stream.unconsumed_tail
                while len(held) >= row:
                    above = _unfiltered(held[0], held[1 : 1 + channels], above)
                    yield above
                    held = held[row:]
    except zlib.error:
        return


def _pieces(data: bytes) -> Iterator[bytes]:
    for kind, content in png_chunks(data, Reading()):
        if kind == b"IDAT":
            for at in range(0, len(content), _PIECE):
                yield bytes(content[at : at + _PIECE])


def _bare(data: bytes) -> bytes:
    """Return the picture without all else, which nobody knows the length of."""
    parts, left = [data[:33]], _MAX_PACKED
    for kind, content in png_chunks(data, Reading()):
        if kind == b"IDAT" and len(content) <= left:
            left -= len(content)
            whole = kind + content
            parts += [len(content).to_bytes(4, "big"), whole, zlib.crc32(whole).to_bytes(4, "big")]
    return b"".join((*parts, _END))


def _unfiltered(kind: int, pixel: bytes, above: list[int]) -> list[int]:
    """Undo the filter of a first pixel: Up and Paeth add what is above it, Average half of it."""
    share = {2: 1, 3: 2, 4: 1}.get(kind)
    return [
        value if share is None else (value + up // share) & 255
        for value, up in zip(pixel, above, strict=True)
    ]


def _bits(sign: bytes) -> list[int]:
    return np.unpackbits(np.frombuffer(sign, np.uint8)).tolist()


def _text(pixels: np.ndarray, reading: Reading) -> str | None:
    """pixels: uint8 (h, w, 3 or 4)."""
    for sign, (where, is_packed) in _SIGNS.items():
        if where.stop > pixels.shape[-1]:
            continue
        columns = pixels[..., where].transpose(1, 0, 2)
        lowest = columns.reshape(-1) if columns.flags.c_contiguous else columns
        packed = np.packbits((lowest & 1).reshape(-1))
        head = packed[: _HEAD_BITS // 8].tobytes()
        if head[:_MAGIC_BYTES] != sign:
            continue
        size = int.from_bytes(head[_MAGIC_BYTES:], "big") // 8
        content = packed[len(head) : len(head) + size].tobytes()
        if is_packed:
            return decoded(unpacked("hidden text", content, reading, bits=_GZIP))
        return decoded(taken("hidden text", content, reading))
    return None
