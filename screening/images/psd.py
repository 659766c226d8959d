"""The merged picture of a PSD or PSB file.

Read here rather than through psd-tools, which parses every layer first and puts black where it
cannot decode; the packed rows go through Pillow's own PackBits decoder, which refuses short data.
"""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops

from screening.errors import UnreadError
from screening.images.exr import tone_mapped
from screening.images.limits import Budget

_MODES = {0: ("1", 1), 1: ("L", 1), 2: ("P", 1), 3: ("RGB", 3), 4: ("CMYK", 4), 8: ("L", 1)}
_LAB = 9
_ICC, _TRANSPARENT_INDEX, _VERSION_INFO = 1039, 1047, 1057
_RAW, _RLE, _ZIP = 0, 1, 2
_WHITE = 255.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """The document: big for PSB, channels stored, bits per channel, color mode."""

    big: bool
    channels: int
    size: tuple[int, int]
    depth: int
    mode: str
    colors: int

    @property
    def row_bytes(self) -> int:
        return (self.size[0] * self.depth + 7) // 8


def read_psd(data: bytes, budget: Budget) -> tuple[Image.Image, bytes | None]:
    """Return the merged picture of a document, and its color profile.

    Where the document is transparent the white that it was merged onto is taken out again.
    Raises UnreadError, struct.error or ValueError.
    """
    header = _header(data)
    budget.check_size(header.size)
    palette, at = _block(data, 26)
    resources, at = _block(data, at)
    layers, at = _block(data, at, wide=header.big)
    found = _resources(resources)
    if found.get(_VERSION_INFO, b"\0\0\0\1\1")[4:5] == b"\0":
        raise UnreadError("PSD without a merged picture: save it with maximized compatibility")
    transparent = _is_transparent(layers, header)
    planes = _planes(data, at, header, header.colors + transparent)
    image = _merge(planes, header, palette, found.get(_TRANSPARENT_INDEX))
    if transparent and image.mode in {"L", "RGB"}:
        image = _without_white(image, planes[-1])
    return image, found.get(_ICC)


def _header(data: bytes) -> _Header:
    version, channels, height, width, depth, mode = struct.unpack_from(">4xH6xHIIHH", data)
    pil_mode, colors = ("LAB", 3) if mode == _LAB else _MODES.get(mode, ("", 0))
    if not colors or version not in {1, 2} or depth not in {1, 8, 16, 32} or channels < colors:
        raise UnreadError(
            f"PSD variant not supported: color mode {mode}, {channels} channels of {depth} bits"
        )
    return _Header(
        big=version == 2,
        channels=channels,
        size=(width, height),
        depth=depth,
        mode=pil_mode,
        colors=colors,
    )


def _block(data: bytes, at: int, *, wide: bool = False) -> tuple[bytes, int]:
    """Return a block that is preceded by its length, and where the next one begins."""
    (length,) = struct.unpack_from(">Q" if wide else ">I", data, at)
    start = at + (8 if wide else 4)
    if start + length > len(data):
        raise UnreadError("truncated PSD")
    return data[start : start + length], start + length


def _resources(block: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 12 <= len(block):
        (number,) = struct.unpack_from(">H", block, at + 4)
        at += 6 + (block[at + 6] // 2 + 1) * 2
        (length,) = struct.unpack_from(">I", block, at)
        found[number] = block[at + 4 : at + 4 + length]
        at += 4 + length + length % 2
    return found


def _is_transparent(layers: bytes, header: _Header) -> bool:
    """Say whether the channel after the colors is the transparency of the merged picture.

    A negative number of layers says so; documents of 16 and 32 bits say it by a block of their own.
    """
    if header.channels <= header.colors:
        return False
    if any(key in layers for key in (b"8BIMMtrn", b"8BIMMt16", b"8BIMMt32")):
        return True
    at = 8 if header.big else 4
    return len(layers) >= at + 2 and struct.unpack_from(">h", layers, at)[0] < 0


def _planes(data: bytes, at: int, header: _Header, wanted: int) -> list[Image.Image]:
    """Return the first channels of the merged picture, one L image (of 8 bits) each."""
    (method,) = struct.unpack_from(">H", data, at)
    at += 2
    rows, row_bytes = header.size[1], header.row_bytes
    if method == _RLE:
        letter = "u4" if header.big else "u2"
        counts = np.frombuffer(data, ">" + letter, rows * header.channels, at)
        ends = at + counts.nbytes + np.cumsum(counts, dtype=np.int64)[rows - 1 :: rows]
        if ends[wanted - 1] > len(data):
            raise UnreadError("truncated PSD")
        starts = [at + counts.nbytes, *ends[:-1].tolist()]
        return [
            _plane(
                Image.frombytes("L", (row_bytes, rows), data[start:end], "packbits", "L").tobytes(),
                header,
            )
            for start, end in zip(starts[:wanted], ends[:wanted].tolist(), strict=True)
        ]
    needed = row_bytes * rows * header.channels
    if method == _ZIP:
        packed, data, at = data[at:], b"", 0
        data = zlib.decompressobj().decompress(packed, needed)
    elif method != _RAW:
        raise UnreadError(f"PSD variant not supported: compression {method}")
    if at + needed > len(data):
        raise UnreadError("truncated PSD")
    step = row_bytes * rows
    return [
        _plane(data[at + step * channel : at + step * (channel + 1)], header)
        for channel in range(wanted)
    ]


def _plane(plane: bytes, header: _Header) -> Image.Image:
    size = header.size
    if header.depth == 1:
        return Image.frombytes("1", size, plane, "raw", "1;I").convert("L")
    if header.depth == 16:
        plane = plane[::2]  # big-endian: the high byte
    if header.depth == 32:
        shape = (size[1], size[0])
        return Image.fromarray(np.frombuffer(plane, ">f4").reshape(shape).astype(np.float32))
    return Image.frombytes("L", size, plane)


def _merge(
    planes: list[Image.Image], header: _Header, palette: bytes, transparent_index: bytes | None
) -> Image.Image:
    colors = planes[: header.colors]
    if header.depth == 32:
        if header.mode not in {"L", "RGB"}:
            raise UnreadError(f"PSD variant not supported: {header.mode} in 32 bits")
        linear = np.stack([np.asarray(plane) for plane in colors], axis=-1)
        return Image.fromarray(tone_mapped(np.repeat(linear, 3 // header.colors, axis=-1)))
    if header.mode == "P":
        image = colors[0]
        image.putpalette(np.frombuffer(palette[:768], np.uint8).reshape(3, -1).T.tobytes())
        if transparent_index is not None:
            image.info["transparency"] = struct.unpack(">H", transparent_index)[0] & 0xFF
        return image
    if header.mode == "CMYK":
        colors = [ImageChops.invert(plane) for plane in colors]
    return colors[0] if header.colors == 1 else Image.merge(header.mode, colors)


def _without_white(image: Image.Image, mask: Image.Image) -> Image.Image:
    """Return RGBA from colors that were merged onto white, and their transparency."""
    merged = np.asarray(image.convert("RGB"), dtype=np.float32)
    alpha = np.asarray(mask, dtype=np.float32)
    if mask.mode == "F":
        alpha = np.clip(np.nan_to_num(alpha), 0.0, 1.0) * 255.0
    share = np.maximum(alpha, 1.0)[..., None] / 255.0
    colors = np.clip(_WHITE - (_WHITE - merged) / share, 0.0, 255.0)
    rgba = np.dstack([colors, alpha])
    return Image.fromarray((rgba + 0.5).astype(np.uint8))
