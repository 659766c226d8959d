"""What comes after training: the last layer centered and whitened, the files written."""

import copy
import json
from pathlib import Path

import numpy as np
import torch

from training import measures
from training.augment import nearly_clean, normalized
from training.data import Pixels, Pool
from training.export import write_onnx
from training.measures import Floats
from training.network import Embedder

STRENGTHS = (None, 0.0, 0.25, 0.5, 0.75)
SAMPLE = 2_000  # training pictures that a whitening is learned from
BATCH = 128


def finished(
    network: Embedder, pictures: Pool, output: Path, *, sides_px: tuple[int, ...]
) -> dict[str, object]:
    """Choose the side and the whitening on held-out pictures and write both ONNX files.

    network: with its final weights, on the CPU. Returns what was measured and chosen.
    """
    network = copy.deepcopy(network).float().eval()
    sample = pictures.train[:: max(1, len(pictures.train) // SAMPLE)]
    table: list[dict[str, float | None]] = []
    best, chosen, kept = -1.0, (network, sides_px[0]), None
    for side in sides_px:
        asked = measures.held_out(pictures.held_out, side=side)
        references, queries, clean = (
            pooled(network, one) for one in (asked.references, asked.queries, _sized(sample, side))
        )
        for strength in STRENGTHS:
            one = copy.deepcopy(network)
            if strength is not None:
                whiten(one, clean, strength=strength)
            figures = measures.found(headed(one, references), headed(one, queries))
            table.append({
                "side_px": side,
                "whitening": strength,
                "micro_ap": round(figures.micro_ap, 4),
                "recall": round(figures.recall, 4),
                "nearest": round(figures.nearest, 4),
            })  # fmt: skip
            if figures.score > best:
                best, chosen, kept = figures.score, (one, side), table[-1]
    final, side = chosen
    torch.save(final.state_dict(), output / "final.pt")
    for name, half in (("fp32.onnx", False), ("fp16.onnx", True)):
        write_onnx(final, output / name, side_px=side, half=half)
    report: dict[str, object] = {"chosen": kept, "measured": table}
    (output / "finish.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return report


def whiten(network: Embedder, inputs: Floats, *, strength: float) -> None:
    """Fold a centering and whitening of the output into the last layer, in place.

    inputs: float32 (n, channels), what the layer takes of clean training pictures.
    strength: 0 only takes the mean off; 1 makes every direction as wide as any other.
    """
    weight = network.head.weight.detach().double().numpy()
    bias = network.head.bias.detach().double().numpy()
    output = inputs.astype(np.float64) @ weight.T + bias
    middle = output.mean(axis=0)
    widths, axes = np.linalg.eigh(np.cov((output - middle).T))
    # directions that training pictures hardly fill are not blown up
    widths = np.maximum(widths, 1e-3 * widths.max())
    turn = (axes * widths ** (-strength / 2)) @ axes.T
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(turn @ weight))
        network.head.bias.copy_(torch.from_numpy(turn @ (bias - middle)))


def pooled(network: Embedder, pixels: Pixels) -> Floats:
    """Return what the last layer takes of uint8 pictures, float32 (n, channels)."""
    with torch.no_grad():
        parts = [
            network.pooled(torch.from_numpy(normalized(pixels[start : start + BATCH])))
            for start in range(0, len(pixels), BATCH)
        ]
    return np.asarray(torch.cat(parts).numpy(), np.float32)


def headed(network: Embedder, inputs: Floats) -> Floats:
    """Return the unit vectors that the last layer makes of its inputs, float32 (n, d)."""
    with torch.no_grad():
        output = torch.nn.functional.normalize(network.head(torch.from_numpy(inputs)), dim=1)
    return np.asarray(output.numpy(), np.float32)


def _sized(pictures: Pixels, side: int) -> Pixels:
    rng = np.random.default_rng(0)
    return np.stack([nearly_clean(picture, side, rng) for picture in pictures])
