"""Networks of torch written as ONNX, and made smaller; each gives vectors of unit length.

The older exporter of torch is used (dynamo=False): it takes TorchScript too, needs no further
package, and was five times as fast (ViT-B-32, both towers: 5 s); the vectors of both are the same.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from screening.errors import InputInvalidError, ModelBrokenError
from screening.models.torch_models import quiet

Floats = npt.NDArray[np.float32]
Vectors = Callable[[npt.NDArray[Any]], Floats]

OPSET = 17  # the first with layer normalization as one operation
LARGEST = 2**31 - 2**22
"""Bytes of weights that one ONNX file can hold: it may not reach 2 GiB."""


class Tower:
    """One half of a model, by torch: a batch to unit vectors, and the same as ONNX.

    module: what has a method, or is called itself. example: a batch of two, float32
    (2, 3, side, side) or int64 (2, context).
    """

    def __init__(self, module: Any, example: npt.NDArray[Any], *, method: str = "") -> None:
        import torch

        class Unit(torch.nn.Module):  # type: ignore[misc]  # torch is untyped here
            def __init__(self) -> None:
                super().__init__()
                self.module = module

            def forward(self, batch: Any) -> Any:
                vectors = (getattr(self.module, method) if method else self.module)(batch)
                return torch.nn.functional.normalize(vectors.flatten(1), dim=-1)

        self._unit = Unit().eval()
        self._example = torch.from_numpy(example)

    def vectors(self, batch: npt.NDArray[Any]) -> Floats:
        """Return unit vectors (n, d) of a batch, by torch. Raises ModelBrokenError."""
        import torch

        try:
            with torch.inference_mode(), quiet():
                given = self._unit(torch.from_numpy(batch)).numpy()
        except Exception as error:
            raise ModelBrokenError(
                f"the network fails on a batch {batch.shape} ({_first_line(error)}); it is of "
                f"another kind than was said"
            ) from error
        if given.shape[1] < 2 or not np.isfinite(given).all():
            raise ModelBrokenError(
                f"the network gives vectors of {given.shape[1]} numbers, some not finite or too "
                f"few; get the weights again"
            )
        return np.asarray(given, np.float32)

    def save(self, path: Path, name: str, *, free: tuple[str, ...] = ("n",)) -> None:
        """Write the tower as ONNX; name is that of its input, of which the first axes are free.

        Raises InputInvalidError where it is too large for one file, ModelBrokenError where torch
        cannot write it as ONNX, OSError where the disk refuses.
        """
        import torch

        try:
            with _traced_in_full(), torch.no_grad(), quiet():
                unit = self._unit
                if isinstance(unit.module, torch.jit.ScriptModule):  # cannot be part of a trace
                    unit = torch.jit.trace(unit, self._example, check_trace=False)
                torch.onnx.export(
                    unit,
                    (self._example,),
                    str(path),
                    input_names=[name],
                    output_names=["vectors"],
                    dynamic_axes={name: dict(enumerate(free)), "vectors": {0: "n"}},
                    opset_version=OPSET,
                    dynamo=False,
                )
        except OSError:
            raise
        except Exception as error:
            raise ModelBrokenError(
                f"torch cannot write this network as ONNX ({_first_line(error)})"
            ) from error


def check_size(module: Any) -> None:
    """Raise InputInvalidError where a module is too large for one ONNX file."""
    size = sum(one.numel() * one.element_size() for one in module.parameters())
    if size > LARGEST:
        raise InputInvalidError(
            f"the network has {size / 2**30:.1f} GiB of weights, expected below "
            f"{LARGEST / 2**30:.1f} GiB: choose a smaller architecture"
        )


def quantized(network: Path, smaller: Path) -> None:
    """Write an ONNX network again with the weights of its products in 8 bits, by channel.

    Its activations are quantized as they come, by the range of the whole batch. Raises OSError.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with quiet():
        quantize_dynamic(
            network,
            smaller,
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gemm"],
        )


@contextmanager
def _traced_in_full() -> Iterator[None]:
    """Have attention computed step by step: its fast path is an operation that ONNX lacks."""
    import torch

    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]
