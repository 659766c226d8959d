"""One training run: its state, its steps, its checkpoints."""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training import augment, measures
from training.data import Pixels
from training.loss import Pairing, contrastive, nearness
from training.network import Embedder, averaged, embedder
from training.recipe import Recipe

CHECKPOINT = "checkpoint.pt"
WARM_UP = 0.04  # of the run


@dataclass(slots=True, kw_only=True, eq=False)
class Run:
    """Everything that a checkpoint holds, and what moves it on."""

    recipe: Recipe
    seed: int
    device: torch.device
    network: Embedder
    ema: Embedder
    optimizer: torch.optim.Optimizer
    step: int = 0
    trained_s: float = 0.0
    best: float = -1.0
    best_state: dict[str, Tensor] = field(default_factory=dict)
    log: list[dict[str, float]] = field(default_factory=list)

    @classmethod
    def start(cls, recipe: Recipe, *, seed: int, device: torch.device) -> "Run":
        """Return a run at its beginning; the seed decides the weights."""
        torch.manual_seed(seed)
        network = embedder(recipe).to(device).to(memory_format=torch.channels_last)
        # norms and biases are not weights to be kept small
        plain = [p for p in network.parameters() if p.ndim > 1]
        rest = [p for p in network.parameters() if p.ndim <= 1]
        optimizer = torch.optim.AdamW(
            [
                {"params": plain, "weight_decay": recipe.weight_decay},
                {"params": rest, "weight_decay": 0.0},
            ],
            lr=recipe.learning_rate,
            betas=(0.9, 0.98),
        )
        return cls(
            recipe=recipe,
            seed=seed,
            device=device,
            network=network,
            ema=copy.deepcopy(network),
            optimizer=optimizer,
        )

    def train(self, batch: Mapping[str, Tensor], *, progress: float) -> tuple[float, float]:
        """Take one step and return the contrastive loss and the entropy term.

        batch: what ``batches`` gives. progress: how much of the run is over, 0 to 1.
        """
        rate = self.recipe.learning_rate * _schedule(progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.network.train()
        count = len(batch["ids"])
        pixels = torch.cat([batch["clean"], batch["attacked"]])
        until, side = self.recipe.early
        embeddings = self.embedded(self.network, pixels, side=side if progress < until else None)
        clean, attacked = embeddings[:count], embeddings[count:]
        pairing = Pairing(
            positive=batch["positive"].to(self.device), related=batch["related"].to(self.device)
        )
        apart = contrastive(clean, attacked, pairing, temperature=self.recipe.temperature)
        even = nearness(clean)
        loss = apart + self.recipe.entropy * even
        if not math.isfinite(loss.item()):
            raise FloatingPointError(
                f"the loss is {loss.item()} at step {self.step}: lower the learning rate"
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimizer.step()
        self.step += 1
        # early weights are soon out of date, so they are averaged over fewer steps
        averaged(self.ema, self.network, min(self.recipe.ema, self.step / (self.step + 10)))
        return float(apart.item()), float(even.item())

    def embedded(self, network: Embedder, pixels: Tensor, *, side: int | None = None) -> Tensor:
        """Return unit vectors of uint8 pictures (n, h, w, 3), resized where a side is given."""
        x = pixels.to(self.device).permute(0, 3, 1, 2).float().div_(255.0)
        x = x.sub_(augment.MEAN).div_(augment.DEVIATION)
        if side is not None:
            x = torch.nn.functional.interpolate(x, size=(side, side), mode="area")
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.bf16):
            pooled = network.pooled(x)
        return torch.nn.functional.normalize(network.head(pooled.float()), dim=1)

    def vectors(self, pixels: Pixels) -> measures.Floats:
        """Return unit vectors by the averaged weights, float32 (n, d)."""
        self.ema.eval()
        with torch.no_grad():
            parts = [
                self.embedded(self.ema, torch.from_numpy(pixels[start : start + 256])).cpu()
                for start in range(0, len(pixels), 256)
            ]
        return np.asarray(torch.cat(parts).numpy(), np.float32)

    def note(self, figures: Mapping[str, float], score: float) -> None:
        """Keep figures in the log, and the averaged weights if their score is the best so far."""
        self.log.append(dict(figures))
        if score > self.best:
            self.best = score
            self.best_state = {
                k: v.detach().cpu().clone() for k, v in self.ema.state_dict().items()
            }

    def save(self, folder: Path) -> None:
        """Write a checkpoint; a file that is there is replaced once the new one is whole."""
        state = {
            "recipe": self.recipe.name,
            "seed": self.seed,
            "network": self.network.state_dict(),
            "ema": self.ema.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "trained_s": self.trained_s,
            "best": self.best,
            "best_state": self.best_state,
            "log": self.log,
        }
        path = folder / CHECKPOINT
        beside = path.with_suffix(".part")
        torch.save(state, beside)
        beside.replace(path)

    def restore(self, folder: Path) -> None:
        """Take up the checkpoint of a folder.

        Raises ValueError for one of another recipe or seed, FileNotFoundError where there is none.
        """
        path = folder / CHECKPOINT
        state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        if (state["recipe"], state["seed"]) != (self.recipe.name, self.seed):
            raise ValueError(
                f"{path} is of recipe {state['recipe']} and seed {state['seed']}, not "
                f"{self.recipe.name} and {self.seed}: resume with those, or train in a new folder"
            )
        self.network.load_state_dict(state["network"])
        self.ema.load_state_dict(state["ema"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.trained_s = state["step"], state["trained_s"]
        self.best, self.best_state = state["best"], state["best_state"]
        self.log = state["log"]


def _schedule(progress: float) -> float:
    """Return the share of the learning rate: a short rise, then half a cosine down to nothing."""
    if progress < WARM_UP:
        return max(progress / WARM_UP, 0.02)
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, (progress - WARM_UP) / (1.0 - WARM_UP))))
