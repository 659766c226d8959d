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
        (b"\x8aMNG\r\n\x1a\n", "a", "MNG animation"),
        (b"\x8bJNG\r\n\x1a\n", "a", "JNG picture"),
        (b"AT&TFORM\0\0\0\0DJVU", "a", "DjVu document"),
        (b"BPG\xfb", "a", "BPG picture"),
        (b"FLIF\x44", "a", "FLIF picture"),
        (b"\x59\xa6\x6a\x95", "a", "Sun raster picture"),
        (b"\x01\xda\x01\x01", "a", "SGI picture"),
        (b"anything", "a.bw", "SGI picture"),
        (b"\x0a\x05\x01\x08", "a", "PCX picture"),
        (b"#define a_width 16\n", "a", "X bitmap"),
        (b"/* XPM */", "a", "X bitmap"),
        (b"RIFF\0\0\0\0ACON", "a", "cursor (CUR)"),
        (b"\0\0\x02\0\x01\0", "a", "cursor (CUR)"),
        (b"icns", "a", "ICNS icon"),
        (b"II\xbc\x01", "a", "JPEG XR"),
        (b"#?RADIANCE", "a", "Radiance HDR"),
        (b"SDPX", "a", "DPX picture"),
        (b"\x80\x2a\x5f\xd7", "a", "DPX or Cineon picture"),
        (b"SIMPLE  =                    T", "a", "FITS image"),
        (bytes(600), "a.pct", "PICT picture"),
        (b"\xd7\xcd\xc6\x9a", "a", "Windows metafile"),
        (b"\1\0\0\0" + bytes(36) + b" EMF", "a", "Windows metafile"),
        (b"\0\0\x10\x10", "a.wbmp", "wireless bitmap"),
        (b"Paint Shop Pro Image File\n", "a", "Paint Shop Pro picture"),
        (b"PDN3", "a", "Paint.NET picture"),
        (b"anything", "a.sai", "PaintTool SAI picture"),
        (b"anything", "a.sai2", "PaintTool SAI picture"),
        (b"mdipack\0", "a", "MediBang picture"),
        (b"RIFF\0\0\0\0CDRD", "a", "CorelDRAW picture"),
        (b"PK\x03\x04", "a.cdr", "CorelDRAW picture"),
        (b"\x89HDF\r\n\x1a\n", "a.spp", "Substance Painter project"),
        (b"glTF\2", "a", "3D scene"),
        (b"; FBX 7.3.0", "a.fbx", "3D scene"),
        (b"PK\x03\x04", "a.usdz", "3D scene"),
        (b"FOR4", "a.mb", "3D scene"),
        (b"CWS\x0a", "a", "Flash animation"),
        (b"{}", "a.ipynb", "notebook"),
        (b"bplist00", "a.webarchive", "web page"),
        (b"anything", "a.one", "OneNote document"),
        (bytes(600), "a.iso", "disk image"),
        (b"anything", "a.dmg", "disk image"),
        (b"PK\x03\x04", "poster.xmp", "ZIP archive"),
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


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\0\x05\x16\x07\0\2\0\0", "._a.png"),
        (b"\0\x05\x16\x07\0\2\0\0", "a"),
        (b"\0\0\0\1Bud1", "folder/.DS_Store"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Thumbs.db"),
        (b"[.ShellClassInfo]", "desktop.ini"),
        (b"<?xpacket", "a.XMP"),
        (b"", "a.pp3"),
    ],
)
def test_what_tools_leave_beside_pictures_is_a_sidecar(head, name):
    """It is listed under that name, and not as unread."""
    skip = classify(head, name).skip
    assert (skip.reason, skip.unread) == ("sidecar", False)


@pytest.mark.parametrize("name", ["poster.xmp", "._poster.jpg", "thumbs.db", ".DS_Store"])
def test_an_image_named_like_a_sidecar_is_an_image(name):
    """No name keeps a picture from being looked at."""
    assert classify(b"\xff\xd8\xff\xe0", name).format == "JPEG"


def test_what_is_named_like_a_fork_of_an_image_and_is_none_is_unread():
    """Dot and underscore alone make no sidecar."""
    assert classify(b"x", "._a.png").skip.unread


def test_a_document_template_is_a_photoshop_document():
    """PSDT differs from PSD by its name only."""
    assert classify(b"8BPS\0\1", "a.psdt").format == "PSD"
    assert classify(b"x", "a.psdt").skip.reason.startswith("not a PSD although")


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
