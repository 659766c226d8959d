"""The network: edges and colors, a small residual network on them, two ways of pooling, one layer.

What is known of seeing is not learned: color as it is and evened out, and edges by direction at
three scales, alike in strength whatever the light and alike for dark on bright and bright on dark.
A network of this size that was to learn them from pixels saw color and little else. Source of such
first layers: Dalal and Triggs 2005 (gradients by direction, normed in their surroundings); Oyallon
et al. 2017 (fixed layers before learned ones).
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.recipe import Recipe

POWER = 3.0  # of the generalized mean: 1 is the mean, infinity the maximum
LEAST = 1e-4
LUMA = (0.299, 0.587, 0.114)
FAINT = 1e-3  # variance below which a picture counts as plain

DIRECTIONS = 8
SCALES = (4, 2, 1)  # by what edges of pictures, of halved and of quartered ones are pooled
STEEP = 1e-6  # square of a slope below which there is no edge
SURROUNDINGS = 5  # pooled places across, by whose mean an edge is divided
FAINTEST = 0.02  # mean below which there is next to none


class Block(nn.Module):  # type: ignore[misc]
    """Two 3 x 3 convolutions beside a short cut."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(before, after, 3, stride)
        self.second = _convolution(after, after, 3, 1)
        same = stride == 1 and before == after
        self.short = nn.Identity() if same else _convolution(before, after, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return feature maps, (n, after, h / stride, w / stride)."""
        y = self.second(functional.relu(self.first(x)))
        return functional.relu(y + self.short(x))


class Front(nn.Module):  # type: ignore[misc]
    """What is not learned: pictures, float32 (n, 3, h, w), to (n, channels, h / 4, w / 4)."""

    channels = 6 + DIRECTIONS * len(SCALES)

    def __init__(self) -> None:
        super().__init__()
        angles = torch.arange(DIRECTIONS) * (torch.pi / DIRECTIONS)
        turns = torch.stack([angles.cos(), angles.sin()], dim=1)
        slope = torch.tensor([(-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0)]) / 8
        luma = torch.tensor(LUMA)
        for name, weight in (
            ("luma", luma.view(1, 3, 1, 1)),
            ("slopes", torch.stack([slope, slope.T])[:, None]),
            ("turns", turns[..., None, None]),
        ):
            self.register_buffer(name, weight, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return colors, colors evened out, and edges at each scale, finest first."""
        light = evened(functional.conv2d(x, self.luma))
        parts = [functional.avg_pool2d(one, 4) for one in (x, evened(x))]
        for pool in SCALES:
            parts.append(self.edges(light, pool))
            light = functional.avg_pool2d(light, 2)
        return torch.cat(parts, dim=1)

    def edges(self, light: Tensor, pool: int) -> Tensor:
        """Return how much of each direction is where, beside all there is around it."""
        slopes = functional.conv2d(functional.pad(light, (1, 1, 1, 1), "replicate"), self.slopes)
        steep = slopes.square().sum(dim=1, keepdim=True) + STEEP
        along = functional.conv2d(slopes, self.turns).square()
        edges = functional.avg_pool2d(along.square() / steep.pow(1.5), pool)
        around = functional.avg_pool2d(
            edges.mean(dim=1, keepdim=True),
            SURROUNDINGS,
            stride=1,
            padding=SURROUNDINGS // 2,
            count_include_pad=False,
        )
        return 2.0 * edges / (around + FAINTEST) - 1.0


class Embedder(nn.Module):  # type: ignore[misc]
    """Pictures to unit vectors.

    Takes float32 (n, 3, h, w), RGB as ``augment.normalized`` makes it, h and w multiples of 4, and
    gives (n, dimensions).
    """

    def __init__(
        self,
        *,
        widths: Sequence[int],
        depths: Sequence[int],
        cells: int,
        cell_channels: int,
        dimensions: int,
    ) -> None:
        super().__init__()
        self.cells = cells
        self.front = Front()
        blocks: list[nn.Module] = []
        stages = pairwise([Front.channels, *widths])
        for stage, ((before, width), depth) in enumerate(zip(stages, depths, strict=True)):
            # the last stage stays as fine as the one before: a view of 96 px has 6 x 6 places there
            stride = 1 if stage in {0, len(widths) - 1} else 2
            blocks.append(Block(before, width, stride))
            blocks.extend(Block(width, width, 1) for _ in range(depth - 1))
        self.blocks = nn.Sequential(*blocks)
        self.reduce = nn.Conv2d(widths[-1], cell_channels, 1)
        pooled = widths[-1] + cell_channels * cells * cells
        # means of positive maps all point one way, and training would begin with unlearning that
        self.norm = nn.BatchNorm1d(pooled, affine=False)
        self.head = nn.Linear(pooled, dimensions)

    def forward(self, x: Tensor) -> Tensor:
        """Return unit vectors, float32 (n, dimensions)."""
        return functional.normalize(self.head(self.pooled(x)), dim=1)

    def pooled(self, x: Tensor) -> Tensor:
        """Return what the last layer takes, normed, float32 (n, pooled).

        The generalized mean of each feature map, and means of reduced ones in parts of the picture.
        """
        with torch.no_grad(), torch.autocast(x.device.type, enabled=False):
            seen = self.front(x.float())
        maps = self.blocks(seen)
        parts = torch.from_numpy(in_cells(maps.shape[2], maps.shape[3], self.cells)).to(maps.device)
        cells = self.reduce(maps).float().flatten(2) @ parts
        means = maps.float().clamp(min=LEAST).pow(POWER).mean(dim=(2, 3)).pow(1.0 / POWER)
        return self.norm(torch.cat([means, cells.flatten(1)], dim=1))


def in_cells(height: int, width: int, cells: int) -> npt.NDArray[np.float32]:
    """Return by what places are weighed in each cell, (height * width, cells * cells), sums of 1.

    Neighboring cells share the places between their middles.
    """

    def along(length: int) -> npt.NDArray[np.float64]:
        places = (np.arange(length) + 0.5) / length * cells
        middles = np.arange(cells) + 0.5
        weights = np.maximum(1.0 - np.abs(places[:, None] - middles), 0.0) + 1e-9
        return np.asarray(weights / weights.sum(axis=0))

    return np.kron(along(height), along(width)).astype(np.float32)


def embedder(recipe: Recipe) -> Embedder:
    """Return the network of a recipe with random weights."""
    network = Embedder(
        widths=recipe.widths,
        depths=recipe.depths,
        cells=recipe.cells,
        cell_channels=recipe.cell_channels,
        dimensions=recipe.dimensions,
    )
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    for module in network.modules():
        # every block starts as its short cut, which steadies the first steps
        if isinstance(module, Block):
            nn.init.zeros_(module.second[1].weight)
    return network


def _convolution(before: int, after: int, side: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, side, stride, side // 2, bias=False), nn.BatchNorm2d(after)
    )


def evened(x: Tensor) -> Tensor:
    """Return pictures, (n, c, h, w), each channel with mean 0 and all together with deviation 1."""
    x = x - x.mean(dim=(2, 3), keepdim=True)
    return x / (x.square().mean(dim=(1, 2, 3), keepdim=True) + FAINT).sqrt()


def parameters(network: nn.Module) -> int:
    """Return how many numbers the network has."""
    return sum(weight.numel() for weight in network.parameters())


def averaged(ema: nn.Module, network: nn.Module, keep: float) -> None:
    """Move the averaged weights a little towards those of the network."""
    with torch.no_grad():
        for old, new in zip(ema.state_dict().values(), network.state_dict().values(), strict=True):
            if old.dtype.is_floating_point:
                old.lerp_(new.to(old.dtype), 1.0 - keep)
            else:
                old.copy_(new)
