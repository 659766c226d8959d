"""Networks ready to run: ONNX files on one thread of the processor."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from screening.errors import ModelBrokenError

Batch = npt.NDArray[np.float32]


class Network:
    """One ONNX network that takes a batch of square pictures and gives a vector for each.

    May be used from several threads at once. one_by_one: give it one picture at a time even if it
    takes more, as int8 needs whose scale is that of the whole batch. input_size: px of a side; 0
    where any will do.
    Raises ModelBrokenError where the file is no such network.
    """

    def __init__(self, path: Path, *, one_by_one: bool = False) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # there is a worker for every processor
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what is wrong is raised, not printed
        self.path = path
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelBrokenError(
                f"{path}: is not a network that ONNX Runtime can load ({_first_line(error)}); "
                f"get the file again, then 'screening models verify'"
            ) from error
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        shape: list[int | str | None] = inputs[0].shape if len(inputs) == 1 else []
        if len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3] or len(outputs) != 1:
            raise ModelBrokenError(
                f"{path}: takes {[i.shape for i in inputs]} and gives {len(outputs)} outputs, "
                f"expected one input (n, 3, side, side) and one output"
            )
        self._name = inputs[0].name
        self._one_by_one = one_by_one or isinstance(shape[0], int)
        self.input_size = side if isinstance(side := shape[2], int) else 0

    def run(self, batch: Batch) -> Batch:
        """Return the output of every picture of a batch, (n, d), flattened.

        batch: float32 (n, 3, side, side), n at least 1. Raises ModelBrokenError where the network
        fails on it.
        """
        parts = [batch[i : i + 1] for i in range(len(batch))] if self._one_by_one else [batch]
        try:
            given = [self._session.run(None, {self._name: part})[0] for part in parts]
        except Exception as error:
            raise ModelBrokenError(
                f"{self.path}: fails on a picture {batch.shape[1:]} ({_first_line(error)})"
            ) from error
        return np.concatenate(given).reshape(len(batch), -1)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
