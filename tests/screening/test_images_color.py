import io

import numpy as np
import pillow_heif
import pytest
from hostile import (
    encoded,
    exif,
    exr,
    gray_tiff,
    heif,
    opencv_tiff,
    psd,
    scene,
    scenes,
    srgb_profile,
    swapped_profile,
    to_linear,
    with_psd_resource,
)
from PIL import Image, ImageChops, ImageCms, ImageOps
from psd_tools import PSDImage

from screening.images import from_pil, open_picture

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def pixels(data):
    (frame,) = open_picture(data).frames
    return frame.rgb


def mean_error(data, expected):
    return np.abs(pixels(data).astype(int) - expected).mean()


@pytest.mark.smoke
@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_all_eight_orientations_stand_upright(format_name, tag):
    """A picture stored turned, with the tag that says so, equals the one stored upright."""
    image = scenes(1)[0]
    stored = image.transpose(_TURNS[tag]) if tag > 1 else image
    options = {"quality": 95} if format_name in {"JPEG", "WEBP", "AVIF"} else {}
    if format_name == "TIFF":
        options["tiffinfo"] = {274: tag}
    else:
        options["exif"] = exif(tag)
    data = encoded(stored, format_name, **options)
    picture = open_picture(data)
    (frame,) = picture.frames
    assert (picture.width, picture.height) == (frame.width, frame.height) == (80, 60)
    assert np.abs(frame.rgb.astype(int) - scene()).mean() < 6
    assert frame.gray.shape == (60, 80)
    assert picture.notes == ()


@pytest.mark.parametrize("tag", range(1, 9))
def test_a_heic_is_turned_once(tag):
    """The container's own rotation is undone by libheif, and EXIF does not turn it again."""
    image = scenes(1)[0]
    file, stream = pillow_heif.HeifFile(), io.BytesIO()
    file.add_from_pillow(image.transpose(_TURNS[tag]) if tag > 1 else image)
    file[0].info["exif"] = exif(tag)
    file.save(stream, quality=95)
    assert mean_error(stream.getvalue(), scene()) < 6


def test_a_pil_image_is_turned_by_its_own_exif():
    """An image handed over with an orientation stands upright."""
    turned = scenes(1)[0].transpose(Image.Transpose.ROTATE_90)
    turned.info["exif"] = exif(6)
    (frame,) = from_pil(turned).frames
    assert np.array_equal(frame.rgb, scene())
    assert ImageOps.exif_transpose(turned).size == (80, 60)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF", "PSD"])
def test_a_profile_is_honored(format_name):
    """Under a profile with red and blue exchanged, a red picture is blue."""
    red = Image.new("RGB", (40, 30), (200, 30, 30))
    red.info["icc_profile"] = swapped_profile()
    if format_name == "HEIF":
        data = heif(red, quality=95)
    elif format_name == "PSD":
        data = with_psd_resource(psd(red), 1039, swapped_profile())
    else:
        data = encoded(red, format_name, icc_profile=swapped_profile())
    assert np.abs(pixels(data).astype(int) - (30, 30, 200)).max() <= 12
    (frame,) = open_picture(data).frames
    assert abs(int(frame.gray[0, 0]) - 49) <= 8


@pytest.mark.parametrize("format_name", ["JPEG", "PNG"])
def test_an_srgb_profile_changes_nothing(format_name):
    """A picture with and without an sRGB profile gives the same pixels."""
    plain = encoded(scenes(1)[0], format_name)
    tagged = encoded(scenes(1)[0], format_name, icc_profile=srgb_profile())
    assert np.array_equal(pixels(plain), pixels(tagged))
    (one,), (other,) = open_picture(plain).frames, open_picture(tagged).frames
    assert np.array_equal(one.gray, other.gray)


def test_a_gray_picture_with_an_rgb_profile_is_decoded():
    """Gray is taken for equal red, green and blue of the profile."""
    gray = scenes(1)[0].convert("L")
    data = encoded(gray, "PNG", icc_profile=srgb_profile())
    assert np.array_equal(pixels(data), np.asarray(gray.convert("RGB")))


@pytest.mark.parametrize("format_name", ["JPEG", "TIFF", "PSD"])
def test_cmyk_is_the_same_in_every_container(format_name):
    """CMYK without a profile is converted as Pillow converts it, inverted storage or not."""
    cmyk = scenes(1)[0].convert("CMYK")
    data = psd(ImageChops.invert(cmyk)) if format_name == "PSD" else encoded(cmyk, format_name)
    expected = np.asarray(cmyk.convert("RGB"), dtype=int)
    assert mean_error(data, expected) <= (4 if format_name == "JPEG" else 0)


def test_cmyk_jpeg_without_the_adobe_marker_is_not_inverted():
    """Only Adobe stores CMYK inverted; without its marker the inks are as they stand."""
    data = encoded(Image.new("CMYK", (32, 32), (255, 0, 0, 0)), "JPEG")
    at = data.index(b"\xff\xee")
    plain = data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]
    assert np.abs(pixels(data)[0, 0].astype(int) - (0, 255, 255)).max() <= 3
    assert pixels(plain)[0, 0].max() <= 3


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "YCbCr", "LAB"])
def test_every_mode_of_tiff_is_brought_to_srgb(mode):
    """Each mode decodes to what its own conversion to RGB gives."""
    image = scenes(1)[0]
    if mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        srgb = ImageCms.createProfile("sRGB")
        stored, expected = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB"), scene()
    else:
        stored = image.convert(mode)
        expected = np.asarray(stored.convert("RGB"))
    assert mean_error(encoded(stored, "TIFF"), expected.astype(int)) <= (3 if mode == "LAB" else 0)


def test_hsv_is_brought_to_srgb():
    """A PIL image in HSV takes the way through RGB."""
    image = scenes(1)[0].convert("HSV")
    (frame,) = from_pil(image).frames
    assert np.array_equal(frame.rgb, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("format_name", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("level", [0, 255])
def test_a_figure_of_black_or_white_shows_over_the_neutral_ground(format_name, level):
    """Transparent pixels are mid-gray, opaque ones as they are."""
    rgba = np.zeros((20, 20, 4), np.uint8)
    rgba[5:15, 5:15] = (level, level, level, 255)
    options = {"lossless": True} if format_name == "WEBP" else {}
    found = pixels(encoded(Image.fromarray(rgba), format_name, **options))
    assert found[0, 0].tolist() == [128, 128, 128]
    assert found[10, 10].tolist() == [level] * 3


def test_half_transparent_pixels_are_mixed_with_the_ground():
    """Alpha of a half gives half the color and half the ground."""
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 128))
    assert np.abs(pixels(encoded(image, "PNG"))[0, 0].astype(int) - (192, 64, 64)).max() <= 1


def test_gray_with_alpha_is_laid_over_the_ground():
    """LA is treated like RGBA."""
    assert pixels(encoded(Image.new("LA", (4, 4), (255, 0)), "PNG")).max() == 128


@pytest.mark.parametrize("format_name", ["PNG", "GIF"])
def test_a_transparent_palette_entry_is_laid_over_the_ground(format_name):
    """The transparent color of a palette picture shows the ground."""
    image = Image.new("P", (8, 8), 1)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.paste(0, (0, 0, 4, 8))
    found = pixels(encoded(image, format_name, transparency=0))
    assert found[0, 0].tolist() == [128, 128, 128]
    assert found[0, 7].tolist() == [200, 100, 50]


def test_alpha_is_weighed_when_a_picture_is_reduced():
    """The color of transparent pixels does not bleed into its neighbors."""
    rgba = np.zeros((2, 4096, 4), np.uint8)
    rgba[:, ::2] = (255, 255, 255, 255)
    assert np.abs(pixels(encoded(Image.fromarray(rgba), "PNG")).astype(int) - 192).max() <= 1


@pytest.mark.parametrize("format_name", ["PNG", "TIFF"])
def test_sixteen_bit_gray_is_scaled(format_name):
    """The whole range of 16 bits becomes the whole range of 8."""
    levels = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(4, axis=0)
    found = pixels(encoded(Image.fromarray(levels), format_name))
    assert np.abs(found[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_integers_beyond_sixteen_bits_are_scaled_by_their_own_range():
    """A 32-bit picture is neither clipped nor black."""
    levels = (np.arange(256, dtype=np.int32) * 1_000_000)[None].repeat(4, axis=0)
    found = pixels(encoded(Image.fromarray(levels), "TIFF"))
    assert found.min() == 0
    assert found.max() == 255


def test_sixteen_bit_png_in_color_is_scaled():
    """Pillow's own reduction of 16-bit color keeps the high byte."""
    import cv2

    data = cv2.imencode(".png", scene()[..., ::-1].astype(np.uint16) * 257)[1].tobytes()
    assert mean_error(data, scene()) == 0


@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_float_gray_tiff_is_shown_in_its_range(scale):
    """Within [0, 1] as it stands, beyond it stretched; what is not a number is the low end."""
    ramp = np.linspace(0, 1, 200, dtype=np.float32)[None].repeat(4, axis=0) * scale
    ramp[0, :3] = (np.nan, np.inf, -np.inf)
    found = pixels(encoded(Image.fromarray(ramp), "TIFF"))
    assert found[0, :3, 0].tolist() == [0, 255, 0]
    assert np.abs(found[2, :, 0].astype(int) - np.linspace(0, 255, 200)).max() <= 3


@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("number_type", ["f8", "u8", "u4", "i4", "f4", "u2", "i8"])
def test_gray_tiff_of_every_number_type_is_the_same_gray(number_type, byte_order):
    """Wide and unsigned levels are neither folded over nor taken for colors."""
    ramp = np.tile(np.linspace(0, 1, 200), (30, 1))
    kind = np.dtype(byte_order + number_type)
    top = 1.0 if kind.kind == "f" else float(np.iinfo(kind).max) * (1 - 1e-9)
    found = pixels(gray_tiff((ramp * top).astype(kind)))
    assert found.shape == (30, 200, 3)
    assert np.abs(found[..., 0] - ramp * 255).max() <= 3


def test_float_color_tiff_with_infinities_is_shown():
    """A TIFF that only OpenCV reads is stretched by a robust range."""
    values = scene().astype(np.float32) * 7
    values[0, 0] = np.inf
    values[0, 1] = np.nan
    found = pixels(opencv_tiff(values))
    assert np.corrcoef(found[5:].ravel(), scene()[5:].ravel())[0, 1] > 0.99


def test_exr_within_the_range_is_encoded_as_srgb():
    """Linear light from 0 to 1 comes back as the levels it was made of."""
    assert mean_error(exr(to_linear(scene())), scene()) < 0.6


def test_exr_beyond_the_range_is_tone_mapped():
    """High dynamic range keeps its order and uses the range of the screen."""
    ramp = np.geomspace(0.01, 100, 200)[None, :, None].repeat(4, axis=0).repeat(3, axis=2)
    found = pixels(exr(ramp))[0, :, 0].astype(int)
    assert (np.diff(found) >= 0).all()
    assert found[0] < 60
    assert found[-1] > 240
    assert len(np.unique(found)) > 100


def test_exr_with_what_is_not_a_number_is_shown():
    """Infinities and NaN do not darken the rest."""
    linear = to_linear(scene()).copy()
    linear[0, 0], linear[0, 1] = np.inf, np.nan
    found = pixels(exr(linear)).astype(int)
    assert np.abs(found - scene())[1:].max() <= 1
    assert found[0, 1].tolist() == [0, 0, 0]


def test_exr_alpha_is_laid_over_the_ground():
    """Colors stored multiplied by alpha come back over mid-gray."""
    rgba = np.zeros((4, 4, 4))
    rgba[:, 2:] = (0.5, 0.5, 0.5, 0.5)
    found = pixels(exr(rgba))
    assert found[0, 0].tolist() == [128, 128, 128]
    assert np.abs(found[0, 3].astype(int) - 192).max() <= 1


@pytest.mark.parametrize("mode", ["L", "1", "RGB"])
def test_psd_modes_decode_to_what_was_stored(mode):
    """Gray, bitmap and color documents give the scene back."""
    stored = scenes(1)[0].convert(mode)
    assert mean_error(psd(stored), np.asarray(stored.convert("RGB"), dtype=int)) == 0


def test_a_transparent_psd_is_laid_over_the_ground():
    """White under transparency is taken out, and a white figure still shows."""
    rgba = np.zeros((20, 20, 4), np.uint8)
    rgba[..., :3] = 255
    rgba[5:15, 5:15, 3] = 255
    data = bytearray(psd(Image.fromarray(rgba)))
    at = 34 + int.from_bytes(data[30:34], "big")
    old = int.from_bytes(data[at : at + 4], "big")
    data[at : at + 4 + old] = b"\0\0\0\x06\0\0\0\x02\xff\xff"  # minus one layer
    found = pixels(bytes(data))
    assert found[0, 0].tolist() == [128, 128, 128]
    assert found[10, 10].tolist() == [255, 255, 255]


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_psd_pixels_equal_those_of_psd_tools(mode):
    """An independent reader gives the same merged picture."""
    data = psd(scenes(1)[0].convert(mode))
    expected = PSDImage.open(io.BytesIO(data)).topil(apply_icc=False).convert("RGB")
    assert np.array_equal(pixels(data), np.asarray(expected))


@pytest.mark.parametrize("depth", [8, 16, 32])
def test_psd_of_every_depth_is_decoded(depth):
    """A document of one color gives that color back at 8 and 16 bits, and its light at 32."""
    document = PSDImage.new("RGB", (12, 10), color=(1.0, 0.0, 0.0), depth=depth)
    stream = io.BytesIO()
    document.save(stream)
    assert pixels(stream.getvalue()).reshape(-1, 3).tolist() == [[255, 0, 0]] * 120
