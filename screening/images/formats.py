"""What a file is, from its first bytes and, where these say nothing, from its name."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Why something is not looked at.

    ``unread``: it is, or may hold, a picture nobody has looked at. Otherwise it is no picture.
    """

    reason: str
    unread: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileType:
    """What a file is: ``format`` for an image that can be decoded, else ``skip``.

    clip: for a video, the demuxer that its signature names, by which it may be opened all the same.
    """

    format: str | None = None
    skip: Skip | None = None
    clip: str | None = None


NOT_AN_IMAGE = FileType(skip=Skip(reason="not an image", unread=False))
SIDECAR = FileType(skip=Skip(reason="sidecar", unread=False))

_IMAGE_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"8BPS", "PSD"),
    (b"v/1\x01", "EXR"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"DDS ", "DDS"),
)
_IMAGE_EXTENSIONS = {
    "JPEG": "jpg jpeg jpe jfif mpo",
    "PNG": "png apng",
    "GIF": "gif",
    "WEBP": "webp",
    "BMP": "bmp dib",
    "TIFF": "tif tiff btf",
    "AVIF": "avif avifs",
    "HEIF": "heic heif heics heifs hif",
    "PSD": "psd psb psdt",
    "EXR": "exr",
    "JPEG2000": "jp2 j2k jpf jpx j2c jpc",
    "PPM": "ppm pgm pbm pnm",
    "TGA": "tga",
    "ICO": "ico",
    "DDS": "dds",
}
_UNOPENED_SIGNATURES = (
    (b"PK\x03\x04", "ZIP archive"),
    (b"PK\x05\x06", "ZIP archive"),
    (b"PK\x07\x08", "ZIP archive"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"\x1f\x8b", "gzip file"),
    (b"BZh", "bzip2 file"),
    (b"\xfd7zXZ\0", "xz file"),
    (b"\x28\xb5\x2f\xfd", "Zstandard file"),
    (b"MSCF", "CAB archive"),
    (b"%!PS", "EPS"),
    (b"\xc5\xd0\xd3\xc6", "EPS"),
    (b"gimp xcf", "GIMP picture (XCF)"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\0\xffKA", "Affinity document"),
    (b"CSFCHUNK", "Clip Studio picture"),
    (b"\x06\x06\xed\xf5\xd8\x1d\x46\xe5\xbd\x31\xef\xe7\xfe\x74\xb7\x1d", "InDesign document"),
    (b"fig-kiwi", "Figma document"),
    (b"BLENDER", "Blender file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Office document (OLE2)"),
    (b"{\\rtf", "RTF document"),
    (b"\x1a\x45\xdf\xa3", "video"),
    (b"FLV\x01", "video"),
    (b"\0\0\x01\xba", "video"),
    (b"\0\0\x01\xb3", "video"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video"),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02", "video"),
    (b"FUJIFILMCCD-RAW", "camera raw"),
    (b"IIRO", "camera raw"),
    (b"IIRS", "camera raw"),
    (b"MMOR", "camera raw"),
    (b"IIU\0", "camera raw"),
    (b"FOVb", "camera raw"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"#?RGBE", "Radiance HDR"),
    (b"qoif", "QOI picture"),
    (b"icns", "ICNS icon"),
    (b"\0\0\x02\0\x01\0", "cursor (CUR)"),
    (b"SDPX", "DPX picture"),
    (b"XPDS", "DPX picture"),
    (b"\xabKTX ", "KTX texture"),
    (b"II\xbc", "JPEG XR"),
    (b"\x8aMNG\r\n\x1a\n", "MNG animation"),
    (b"\x8bJNG\r\n\x1a\n", "JNG picture"),
    (b"AT&TFORM", "DjVu document"),
    (b"BPG\xfb", "BPG picture"),
    (b"FLIF", "FLIF picture"),
    (b"\x59\xa6\x6a\x95", "Sun raster picture"),
    (b"\x80\x2a\x5f\xd7", "DPX or Cineon picture"),
    (b"\xd7\x5f\x2a\x80", "DPX or Cineon picture"),
    (b"SIMPLE  =", "FITS image"),
    (b"\xd7\xcd\xc6\x9a", "Windows metafile"),
    (b"/* XPM", "X bitmap"),
    (b"Paint Shop Pro Image File", "Paint Shop Pro picture"),
    (b"PDN3", "Paint.NET picture"),
    (b"SAI-CANVAS", "PaintTool SAI picture"),
    (b"mdipack", "MediBang picture"),
    (b"glTF", "3D scene"),
    (b"Kaydara FBX", "3D scene"),
    (b"PXR-USDC", "3D scene"),
    (b"QC4DC4D6", "3D scene"),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", "OneNote document"),
)
_WRAPPERS = frozenset(("ZIP archive", "gzip file", "Office document (OLE2)", "EPS", "PDF"))
_UNOPENED_EXTENSIONS = {
    "PDF": "pdf",
    "ZIP archive": "zip cbz",
    "Office document": "pptx ppsx potx docx xlsx ppt pps doc xls odp odt ods odg key pages numbers",
    "Krita or OpenRaster picture": "kra ora",
    "Procreate picture": "procreate",
    "Sketch document": "sketch",
    "Figma document": "fig",
    "Adobe XD document": "xd",
    "e-book": "epub mobi azw3",
    "RAR archive": "rar cbr",
    "7z archive": "7z cb7",
    "TAR archive": "tar tgz tbz2 txz cbt",
    "gzip file": "gz",
    "bzip2 file": "bz2",
    "xz file": "xz",
    "Zstandard file": "zst",
    "PureRef board": "pur",
    "video": "mp4 m4v mov qt mkv webm avi mpg mpeg m2v ts m2ts mts wmv asf flv f4v ogv 3gp 3g2 mxf",
    "camera raw": "dng cr2 cr3 crw nef nrw arw srf sr2 orf rw2 raf pef 3fr iiq srw x3f erf kdc mrw",
    "SVG": "svg svgz",
    "EPS": "eps ps",
    "Illustrator document": "ai",
    "GIMP picture (XCF)": "xcf",
    "JPEG XL": "jxl",
    "Affinity document": "afphoto afdesign afpub af",
    "Clip Studio picture": "clip lip",
    "InDesign document": "indd idml",
    "Blender file": "blend",
    "web page": "html htm xhtml mhtml mht webarchive",
    "e-mail": "eml msg",
    "Radiance HDR": "hdr rgbe",
    "DPX or Cineon picture": "dpx cin",
    "JPEG XR": "jxr wdp hdp",
    "Windows metafile": "wmf emf",
    "PICT picture": "pct pict",
    "PCX picture": "pcx",
    "SGI picture": "sgi rgb rgba bw",
    "ICNS icon": "icns",
    "cursor (CUR)": "cur ani",
    "QOI picture": "qoi",
    "portable float map": "pfm pam",
    "texture": "ktx ktx2 tx",
    "DICOM image": "dcm",
    "FITS image": "fits fit",
    "X bitmap": "xbm xpm",
    "MNG animation": "mng",
    "JNG picture": "jng",
    "DjVu document": "djvu djv",
    "BPG picture": "bpg",
    "FLIF picture": "flif",
    "Sun raster picture": "ras",
    "wireless bitmap": "wbmp",
    "Paint Shop Pro picture": "psp pspimage",
    "Paint.NET picture": "pdn",
    "PaintTool SAI picture": "sai sai2",
    "MediBang picture": "mdp",
    "CorelDRAW picture": "cdr",
    "Substance Painter project": "spp",
    "3D scene": "glb gltf fbx usd usda usdc usdz c4d mb ma",
    "Flash animation": "swf",
    "notebook": "ipynb",
    "OneNote document": "one",
    "disk image": "iso dmg",
}


def _by_extension(table: dict[str, str]) -> dict[str, str]:
    return {ext: what for what, exts in table.items() for ext in exts.split()}


_IMAGE_BY_EXTENSION = _by_extension(_IMAGE_EXTENSIONS)
_UNOPENED_BY_EXTENSION = _by_extension(_UNOPENED_EXTENSIONS)
_HEIF_BRANDS = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
) | {b"mif1", b"mif2", b"msf1", b"miaf"}
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_AUDIO_BRANDS = frozenset((b"M4A ", b"M4B ", b"M4P "))
_APPLE_DOUBLE = b"\0\x05\x16\x07"
_SIDECARS = frozenset((".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", ".directory"))
_SIDECAR_EXTENSIONS = frozenset(("xmp", "aae", "pp3", "dop"))
_AUDIO_EXTENSIONS = frozenset(("ogg", "oga", "opus", "spx"))
_DIB_HEADERS = frozenset((12, 16, 40, 52, 56, 64, 108, 124))
_FLASH = frozenset((b"FWS", b"CWS", b"ZWS"))
_PCX_HEADERS = frozenset(
    bytes((v, e, b)) for v in (0, 2, 3, 4, 5) for e in (0, 1) for b in (1, 2, 4, 8)
)
_SGI_STORAGE = frozenset((b"\0\1", b"\0\2", b"\1\1", b"\1\2"))
_TGA_TYPES = frozenset((1, 2, 3, 9, 10, 11))
_PNM = re.compile(rb"P[1-6](?:\s|#[^\n]*\n)+\d+(?:\s|#[^\n]*\n)+\d+")
_SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)
_XBM = re.compile(rb"\s*#define\s+\w*width\s+\d")
_HTML = re.compile(rb"<(?:!doctype html|html[\s>])", re.IGNORECASE)

# A format, and what its head looks like where one fixed start does not say it all.
_IMAGE_RULES: tuple[tuple[str, Callable[[bytes], object]], ...] = (
    ("WEBP", lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP"),
    ("BMP", lambda head: head.startswith(b"BM") and _little(head, 14, 4) in _DIB_HEADERS),
    ("ICO", lambda head: head.startswith(b"\0\0\x01\0") and 0 < _little(head, 4, 2) < 256),
    ("AVIF", lambda head: _AVIF_BRANDS.intersection(_still_brands(head))),
    ("HEIF", lambda head: _HEIF_BRANDS.intersection(_still_brands(head))),
    ("PPM", _PNM.match),
)
_UNOPENED_RULES: tuple[tuple[str, Callable[[bytes], object]], ...] = (
    ("PDF", lambda head: b"%PDF-" in head[:1024]),
    ("video", lambda head: head.startswith(b"RIFF") and head[8:12] == b"AVI "),
    ("camera raw", lambda head: _major_brand(head) == b"crx "),
    ("audio", lambda head: _major_brand(head) in _AUDIO_BRANDS),
    ("video", lambda head: head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide"}),
    ("TAR archive", lambda head: head[257:262] == b"ustar"),
    ("video", lambda head: head[0:1] == head[188:189] == head[376:377] == b"G"),
    ("video", lambda head: head[4:5] == head[196:197] == head[388:389] == b"G"),
    ("cursor (CUR)", lambda head: head.startswith(b"RIFF") and head[8:12] == b"ACON"),
    ("CorelDRAW picture", lambda head: head.startswith(b"RIFF") and head[8:11] == b"CDR"),
    ("SGI picture", lambda head: head[:2] == b"\x01\xda" and head[2:4] in _SGI_STORAGE),
    ("PCX picture", lambda head: head[:1] == b"\n" and head[1:4] in _PCX_HEADERS),
    ("Windows metafile", lambda head: head[:4] == b"\1\0\0\0" and head[40:44] == b" EMF"),
    ("Flash animation", lambda head: head[:3] in _FLASH and 0 < _little(head, 3, 1) < 64),
    ("X bitmap", _XBM.match),
    ("SVG", _SVG.search),
    ("web page", _HTML.search),
)
# What a video's demuxer is called, for one that is never left to guess: some open other files.
_DEMUXERS: tuple[tuple[str, Callable[[bytes], object]], ...] = (
    ("matroska", lambda head: head.startswith(b"\x1a\x45\xdf\xa3")),
    ("avi", lambda head: head.startswith(b"RIFF")),
    ("flv", lambda head: head.startswith(b"FLV")),
    ("ogg", lambda head: head.startswith(b"OggS")),
    ("mpeg", lambda head: head.startswith(b"\0\0\x01\xba")),
    ("mpegvideo", lambda head: head.startswith(b"\0\0\x01\xb3")),
    ("asf", lambda head: head.startswith(b"\x30\x26\xb2\x75")),
    ("mxf", lambda head: head.startswith(b"\x06\x0e\x2b\x34")),
    ("mov", lambda head: head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide"}),
    ("mpegts", lambda head: b"G" in {head[0:1], head[4:5]} and len(head) > 388),
)


def classify(head: bytes, name: str = "") -> FileType:
    """Say what a file is.

    head: its first bytes, HEAD_BYTES of them or all there are. name: its name or path, read for
    the name's last part alone. The signature wins over the name. An image extension over unknown
    bytes is unread, never "not an image". What operating systems and photo tools leave beside
    pictures is a sidecar, as long as its bytes are no picture.
    """
    extension = os.path.splitext(name)[1][1:].lower()  # noqa: PTH122  a fourth of the time
    found = _image_format(head, extension)
    if found is not None:
        return FileType(format=found)
    file_name = os.path.basename(name).lower()  # noqa: PTH119  a fourth of the time
    if head.startswith(_APPLE_DOUBLE) or file_name in _SIDECARS:
        return SIDECAR
    held = _held(head, extension)
    if held == "audio":
        return NOT_AN_IMAGE
    if held is not None:
        skip = Skip(reason=f"{held}: may hold pictures, not opened yet", unread=True)
        return FileType(skip=skip, clip=_demuxer(head) if held == "video" else None)
    if extension in _IMAGE_BY_EXTENSION:
        return _unread(_misnamed(head, extension))
    return SIDECAR if extension in _SIDECAR_EXTENSIONS else NOT_AN_IMAGE


def _image_format(head: bytes, extension: str) -> str | None:
    found = next((what for start, what in _IMAGE_SIGNATURES if head.startswith(start)), None)
    if found is None:
        found = next((what for what, fits in _IMAGE_RULES if fits(head)), None)
    if found == "TIFF" and _is_raw(head, extension):
        return None
    if found is None and extension == "tga" and len(head) >= 18:
        # The one format without a signature: the two type bytes must make sense.
        return "TGA" if head[1] in {0, 1} and head[2] in _TGA_TYPES else None
    return found


def _held(head: bytes, extension: str) -> str | None:
    """Return what may hold pictures and is not opened, ``audio``, or None."""
    by_name = _UNOPENED_BY_EXTENSION.get(extension) if head else None
    found = next((what for start, what in _UNOPENED_SIGNATURES if head.startswith(start)), None)
    if found is None:
        found = next((what for what, fits in _UNOPENED_RULES if fits(head)), None)
    if _is_raw(head, extension):
        found = "camera raw"
    if head.startswith(b"OggS"):
        found = "audio" if extension in _AUDIO_EXTENSIONS else "video"
    # A PPTX is a ZIP: there the name tells a reader more than the signature does.
    return by_name if by_name is not None and found in _WRAPPERS else found or by_name


def _demuxer(head: bytes) -> str | None:
    """Return the demuxer of a video, None for one that is so by its name alone."""
    return next((name for name, fits in _DEMUXERS if fits(head)), None)


def _is_raw(head: bytes, extension: str) -> bool:
    """Say whether what is built like a TIFF comes from a camera's sensor."""
    return head[:2] in {b"II", b"MM"} and (
        _UNOPENED_BY_EXTENSION.get(extension) == "camera raw" or head[8:10] == b"CR"
    )


def _misnamed(head: bytes, extension: str) -> str:
    if not head:
        return "empty file"
    start = head[:8].decode("latin-1")
    shown = f'"{start}"' if start.isascii() and start.isprintable() else head[:8].hex(" ")
    expected = _IMAGE_BY_EXTENSION[extension]
    return f"not a {expected} although it is named .{extension}: starts with {shown}"


def _unread(reason: str) -> FileType:
    return FileType(skip=Skip(reason=reason, unread=True))


def _little(head: bytes, at: int, length: int) -> int:
    return int.from_bytes(head[at : at + length], "little")


def _major_brand(head: bytes) -> bytes:
    return head[8:12] if head[4:8] == b"ftyp" else b""


def _still_brands(head: bytes) -> tuple[bytes, ...]:
    """Return the brands of a HEIF or AVIF file; none for a video, which may name them too."""
    if _major_brand(head) not in _HEIF_BRANDS | _AVIF_BRANDS:
        return ()
    end = min(int.from_bytes(head[:4], "big"), len(head), 256)
    return (head[8:12], *(head[at : at + 4] for at in range(16, end, 4)))
