"""A store with one tiny converted model, made once for all tests of a run that need it."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from clip_models import need_clip, pictures, recipe, write_checkpoint

from screening.models import ModelStore


@cache
def _converted() -> Path:
    from screening.models.convert import convert

    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    convert(ModelStore(folder / "models"), write_checkpoint(folder), recipe(), pictures())
    return folder / "models"


def tiny_store() -> ModelStore:
    """Return the store, which is only to be read; skip the test where it cannot be made."""
    need_clip()
    return ModelStore(_converted())


def copy_of_tiny_store(folder: Path) -> ModelStore:
    """Return a store of one's own, to be changed."""
    store = tiny_store()
    shutil.copytree(store.folder, folder)
    return ModelStore(folder)
