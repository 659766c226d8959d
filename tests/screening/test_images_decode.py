import io
import os
import sys
import warnings

import numpy as np
import pytest
from hostile import animated, encoded, one_of_each, png, png_header, scene, scenes, several_of_each
from PIL import Image

from screening.errors import InputInvalidError, UnreadError
from screening.images import Limits, from_array, from_pil, open_picture
from screening.images.color import WORKING_SIDE


@pytest.mark.smoke
@pytest.mark.parametrize("variant", one_of_each())
def test_the_same_scene_in_every_format_gives_the_same_pixels(variant):
    """Decoding differs from the scene by no more than the format's own loss."""
    name, data, allowed = one_of_each()[variant]
    picture = open_picture(data, name=name)
    (frame,) = picture.frames
    error = np.abs(frame.rgb.astype(int) - scene()).mean()
    assert error <= allowed
    assert (picture.width, picture.height) == (frame.width, frame.height) == (80, 60)
    assert (picture.frame_count, picture.unscreened_frames, picture.notes) == (1, 0, ())


@pytest.mark.parametrize("variant", one_of_each())
def test_gray_is_the_luma_of_the_colors(variant):
    """Gray equals Pillow's conversion of the colors, to rounding and chroma clipping in JPEG."""
    name, data, _ = one_of_each()[variant]
    (frame,) = open_picture(data, name=name).frames
    expected = np.asarray(Image.fromarray(frame.rgb).convert("L"), dtype=int)
    assert np.abs(frame.gray - expected).mean() <= (1.0 if "jpeg" in variant else 0.0)


def test_lazy_colors_equal_those_of_an_eager_decoder():
    """The colors of a JPEG, decoded on demand, are those that Pillow decodes."""
    data = encoded(scenes(1)[0], "JPEG")
    (frame,) = open_picture(data).frames
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(image.convert("RGB"))
    assert np.array_equal(frame.rgb, expected)
    assert frame.rgb is frame.rgb


def test_gray_does_not_depend_on_whether_colors_were_asked_for():
    """The luma of a JPEG is the same array before and after its colors were decoded."""
    data = encoded(Image.fromarray(np.tile(scene(), (80, 80, 1))), "JPEG")
    (one,), (other,) = open_picture(data).frames, open_picture(data).frames
    assert other.rgb.shape[:2] == other.gray.shape
    assert np.array_equal(one.gray, other.gray)


@pytest.mark.parametrize("variant", ["jpeg", "png", "heic"])
def test_pixels_are_read_only(variant):
    """Nobody can change what another channel sees."""
    name, data, _ = one_of_each()[variant]
    (frame,) = open_picture(data, name=name).frames
    assert not frame.gray.flags.writeable
    assert not frame.rgb.flags.writeable


@pytest.mark.parametrize(
    ("long", "expected"),
    [(2047, 2047), (2048, 2048), (2049, 1025), (4096, 2048), (4097, 1366)],
)
def test_png_is_reduced_by_a_whole_factor_to_the_working_side(long, expected):
    """The longer side is divided by the smallest whole number that brings it to 2048."""
    data = encoded(Image.new("RGB", (8, long)), "PNG")
    (frame,) = open_picture(data).frames
    assert max(frame.gray.shape) == expected
    assert (frame.width, frame.height) == (8, long)


@pytest.mark.parametrize(
    ("long", "expected"), [(2048, 2048), (2049, 1025), (4094, 2047), (4095, 2048), (8190, 2048)]
)
def test_jpeg_is_decoded_at_the_smallest_scale_that_fills_the_working_side(long, expected):
    """A scaled DCT does what it can, and a whole factor the rest."""
    data = encoded(Image.new("RGB", (long, 64)), "JPEG")
    (frame,) = open_picture(data).frames
    assert max(frame.gray.shape) == max(frame.rgb.shape[:2]) == expected <= WORKING_SIDE
    assert (frame.width, frame.height) == (long, 64)


@pytest.mark.parametrize("container", several_of_each())
def test_every_frame_is_given(container):
    """Four different frames come out in order, each with its index."""
    picture = open_picture(several_of_each()[container])
    frames = list(picture.frames)
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert (picture.frame_count, picture.unscreened_frames, picture.notes) == (4, 0, ())


def test_equal_frames_are_given_once():
    """Of frames with the same pixels the first is given, and none counts as unscreened."""
    first, second = scenes(2)
    pages = [first, second, first, second]
    picture = open_picture(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert [frame.index for frame in picture.frames] == [0, 1]
    assert (picture.frame_count, picture.unscreened_frames) == (4, 0)


@pytest.mark.parametrize("format_name", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_many_frames_a_spread_is_given_and_the_rest_counted(format_name):
    """The first, the last and evenly spread ones between; the picture says how many were not."""
    picture = open_picture(animated(format_name, 9), limits=Limits(max_frames=5))
    assert [frame.index for frame in picture.frames] == [0, 2, 4, 6, 8]
    assert picture.unscreened_frames == 4
    assert "screened 5 of 9 frames" in picture.notes


def test_frames_equal_those_of_pillow():
    """Jumping over frames of a GIF gives what playing it gives."""
    data = animated("GIF", 7)
    frames = list(open_picture(data, limits=Limits(max_frames=3)).frames)
    with Image.open(io.BytesIO(data)) as image:
        for frame in frames:
            image.seek(frame.index)
            assert np.array_equal(frame.rgb, np.asarray(image.convert("RGB")))


def test_a_multi_picture_jpeg_gives_both_pictures():
    """An MPO holds two JPEGs, and each is decoded like a JPEG."""
    first, second = scenes(2)
    data = encoded(first, "MPO", save_all=True, append_images=[second])
    picture = open_picture(data)
    frames = list(picture.frames)
    assert [frame.index for frame in frames] == [0, 1]
    assert np.abs(frames[1].rgb.astype(int) - np.asarray(second)).mean() < 12


def test_time_is_checked_between_frames():
    """After the time limit the frames so far are given and the rest counted."""
    picture = open_picture(animated("TIFF"), limits=Limits(max_seconds=1e-9))
    assert [frame.index for frame in picture.frames] == [0]
    assert picture.unscreened_frames == 3
    assert any("took longer" in note for note in picture.notes)


@pytest.mark.parametrize(("spare", "fits"), [(0, True), (-1, False)])
def test_the_pixel_limit_is_inclusive(spare, fits):
    """A picture of exactly the limit is decoded, one pixel more is not."""
    limits = Limits(max_pixels=80 * 60 + spare)
    for name, data, _ in one_of_each().values():
        if fits:
            assert len(list(open_picture(data, name=name, limits=limits).frames)) == 1
        else:
            with pytest.raises(UnreadError, match="too large"):
                open_picture(data, name=name, limits=limits)


@pytest.mark.parametrize(("spare", "fits"), [(0, True), (-1, False)])
def test_the_byte_limit_is_inclusive(spare, fits):
    """A file of exactly the limit is decoded, one byte more is not."""
    data = encoded(scenes(1)[0], "PNG")
    limits = Limits(max_bytes=len(data) + spare)
    if fits:
        assert open_picture(data, limits=limits).format == "PNG"
    else:
        with pytest.raises(UnreadError, match="too large"):
            open_picture(data, limits=limits)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_bytes": 0},
        {"max_pixels": -1},
        {"max_frames": 1.5},
        {"max_frames": True},
        {"max_seconds": float("nan")},
        {"max_seconds": "3"},
    ],
)
def test_limits_are_checked_on_construction(wrong):
    """A limit that is no positive number is refused by name."""
    with pytest.raises(InputInvalidError, match=next(iter(wrong))):
        Limits(**wrong)


@pytest.mark.parametrize("variant", ["png", "bmp", "ppm", "tiff None", "webp lossless", "gif"])
def test_a_picture_of_one_pixel_is_decoded(variant):
    """The smallest picture is a picture."""
    name = {"ppm": "PPM", "tiff None": "TIFF", "webp lossless": "WEBP"}.get(variant, variant)
    (frame,) = open_picture(encoded(Image.new("RGB", (1, 1), "white"), name)).frames
    assert frame.rgb.tolist() == [[[255, 255, 255]]]


def test_arrays_and_pil_images_take_the_same_way():
    """An array, a PIL image and a file of the same pixels give the same frame."""
    (of_array,) = from_array(scene()).frames
    (of_pil,) = from_pil(scenes(1)[0]).frames
    (of_file,) = open_picture(encoded(scenes(1)[0], "PNG")).frames
    for frame in (of_array, of_pil):
        assert np.array_equal(frame.gray, of_file.gray)
        assert np.array_equal(frame.rgb, of_file.rgb)


def test_a_large_array_is_reduced():
    """Arrays obey the working side too."""
    (frame,) = from_array(np.zeros((4097, 3, 3), np.uint8)).frames
    assert (frame.gray.shape, frame.height) == ((1366, 1), 4097)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([[1, 2], [3, 4]], "list"),
        (np.zeros((4, 4), np.uint8), r"uint8 \(4, 4\)"),
        (np.zeros((4, 4, 4), np.uint8), r"uint8 \(4, 4, 4\)"),
        (np.zeros((4, 4, 3)), "float64"),
        (np.zeros((0, 4, 3), np.uint8), r"\(0, 4, 3\)"),
    ],
)
def test_anything_but_rgb_bytes_is_refused_with_what_it_was(wrong, said):
    """The error names the type or shape that came, and is a TypeError and a ValueError."""
    with pytest.raises(InputInvalidError, match=said) as caught:
        from_array(wrong)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, ValueError)


def test_what_is_no_pil_image_is_refused():
    """The error names the type that came."""
    with pytest.raises(InputInvalidError, match="ndarray"):
        from_pil(scene())


def test_of_an_animated_pil_image_the_current_frame_is_looked_at():
    """The others count as unscreened, and the caller's image stays where it was."""
    with Image.open(io.BytesIO(animated("TIFF"))) as image:
        image.seek(2)
        expected = np.asarray(image.convert("RGB"))
        picture = from_pil(image)
        (frame,) = picture.frames
        assert image.tell() == 2
    assert np.array_equal(frame.rgb, expected)
    assert picture.unscreened_frames == 1


def test_a_truncated_pil_image_is_unread():
    """An image that was opened lazily and breaks later is reported like a file."""
    data = encoded(scenes(1)[0], "PNG")[:2000]
    with Image.open(io.BytesIO(data)) as image, pytest.raises(UnreadError, match="truncated"):
        from_pil(image)


def test_importing_the_package_loads_no_heavy_decoder():
    """OpenCV, libheif and OpenEXR wait until a file needs them."""
    code = (
        "import sys, screening.images; "
        "heavy = {'cv2', 'pillow_heif', 'OpenEXR', 'psd_tools'} & set(sys.modules); "
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", code]) == 0


def test_decoding_leaves_the_warning_filters_alone():
    """Whatever was decoded, the filters of the process are those from before."""
    before = list(warnings.filters)
    for data in several_of_each().values():
        list(open_picture(data).frames)
    assert list(warnings.filters) == before


def test_a_text_chunk_that_unpacks_without_end_is_unread():
    """A compressed comment of gigabytes is refused before it fills the memory."""
    import zlib

    text = b"k\0\x01\0\0\0" + zlib.compress(bytes(80_000_000))
    rows = zlib.compress(b"\0" + bytes(3))
    data = png(png_header(1, 1), (b"iTXt", text), (b"IDAT", rows), (b"IEND", b""))
    with pytest.raises(UnreadError, match="PNG"):
        open_picture(data)
