"""Pictures per second of CLIP's ViT-B-32 by ONNX beside open_clip, and what a scan pays for it.

The architecture is CLIP's own, the weights are random but seeded: times and memory are those of
real weights, the vectors mean nothing. Everything runs on two processors, in turn, in the same run.
open_clip runs as it comes (eager, fp32, as many threads as processors). ONNX runs in three ways: a
batch at once on two threads; the same in int8; and as scans run it, int8, one window at a time, in
two processes of one thread each.
"""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from _common import environment, parser, print_table, write
from PIL import Image

from screening.models import ModelStore
from screening.models.conversion import Recipe
from screening.models.convert import convert
from screening.models.preparation import normalized, prepared
from screening.signals.embeddings import EmbeddingModel, choose, embeddings, finish, prepare
from screening.signals.embeddings.windows import TILES

ARCHITECTURE = "ViT-B-32"
OWN = "copies-v1"  # the weights that ship
PROCESSORS = 2
BATCHES = (1, 8)
EACH_S = 2.0  # at least, of every measurement
SIZES = ((512, 512), (1024, 1024), (1024, 768), (1536, 1024), (1920, 1080), (2048, 2048))
FIRST = """
import sys, time
started = float(sys.argv[1])
import numpy as np
from pathlib import Path
from screening.models import ModelStore
from screening.signals.embeddings import choose, embeddings
model = choose(ModelStore(Path(sys.argv[2])), precision=sys.argv[3], tiles=0)
rgb = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), dtype=np.uint8)
embeddings(rgb, model)
first = time.time() - started
for _ in range(20):
    embeddings(rgb, model)
status = dict(line.split(":") for line in open("/proc/self/status") if ":" in line)
kib = {key: int(status[key].split()[0]) for key in ("VmRSS", "VmHWM")}
print(first, kib["VmRSS"] / 1024, kib["VmHWM"] / 1024)
"""

Run = dict[str, Any]
Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def picture(seed: int, width: int, height: int) -> Pixels:
    """Return a picture of soft colors with grain."""
    rng = np.random.default_rng(seed)
    soft = Image.fromarray(rng.integers(40, 216, (9, 12, 3), dtype=np.uint8))
    large = np.asarray(soft.resize((width, height), Image.Resampling.BICUBIC))
    return (large + rng.integers(-20, 20, large.shape)).clip(0, 255).astype(np.uint8)


def made(folder: Path, seed: int) -> ModelStore:
    """Return a store with the architecture, its weights drawn from a seed, converted."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    checkpoint = folder / "seeded.safetensors"
    save_file(open_clip.create_model(ARCHITECTURE).state_dict(), checkpoint)
    store = ModelStore(folder / "models")
    recipe = Recipe(
        id="seeded",
        title=f"{ARCHITECTURE}, random weights",
        source="this benchmark",
        licence="none",
        commercial_use=True,
        architecture=ARCHITECTURE,
    )
    convert(store, checkpoint, recipe, [picture(i, 300, 200) for i in range(24)])
    return store


def per_second(work: Callable[[], object], pictures: int) -> float:
    """Return how many pictures a second a call gets through, of at least EACH_S seconds."""
    work()
    started, calls = time.perf_counter(), 0
    while (spent := time.perf_counter() - started) < EACH_S:
        work()
        calls += 1
    return calls * pictures / spent


def session(path: Path, threads: int) -> Any:
    """Return an ONNX session of so many threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(
        path.read_bytes(), options, providers=["CPUExecutionProvider"]
    )


def worker(model: EmbeddingModel, rgb: Pixels, pipe: Any) -> None:
    """Do what a worker of a scan does, from each signal on until the next."""
    shown = prepare(rgb, model)
    finish([shown], model)
    pipe.send(0)
    while pipe.recv():
        started, calls = time.perf_counter(), 0
        while (spent := time.perf_counter() - started) < EACH_S:
            finish([shown], model)
            calls += 1
        pipe.send(calls / spent)


class Workers:
    """Two processes of one thread each, as of a scan."""

    def __init__(self, model: EmbeddingModel, rgb: Pixels) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes = []
        for _ in range(PROCESSORS):
            mine, theirs = context.Pipe()
            context.Process(target=worker, args=(model, rgb, theirs), daemon=True).start()
            mine.recv()
            self._pipes.append(mine)

    def per_second(self) -> float:
        """Return how many pictures both get through a second."""
        for pipe in self._pipes:
            pipe.send(True)
        return float(sum(pipe.recv() for pipe in self._pipes))

    def stop(self) -> None:
        """End both."""
        for pipe in self._pipes:
            pipe.send(False)


def speeds(store: ModelStore, rounds: int) -> dict[str, Any]:
    """Return pictures a second of every way, the median of rounds, and the ratios of each round."""
    import torch

    from screening.models.torch_models import open_clip_model

    one = store.conversions()[0]
    fp32, int8 = (choose(store, precision=name, tiles=0) for name in ("fp32", "int8"))
    module = open_clip_model(choose(store, runtime="torch").network, architecture=ARCHITECTURE)
    encode = module.module.encode_image
    torch.set_num_threads(PROCESSORS)
    networks = {"onnx fp32": session(fp32.network, 2), "onnx int8": session(int8.network, 2)}
    rgb = picture(1, 1024, 1024)
    workers = Workers(int8, rgb)
    batch = normalized(np.stack([prepared(rgb, one.preparation)] * max(BATCHES)), one.preparation)

    def eager(count: int) -> None:
        with torch.inference_mode():
            encode(torch.from_numpy(batch[:count]))

    def run(name: str, count: int) -> None:
        networks[name].run(None, {networks[name].get_inputs()[0].name: batch[:count]})

    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for count in BATCHES:
            ways = {"open_clip eager fp32": eager} | {n: partial(run, n) for n in networks}
            for name, way in ways.items():
                speed = per_second(partial(way, count), count)
                found.setdefault(f"{name}, batch {count}", []).append(speed)
        found.setdefault("onnx int8, as scans run it", []).append(workers.per_second())
    workers.stop()
    return {"images_per_second": {name: median(v) for name, v in found.items()}} | {
        "ratio_to_open_clip": {
            name: median(
                list(np.array(values) / found[f"open_clip eager fp32, batch {count}"]), digits=2
            )
            for count in BATCHES
            for name, values in found.items()
            if name.endswith((f"int8, batch {count}", f"fp32, batch {count}"))
            and not name.startswith("open_clip")
        }
        | {
            f"onnx int8, as scans run it, to open_clip at batch {count}": median(
                list(
                    np.array(found["onnx int8, as scans run it"])
                    / found[f"open_clip eager fp32, batch {count}"]
                ),
                digits=2,
            )
            for count in BATCHES
        }
    }


def median(values: list[float], digits: int = 1) -> dict[str, float]:
    """Return the median, the least and the most."""
    parts = {"median": np.median(values), "least": min(values), "most": max(values)}
    return {name: round(float(value), digits) for name, value in parts.items()}


def fresh(store: ModelStore, precision: str, rounds: int) -> dict[str, Any]:
    """Return what a fresh process takes until its first vector, and its memory."""
    figures = []
    for _ in range(rounds):
        done = subprocess.run(
            [sys.executable, "-c", FIRST, str(time.time()), str(store.folder), precision],
            capture_output=True,
            text=True,
            check=True,
        )
        figures.append([float(part) for part in done.stdout.split()])
    seconds, resident, peak = np.median(figures, axis=0).tolist()
    return {
        "first_vector_s": round(seconds, 2),
        "resident_mib": round(resident, 1),
        "peak_mib": round(peak, 1),
    }


def costs(store: ModelStore, wanted: str, precision: str, repeats: int = 15) -> list[Run]:
    """Return, by size and tiles, the windows and what preparing and running them takes."""
    rows = []
    for width, height in SIZES:
        rgb = picture(2, width, height)
        for tiles in TILES:
            model = choose(store, wanted, precision=precision, tiles=tiles)
            shown = prepare(rgb, model)
            preparing = best(lambda rgb=rgb, model=model: prepare(rgb, model), repeats)
            running = best(lambda shown=shown, model=model: finish([shown], model), repeats)
            rows.append({
                "size": f"{width} × {height}",
                "tiles": tiles,
                "windows": len(shown.boxes),
                "prepare_ms": round(preparing * 1e3, 2),
                "run_ms": round(running * 1e3, 2),
                "prepare_share": round(preparing / running, 4),
            })  # fmt: skip
    return rows


def best(work: Callable[[], object], repeats: int) -> float:
    """Return the median seconds of the processor that a call takes, all its threads together."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return float(np.median(times))


def sameness(store: ModelStore) -> dict[str, Any]:
    """Return how the vectors of runtimes and batches differ."""
    ways = {
        "torch": choose(store, runtime="torch"),
        "fp32": choose(store, precision="fp32"),
        "int8": choose(store, precision="int8"),
    }
    shots = [picture(seed, 640, 480) for seed in range(8)]
    alone = {n: [embeddings(one, m).vectors for one in shots] for n, m in ways.items()}
    together = {
        n: [one.vectors for one in finish([prepare(s, m) for s in shots], m)]
        for n, m in ways.items()
    }
    int8 = session(ways["int8"].network, 1)
    batch = normalized(
        np.concatenate([prepare(s, ways["int8"]).windows for s in shots]),
        ways["int8"].conversion.preparation,
    )
    at_once = int8.run(None, {int8.get_inputs()[0].name: batch})[0]
    flat = {name: np.concatenate(vectors) for name, vectors in alone.items()}
    return {
        "least_cosine_torch_onnx": float((flat["torch"] * flat["fp32"]).sum(1).min()),
        "least_cosine_fp32_int8": float((flat["fp32"] * flat["int8"]).sum(1).min()),
        "most_difference_alone_and_together": {
            name: float(np.abs(flat[name] - np.concatenate(together[name])).max()) for name in ways
        },
        "least_cosine_int8_were_it_run_as_a_batch": float((flat["int8"] * at_once).sum(1).min()),
    }


def show(record: Run) -> None:
    """Print the tables."""
    ratios = record["ratio_to_open_clip"]
    print_table(
        ["two processors", "images/s", "least", "most", "to open_clip"],
        [
            [name, *(f"{v[part]:.1f}" for part in ("median", "least", "most")), told(ratios, name)]
            for name, v in record["images_per_second"].items()
        ],
    )
    print()
    print_table(
        ["fresh process", "first vector", "resident", "peak"],
        [
            [name, f"{v['first_vector_s']} s", f"{v['resident_mib']} MiB", f"{v['peak_mib']} MiB"]
            for name, v in record["fresh_process"].items()
        ],
    )
    print()
    for name, rows in (("int8", record["costs"]), (OWN, record["costs_of_own"])):
        print_table(
            [f"{name}, one thread", "tiles", "windows", "prepare", "run", "share"],
            [
                [
                    row["size"],
                    str(row["tiles"]),
                    str(row["windows"]),
                    f"{row['prepare_ms']:.1f} ms",
                    f"{row['run_ms']:.1f} ms",
                    f"{row['prepare_share']:.1%}",
                ]
                for row in rows
            ],
        )
        print()
    print(json.dumps(record["vectors"], indent=1))
    print("random weights: times and memory count, vectors mean nothing")


def told(ratios: Run, name: str) -> str:
    """Return the ratio of a way to open_clip at equal batch, or at both."""
    found = [f"{v['median']:.2f}" for key, v in ratios.items() if key.startswith(name)]
    return ", ".join(found)


def main() -> None:
    """Make the model, measure, print and write."""
    options = parser("embedding_speed", __doc__ or "")
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:PROCESSORS])
    about = environment(seeds=[chosen.seed], data_sha256=None)
    with tempfile.TemporaryDirectory() as temporary:
        store = made(Path(temporary), chosen.seed)
        one = store.conversions()[0]
        record = {
            **about,
            "architecture": ARCHITECTURE,
            "weights": "random, seeded: times and memory count, vectors mean nothing",
            "packages": {n: version(n) for n in ("torch", "open_clip_torch", "onnxruntime")},
            "file_mib": {role: round(f.bytes / 2**20, 1) for role, f in one.files.items()},
            "rounds": chosen.rounds,
            **speeds(store, chosen.rounds),
            "fresh_process": {name: fresh(store, name, chosen.rounds) for name in ("int8", "fp32")},
            "costs": costs(store, one.id, "int8"),
            "costs_of_own": costs(store, OWN, "fp32"),
            "vectors": sameness(store),
        }
    write(chosen.output, record)
    show(record)


if __name__ == "__main__":
    main()
