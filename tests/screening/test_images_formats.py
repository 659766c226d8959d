import pytest
from hostile import encoded, one_of_each, scenes
from hypothesis import given
from hypothesis import strategies as st

from screening.images.formats import HEAD_BYTES, classify

FORMATS = {
    "a.jpg": "JPEG",
    "a.png": "PNG",
    "a.webp": "WEBP",
    "a.gif": "GIF",
    "a.bmp": "BMP",
    "a.tif": "TIFF",
    "a.avif": "AVIF",
    "a.heic": "HEIF",
    "a.jp2": "JPEG2000",
    "a.j2k": "JPEG2000",
    "a.ppm": "PPM",
    "a.tga": "TGA",
    "a.dds": "DDS",
    "a.ico": "ICO",
    "a.psd": "PSD",
    "a.exr": "EXR",
}


@pytest.mark.parametrize("variant", one_of_each())
def test_the_signature_wins_over_the_extension(variant):
    """An image is known by its first bytes, under its own name, a wrong one or none."""
    name, data, _ = one_of_each()[variant]
    others = [] if name == "a.tga" else ["", "a", "a.txt", "b.jpg", "c.PNG", "d.pdf", "e.xmp"]
    for other in [name, name.upper(), f"folder.d/{name}", *others]:
        assert classify(data[:HEAD_BYTES], other).format == FORMATS[name]


@pytest.mark.parametrize("name", FORMATS)
def test_an_image_extension_over_other_bytes_is_unread(name):
    """What calls itself an image is never passed over as none."""
    for head in (b"", b"hello, world", bytes(100)):
        found = classify(head, name)
        assert found.format is None
        assert found.skip.unread
    assert classify(b"", name).skip.reason == "empty file"


def test_the_reason_shows_what_a_misnamed_file_starts_with():
    """Text is quoted, other bytes are in hexadecimal."""
    reason = "not a JPEG although it is named .jpg: starts with"
    assert classify(b"hello, world", "a.jpg").skip.reason == f'{reason} "hello, w"'
    assert classify(b"\x01\x02", "a.jpg").skip.reason == f"{reason} 01 02"


@pytest.mark.parametrize(
    ("head", "name", "what"),
    [
        (b"%PDF-1.7", "a.pdf", "PDF"),
        (b"junk\n%PDF-1.4", "a", "PDF"),
        (b"%PDF-1.5", "a.ai", "Illustrator document"),
        (b"PK\x03\x04", "a.zip", "ZIP archive"),
        (b"PK\x03\x04", "a", "ZIP archive"),
        (b"PK\x03\x04", "a.PPTX", "Office document"),
        (b"PK\x03\x04", "a.kra", "Krita or OpenRaster picture"),
        (b"PK\x03\x04", "a.procreate", "Procreate picture"),
        (b"PK\x03\x04", "a.jpg", "ZIP archive"),
        (b"7z\xbc\xaf\x27\x1c", "a", "7z archive"),
        (b"Rar!\x1a\x07\x01\0", "a", "RAR archive"),
        (b"\x1f\x8b\x08", "a.tgz", "TAR archive"),
        (bytes(257) + b"ustar\0", "a", "TAR archive"),
        (b"\0\0\0\x08anything", "board.pur", "PureRef board"),
        (b"\0\0\0\x20ftypisom\0\0\0\0isomavif", "a.mp4", "video"),
        (b"\0\0\0\x20ftypqt  ", "a.heic", "video"),
        (b"\0\0\0\x08wide", "a", "video"),
        (b"\x1a\x45\xdf\xa3", "a.webm", "video"),
        (b"RIFF\0\0\0\0AVI LIST", "a", "video"),
        (b"OggS\0", "a.ogv", "video"),
        (b"\0\0\0\x18ftypcrx ", "a.cr3", "camera raw"),
        (b"II*\0\x10\0\0\0CR\x02\0", "a.tif", "camera raw"),
        (b"MM\0*\0\0\0\x08", "a.nef", "camera raw"),
        (b"FUJIFILMCCD-RAW ", "a.raf", "camera raw"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "a", "SVG"),
        (b"<?xml version='1.0'?>\n<!-- x --><svg>", "a.xml", "SVG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "a", "EPS"),
        (b"gimp xcf v011\0", "a", "GIMP picture (XCF)"),
        (b"\xff\x0a\x00", "a", "JPEG XL"),
        (b"<!DOCTYPE html><img src='data:'>", "a", "web page"),
        (b"MIME-Version: 1.0", "a.mhtml", "web page"),
        (b"From: a@b", "a.eml", "e-mail"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.ppt", "Office document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a", "Office document (OLE2)"),
        (b"CSFCHUNK", "a", "Clip Studio picture"),
        (b"\0\xffKA", "a", "Affinity document"),
        (b"anything", "a.fig", "Figma document"),
        (b"BLENDER-v300", "a", "Blender file"),
    ],
)
def test_what_may_hold_pictures_is_unread_and_named(head, name, what):
    """Nothing that may hold a picture is called no image."""
    found = classify(head, name)
    assert found.format is None
    assert found.skip.unread
    assert found.skip.reason == f"{what}: may hold pictures, not opened yet"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"", ""),
        (b"", "notes.txt"),
        (b"hello", "notes.txt"),
        (b"BM is not a bitmap", "notes.txt"),
        (b"P1 of the plan", "notes.txt"),
        (b"{}", "a.json"),
        (b"OggS\0", "a.opus"),
        (b"\0\0\0\x18ftypM4A ", "a.m4a"),
        (b"ID3\x04", "a.mp3"),
        (b"RIFF\0\0\0\0WAVE", "a.wav"),
        (bytes(50), "a.bin"),
    ],
)
def test_anything_else_is_not_an_image(head, name):
    """Text, sound and data are listed, and not as unread."""
    found = classify(head, name)
    assert found.format is None
    assert found.skip.reason == "not an image"
    assert not found.skip.unread


def test_a_heif_that_names_avif_among_its_brands_is_avif():
    """The compatible brands decide where the major brand is the common one."""
    assert classify(b"\0\0\0\x18ftypmif1\0\0\0\0avifmif1").format == "AVIF"
    assert classify(b"\0\0\0\x18ftypmif1\0\0\0\0heicmif1").format == "HEIF"


@given(st.binary(max_size=600), st.text(max_size=20))
def test_any_bytes_and_any_name_have_exactly_one_outcome(head, name):
    """Either a format or a reason, and never an exception."""
    found = classify(head, name)
    assert (found.format is None) == (found.skip is not None)


@given(st.integers(min_value=0, max_value=64))
def test_a_head_cut_anywhere_has_an_outcome(length):
    """Signatures are compared with whatever is there."""
    data = encoded(scenes(1)[0], "BMP")[:length]
    found = classify(data, "a.bmp")
    assert found.format == "BMP" or found.skip.unread
