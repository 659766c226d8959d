"""EXIF: the few fields that tools write texts into, and those that tell who made a picture."""

from collections.abc import Collection, Iterator

from screening.generation.reading import Reading, decoded, taken

TIFF_XMP, TIFF_IPTC, TIFF_RESOURCES = 0x02BC, 0x83BB, 0x8649

_EXIF_FOLDER = 0x8769
_USER_COMMENT = 0x9286
_WIDE = {0x9C9B: "XPTitle", 0x9C9C: "XPComment", 0x9C9D: "XPAuthor", 0x9C9E: "XPKeywords"}
_FIELDS = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x8298: "Copyright",
    _USER_COMMENT: "UserComment",
    **_WIDE,
}
_MAX_FIELDS = 1000
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 13: 4, 16: 8, 129: 1}
_PREFIX = b"Exif\0\0"


def exif_texts(data: bytes, reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield name and text of each field of interest, in the order of the file."""
    for tag, value in tiff_fields(data, _FIELDS, reading):
        name = _FIELDS[tag]
        content = taken(f"EXIF {name}", value, reading)
        if tag == _USER_COMMENT:
            text = user_comment(content)
        elif tag in _WIDE:
            text = content.decode("utf-16-le", "replace").rstrip("\0")
        else:
            text = decoded(content)
        yield name, text


def user_comment(content: bytes) -> str:
    """Return the text of a UserComment: eight bytes say how it is encoded, and are often wrong."""
    kind, text = content[:8], content[8:]
    if kind == b"UNICODE\0":
        return _utf16(text)
    if kind in {b"ASCII\0\0\0", b"\0" * 8} or kind.startswith(b"JIS"):
        return _utf16(text) if _zeros(text) else decoded(text)
    return decoded(content)


def tiff_fields(
    data: bytes | memoryview, wanted: Collection[int], reading: Reading
) -> Iterator[tuple[int, memoryview]]:
    """Yield tag and bytes of the wanted fields of the first folder and its EXIF folder.

    Damage ends it and is a problem.
    """
    view = memoryview(data)
    if bytes(view[:6]) == _PREFIX:
        view = view[6:]
    orders = {b"II": "little", b"MM": "big"}
    order = orders.get(bytes(view[:2]))
    if order is None:
        reading.problem("EXIF without a byte order")
        return
    big = int.from_bytes(view[2:4], order) == 43  # type: ignore[arg-type]
    folders, fields = [_number(view, 8 if big else 4, 8 if big else 4, order)], _MAX_FIELDS
    for at in folders:  # the list grows by the EXIF folder, once
        count = _number(view, at, 8 if big else 2, order)
        if not at or at >= len(view) or count > fields:
            reading.problem("EXIF is broken")
            return
        fields -= count
        start, step, wide = at + (8 if big else 2), 20 if big else 12, 8 if big else 4
        for place in range(start, start + count * step, step):
            tag, kind = _number(view, place, 2, order), _number(view, place + 2, 2, order)
            size = _number(view, place + 4, wide, order) * _SIZES.get(kind, 0)
            inline = place + 4 + wide
            where = inline if size <= wide else _number(view, inline, wide, order)
            if tag == _EXIF_FOLDER and len(folders) == 1:
                folders.append(_number(view, inline, wide, order))
            elif tag in wanted and size:
                if where + size > len(view):
                    reading.problem("EXIF is cut short")
                yield tag, view[where : where + size]


def _number(view: memoryview, at: int, size: int, order: str) -> int:
    return int.from_bytes(view[at : at + size], order)  # type: ignore[arg-type]


def _zeros(text: bytes) -> bool:
    return len(text) > 2 and text.count(0) * 4 > len(text)


def _utf16(text: bytes) -> str:
    """Return text that is called Unicode: which byte is zero tells the order, and none UTF-8."""
    if text[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return text.decode("utf-16", "replace").rstrip("\0")
    first, second = text[0::2].count(0), text[1::2].count(0)
    if first == second == 0:
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return text.decode("utf-16-be" if first >= second else "utf-16-le", "replace").rstrip("\0")
