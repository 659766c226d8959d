"""How local features are best extracted: time beside plain SIFT, and what is found again.

Pictures are changed in ways of known geometry. A feature of the original counts as found again
where the nearest descriptor of the changed picture lies where the feature went. The constants were
chosen on the `train` pack; `photos` and a few large pictures show what they give elsewhere.
"""

import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from _common import digest, environment, parser, pictures, print_table, shared_data, write

from reference_index.fingerprint import LocalFeatures
from reference_index.local_features import FEATURES_PER_IMAGE
from screening.images import Limits, open_picture
from screening.signals import MIN_FEATURES
from screening.signals.local import SHIPPED, Extraction, at_working_size, local_features

PACKED = "train/clean_images.tar"
PACKS = {"train": PACKED, "photos": "photos", "large": "generated/comfyui_examples"}
NEAR = 0.01  # of the longer side: what counts as the right place
ENOUGH = 10  # features found again that make a copy plain
REPEATS = 3

WAYS: dict[str, Extraction] = {
    "as shipped": SHIPPED,
    **{f"{side} px": replace(SHIPPED, working_side=side) for side in (256, 384, 512)},
    **{f"{budget} features": replace(SHIPPED, budget=budget) for budget in (350, 700)},
    **{f"contrast {value}": replace(SHIPPED, contrast=value) for value in (0.02, 0.03)},
    "never enlarged": replace(SHIPPED, max_enlargement=1.0),
    **{f"{cells} cells": replace(SHIPPED, cells=cells) for cells in (1, 36, 100)},
}

Gray = npt.NDArray[np.uint8]
Matrix = npt.NDArray[np.float64]


def main() -> None:
    """Measure, print and write."""
    options = parser("local_extraction", __doc__ or "")
    options.add_argument("--pictures", type=int, default=100, help="of each pack (default 100)")
    options.add_argument("--timed", type=int, default=40, help="of them timed (default 40)")
    chosen = options.parse_args()
    cv2.setNumThreads(1)
    results: dict[str, Any] = {}
    for name, pack in PACKS.items():
        grays = drawn(pack, chosen.pictures, np.random.default_rng(chosen.seed))
        results[name] = {
            "pictures": len(grays),
            "median_longer_side": int(np.median([max(gray.shape) for gray in grays])),
            "features": counts(grays),
            "ways": {
                way: timed(grays[: chosen.timed], how) | found_again(grays, how, chosen.seed)
                for way, how in WAYS.items()
            },
        }
    files = [PACKED, *pictures(PACKS["photos"]), *pictures(PACKS["large"])]
    about = environment(seeds=[chosen.seed], data_sha256=digest(files))
    write(chosen.output, {**about, "packs": results})
    for pack, result in results.items():
        print(f"\n{pack}: {result['pictures']} pictures of {result['median_longer_side']} px")
        show(result["ways"])


def drawn(pack: str, count: int, rng: np.random.Generator) -> list[Gray]:
    """Return so many pictures of a pack, as the product decodes them."""
    data = shared_data()
    if pack == PACKED:
        with tarfile.open(data / pack) as archive:
            names = sorted(archive.getnames())
            chosen = sorted(rng.permutation(names)[:count])
            return [decoded(archive.extractfile(name).read(), name) for name in chosen]
    chosen = sorted(rng.permutation(pictures(pack))[:count])
    return [decoded((data / name).read_bytes(), name) for name in chosen]


def decoded(data: bytes, name: str) -> Gray:
    """Return the first frame of a picture."""
    return next(iter(open_picture(data, name=name, limits=Limits()).frames)).gray


def counts(grays: Sequence[Gray]) -> dict[str, Any]:
    """Return how many features pictures have, as shipped."""
    number = np.array([len(local_features(gray)) for gray in grays])
    return {
        "percentiles_0_1_5_50": np.percentile(number, [0, 1, 5, 50]).round(1).tolist(),
        "share_below_the_limit": float((number < MIN_FEATURES).mean()),
        "limit": MIN_FEATURES,
    }


def timed(grays: Sequence[Gray], how: Extraction) -> dict[str, float]:
    """Return milliseconds of a processor a picture, beside those of OpenCV's SIFT as it comes.

    Both of the picture at working size, in turns, the best of some repeats of each; what it takes
    to bring the picture to that size stands by itself.
    """
    rows = []
    for gray in grays:
        small = at_working_size(gray, how=how)
        calls = (
            partial(local_features, small, how=how),
            partial(cv2.SIFT.create().detectAndCompute, small, None),
            partial(at_working_size, gray, how=how),
        )
        rows.append(np.min([[elapsed_ms(call) for call in calls] for _ in range(REPEATS)], axis=0))
    ours, plain, resizing = np.array(rows).T
    return {
        "ms": round(float(np.median(ours)), 2),
        "plain_sift_ms": round(float(np.median(plain)), 2),
        "median_ratio": round(float(np.median(ours / plain)), 3),
        "resizing_ms": round(float(np.median(resizing)), 2),
    }


def elapsed_ms(call: Callable[[], object]) -> float:
    """Return the milliseconds that a processor spends on a call in this thread."""
    started = time.thread_time()
    call()
    return (time.thread_time() - started) * 1e3


def found_again(grays: Sequence[Gray], how: Extraction, seed: int) -> dict[str, Any]:
    """Return what is found again in copies of pictures, for each kind of copy and on average."""
    results: dict[str, list[tuple[int, int]]] = {}
    for number, gray in enumerate(grays):
        original = local_features(gray, how=how).first(FEATURES_PER_IMAGE)
        rng = np.random.default_rng([seed, number])
        for kind, copy, matrix in copies(gray, grays[number - 1], rng):
            found = matched(gray, original, copy, local_features(copy, how=how), matrix)
            results.setdefault(kind, []).append(found)
    each = {kind: summed(np.array(pairs)) for kind, pairs in results.items()}
    means = {
        name: round(float(np.mean([one[name] for one in each.values()])), 4)
        for name in each["jpeg 25"]
    }
    return means | {"copies": each}


def summed(pairs: npt.NDArray[np.int64]) -> dict[str, float]:
    """Return the figures of one kind of copy; pairs: (n, 2), found again and in the copy."""
    found, within = pairs.T
    return {
        "share_found_again": round(float(found.sum() / within.sum()), 4),
        "median_found_again": float(np.median(found)),
        "share_with_enough": round(float((found >= ENOUGH).mean()), 4),
    }


def copies(
    gray: Gray, ground: Gray, rng: np.random.Generator
) -> Iterator[tuple[str, Gray, Matrix]]:
    """Yield changed pictures, and where the places of the original went: (2, 3), in pixels.

    ground: what the picture is pasted on.
    """
    height, width = gray.shape
    written = cv2.imencode(".jpg", gray, [cv2.IMWRITE_JPEG_QUALITY, 25])[1]
    yield "jpeg 25", pixels(cv2.imdecode(written, cv2.IMREAD_GRAYSCALE)), moved(1, 0, 0)
    soft = pixels(cv2.GaussianBlur(gray, (0, 0), max(gray.shape) / 200))
    yield "blurred", soft, moved(1, 0, 0)
    yield "a third of the size", *reduced(gray, 1 / 3)
    y, x = rng.integers(0, (height // 2 + 1, width // 2 + 1))
    yield "a quarter cut out", gray[y : y + height // 2, x : x + width // 2], moved(1, -x, -y)
    yield "turned 20°", *turned(gray, 20)
    small, shrunk = reduced(gray, 0.4)
    board = pixels(cv2.resize(ground, (width, height), interpolation=cv2.INTER_AREA))
    y, x = rng.integers(0, (height - small.shape[0], width - small.shape[1]))
    board[y : y + small.shape[0], x : x + small.shape[1]] = small
    yield "pasted at 40 %", board, shrunk + moved(0, x, y)


def moved(scale: float, x: float, y: float) -> Matrix:
    """Return a scale and a shift as a matrix."""
    return np.array([[scale, 0, x], [0, scale, y]], np.float64)


def reduced(gray: Gray, scale: float) -> tuple[Gray, Matrix]:
    """Return a picture made smaller, and the matrix of that."""
    height, width = gray.shape
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    matrix = np.array([[size[0] / width, 0, 0], [0, size[1] / height, 0]], np.float64)
    return pixels(cv2.resize(gray, size, interpolation=cv2.INTER_AREA)), matrix


def turned(gray: Gray, degrees: float) -> tuple[Gray, Matrix]:
    """Return a picture turned on a larger canvas, and the matrix of that."""
    height, width = gray.shape
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[cosine, -sine], [sine, cosine]])
    size = np.ceil(np.abs(turn) @ (width, height)).astype(int)
    matrix = np.column_stack([turn, size / 2 - turn @ (width / 2, height / 2)])
    centers = matrix.copy()  # OpenCV counts from the middle of the first pixel
    centers[:, 2] += turn @ (0.5, 0.5) - 0.5
    canvas = cv2.warpAffine(gray, centers, size.tolist(), flags=cv2.INTER_CUBIC, borderValue=127)
    return pixels(canvas), matrix


def pixels(image: Any) -> Gray:
    """Return what OpenCV made as an array."""
    return np.asarray(image, np.uint8)


def matched(
    gray: Gray, original: LocalFeatures, copy: Gray, features: LocalFeatures, matrix: Matrix
) -> tuple[int, int]:
    """Return how many features of the original are found again, and of how many in the copy."""
    height, width = copy.shape
    went = original.geometry[:, :2] * max(gray.shape) @ matrix[:, :2].T + matrix[:, 2]
    inside = ((went >= 0) & (went <= (width, height))).all(axis=1)
    if not len(features) or not inside.any():
        return 0, int(inside.sum())
    alike = np.float32(original.descriptors[inside]) @ np.float32(features.descriptors.T)
    nearest = features.geometry[alike.argmax(axis=1), :2] * max(copy.shape)
    scale = np.sqrt(np.linalg.det(matrix[:, :2]))
    off = np.linalg.norm(nearest - went[inside], axis=1)
    return int((off <= NEAR * scale * max(gray.shape)).sum()), int(inside.sum())


def show(ways: dict[str, Any]) -> None:
    """Print the table of one pack."""
    print_table(
        ["way", "ms", "plain", "ratio", "found again", "median number", f"{ENOUGH} or more"],
        [
            [
                way,
                f"{r['ms']:.1f}",
                f"{r['plain_sift_ms']:.1f}",
                f"{r['median_ratio']:.2f}",
                f"{r['share_found_again']:.1%}",
                f"{r['median_found_again']:.0f}",
                f"{r['share_with_enough']:.1%}",
            ]
            for way, r in ways.items()
        ],
    )


if __name__ == "__main__":
    main()
