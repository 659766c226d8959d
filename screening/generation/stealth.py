"""Texts in the lowest bits of a picture's pixels, as NovelAI and others hide them.

The bits run down the columns, so the first pixels of the first rows tell whether there are any. In
a PNG those need no other pixel, as its filters take the left neighbor of the first for zero. A WebP
is decoded whole, where it has alpha, which even lossy ones keep to the bit, or is lossless.
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
# all with alpha are decoded, whatever is in them: 0.2 s
_MAX_WEBP_PIXELS = 1 << 22
_MAX_LOW_PIXELS = 1 << 20
_MAX_WIDTH = 1 << 17
_PIECE = 1 << 14
_GZIP = 31
_MAX_PACKED = 1 << 26
_END = b"\0\0\0\0IEND\xaeB`\x82"
_COLORS, _COLORS_ALPHA = 2, 6
_WEBP_ALPHA, _WEBP_MOVES, _WEBP_SIDE = 0x10, 0x02, 0x3FFF


def stealth_text(data: bytes, what: str, reading: Reading) -> str | None:
    """Return the text hidden in a file of the named format, None where there is none.

    Only a PNG of 8 bits without interlacing and a WebP that stands still are looked into.
    """
    if what == "PNG":
        return _in_png(data, reading)
    return _in_webp(data, reading) if what == "WEBP" else None


def _in_png(data: bytes, reading: Reading) -> str | None:
    """Decode it only where its first pixels begin as such a text does, or it is lower than that."""
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
    return _decoded(_bare(data), "PNG", width * height, _MAX_PIXELS, reading)


def _in_webp(data: bytes, reading: Reading) -> str | None:
    kind, head = data[12:16], data[20:30]
    if kind == b"VP8X" and len(head) == 10 and head[0] & _WEBP_ALPHA and not head[0] & _WEBP_MOVES:
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (4, 7))
    elif kind == b"VP8L" and len(head) == 10:
        sides = int.from_bytes(head[1:5], "little")
        width, height = (sides & _WEBP_SIDE) + 1, (sides >> 14 & _WEBP_SIDE) + 1
    else:
        return None
    return _decoded(data, "WEBP", width * height, _MAX_WEBP_PIXELS, reading)


def _decoded(data: bytes, what: str, count: int, most: int, reading: Reading) -> str | None:
    """Return the text in a picture of so many pixels, if these are not more than may be."""
    if count > most:
        reading.problem(f"hidden text: picture of more than {most:,} pixels, not read")
        return None
    try:
        with decoding(what), quiet(), Image.open(BytesIO(data), formats=(what,)) as image:
            pixels = np.asarray(image) if image.width * image.height <= count else None
    except UnreadError:
        return None  # a picture that cannot be decoded says so elsewhere
    return None if pixels is None or pixels.ndim != 3 else _text(pixels, reading)


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
        first = np.packbits(columns[: _HEAD_BITS // len(pixels) + 1] & 1)
        if first[:_MAGIC_BYTES].tobytes() != sign:
            continue
        lowest = columns.reshape(-1) if columns.flags.c_contiguous else columns
        packed = np.packbits((lowest & 1).reshape(-1))
        head = packed[: _HEAD_BITS // 8].tobytes()
        size = int.from_bytes(head[_MAGIC_BYTES:], "big") // 8
        content = packed[len(head) : len(head) + size].tobytes()
        if is_packed:
            return decoded(unpacked("hidden text", content, reading, bits=_GZIP))
        return decoded(taken("hidden text", content, reading))
    return None
