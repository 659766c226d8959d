"""Pictures of every format, made in memory, and the ways in which files are broken."""

import io
import struct
import zlib
from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import OpenEXR
import pillow_heif
from PIL import Image, ImageCms
from psd_tools import PSDImage
from psd_tools.constants import Compression

HEIGHT, WIDTH = 60, 80


@cache
def scene() -> np.ndarray:
    """Return a smooth picture with texture and no symmetry, uint8 (60, 80, 3)."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    channels = (
        128 + 90 * np.sin(x / 11 + y / 19),
        128 + 90 * np.cos(x / 15 - y / 9),
        (x * 2 + y) % 200 + 20,
    )
    return np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8)


def scenes(count: int) -> list[Image.Image]:
    """Return so many different pictures."""
    return [Image.fromarray(np.roll(scene(), 7 * step, axis=1)) for step in range(count)]


def encoded(image: Image.Image, format_name: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format_name, **options)
    return stream.getvalue()


def animated(format_name: str, count: int = 4, **options: object) -> bytes:
    first, *rest = scenes(count)
    return encoded(first, format_name, save_all=True, append_images=rest, **options)


def heif(*images: Image.Image, **options: object) -> bytes:
    file, stream = pillow_heif.HeifFile(), io.BytesIO()
    for image in images:
        file.add_from_pillow(image)
    file.save(stream, **options)
    return stream.getvalue()


def psd(image: Image.Image, compression: Compression = Compression.RLE) -> bytes:
    stream = io.BytesIO()
    PSDImage.frompil(image, compression=compression).save(stream)
    return stream.getvalue()


def with_psd_resource(data: bytes, number: int, body: bytes) -> bytes:
    """Return a document without a palette whose only image resource is this one."""
    block = b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + b"\0" * (len(body) % 2)
    (old,) = struct.unpack_from(">I", data, 30)
    return data[:30] + struct.pack(">I", len(block)) + block + data[34 + old :]


def exr(linear: np.ndarray, compression: object = OpenEXR.ZIP_COMPRESSION) -> bytes:
    stream = io.BytesIO()
    header = {"compression": compression, "type": OpenEXR.scanlineimage}
    name = "RGBA" if linear.shape[2] == 4 else "RGB"
    OpenEXR.File(header, {name: linear.astype(np.float16)}).write(stream)
    return stream.getvalue()


def opencv_tiff(*pages: np.ndarray, compression: int = 1) -> bytes:
    """Return a TIFF of RGB pages of any type, as OpenCV writes it."""
    swapped = [np.ascontiguousarray(page[..., ::-1]) for page in pages]
    options = [cv2.IMWRITE_TIFF_COMPRESSION, compression]
    return cv2.imencodemulti(".tiff", swapped, options)[1].tobytes()


def gray_tiff(levels: np.ndarray) -> bytes:
    """Return an uncompressed gray TIFF of any number type, in the byte order of its array."""
    order = ">" if levels.dtype.str[0] == ">" else "<"
    height, width = levels.shape
    bits, kind = levels.dtype.itemsize * 8, {"u": 1, "i": 2, "f": 3}[levels.dtype.kind]
    values = {256: width, 257: height, 258: bits, 259: 1, 262: 1, 273: 0, 277: 1, 278: height}
    values |= {279: levels.nbytes, 339: kind}
    values[273] = 8 + 2 + 12 * len(values) + 4
    directory = b"".join(
        struct.pack(order + "HHII", tag, 4, 1, value)
        if tag in {273, 279}
        else struct.pack(order + "HHIHH", tag, 3, 1, value, 0)
        for tag, value in values.items()
    )
    start = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    return start + struct.pack(order + "H", len(values)) + directory + bytes(4) + levels.tobytes()


def to_linear(pixels: np.ndarray) -> np.ndarray:
    share = pixels / 255.0
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


@cache
def one_of_each() -> dict[str, tuple[str, bytes, float]]:
    """Return for each format and variant a file name, the scene in it, and the mean error allowed.

    The error is in levels, averaged over pixels and channels.
    """
    image, linear = Image.fromarray(scene()), to_linear(scene())
    sixteen = scene().astype(np.uint16) * 257
    tiff = {
        f"tiff {name}": ("a.tif", encoded(image, "TIFF", compression=name), allowed)
        for name, allowed in (
            (None, 0.0),
            ("tiff_lzw", 0.0),
            ("tiff_adobe_deflate", 0.0),
            ("packbits", 0.0),
            ("jpeg", 6.0),
        )
    }
    openexr = {
        f"exr {name}": ("a.exr", exr(linear, getattr(OpenEXR, f"{name}_COMPRESSION")), allowed)
        for name, allowed in (
            ("NO", 0.6),
            ("RLE", 0.6),
            ("ZIP", 0.6),
            ("ZIPS", 0.6),
            ("PIZ", 0.6),
            ("DWAA", 3.0),
        )
    }
    return {
        "jpeg": ("a.jpg", encoded(image, "JPEG", quality=92), 4.0),
        "jpeg progressive": ("a.jpg", encoded(image, "JPEG", quality=92, progressive=True), 4.0),
        "png": ("a.png", encoded(image, "PNG"), 0.0),
        "webp": ("a.webp", encoded(image, "WEBP", quality=90), 6.0),
        "webp lossless": ("a.webp", encoded(image, "WEBP", lossless=True), 0.0),
        "gif": ("a.gif", encoded(image, "GIF"), 12.0),
        "bmp": ("a.bmp", encoded(image, "BMP"), 0.0),
        **tiff,
        "tiff big": ("a.tif", encoded(image, "TIFF", big_tiff=True), 0.0),
        "tiff 16-bit": ("a.tif", opencv_tiff(sixteen), 0.0),
        "tiff float": ("a.tif", opencv_tiff((scene() / 255).astype(np.float32)), 0.1),
        "avif": ("a.avif", encoded(image, "AVIF", quality=90), 6.0),
        "heic": ("a.heic", heif(image, quality=90), 6.0),
        "jpeg 2000": ("a.jp2", encoded(image, "JPEG2000"), 0.0),
        "jpeg 2000 stream": ("a.j2k", encoded(image, "JPEG2000", no_jp2=True), 0.0),
        "ppm": ("a.ppm", encoded(image, "PPM"), 0.0),
        "tga": ("a.tga", encoded(image, "TGA"), 0.0),
        "tga rle": ("a.tga", encoded(image, "TGA", compression="tga_rle"), 0.0),
        "dds": ("a.dds", encoded(image, "DDS"), 0.0),
        "ico": ("a.ico", encoded(image, "ICO", sizes=[(WIDTH, HEIGHT)]), 0.0),
        "psd": ("a.psd", psd(image), 0.0),
        "psd raw": ("a.psd", psd(image, Compression.RAW), 0.0),
        **openexr,
    }


@cache
def several_of_each() -> dict[str, bytes]:
    """Return files of four different frames."""
    scene_float = [np.asarray(image, dtype=np.float32) / 255 for image in scenes(4)]
    return {
        "gif": animated("GIF"),
        "apng": animated("PNG"),
        "webp": animated("WEBP", lossless=True),
        "avif": animated("AVIF"),
        "tiff": animated("TIFF"),
        "tiff lzw": animated("TIFF", compression="tiff_lzw"),
        "tiff float": opencv_tiff(*scene_float),
        "heic": heif(*scenes(4)),
        "ico": encoded(scenes(1)[0], "ICO", sizes=[(16, 12), (32, 24), (48, 36), (64, 48)]),
    }


def truncations(data: bytes, count: int = 40) -> Iterator[bytes]:
    """Yield a file cut off at offsets spread over it, and at each of its first and last bytes."""
    spread = np.linspace(1, len(data) - 1, count).astype(int).tolist()
    for length in sorted({*range(16), *spread, *range(len(data) - 16, len(data))}):
        yield data[:length]


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of the given chunks, with right checksums."""
    packed = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + packed


def png_header(width: int, height: int) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)


def bombs() -> dict[str, bytes]:
    """Return small files that claim to be vast."""
    rows = zlib.compress(bytes(10_000))
    gif = bytearray(encoded(scenes(1)[0], "GIF"))
    gif[6:10] = b"\xff\xff\xff\xff"
    webp = b"WEBPVP8X" + struct.pack("<I", 10) + b"\0" * 4 + b"\xff\x3f\0" * 2
    webp += b"VP8 " + struct.pack("<I", 10) + b"\0" * 10
    tiff = bytearray(encoded(scenes(1)[0], "TIFF"))
    for tag, value in ((256, 60_000), (257, 60_000)):
        at = tiff.index(struct.pack("<HH", tag, 4)) + 8
        tiff[at : at + 4] = struct.pack("<I", value)
    header = bytearray(psd(scenes(1)[0]))
    header[14:22] = struct.pack(">II", 30_000, 30_000)
    bmp = bytearray(encoded(scenes(1)[0], "BMP"))
    bmp[18:26] = struct.pack("<ii", 60_000, 60_000)
    return {
        "png": png(png_header(60_000, 60_000), (b"IDAT", rows), (b"IEND", b"")),
        "gif": bytes(gif),
        "webp": b"RIFF" + struct.pack("<I", len(webp)) + webp,
        "tiff": bytes(tiff),
        "psd": bytes(header),
        "bmp": bytes(bmp),
        "ppm": b"P6 60000 60000 255\n" + bytes(100),
    }


def exif(tag: int) -> bytes:
    """Return EXIF that states an orientation."""
    return b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, tag, 0) + bytes(4)


def swapped_profile() -> bytes:
    """Return an RGB profile whose red and blue primaries are exchanged."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(profile[128:132], "big")
    entries = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    red, blue = entries[b"rXYZ"] + 4, entries[b"bXYZ"] + 4
    profile[red : red + 8], profile[blue : blue + 8] = (
        profile[blue : blue + 8],
        profile[red : red + 8],
    )
    return bytes(profile)


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
