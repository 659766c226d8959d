"""Images: from paths to bytes to the pixels that every channel looks at."""

from screening.images.decode import Picture, from_array, from_pil, open_picture
from screening.images.files import Loaded, load
from screening.images.formats import Skip
from screening.images.frame import Frame
from screening.images.limits import Limits
from screening.images.walk import Seen, walk

__all__ = [
    "Frame",
    "Limits",
    "Loaded",
    "Picture",
    "Seen",
    "Skip",
    "from_array",
    "from_pil",
    "load",
    "open_picture",
    "walk",
]
