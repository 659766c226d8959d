"""Puts a finished run into the package: its network, and the record by which it is used.

What the record says of strangers is measured on the photographs that were held out of training.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime

from screening.models.agreement import agreement, strangers
from screening.models.conversion import Conversion, StoredFile, conversion_text
from screening.models.preparation import Preparation, normalized, prepared
from screening.models.store import SHIPPED, file_sha256
from training.augment import DEVIATION, MEAN
from training.data import Pixels, photographs, pool
from training.measures import Floats

ID = "copies-v1"
TITLE = "our own, for copies"
SOURCE = "scripts/train_embedder, from nothing; the card beside the weights says on what"
LICENCE = "Apache-2.0"
KEPT_PX = 256  # of the photographs that are looked at here: more than a network takes


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="ship_embedder", description=__doc__)
    parser.add_argument("run", type=Path, help="folder that train_embedder wrote")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/train"))
    parser.add_argument("--output", type=Path, default=SHIPPED)
    options = parser.parse_args(arguments)
    print(json.dumps(shipped(options.run, options.data, options.output), indent=1))  # noqa: T201


def shipped(run: Path, data: Path, output: Path) -> dict[str, object]:
    """Write network and record of a run to a folder, and return what was measured of them."""
    training, finish = (json.loads((run / n).read_text()) for n in ("training.json", "finish.json"))
    preparation = Preparation(
        input_size=finish["chosen"]["side_px"],
        mean=(MEAN,) * 3,
        std=(DEVIATION,) * 3,
        resize="squash",
        interpolation="bicubic",
    )
    held_out = _held_out(data, training)
    full, half = (
        _vectors(run / name, held_out, preparation) for name in ("fp32.onnx", "fp16.onnx")
    )
    alike = strangers(half)
    network = output / f"{ID}.onnx"
    network.write_bytes((run / "fp16.onnx").read_bytes())
    record = Conversion(
        id=ID,
        title=TITLE,
        source=SOURCE,
        licence=LICENCE,
        commercial_use=True,
        architecture="",
        config="",
        preparation=preparation,
        output_size=half.shape[1],
        context_length=0,
        checkpoint=_stored(run / "final.pt", f"{ID}.pt"),
        image=_stored(network, network.name),
        strangers=alike,
        made_with=f"torch {training['machine']['torch']}",
    )
    (output / record.record).write_text(conversion_text(record), encoding="utf-8")
    text = json.dumps({**training, "finish": finish}, indent=1) + "\n"
    (output / f"{ID}.training.json").write_text(text, encoding="utf-8")
    loss = agreement(full, half)
    return {
        "bytes": record.image.bytes,
        "sha256": record.image.sha256,
        "pictures": len(held_out),
        "strangers": alike,
        "least_cosine_of_16_bits": loss.min_cosine,
        "correlation_of_16_bits": loss.correlation,
        "nearest_kept_by_16_bits": loss.nearest_kept,
    }


def _held_out(data: Path, training: dict[str, dict[str, dict[str, int]]]) -> Pixels:
    """Return the photographs that a run did not train on."""
    photos = photographs(data, side_px=KEPT_PX)
    count = next(one["held_out"] for one in training["sources"].values() if "held_out" in one)
    none = np.empty((0, KEPT_PX, KEPT_PX, 3), np.uint8)
    return pool(photos, none, held_out=count, seed=training["seed"]).held_out  # type: ignore[arg-type]


def _vectors(network: Path, pixels: Pixels, preparation: Preparation) -> Floats:
    session = onnxruntime.InferenceSession(network.read_bytes(), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    shown = np.stack([prepared(one, preparation) for one in pixels])
    parts = [
        session.run(None, {name: normalized(shown[i : i + 32], preparation)})[0]
        for i in range(0, len(shown), 32)
    ]
    return np.asarray(np.concatenate(parts), np.float32)


def _stored(file: Path, name: str) -> StoredFile:
    return StoredFile(file=name, sha256=file_sha256(file), bytes=file.stat().st_size)


if __name__ == "__main__":
    main()
