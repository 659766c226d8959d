"""Trains the copy embedder: one command, from photographs and drawings to a network.

A run is made of numbered steps, and each batch depends on the seed and its number alone. Where it
is given minutes, the learning rate follows the clock, so two such runs differ; with --steps they
differ only by sums in another order: other threads, another processor.
"""

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

from training import measures, procedural
from training.batches import Batches, loaded
from training.data import ARCHIVE, Pool, digest, photographs, pool
from training.finish import finished
from training.network import embedder, parameters
from training.recipe import RECIPES, Recipe
from training.run import CHECKPOINT, Run

REPORT_STEPS = 20
MOST_STEP_S = 60.0


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    options = _parser().parse_args(arguments)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    recipe = RECIPES[options.recipe or ("gpu" if device.type == "cuda" else "cpu")]
    if options.steps is not None:
        recipe = dataclasses.replace(recipe, steps=options.steps)
    if options.changes:
        recipe = dataclasses.replace(recipe, **json.loads(options.changes))
    options.output.mkdir(parents=True, exist_ok=True)
    run = Run.start(recipe, seed=options.seed, device=device)
    if options.resume and (options.output / CHECKPOINT).exists():
        run.restore(options.output)
    pictures = gathered(recipe, options.data, seed=options.seed)
    trained(run, pictures, options.output, minutes=options.minutes)
    record = recorded(run, pictures, archive_sha256=digest(options.data))
    text = json.dumps(record, indent=1) + "\n"
    (options.output / "training.json").write_text(text, encoding="utf-8")
    network = embedder(recipe)
    network.load_state_dict(run.best_state)
    sides = tuple(recipe.side_px * quarters // 4 for quarters in (4, 5, 6))
    _say(json.dumps(finished(network, pictures, options.output, sides_px=sides)["chosen"]))


def gathered(recipe: Recipe, data: Path, *, seed: int) -> Pool:
    """Return the pictures of a recipe: the photographs of a folder and drawings."""
    _say(f"reading photographs, drawing {recipe.pictures:,} pictures")
    photos = photographs(data, side_px=recipe.store_px)
    drawings = procedural.pictures(recipe.pictures, side=recipe.store_px, seed=seed)
    return pool(photos, drawings, held_out=min(recipe.held_out, len(photos) // 2), seed=seed)


def trained(run: Run, pictures: Pool, output: Path, *, minutes: float | None) -> None:
    """Train a run to its end and write checkpoints and the best weights to a folder."""
    recipe = run.recipe
    asked = measures.held_out(pictures.held_out, side=recipe.side_px)
    batches = Batches(pictures.train, pictures.photographs, recipe, run.seed)
    budget_s = minutes * 60.0 if minutes else float("inf")
    started = saved = measured = last = time.monotonic()
    losses: list[tuple[float, float]] = []
    pin = run.device.type == "cuda"
    for batch in loaded(
        batches, start=run.step, stop=recipe.steps, workers=recipe.workers, pin=pin
    ):
        now = time.monotonic()
        # a run that was stopped for a while has not trained meanwhile
        run.trained_s += min(now - last, MOST_STEP_S)
        last = now
        progress = max(run.step / recipe.steps, run.trained_s / budget_s)
        if progress >= 1.0:
            break
        losses.append(run.train(batch, progress=progress))
        now = time.monotonic()
        if run.step % REPORT_STEPS == 0:
            apart, even = np.mean(losses[-REPORT_STEPS:], axis=0)
            rate = 2 * recipe.batch * len(losses) / (now - started)
            _say(f"step {run.step} loss {apart:.3f} nearness {even:.3f}, {rate:.0f} views/s")
        if now - measured > recipe.evaluate_s:
            _measure(run, asked, losses, progress)
            measured = time.monotonic()
        if now - saved > recipe.checkpoint_s:
            run.save(output)
            saved = time.monotonic()
    _measure(run, asked, losses, 1.0)
    run.save(output)
    torch.save(run.best_state, output / "state.pt")


def recorded(run: Run, pictures: Pool, *, archive_sha256: str) -> dict[str, object]:
    """Return what a card needs of a run: recipe, sources, machine, and how it went."""
    return {
        "recipe": dataclasses.asdict(run.recipe),
        "seed": run.seed,
        "sources": {
            ARCHIVE: {
                "sha256": archive_sha256,
                "trained_on": pictures.photographs,
                "held_out": len(pictures.held_out),
            },
            "drawings": {
                "seed": run.seed,
                "trained_on": len(pictures.train) - pictures.photographs,
            },
        },
        "machine": {
            "device": run.device.type,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        },
        "parameters": parameters(run.network),
        "steps": run.step,
        "views": 2 * run.recipe.batch * run.step,
        "minutes": round(run.trained_s / 60, 1),
        "log": run.log,
    }


def _measure(
    run: Run, asked: measures.HeldOut, losses: list[tuple[float, float]], progress: float
) -> None:
    figures = measures.found(run.vectors(asked.references), run.vectors(asked.queries))
    apart, even = np.mean(losses[-100:], axis=0) if losses else (np.nan, np.nan)
    entry = {
        "step": run.step,
        "minutes": round(run.trained_s / 60, 2),
        "progress": round(progress, 4),
        "loss": round(float(apart), 4),
        "nearness": round(float(even), 4),
        "views": 2 * run.recipe.batch * run.step,
        **{name: round(value, 4) for name, value in dataclasses.asdict(figures).items()},
    }
    run.note(entry, figures.score)
    _say(json.dumps(entry))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="train_embedder", description=__doc__)
    parser.add_argument("--recipe", choices=sorted(RECIPES), help="default: by the machine")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, help="end after so many minutes of training")
    parser.add_argument("--steps", type=int, help="in place of those of the recipe")
    parser.add_argument("--threads", type=int, help="1 where others use the cores too")
    parser.add_argument("--changes", help="JSON of other numbers of the recipe, to try them")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train"))
    parser.add_argument("--output", type=Path, default=Path("embedder-output"))
    parser.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    return parser


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
