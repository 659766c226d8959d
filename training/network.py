"""The network: a small residual one, a generalized mean, one linear layer, unit length."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.recipe import Recipe

POWER = 3.0  # of the generalized mean: 1 is the mean, infinity the maximum
LEAST = 1e-4
LUMA = (0.299, 0.587, 0.114)
FAINT = 1e-3  # variance below which a picture counts as plain


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


class Embedder(nn.Module):  # type: ignore[misc]
    """Pictures to unit vectors.

    Takes float32 (n, 3, h, w), RGB as ``augment.normalized`` makes it; gives (n, dimensions).
    """

    def __init__(
        self,
        *,
        stem: int,
        widths: Sequence[int],
        depths: Sequence[int],
        dimensions: int,
        gray: bool,
    ) -> None:
        super().__init__()
        self.gray = gray
        self.stem = _convolution(1 if gray else 3, stem, 3, 2)
        blocks: list[nn.Module] = []
        before = stem
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            # the last stage stays as fine as the one before: a view of 96 px has 6 x 6 places there
            stride = 1 if stage == len(widths) - 1 else 2
            for place in range(depth):
                blocks.append(Block(before, width, stride if place == 0 else 1))
                before = width
        self.blocks = nn.Sequential(*blocks)
        # means of positive maps all point one way, and training would begin with unlearning that
        self.norm = nn.BatchNorm1d(before, affine=False)
        self.head = nn.Linear(before, dimensions)

    def forward(self, x: Tensor) -> Tensor:
        """Return unit vectors, float32 (n, dimensions)."""
        return functional.normalize(self.head(self.pooled(x)), dim=1)

    def pooled(self, x: Tensor) -> Tensor:
        """Return the generalized mean of each feature map, normed, (n, channels)."""
        if self.gray:
            x = evened(x)
        maps = self.blocks(functional.relu(self.stem(x))).float()
        means = maps.clamp(min=LEAST).pow(POWER).mean(dim=(2, 3)).pow(1.0 / POWER)
        return self.norm(means)


def embedder(recipe: Recipe) -> Embedder:
    """Return the network of a recipe with random weights."""
    network = Embedder(
        stem=recipe.stem,
        widths=recipe.widths,
        depths=recipe.depths,
        dimensions=recipe.dimensions,
        gray=recipe.gray,
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
    """Return pictures in gray, each with mean 0 and deviation 1, float32 (n, 1, h, w)."""
    weights = torch.tensor(LUMA, device=x.device).view(1, 3, 1, 1)
    light = (x.float() * weights).sum(dim=1, keepdim=True)
    light = light - light.mean(dim=(2, 3), keepdim=True)
    return light / (light.square().mean(dim=(2, 3), keepdim=True) + FAINT).sqrt()


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
