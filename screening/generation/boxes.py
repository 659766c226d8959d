"""The metadata items of AVIF and HEIF."""

from collections.abc import Iterator

from screening.generation.reading import Blocks, Reading, taken

_MAX_BOXES = 2000
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def bmff_blocks(data: bytes, blocks: Blocks, reading: Reading) -> None:
    """Fill in EXIF and XMP by the item tables, and the size of a C2PA store."""
    for kind, content in _boxes(memoryview(data), reading):
        if kind == b"uuid" and bytes(content[:16]) == _C2PA:
            blocks.manifest_bytes += len(content)
        elif kind == b"meta":
            parts = dict(_boxes(content[4:], reading))
            places = _places(parts.get(b"iloc", memoryview(b"")))
            inside = parts.get(b"idat", memoryview(b""))
            for item, what in _items(parts.get(b"iinf", memoryview(b"")), reading):
                for method, at, size in places.get(item, ())[:1]:
                    held = (inside if method == 1 else memoryview(data))[at : at + size]
                    if what == "XMP":
                        blocks.xmp.append(taken("XMP", held, reading))
                    else:  # the offset of the TIFF header comes first
                        skip = 4 + int.from_bytes(held[:4], "big")
                        blocks.exif.append(taken("EXIF", held[skip:], reading))


def _boxes(view: memoryview, reading: Reading) -> Iterator[tuple[bytes, memoryview]]:
    at = 0
    for _ in range(_MAX_BOXES):
        if at + 8 > len(view):
            return
        size, head = int.from_bytes(view[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(view[at + 8 : at + 16], "big"), 16
        if size == 0:
            size = len(view) - at
        if size < head:
            reading.problem("broken box: the rest was not read")
            return
        yield bytes(view[at + 4 : at + 8]), view[at + head : at + size]
        at += size
    reading.problem(f"more than {_MAX_BOXES:,} boxes: the others were not read")


def _items(view: memoryview, reading: Reading) -> Iterator[tuple[int, str]]:
    """Yield the number of each item of EXIF or XMP."""
    if not view:
        return
    for kind, content in _boxes(view[6 if view[0] == 0 else 8 :], reading):
        if kind != b"infe" or not content or content[0] not in {2, 3}:
            continue
        wide = 4 if content[0] == 3 else 2
        item = int.from_bytes(content[4 : 4 + wide], "big")
        said = bytes(content[6 + wide : 200])
        if said.startswith(b"Exif"):
            yield item, "EXIF"
        elif said.startswith(b"mime") and b"application/rdf+xml" in said:
            yield item, "XMP"


def _places(view: memoryview) -> dict[int, list[tuple[int, int, int]]]:
    """Return construction method, offset and length of each item's extents."""
    found: dict[int, list[tuple[int, int, int]]] = {}
    if len(view) < 8 or view[0] > 2:
        return found
    version = view[0]
    offset, length = view[4] >> 4, view[4] & 15
    base, index = view[5] >> 4, view[5] & 15 if version else 0
    number, at = 4 if version == 2 else 2, 6

    def take(size: int) -> int:
        nonlocal at
        at += size
        return int.from_bytes(view[at - size : at], "big")

    for _ in range(min(take(number), _MAX_BOXES)):
        item = take(number)
        method = take(2) & 15 if version else 0
        take(2)
        start = take(base)
        for _ in range(min(take(2), 16)):
            take(index)
            found.setdefault(item, []).append((method, start + take(offset), take(length)))
        if at > len(view):
            break
    return found
