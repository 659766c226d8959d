import struct
import warnings

import numpy as np
import pytest
from hostile import (
    bombs,
    encoded,
    exif,
    heif,
    one_of_each,
    psd,
    scenes,
    several_of_each,
    swapped_profile,
    truncations,
    with_psd_resource,
)
from PIL import Image, ImageFile

from screening.errors import UnreadError
from screening.images import from_pil, open_picture
from screening.images.boundary import decoding
from screening.images.containers import MAX_PAGES, tiff_pages


@pytest.mark.smoke
@pytest.mark.parametrize("variant", one_of_each())
def test_a_file_cut_short_gives_no_pixels_or_all_of_them(variant):
    """At every offset: unread, or exactly the pixels of the whole file."""
    name, data, _ = one_of_each()[variant]
    (whole,) = open_picture(data, name=name).frames
    for cut in truncations(data):
        try:
            (frame,) = open_picture(cut, name=name).frames
        except UnreadError:
            continue
        assert np.array_equal(frame.rgb, whole.rgb)
        assert np.array_equal(frame.gray, whole.gray)


@pytest.mark.parametrize("container", several_of_each())
def test_of_frames_cut_short_those_before_are_given_and_the_loss_is_told(container):
    """Every frame that is given is whole, and what is missing is counted and noted."""
    data = several_of_each()[container]
    whole = {frame.index: frame.rgb for frame in open_picture(data).frames}
    for cut in truncations(data):
        try:
            picture = open_picture(cut, name="a")
        except UnreadError:
            continue
        frames = list(picture.frames)
        assert all(np.array_equal(frame.rgb, whole[frame.index]) for frame in frames)
        if len(frames) < len(whole):
            assert picture.unscreened_frames > 0
            assert picture.notes


@pytest.mark.parametrize("container", ["gif", "apng", "tiff", "heic"])
def test_a_damaged_end_leaves_the_first_frames(container):
    """A file that lost its last tenth still gives its first frame."""
    data = several_of_each()[container]
    picture = open_picture(data[: len(data) * 9 // 10])
    assert next(picture.frames).index == 0
    list(picture.frames)
    assert picture.unscreened_frames >= 1


@pytest.mark.parametrize("variant", one_of_each())
def test_noise_in_a_file_is_unread_or_pixels_but_nothing_else(variant):
    """Random bytes in the middle raise UnreadError or nothing, and no warning."""
    name, data, _ = one_of_each()[variant]
    random = np.random.default_rng(5)
    for _ in range(25):
        noisy = bytearray(data)
        at = int(random.integers(12, len(data) - 8))
        noisy[at : at + 8] = random.bytes(8)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                frames = list(open_picture(bytes(noisy), name=name).frames)
            except UnreadError:
                continue
        assert all(frame.rgb.shape[:2] == frame.gray.shape for frame in frames)


@pytest.mark.smoke
@pytest.mark.parametrize("kind", bombs())
def test_absurd_dimensions_are_refused_from_the_header(kind):
    """A small file that claims to be vast is unread before anything is allocated."""
    with pytest.raises(UnreadError, match=r"too large: \d+ × \d+ pixels"):
        open_picture(bombs()[kind])


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "broken",
    [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\x7f", exif(6)[:-14]],
)
def test_broken_exif_is_ignored_with_a_note(format_name, broken):
    """The picture is decoded as it lies, and the picture says so."""
    data = encoded(scenes(1)[0], format_name, exif=broken)
    picture = open_picture(data)
    (frame,) = picture.frames
    assert frame.rgb.shape == (60, 80, 3)
    assert picture.notes == ("broken EXIF ignored",)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("broken", [b"garbage", swapped_profile()[:300], bytes(500)])
def test_a_broken_profile_is_ignored_with_a_note(format_name, broken):
    """The colors are taken for sRGB, and the picture says so."""
    data = encoded(scenes(1)[0], format_name, icc_profile=broken)
    picture = open_picture(data)
    (frame,) = picture.frames
    assert frame.rgb.shape == (60, 80, 3)
    assert picture.notes == ("broken color profile ignored",)


def test_a_profile_for_other_colors_is_ignored_with_a_note():
    """A CMYK or gray profile in an RGB picture changes nothing."""
    gray = bytearray(swapped_profile())
    gray[16:20] = b"CMYK"
    picture = open_picture(encoded(scenes(1)[0], "PNG", icc_profile=bytes(gray)))
    assert len(picture.notes) == 1
    assert "ignored" in picture.notes[0]


@pytest.mark.parametrize(
    "raised",
    [
        OSError("x"),
        ValueError("x"),
        SyntaxError("x"),
        struct.error("x"),
        MemoryError(),
        RecursionError("x"),
        OverflowError("x"),
        AssertionError(),
        KeyError("x"),
        Image.DecompressionBombError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_decoder_raises_becomes_unread(raised):
    """One boundary turns every exception into a short reason."""
    with pytest.raises(UnreadError) as caught, decoding("PNG"):
        raise raised
    assert "PNG" in caught.value.reason


def test_a_keyboard_interrupt_passes_the_boundary():
    """The user's own wish to stop is not a broken file."""
    with pytest.raises(KeyboardInterrupt), decoding("PNG"):
        raise KeyboardInterrupt


def test_a_long_message_is_shortened_to_one_line():
    """A reason fits a line of the report, whatever the decoder said."""
    with pytest.raises(UnreadError) as caught, decoding("PNG"):
        raise ValueError("bad\n\x1b[31m" + "x" * 500)
    assert len(caught.value.reason) < 120
    assert caught.value.reason.isprintable()


def test_a_gif_without_its_trailer_says_that_more_may_be_missing():
    """Nobody can know how many frames followed: at least one counts as unscreened."""
    picture = open_picture(encoded(scenes(1)[0], "GIF")[:-1])
    assert len(list(picture.frames)) == 1
    assert picture.unscreened_frames == 1


def test_a_tiff_whose_pages_form_a_loop_ends():
    """A page that points back to the first is followed once."""
    data = bytearray(encoded(scenes(1)[0], "TIFF"))
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * count, first)
    picture = open_picture(bytes(data))
    assert len(list(picture.frames)) == 1
    assert picture.unscreened_frames == 1


def overlapping_directories(count: int, entries: int) -> bytes:
    """Return a TIFF of one picture, then directories each of which begins inside the one before."""
    data = bytearray(encoded(scenes(1)[0], "TIFF"))
    data += bytes(-len(data) % 16)
    (first,) = struct.unpack_from("<I", data, 4)
    (length,) = struct.unpack_from("<H", data, first)
    base = len(data)
    struct.pack_into("<I", data, first + 2 + 12 * length, base)
    data += bytes(16 * count + 12 * entries + 16)
    for at in range(base, base + 16 * count, 16):
        struct.pack_into("<H", data, at, entries)
        struct.pack_into("<I", data, at + 2 + 12 * entries, at + 16)
    return bytes(data)


@pytest.mark.parametrize(
    ("entries", "read"), [(40, MAX_PAGES), (1000, 100), (1024, 98), (1028, 1), (40_000, 1)]
)
def test_tiff_directories_that_overlap_are_not_followed_for_long(entries, read):
    """The entries of one directory and of all together are bounded, and the rest is told."""
    data = overlapping_directories(2_200, entries)
    pages, complete = tiff_pages(data)
    assert (len(pages), complete) == (read, False)
    picture = open_picture(data)
    assert len(list(picture.frames)) == 1
    assert picture.unscreened_frames >= 1
    assert picture.notes


def test_tiff_values_shared_by_pages_are_not_read_for_ever():
    """What the directories point to is no larger than the file, or the list ends there."""
    rows = 5_000
    tag = struct.pack("<HHII", 273, 4, rows, 8)
    directories = b"".join(
        struct.pack("<H", 1) + tag + struct.pack("<I", 8 + rows * 4 + 18 * (number + 1))
        for number in range(100)
    )
    data = b"II*\0" + struct.pack("<I", 8 + rows * 4) + bytes(rows * 4) + directories
    pages, complete = tiff_pages(data)
    assert (len(pages), complete) == (1, False)


@pytest.mark.parametrize("variant", one_of_each())
def test_nothing_is_decoded_while_pillow_loads_truncated_images(monkeypatch, variant):
    """Half a picture would pass for a whole one; the setting itself is the host's and stays."""
    name, data, _ = one_of_each()[variant]
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    for given in (data, data[: len(data) // 2]):
        with pytest.raises(UnreadError, match="LOAD_TRUNCATED_IMAGES to False"):
            open_picture(given, name=name)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_the_setting_for_truncated_images_counts_when_a_frame_is_decoded(monkeypatch):
    """Frames after the setting was changed are unread, and so are PIL images."""
    picture = open_picture(several_of_each()["tiff"])
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    assert len(list(picture.frames)) == 1
    assert picture.unscreened_frames == 3
    with pytest.raises(UnreadError, match="LOAD_TRUNCATED_IMAGES"):
        from_pil(scenes(1)[0])


def test_a_psd_without_a_merged_picture_is_unread():
    """The reason says how to save it so that it can be looked at."""
    data = with_psd_resource(psd(scenes(1)[0]), 1057, b"\0\0\0\x01\0")
    with pytest.raises(UnreadError, match="maximized compatibility"):
        open_picture(data)


def test_a_small_heic_among_noise_is_unread():
    """A container whose boxes are garbage is no reason to crash."""
    data = bytearray(heif(scenes(1)[0]))
    data[40:400] = np.random.default_rng(1).bytes(360)
    with pytest.raises(UnreadError, match="HEIF"):
        open_picture(bytes(data))


def test_an_exr_attribute_that_is_not_utf8_does_not_end_the_process():
    """OpenEXR's own header reader crashes on one; the pixels are decoded all the same."""
    data = one_of_each()["exr ZIP"][1].replace(b"displayWindow", b"displ\x87yWindow")
    try:
        (frame,) = open_picture(data).frames
    except UnreadError:
        return
    assert frame.rgb.shape == (60, 80, 3)
