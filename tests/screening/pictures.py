"""Pictures for tests: textured enough for a perceptual hash, different for every seed."""

import numpy as np
from PIL import Image


def textured(seed: int, width: int = 300, height: int = 200) -> Image.Image:
    """Return RGB clouds of many sizes, with the spectrum of a photograph."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3))
    for cells in (3, 6, 12, 24, 48):
        grid = (rng.random((cells, cells, 3)) * 255).astype(np.uint8)
        layer = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)
        total += np.asarray(layer, dtype=np.float64) / cells
    total = (total - total.min()) / (total.max() - total.min())
    return Image.fromarray((total * 255).astype(np.uint8))
