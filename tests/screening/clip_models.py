"""A real checkpoint of a tiny open_clip architecture, seeded, for tests that need no hub."""

import atexit
import json
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pytest

CONFIG = {
    "embed_dim": 64,
    "vision_cfg": {"image_size": 64, "layers": 2, "width": 128, "patch_size": 16},
    "text_cfg": {
        "context_length": 16,
        "vocab_size": 49408,
        "width": 64,
        "heads": 2,
        "layers": 2,
    },
}
CONFIG_TEXT = json.dumps(CONFIG)
ID = "tiny-clip"
MISSING = "open_clip is not installed: pip install 'screening[clip]'"


def need_clip() -> None:
    """Skip the test where the extra ``clip`` is not installed."""
    for module in ("torch", "open_clip", "onnx", "tokenizers", "huggingface_hub"):
        pytest.importorskip(module, reason=MISSING)


def write_config(folder: Path) -> Path:
    """Write the configuration of the tiny architecture, and return the file."""
    file = folder / "tiny.json"
    file.write_text(CONFIG_TEXT, encoding="utf-8")
    return file


def write_checkpoint(folder: Path, *, seed: int = 0, name: str = "tiny.safetensors") -> Path:
    """Write the seeded weights of the tiny architecture (15 MB), and return the file.

    A name that ends in .pt or .bin gives a pickled checkpoint.
    """
    import open_clip
    import torch
    from safetensors.torch import save_file

    from screening.models.torch_models import quiet

    with quiet(), torch.random.fork_rng():
        torch.manual_seed(seed)
        model = open_clip.CLIP(**json.loads(CONFIG_TEXT))
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    if file.suffix == ".safetensors":
        save_file(model.state_dict(), file)
    else:
        torch.save(model.state_dict(), file)
    return file


@cache
def tiny_checkpoint() -> Path:
    """Return the checkpoint of seed 0, written once for all tests of a run; it is only read."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return write_checkpoint(folder)


@contextmanager
def file_limit(size: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def recipe(**changes):
    """Return what the tiny checkpoint is."""
    from screening.models.conversion import Recipe

    said = {"id": ID, "title": "Tiny", "source": "these tests", "licence": "CC0-1.0"}
    return Recipe(**said | {"commercial_use": True, "architecture": "tiny", "config": CONFIG_TEXT}
                  | changes)  # fmt: skip


def pictures(count: int = 24, *, seed: int = 0) -> list[np.ndarray]:
    """Return smooth random pictures of many sizes."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        small = rng.integers(0, 256, (*rng.integers(2, 9, 2), 3), dtype=np.uint8)
        size = tuple(int(side) for side in rng.integers(40, 200, 2))
        made.append(np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)))
    return made
