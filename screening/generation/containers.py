"""From a file's bytes to its blocks of metadata: PNG, WebP, GIF and PSD, and who reads the rest."""

from collections.abc import Callable, Iterator

from screening.generation.boxes import bmff_blocks
from screening.generation.exif import TIFF_IPTC, TIFF_RESOURCES, TIFF_XMP, tiff_fields
from screening.generation.jpeg import jpeg_blocks
from screening.generation.reading import Blocks, Reading, decoded, taken, unpacked
from screening.generation.resources import resource_blocks

_MAX_CHUNKS = 50_000
_PLAIN = frozenset(("BMP", "PPM", "ICO", "TGA", "DDS"))


def blocks_of(data: bytes, what: str, reading: Reading) -> Blocks:
    """Return the metadata blocks of a file of the named format.

    Damage ends the walk and is a problem; what came before it is kept.
    """
    blocks = Blocks()
    reader = _READERS.get(what)
    if reader is not None:
        reader(data, blocks, reading)
    elif what not in _PLAIN:
        reading.problem(f"{what}: its metadata is not read")
    return blocks


def png_chunks(data: bytes, reading: Reading) -> Iterator[tuple[bytes, memoryview]]:
    """Yield type and content of each chunk of a PNG."""
    view, at = memoryview(data), 8
    for _ in range(_MAX_CHUNKS):
        if at + 12 > len(view):
            return
        size = int.from_bytes(view[at : at + 4], "big")
        kind = bytes(view[at + 4 : at + 8])
        yield kind, view[at + 8 : at + 8 + size]
        if kind == b"IEND":
            return
        at += 12 + size
    reading.problem(f"PNG of more than {_MAX_CHUNKS:,} chunks: the others were not read")


def _png(data: bytes, blocks: Blocks, reading: Reading) -> None:
    for kind, content in png_chunks(data, reading):
        if kind in _TEXT_CHUNKS and not reading.late:
            _png_text(kind, content, blocks, reading)
        elif kind == b"eXIf":
            blocks.exif.append(taken("EXIF", content, reading))
        elif kind == b"caBX":
            blocks.manifest_bytes += len(content)


def _png_text(kind: bytes, content: memoryview, blocks: Blocks, reading: Reading) -> None:
    head = bytes(content[:80])
    key, end, _ = head.partition(b"\0")
    if not end:
        reading.problem("PNG text without a key")
        return
    name, rest = key.decode("latin-1"), content[len(key) + 1 :]
    packed = kind == b"zTXt"
    if kind == b"zTXt":
        rest = rest[1:]
    elif kind == b"iTXt":
        packed = bytes(rest[:1]) == b"\1"
        language = bytes(rest[2:1000]).find(b"\0")
        translated = bytes(rest[3 + language : 3 + language + 1000]).find(b"\0")
        if language < 0 or translated < 0:
            reading.problem("PNG text with a broken head")
            return
        rest = rest[4 + language + translated :]
    what = f"PNG text {name!r}"
    value = unpacked(what, rest, reading) if packed else taken(what, rest, reading)
    if name.lower() == "xml:com.adobe.xmp":
        blocks.xmp.append(value)
    elif name.lower().startswith("raw profile type"):
        _raw_profile(name, value, blocks, reading)
    else:
        blocks.texts.append(("png", name, decoded(value)))


def _raw_profile(name: str, value: bytes, blocks: Blocks, reading: Reading) -> None:
    """Read what ImageMagick wrote in hexadecimal: a name, a size, the bytes."""
    lists = {"exif": blocks.exif, "app1": blocks.exif, "xmp": blocks.xmp}
    kind, parts = name.lower().split()[-1], value.split(None, 2)
    try:
        content = bytes.fromhex(parts[2].decode("ascii"))
    except (ValueError, IndexError):
        reading.problem(f"PNG profile {kind!r}: not hexadecimal")
        return
    if kind in lists:
        lists[kind].append(content)
    elif kind in {"iptc", "8bim"}:
        resource_blocks(content, blocks, reading)


def _webp(data: bytes, blocks: Blocks, reading: Reading) -> None:
    view, at = memoryview(data), 12
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(view):
            return
        kind, size = bytes(view[at : at + 4]), int.from_bytes(view[at + 4 : at + 8], "little")
        content = view[at + 8 : at + 8 + size]
        if kind == b"EXIF":
            blocks.exif.append(taken("EXIF", content, reading))
        elif kind == b"XMP ":
            blocks.xmp.append(taken("XMP", content, reading))
        elif kind == b"C2PA":
            blocks.manifest_bytes += len(content)
        at += 8 + size + size % 2
    reading.problem(f"WebP of more than {_MAX_CHUNKS:,} chunks: the others were not read")


def _gif(data: bytes, blocks: Blocks, reading: Reading) -> None:
    start = data.find(b"XMP DataXMP")
    end = data.find(b"<?xpacket end", start) if start >= 0 else -1
    if end >= 0:
        blocks.xmp.append(taken("XMP", memoryview(data)[start + 11 : end], reading))
    if b"C2PA_GIF" in data:
        blocks.manifest_bytes = 1


def _psd(data: bytes, blocks: Blocks, reading: Reading) -> None:
    colors = int.from_bytes(data[26:30], "big")
    at = 34 + colors
    size = int.from_bytes(data[30 + colors : at], "big")
    resource_blocks(memoryview(data)[at : at + size], blocks, reading)


def _tiff(data: bytes, blocks: Blocks, reading: Reading) -> None:
    blocks.exif.append(data)
    for tag, value in tiff_fields(data, {TIFF_XMP, TIFF_IPTC, TIFF_RESOURCES}, reading):
        if tag == TIFF_XMP:
            blocks.xmp.append(taken("XMP", value, reading))
        elif tag == TIFF_IPTC:
            blocks.iptc.append(taken("IPTC", value, reading))
        else:
            resource_blocks(value, blocks, reading)
    if data.find(b"jumdc2pa") >= 0:
        blocks.manifest_bytes = 1


_TEXT_CHUNKS = frozenset((b"tEXt", b"zTXt", b"iTXt"))
_READERS: dict[str, Callable[[bytes, Blocks, Reading], None]] = {
    "PNG": _png,
    "JPEG": jpeg_blocks,
    "WEBP": _webp,
    "GIF": _gif,
    "PSD": _psd,
    "TIFF": _tiff,
    "AVIF": bmff_blocks,
    "HEIF": bmff_blocks,
}
