"""Photoshop's image resources, in JPEG, TIFF and PSD, and the older fields of the IPTC in them."""

from collections.abc import Iterator

from screening.generation.reading import Blocks, Reading, decoded, taken

_IPTC, _EXIF, _XMP = 0x0404, 0x0422, 0x0424
_MAX_ITEMS = 5000
_NAMES = {
    5: "Title",
    25: "Keywords",
    40: "Instructions",
    65: "Software",
    80: "Creator",
    105: "Headline",
    110: "Credit",
    115: "Source",
    116: "Rights",
    120: "Description",
}


def resource_blocks(content: bytes | memoryview, blocks: Blocks, reading: Reading) -> None:
    """Fill in the IPTC fields, EXIF and XMP among image resources."""
    view, at = memoryview(content), 0
    lists = {
        _IPTC: ("IPTC", blocks.iptc),
        _EXIF: ("EXIF", blocks.exif),
        _XMP: ("XMP", blocks.xmp),
    }
    for _ in range(_MAX_ITEMS):
        if bytes(view[at : at + 4]) != b"8BIM" or at + 12 > len(view):
            return
        kind, name = int.from_bytes(view[at + 4 : at + 6], "big"), view[at + 6]
        at += 6 + name + 2 - name % 2
        size = int.from_bytes(view[at : at + 4], "big")
        if kind in lists:
            what, found = lists[kind]
            found.append(taken(what, view[at + 4 : at + 4 + size], reading))
        at += 4 + size + size % 2


def iptc_texts(content: bytes, reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield name and text of the fields of interest."""
    at = 0
    for _ in range(_MAX_ITEMS):
        if at + 5 > len(content) or content[at] != 0x1C:
            return
        record, field = content[at + 1], content[at + 2]
        size = int.from_bytes(content[at + 3 : at + 5], "big")
        if size & 0x8000:
            reading.problem("IPTC field of extended size: the rest was not read")
            return
        if record == 2 and field in _NAMES:
            yield _NAMES[field], decoded(content[at + 5 : at + 5 + size])
        at += 5 + size
