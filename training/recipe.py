"""Recipes: every number that a training run depends on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A training run.

    side_px, store_px: of a square view, and of the square that a picture is kept as.
    early: until which share of the run views are shrunk to which side, which is faster.
    widths, depths: channels and blocks of the stages of the network. cells: rows and columns of
    parts of the picture whose channels, cell_channels each, the last layer sees apart.
    pictures: procedural ones drawn beside the photographs. photographs: their share of a batch.
    batch: pictures a step, each seen twice. steps: how long the run is unless a time is given.
    temperature, entropy: of the contrastive loss, and the weight of its entropy term.
    ema: share of the averaged weights that a step keeps. bf16: convolutions in 16 bits.
    """

    name: str
    side_px: int
    early: tuple[float, int] = (0.0, 0)
    store_px: int
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    cells: int = 3
    cell_channels: int = 48
    dimensions: int = 256
    pictures: int
    photographs: float = 0.6
    batch: int
    steps: int
    learning_rate: float
    weight_decay: float = 0.02
    temperature: float = 0.07
    entropy: float = 2.0
    ema: float = 0.998
    bf16: bool = True
    workers: int
    held_out: int = 560
    evaluate_s: float = 300.0
    checkpoint_s: float = 180.0


CPU = Recipe(
    name="cpu",
    side_px=96,
    early=(0.6, 64),
    store_px=144,
    widths=(96, 128, 192, 184),
    depths=(1, 1, 2, 1),
    pictures=10_000,
    batch=96,
    steps=10_000,
    learning_rate=1.5e-3,
    workers=1,
)

GPU = Recipe(
    name="gpu",
    side_px=128,
    early=(0.5, 96),
    store_px=176,
    widths=(96, 128, 192, 184),
    depths=(1, 1, 2, 1),
    pictures=40_000,
    batch=512,
    steps=40_000,
    learning_rate=4e-3,
    ema=0.9995,
    workers=14,
)

RECIPES = {recipe.name: recipe for recipe in (CPU, GPU)}
