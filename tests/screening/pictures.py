"""Pictures for tests: enough for every channel to see, different for every seed."""

import numpy as np
from PIL import Image, ImageDraw


def clouds(seed: int, width: int = 300, height: int = 200) -> Image.Image:
    """Return pale RGB clouds: structure enough for a hash, too soft for local features."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3))
    for cells in (4, 8, 12):
        grid = (rng.random((cells, cells, 3)) * 255).astype(np.uint8)
        layer = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)
        total += np.asarray(layer, dtype=np.float64) / cells
    total = (total - total.min()) / (total.max() - total.min())
    return Image.fromarray((90 + total * 76).astype(np.uint8))


def textured(seed: int, width: int = 300, height: int = 200) -> Image.Image:
    """Return clouds strewn with shards of all sizes and colors: hundreds of local features."""
    picture = clouds(seed, width, height)
    draw = ImageDraw.Draw(picture)
    rng = np.random.default_rng([seed, 1])
    middles, colors = rng.random((160, 1, 2)), rng.integers(0, 256, (160, 3))
    sizes = 0.3 * (np.arange(160) + 1.0) ** -0.5  # the large ones below
    corners = middles + rng.normal(size=(160, 4, 2)) * sizes[:, None, None] * (0.5, 0.75)
    for shard, color in zip(corners * (width, height), colors.tolist(), strict=True):
        draw.polygon([tuple(corner) for corner in shard.tolist()], fill=tuple(color))
    return picture


def composed(seed: int, width: int = 300, height: int = 200) -> Image.Image:
    """Return shapes in few colors on a ground of their own: nobody takes two for one kind."""
    rng = np.random.default_rng([seed, 2])
    inks = [tuple(ink) for ink in rng.integers(0, 256, (4, 3)).tolist()]
    ends = np.array(inks[:2], float)
    slope = np.linspace(0.0, 1.0, height)[:, None, None] ** rng.uniform(0.3, 3.0)
    ground = (ends[0] + slope * (ends[1] - ends[0])) * np.ones((height, width, 1))
    picture = Image.fromarray(ground.astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    spread, across = rng.uniform(0.05, 0.45, 2), rng.uniform(0.2, 0.8, 2)
    for number in range(int(rng.integers(6, 60))):
        x, y = rng.normal(across, spread) * (width, height)
        size = rng.uniform(0.02, 0.25) * height
        ink, way = inks[2 + number % 2], (seed + number % 2) % 4
        if way == 0:
            draw.ellipse((x - size, y - size, x + size, y + size), outline=ink, width=4)
        elif way == 1:
            draw.rectangle((x - size / 3, y - 2 * size, x + size / 3, y + size), fill=ink)
        elif way == 2:
            draw.polygon([(x, y - size), (x + size, y + size), (x - size, y + size)], fill=ink)
        else:
            draw.line((x, y, *(rng.random(2) * (width, height))), fill=ink, width=5)
    return picture
