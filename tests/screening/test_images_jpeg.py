import io

import numpy as np
import pytest
from pictures import textured
from PIL import Image

from screening.images import open_picture


def jpeg(image: Image.Image, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    "options",
    [
        {"quality": 95, "subsampling": 0},
        {"quality": 60, "subsampling": 2},
        {"quality": 20, "subsampling": 1, "progressive": True},
        {"quality": 80, "restart_marker_blocks": 3},
    ],
)
@pytest.mark.parametrize("size", [(300, 200), (33, 17), (1, 1), (8, 300)])
def test_gray_is_the_stored_luma_as_pillow_decodes_it(options, size):
    """The quick way to gray gives Pillow's pixels exactly, for every kind of subsampling."""
    data = jpeg(textured(1, *size), **options)
    expected = Image.open(io.BytesIO(data))
    expected.draft("L", expected.size)
    (frame,) = open_picture(data).frames
    np.testing.assert_array_equal(frame.gray, np.asarray(expected))
    np.testing.assert_array_equal(frame.rgb, np.asarray(Image.open(io.BytesIO(data))))


def test_bytes_that_only_warn_are_decoded_all_the_same():
    """Stray bytes before a marker make libjpeg warn; viewers show the picture, we screen it."""
    data = jpeg(textured(1))
    stray = data[:-2] + b"\x00\x00" + data[-2:]
    np.testing.assert_array_equal(
        next(iter(open_picture(stray).frames)).gray, next(iter(open_picture(data).frames)).gray
    )
