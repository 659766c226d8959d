"""OpenEXR: linear light of any range, brought to the 8 bits a screen would show."""

import struct
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from screening.errors import UnreadError
from screening.images.limits import Budget

_TILED, _MULTI_PART = 0x200, 0x1000
_LONGEST_NAMES = 600
_LUMINANCE = np.array((0.2126, 0.7152, 0.0722), dtype=np.float32)
_MIDDLE_GRAY = 0.18
_SAMPLED = 1_000_000


def read_exr(data: bytes, budget: Budget, notes: list[str]) -> tuple[Image.Image, bool]:
    """Return the first part of an OpenEXR file as RGB or RGBA, and whether that was all of it.

    Through the reader that raises: the newer ``OpenEXR.File`` prints its errors to standard
    output and goes on. Its header() is not asked: a name that is not UTF-8 ends the process.
    Raises UnreadError, or whatever a broken file makes of it.
    """
    import OpenEXR
    from Imath import PixelType  # type: ignore[import-untyped]

    parts, table = _headers(data)
    left, top, right, bottom = struct.unpack("<4i", parts[0][b"dataWindow"])
    size = (right - left + 1, bottom - top + 1)
    budget.check_size(size)
    if not _is_whole(data, parts, table):
        raise UnreadError("truncated EXR")
    names = _color_channels(_full_channels(parts[0][b"channels"]))
    if b"chromaticities" in parts[0]:
        notes.append("EXR chromaticities ignored")
    planes = [
        np.frombuffer(plane, np.float32).reshape(size[1], size[0])
        for plane in OpenEXR.InputFile(BytesIO(data)).channels(names, PixelType(PixelType.FLOAT))
    ]
    return _image(planes), len(parts) == 1


def _headers(data: bytes) -> tuple[list[dict[bytes, bytes]], int]:
    """Return the attributes of every part, and where the offset table begins."""
    (flags,) = struct.unpack_from("<I", data, 4)
    multi_part = bool(flags & _MULTI_PART)
    parts: list[dict[bytes, bytes]] = []
    at = 8
    while data[at] and (multi_part or not parts):
        parts.append({b"type": b"tiledimage"} if flags & _TILED else {})
        while data[at]:
            name, _, rest = data[at : at + _LONGEST_NAMES].partition(b"\0")
            at += len(name) + len(rest.partition(b"\0")[0]) + 2
            (size,) = struct.unpack_from("<I", data, at)
            parts[-1][name] = data[at + 4 : at + 4 + size]
            at += 4 + size
        at += 1
    return parts, at + multi_part


def _is_whole(data: bytes, parts: list[dict[bytes, bytes]], table: int) -> bool:
    """Say whether every chunk that the offset table names lies within the file.

    The library notices a missing end of compressed chunks only: of uncompressed ones it returns
    whatever the memory held.
    """
    first = len(data)
    while table < first:  # the table ends where the first chunk begins
        (at,) = struct.unpack_from("<Q", data, table)
        table, first = table + 8, min(first, at)
        part = 0
        if int.from_bytes(data[4:8], "little") & _MULTI_PART:
            (part,) = struct.unpack_from("<I", data, at)
            at += 4
        at += 16 if parts[part].get(b"type", b"").rstrip(b"\0") == b"tiledimage" else 4
        (size,) = struct.unpack_from("<I", data, at)
        if at + 4 + size > len(data):
            return False
    return True


def _full_channels(channel_list: bytes) -> set[str]:
    """Return the names of the channels that are stored for every pixel."""
    full: set[str] = set()
    at = 0
    while channel_list[at]:
        name = channel_list[at:].partition(b"\0")[0]
        at += len(name) + 1
        if struct.unpack_from("<II", channel_list, at + 8) == (1, 1):
            full.add(name.decode())
        at += 16
    return full


def _color_channels(full: set[str]) -> list[str]:
    """Return the names of R, G, B (of the first layer that has them) and alpha, or of one gray."""
    layers = ["", *sorted({name.rpartition(".")[0] + "." for name in full if "." in name})]
    for layer in layers:
        for names in (("R", "G", "B"), ("Y",)):
            chosen = [layer + name for name in names]
            if full.issuperset(chosen):
                return chosen + [layer + "A"] * (layer + "A" in full)
    if len(full) == 1:
        return list(full)
    raise UnreadError("EXR without color channels")


def _image(planes: list[npt.NDArray[np.float32]]) -> Image.Image:
    colors = len(planes) if len(planes) in {1, 3} else len(planes) - 1
    linear = np.stack([planes[index % colors] for index in range(3)], axis=-1)
    if len(planes) == colors:
        return Image.fromarray(tone_mapped(linear))
    alpha = np.clip(np.nan_to_num(planes[-1]), 0.0, 1.0)
    # Colors are stored multiplied by alpha; where it is 0 they are light without a surface.
    divisor = np.where(alpha > 0.0, alpha, 1.0).astype(np.float32)
    shown = tone_mapped(linear / divisor[..., None])
    return Image.fromarray(np.dstack([shown, (alpha * 255.0 + 0.5).astype(np.uint8)]))


def tone_mapped(linear: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Return linear light, float32 (h, w, 3), as sRGB, uint8 (h, w, 3).

    Where 99 % of the pixels lie within [0, 1] it is encoded directly and highlights are clipped.
    Otherwise the extended global operator of Reinhard et al. 2002 comes first: middle gray at the
    logarithmic mean, white at the 99th percentile of luminance. What is not a number is black.
    """
    linear = np.clip(np.nan_to_num(linear, nan=0.0, posinf=65504.0, neginf=0.0), 0.0, 65504.0)
    flat = linear.reshape(-1, 3)
    sample = flat[:: max(1, len(flat) // _SAMPLED)]
    if np.percentile(sample.max(axis=1), 99) > 1.0:
        luminance = sample @ _LUMINANCE
        exposure = _MIDDLE_GRAY / np.exp(np.log(luminance + 1e-4).mean())
        white = exposure * np.percentile(luminance, 99)
        scaled = exposure * (linear @ _LUMINANCE)
        linear = linear * (exposure * (1.0 + scaled / white**2) / (1.0 + scaled))[..., None]
    encoded = np.where(
        linear <= 0.0031308,
        linear * 12.92,
        1.055 * np.power(np.maximum(linear, 0.0031308), 1 / 2.4) - 0.055,
    )
    return (np.clip(encoded, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
