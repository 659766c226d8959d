"""The metadata segments of a JPEG, up to its first scan."""

from collections.abc import Iterator

from screening.generation.reading import Blocks, Reading, decoded, taken
from screening.generation.resources import resource_blocks

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_RESOURCES = b"Photoshop 3.0\0"
_MAX_SEGMENTS = 5000


def jpeg_blocks(data: bytes, blocks: Blocks, reading: Reading) -> None:
    """Fill in what the segments hold; what was split over several is joined."""
    resources, more = list[memoryview](), dict[tuple[bytes, int], memoryview]()
    for marker, content in _segments(data, reading):
        head = bytes(content[:40])
        if marker == 0xE1 and head.startswith(_EXIF):
            blocks.exif.append(taken("EXIF", content, reading))
        elif marker == 0xE1 and head.startswith(_XMP):
            blocks.xmp.append(taken("XMP", content[len(_XMP) :], reading))
        elif marker == 0xE1 and head.startswith(_MORE_XMP):
            more[bytes(content[35:67]), int.from_bytes(content[71:75], "big")] = content[75:]
        elif marker == 0xED and head.startswith(_RESOURCES):
            resources.append(content[len(_RESOURCES) :])
        elif marker == 0xEB and head.startswith(b"JP"):
            blocks.manifest_bytes += len(content)
        elif marker == 0xFE:
            blocks.texts.append(("jpeg", "Comment", decoded(taken("comment", content, reading))))
    if resources:
        resource_blocks(taken("Photoshop resources", b"".join(resources), reading), blocks, reading)
    for guid in dict.fromkeys(guid for guid, _ in more):
        parts = [more[one] for one in sorted(more) if one[0] == guid]
        blocks.xmp.append(taken("extended XMP", b"".join(parts), reading))


def _segments(data: bytes, reading: Reading) -> Iterator[tuple[int, memoryview]]:
    """Yield marker and content of each segment before the first scan."""
    view, at = memoryview(data), 2
    for _ in range(_MAX_SEGMENTS):
        if bytes(view[at : at + 2]) == b"\xff\xff":  # a byte of filling
            at += 1
            continue
        if at + 4 > len(view) or view[at] != 0xFF or view[at + 1] in {0xD9, 0xDA}:
            return
        size = int.from_bytes(view[at + 2 : at + 4], "big")
        yield view[at + 1], view[at + 4 : at + 2 + size]
        at += 2 + size
    reading.problem(f"JPEG of more than {_MAX_SEGMENTS:,} segments: the others were not read")
