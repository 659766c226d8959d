"""The codebook that local features are quantized with, and what it loses on photographs.

It is trained on drawings of our own alone, never on measuring data. What it loses on photographs
stands beside what a codebook loses that was trained on half of those photographs, both counted on
the other half. With --ship it is written into the package (reference_index/local_codebook.npy).
"""

from collections.abc import Iterable
from pathlib import Path

import cv2
import faiss
import numpy as np
import numpy.typing as npt
from _common import ROOT, digest, environment, parser, pictures, print_table, shared_data, write

from reference_index.fingerprint import DESCRIPTOR_SIZE
from screening.demo import figure, poster, scene
from screening.examine import examine_file
from screening.images import Limits
from screening.signals.local import Extraction, local_features

CODEBOOK = ROOT / "reference_index" / "local_codebook.npy"
PARTS, BITS = 16, 8
DRAWINGS = 120
SIZES = ((768, 1024), (1152, 768))
# More of each drawing than of a picture that is screened, at a coarser and a finer look.
LOOKS = (Extraction(budget=1_500), Extraction(working_side=768, budget=3_000))
POINTS = 100_000
ROUNDS = 25

Vectors = npt.NDArray[np.float32]


def main() -> None:
    """Train, compare, print and write."""
    options = parser("local_codebook", __doc__ or "")
    options.add_argument("--ship", action="store_true", help="write the codebook of the package")
    options.add_argument("--drawings", type=int, default=DRAWINGS, help="drawings of each kind")
    chosen = options.parse_args()
    cv2.setNumThreads(1)
    faiss.omp_set_num_threads(1)  # sums in another order are other sums
    rng = np.random.default_rng(chosen.seed)
    drawn = vectors(features_of_drawings(chosen.drawings))
    codebook = trained(drawn, rng)
    names = pictures("photos")
    photographs = [features_of(name) for name in rng.permutation(names)]
    half = len(photographs) // 2
    own, other = vectors(photographs[:half]), vectors(photographs[half:])
    lost = {
        "drawings": distortion(codebook, other),
        "half of the photographs": distortion(trained(own, rng), other),
    }
    write(
        chosen.output,
        {
            **environment(seeds=[chosen.seed], data_sha256=digest(names)),
            "drawings": chosen.drawings * 3,
            "features_of_drawings": len(drawn),
            "photographs": {"trained_on": half, "measured_on": len(photographs) - half},
            "mean_squared_distortion_on_the_other_photographs": {
                on: round(value, 5) for on, value in lost.items()
            },
        },
    )
    if chosen.ship:
        np.save(CODEBOOK, codebook)
    print_table(
        ["codebook trained on", "mean squared distortion"],
        [[on, f"{value:.4f}"] for on, value in lost.items()],
    )


def features_of_drawings(count: int) -> Iterable[npt.NDArray[np.uint8]]:
    """Yield the descriptors of so many drawings of each kind that the demo can make."""
    for number in range(count):
        for draw in (figure, poster, scene):
            drawing = draw(np.random.default_rng(number), SIZES[number % len(SIZES)])
            gray = np.asarray(drawing.convert("L"))
            for look in LOOKS:
                yield local_features(gray, how=look).descriptors


def features_of(name: str) -> npt.NDArray[np.uint8]:
    """Return the descriptors of one picture of the measuring data, as the product makes them."""
    examined = examine_file(str(Path(shared_data()) / name), Limits())
    return examined.fingerprints[0].local.descriptors


def vectors(descriptors: Iterable[npt.NDArray[np.uint8]]) -> Vectors:
    """Return the descriptors of several pictures as unit vectors, float32 (n, 128)."""
    stacked = np.concatenate(list(descriptors)).astype(np.float32)
    return np.asarray(stacked / np.linalg.norm(stacked, axis=1, keepdims=True), np.float32)


def trained(points: Vectors, rng: np.random.Generator) -> npt.NDArray[np.float16]:
    """Return the centers of a product quantizer: (PARTS, 256, 8)."""
    quantizer = faiss.ProductQuantizer(DESCRIPTOR_SIZE, PARTS, BITS)
    quantizer.cp.seed = 1
    quantizer.cp.niter = ROUNDS
    quantizer.cp.max_points_per_centroid = POINTS  # all that are given
    quantizer.train(points[rng.permutation(len(points))[:POINTS]])
    centers = faiss.vector_to_array(quantizer.centroids)
    return centers.reshape(PARTS, 1 << BITS, -1).astype(np.float16)


def distortion(codebook: npt.NDArray[np.float16], points: Vectors) -> float:
    """Return the mean squared distance of unit vectors to what their codes stand for."""
    lost = 0.0
    for part, centers in enumerate(codebook.astype(np.float32)):
        width = centers.shape[1]
        own = np.ascontiguousarray(points[:, part * width : (part + 1) * width])
        squared, _ = faiss.knn(own, centers, 1)
        lost += float(squared.mean())
    return lost


if __name__ == "__main__":
    main()
