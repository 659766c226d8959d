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
