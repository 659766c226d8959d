"""What a file's own tables say of its frames, so that a missing end never goes unnoticed.

Decoders differ in what they make of a file that was cut short; these walks read no pixels and
answer the same question for every engine: how many frames, and are their bytes there?
"""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MAX_PAGES = 2_000
MAX_DIRECTORY_ENTRIES = 1_024
MAX_ENTRIES = 100_000
"""Of all directories of a TIFF together, so that those that overlap cost no more than others."""

_TIFF_TYPES = {1: "u1", 3: "u2", 4: "u4", 13: "u4", 16: "u8", 18: "u8"}
_WIDTH, _HEIGHT, _STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES = 256, 257, 273, 279, 324, 325
# Besides the places of the pixels: bits, palette, extra samples, sample format, JPEG tables.
_NEEDED = {_WIDTH, _HEIGHT, _STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES, 258, 320, 338, 339, 347}

_PICTURES = 0xB002
_TELLING = {b"\xe1", b"\xe2", b"\xee"}  # EXIF or XMP, profile or pictures, Adobe
_XMP = b"http://ns.adobe.com/xap/"

_Tags = dict[int, npt.NDArray[np.unsignedinteger] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a TIFF: its size in pixels, and whether all its bytes lie within the file."""

    size: tuple[int, int]
    whole: bool


def tiff_pages(data: bytes) -> tuple[tuple[Page, ...], bool]:
    """Return the pages of a TIFF or BigTIFF, and whether the list came to its proper end.

    It ends early at a directory beyond the file or of absurd length, and where the directories
    and what they point to, taken together, are larger than a file whose parts do not overlap.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in {b"+\0", b"\0+"}
    pages: list[Page] = []
    seen: set[int] = set()
    entries_left, bytes_left = MAX_ENTRIES, len(data)
    try:
        (at,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
        while at:
            if at in seen or len(pages) >= MAX_PAGES:
                return tuple(pages), False
            seen.add(at)
            entries = _entries(data, at, order, big=big)
            entries_left -= len(entries)
            if entries_left < 0:
                return tuple(pages), False
            tags = _tags(data, entries, order, big=big)
            bytes_left -= sum(value.nbytes for value in tags.values() if value is not None)
            if bytes_left < 0:
                return tuple(pages), False
            (at,) = struct.unpack_from(order + ("Q" if big else "I"), data, entries.stop)
            pages.append(_page(tags, len(data)))
    except struct.error:
        return tuple(pages), False
    return tuple(pages), True


def _entries(data: bytes, at: int, order: str, *, big: bool) -> range:
    """Return where the entries of a directory lie; its stop is where the next one is named."""
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, at)
    width, first = (20, at + 8) if big else (12, at + 2)
    if count > MAX_DIRECTORY_ENTRIES or first + count * width > len(data):
        raise struct.error("directory beyond the end of the file, or of absurd length")
    return range(first, first + count * width, width)


def _tags(data: bytes, entries: range, order: str, *, big: bool) -> _Tags:
    """Return the needed tags of a directory, None where one lies outside the file."""
    offset_format = "Q" if big else "I"
    tags: _Tags = {}
    for entry in entries:
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag not in _NEEDED:
            continue
        number_type = np.dtype(order + _TIFF_TYPES.get(kind, "u1"))
        (number,) = struct.unpack_from(order + offset_format, data, entry + 4)
        length = number * number_type.itemsize
        value = entry + (12 if big else 8)
        if length > (8 if big else 4):
            (value,) = struct.unpack_from(order + offset_format, data, value)
        inside = value + length <= len(data)
        tags[tag] = np.frombuffer(data, number_type, number, value) if inside else None
    return tags


def _page(tags: _Tags, length: int) -> Page:
    whole = all(value is not None for value in tags.values())
    for offsets, counts in ((_STRIPS, _STRIP_BYTES), (_TILES, _TILE_BYTES)):
        starts, sizes = tags.get(offsets), tags.get(counts)
        if starts is not None and sizes is not None:
            shorter = min(len(starts), len(sizes))
            ends = starts[:shorter].astype(np.float64) + sizes[:shorter]
            whole = whole and not bool((ends > length).any())
    return Page(size=(_first(tags.get(_WIDTH)), _first(tags.get(_HEIGHT))), whole=whole)


def _first(values: npt.NDArray[np.unsignedinteger] | None) -> int:
    return int(values[0]) if values is not None and len(values) else 0


def gif_frames(data: bytes) -> tuple[int, bool]:
    """Return how many pictures a GIF begins, and whether it came to its trailer."""
    frames = 0
    try:
        at = 13 + _color_table(data[10])
        while (kind := data[at]) != 0x3B:
            if kind == 0x2C:
                frames += 1
                at += 10 + _color_table(data[at + 9]) + 1
            elif kind == 0x21:
                at += 2
            else:
                at += 1  # stray bytes between blocks, which decoders step over too
                continue
            while length := data[at]:
                at += length + 1
            at += 1
    except IndexError:
        return frames, False
    return frames, True


def _color_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Return the canvas of a WebP as its header states it, None where the header is odd."""
    chunk = data[12:16]
    if len(data) < 30:
        return None
    if chunk == b"VP8X":
        return (
            int.from_bytes(data[24:27], "little") + 1,
            int.from_bytes(data[27:30], "little") + 1,
        )
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def multi_picture_places(index: bytes, base: int) -> list[slice]:
    """Return where the pictures after the first lie in a JPEG with a multi-picture index.

    index: the APP2 segment after its four-letter name; base: where it starts in the file.
    Raises ValueError or struct.error when it is broken. Source: CIPA DC-007.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(index[:4])
    if order is None:
        raise ValueError("no byte order in the multi-picture index")
    (at,) = struct.unpack_from(order + "I", index, 4)
    (count,) = struct.unpack_from(order + "H", index, at)
    for entry in range(at + 2, at + 2 + count * 12, 12):
        tag, _, length, value = struct.unpack_from(order + "HHII", index, entry)
        if tag == _PICTURES:
            records = range(value + 16, value + length - 15, 16)
            sizes = [struct.unpack_from(order + "4xII", index, record) for record in records]
            return [slice(base + offset, base + offset + size) for size, offset in sizes]
    raise ValueError("no pictures in the multi-picture index")


def is_plain_jpeg(data: bytes) -> bool:
    """Return whether nothing before a JPEG's pixels changes how they look.

    True means: no EXIF, no color profile, no Adobe marker and no index of several pictures; any
    other segment is harmless. False where the segments are odd in any way.
    """
    at = 2
    while data[at : at + 1] == b"\xff":
        marker = data[at + 1 : at + 2]
        if marker == b"\xda":
            return True
        if marker in _TELLING and not data.startswith(_XMP, at + 4):
            return False
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return False
