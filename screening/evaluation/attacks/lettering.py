"""Words, colors and shapes for what is drawn around or onto a picture."""

from PIL import ImageFont

from screening.evaluation.attacks.attack import Draw

Color = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

WORDS = (
    "harbor",
    "night",
    "story",
    "pilot",
    "scene",
    "final",
    "draft",
    "reference",
    "mood",
    "light",
    "color",
    "season",
    "poster",
    "nobody",
    "expects",
    "monday",
)


def words(draw: Draw, count: int) -> str:
    """Return words at random, a space between them."""
    return " ".join(str(word) for word in draw.rng.choice(WORDS, count))


def font(size_px: float) -> Font:
    """Return the font that Pillow carries, at least 6 px high."""
    return ImageFont.load_default(max(6.0, size_px))


def any_color(draw: Draw) -> Color:
    """Return a color at random."""
    red, green, blue = draw.rng.integers(0, 256, 3).tolist()
    return red, green, blue


def box(x: float, y: float, side: float) -> tuple[float, float, float, float]:
    """Return the square that Pillow draws into, from its upper left corner."""
    return x, y, x + side, y + side
