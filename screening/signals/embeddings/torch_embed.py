"""Pictures to vectors by open_clip and torch: many windows at once, where there is a GPU."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from screening.errors import ModelBrokenError
from screening.models.conversion import Conversion
from screening.models.preparation import normalized
from screening.models.torch_models import need_tools, open_clip_model, torchscript_model

RgbImage = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_BATCH = {"cuda": 64, "cpu": 8}  # windows at once: of ViT-L-14 at 336 px 64 take 2 GB


class TorchImage:
    """The pictures' half of a checkpoint, float32, on a CUDA device where there is one.

    Raises ModelToolsMissingError without the extra ``clip``, and ModelBrokenError.
    """

    def __init__(self, path: Path, conversion: Conversion) -> None:
        self._path, self._how = path, conversion.preparation
        need_tools()
        import torch

        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        if conversion.architecture:
            both = open_clip_model(
                path, architecture=conversion.architecture, config=conversion.config
            ).module
            both.visual.to(self.device)  # words stay behind
            self._encode: Callable[[Any], Any] = both.encode_image
        else:
            self._encode = torchscript_model(path).module.to(self.device)

    def run(self, windows: RgbImage) -> Floats:
        """Return a vector for each window, float32 (n, d)."""
        import torch

        batch = _BATCH[self.device]
        try:
            with torch.inference_mode(), torch.backends.cudnn.flags(allow_tf32=False):
                return np.concatenate([
                    self._of(normalized(windows[i : i + batch], self._how))
                    for i in range(0, len(windows), batch)
                ])  # fmt: skip
        except RuntimeError as error:
            first = str(error).partition("\n")[0]
            raise ModelBrokenError(f"{self._path}: fails on a picture ({first})") from error

    def _of(self, batch: Floats) -> Floats:
        import torch

        given = self._encode(torch.from_numpy(batch).to(self.device))
        vectors: Floats = given.float().cpu().numpy()
        return vectors
