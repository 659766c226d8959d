"""How well enrolled people are found by their faces, and how few strangers are taken for them.

Random galleries of the measuring data's people, two photographs each; the people left out join the
strangers. One half of the strangers calibrates the index, the other is what is reported, beside
plain cosines to each person's photographs, which the same pictures give. The faces of paintings and
cartoons, and of figures that this program draws, are nobody's. Then the time a picture takes, and
what the data allows to say of fairness.
"""

import csv
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _common import (
    TWICE,
    digest,
    environment,
    over_seeds,
    parser,
    pictures,
    print_table,
    shared_data,
    write,
)

from reference_index import IndexWriter, Kind, Record, ReferenceIndex
from reference_index.fingerprint import FACE_CHANNEL, Faces
from screening.calibration import fitted, score_examined
from screening.demo.figures import figure
from screening.evaluation.operating import fnir_at_fpir
from screening.evaluation.reliability import predictive_interval
from screening.examine import Examined, examine_file, examine_pixels
from screening.images import Limits
from screening.models import ModelStore
from screening.signals import SETTINGS, Models
from screening.signals.faces import FaceModel, choose, find_faces

GALLERY = 100  # people, of the 120 that have photographs to enroll
FPIRS = (0.01, 0.003)
PROMISES = (0.1, 0.01)
FIGURE, FIGURES = "figure ", 200  # drawn by this program
TEMPLATES = ("nearest", "mean", "average")
MODELS = ("retail-0095", "dlib-resnet-v1")
RESAMPLES = 1_000
SIDE, LANDSCAPE = 1_024, 768  # px, of the pictures that are timed

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Photo:
    """One row of the pack's list."""

    file: str
    identity: str
    use: str  # "enrol", "query", or "" of a stranger


def main() -> None:
    """Measure every model that is at hand, print and write."""
    options = parser("faces", __doc__ or "")
    options.add_argument("--galleries", type=int, default=20)
    options.add_argument("--models", nargs="+", default=list(MODELS))
    options.add_argument("--timed", type=int, default=15, help="pictures timed (default 15)")
    chosen = options.parse_args()
    cv2.setNumThreads(1)
    photos = read_list()
    art = pictures("art")
    drawn = [*art, *(f"{FIGURE}{number}" for number in range(FIGURES))]
    data = digest([*(f"faces/{photo.file}" for photo in photos), *art])
    record: Row = environment(seeds=[chosen.seed], data_sha256=data) | {
        "gallery": GALLERY,
        "galleries": chosen.galleries,
        "models": {},
    }
    for name in chosen.models:
        model = choose(ModelStore(shared_data().parent / "models"), name)
        with ProcessPoolExecutor(os.cpu_count(), initializer=one_thread) as pool:
            places = [f"faces/{photo.file}" for photo in photos] + drawn
            found = pool.map(partial(examined_of, model=model), places, chunksize=8)
            examined = dict(zip(places, found, strict=True))
            seeds = range(chosen.seed, chosen.seed + chosen.galleries)
            jobs = partial(gallery, photos=photos, drawn=drawn, examined=examined)
            rows = list(pool.map(jobs, seeds))
        record["models"][name] = summary(model, rows, photos, examined, drawn) | {
            "milliseconds": timed(model, photos, chosen.timed)
        }
        show(name, record["models"][name])
    write(chosen.output, record)


def one_thread() -> None:
    """Leave the other processors to the other processes."""
    cv2.setNumThreads(1)


def read_list() -> list[Photo]:
    """Return the pack's photographs, by name; one that is there under two names only once."""
    with (shared_data() / "faces" / "index.csv").open(encoding="utf-8", newline="") as lines:
        photos = [
            Photo(file=path_of(row["file"]), identity=row["identity"], use=row["use"])
            for row in csv.DictReader(lines)
            if row["file"] != TWICE
        ]
    return sorted(photos, key=lambda photo: photo.file)


def path_of(file: str) -> str:
    """Return where a photograph lies below the pack's folder."""
    folder = shared_data() / "faces"
    place = folder / file
    return file if place.is_file() else next(folder.rglob(file)).relative_to(folder).as_posix()


def examined_of(name: str, *, model: FaceModel) -> Examined:
    """Return what the product extracts from a picture, faces included; figures are drawn here."""
    if not name.startswith(FIGURE):
        return examine_file(str(shared_data() / name), Limits(), models=Models(faces=model))
    rng = np.random.default_rng((5, int(name.removeprefix(FIGURE))))
    pixels = np.asarray(figure(rng, (640, 800)).convert("RGB"))
    return replace(examine_pixels(pixels, Limits(), model), path=name)


def faces_of(one: Examined) -> Faces:
    """Return the faces of a picture of one frame."""
    faces = one.fingerprints[0].faces
    assert faces is not None
    return faces


def central(faces: Faces) -> int | None:
    """Return the usable face that a portrait is of: the most central for its size."""
    usable = np.flatnonzero(faces.usable)
    if not len(usable):
        return None
    boxes = faces.boxes[usable].astype(np.float64)
    centers = (boxes[:, :2] + boxes[:, 2:]) / 2
    away = np.hypot(*(centers - 0.5).T) - (boxes[:, 2] - boxes[:, 0]) / 2
    return int(usable[np.argmin(away)])


def gallery(
    seed: int,
    *,
    photos: Sequence[Photo],
    drawn: Sequence[str],
    examined: Mapping[str, Examined],
) -> Row:
    """Return what one gallery of people gives, scored by the product and by the plain cosine."""
    rng = np.random.default_rng(seed)
    people = sorted({photo.identity for photo in photos if photo.use})
    inside = set(rng.permutation(people)[:GALLERY].tolist())
    enrolled = [p for p in photos if p.use == "enrol" and p.identity in inside]
    mated = [p for p in photos if p.use == "query" and p.identity in inside]
    others = sorted({p.identity for p in photos} - inside)
    order = rng.permutation(others).tolist()
    fit_people = set(order[: len(order) // 2])
    strangers = [p for p in photos if p.identity not in inside]
    halves = [
        [p for p in strangers if (p.identity in fit_people) is first] for first in (True, False)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.index"
        missing = enroll(path, enrolled, examined)
        with ReferenceIndex.open(path) as index:
            ask = partial(scored, index=index, examined=examined)
            fit, check = ask(names(halves[0])), ask(names(halves[1]))
            found, nobody = ask(names(mated)), ask(drawn)
            calibration, _ = fitted(fit, index, seed=seed, keep_suspects=True)
            references = index.person_count
    null = calibration.channels[FACE_CHANNEL].null
    ways_of = {way: plain_scores(enrolled, examined, way) for way in TEMPLATES}
    row: Row = {"seed": seed, "not_enrolled": missing, "mated": [p.identity for p in mated]}
    ways = {
        "product": (
            [own_score(one, p.identity) for one, p in zip(found, mated, strict=True)],
            [best_score(one) for one in check],
        ),
    }
    for way, plain in ways_of.items():
        ways[way] = (
            [plain(f"faces/{p.file}").get(p.identity, -np.inf) for p in mated],
            [max(plain(name).values(), default=-np.inf) for name in names(halves[1])],
        )
    for way, (genuine, impostor) in ways.items():
        for fpir in FPIRS:
            point = fnir_at_fpir(np.array(genuine), np.array(impostor), fpir=fpir)
            row[f"{way} {fpir}"] = [bool(score < point.min_score) for score in genuine]
            row[f"{way} {fpir} rate"] = point.fnir
    for promised in PROMISES:
        count = [one.units.get(FACE_CHANNEL, 1) for one in check]
        alarms = [
            null.false_alarms(best_score(one), references=references * units) <= promised
            for one, units in zip(check, count, strict=True)
        ]
        expected = predictive_interval(promised, calibrated_on=len(fit), images=len(check))
        row[f"promised {promised}"] = {
            "flagged": sum(alarms),
            "images": len(check),
            "expected": expected,
            "inside": expected[0] <= sum(alarms) <= expected[1],
        }
    limit = null.score_at(1e-3, references=references)
    row["drawn"] = {
        "faces": sum(len(faces_of(examined[name])) for name in drawn),
        "taken_for_people": sum(
            any(score >= limit for channel in one.channels.values() for score in channel.values())
            for one in nobody
        ),
    }
    return row


def names(photos: Sequence[Photo]) -> list[str]:
    """Return the names of photographs relative to the data."""
    return [f"faces/{photo.file}" for photo in photos]


def enroll(path: Path, photos: Sequence[Photo], examined: Mapping[str, Examined]) -> int:
    """Write an index of people as the product does; return how many photographs had no face."""
    missing = 0
    with IndexWriter(path, settings=SETTINGS) as writer:
        for photo in photos:
            writer.put_record(Record(id=photo.identity, kind=Kind.PERSON, title="somebody"))
            one = examined[f"faces/{photo.file}"]
            faces, frame = faces_of(one), one.fingerprints[0]
            row = central(faces)
            missing += row is None
            if row is not None:
                writer.add_image(
                    photo.identity,
                    None,
                    sha256=frame.sha256,
                    width=frame.width,
                    height=frame.height,
                    source="",
                    faces=faces.vectors[row : row + 1],
                    face_settings=faces.settings,
                )
    return missing


def scored(
    those: Sequence[str], *, index: ReferenceIndex, examined: Mapping[str, Examined]
) -> list[Any]:
    """Return what pictures score against the people of an index."""
    return score_examined([examined[name] for name in those], index)


def own_score(one: Any, identity: str) -> float:
    """Return the score of a picture with one person, minus infinity where there is none."""
    return max((c.get(identity, -np.inf) for c in one.channels.values()), default=-np.inf)


def best_score(one: Any) -> float:
    """Return the best score of a picture with anyone on the channel of photographed faces."""
    return max(one.channels.get(FACE_CHANNEL, {}).values(), default=-np.inf)


def plain_scores(enrolled: Sequence[Photo], examined: Mapping[str, Examined], way: str) -> Any:
    """Return what gives each person's cosine, over all faces of a picture.

    way: to the nearest photograph of the person, to the mean of all, or the mean of all cosines.
    """
    vectors: dict[str, list[Any]] = {}
    for photo in enrolled:
        faces = faces_of(examined[f"faces/{photo.file}"])
        if (row := central(faces)) is not None:
            vectors.setdefault(photo.identity, []).append(faces.vectors[row])
    people = {name: np.stack(those) for name, those in vectors.items()}
    if way == "mean":
        means = {name: those.sum(axis=0, keepdims=True) for name, those in people.items()}
        people = {name: mean / np.linalg.norm(mean) for name, mean in means.items()}

    def scores(name: str) -> dict[str, float]:
        queries = faces_of(examined[name]).vectors
        if not len(queries):
            return {}
        pooled = np.mean if way == "average" else np.max
        return {
            identity: float(pooled(queries @ those.T, axis=1).max())
            for identity, those in people.items()
        }

    return scores


def summary(
    model: FaceModel,
    rows: Sequence[Row],
    photos: Sequence[Photo],
    examined: Mapping[str, Examined],
    drawn: Sequence[str],
) -> Row:
    """Return the figures of all galleries together."""
    result: Row = {
        "settings": model.settings,
        "weak": model.weak,
        "pictures_without_usable_face": sum(
            not faces_of(examined[f"faces/{photo.file}"]).usable.any() for photo in photos
        ),
        "people_twice": 1,
    }
    for fpir in FPIRS:
        key = f"fnir at fpir {fpir}"
        result[key] = {
            way: over_seeds([row[f"{way} {fpir} rate"] for row in rows])
            for way in ("product", *TEMPLATES)
        }
        result[key]["product_by_identity"] = by_identity(rows, f"product {fpir}")
        result[key]["nearest_minus_product"] = by_identity(
            rows, f"nearest {fpir}", f"product {fpir}"
        )
    for promised in PROMISES:
        those = [row[f"promised {promised}"] for row in rows]
        result[f"promised {promised}"] = {
            "observed": round(
                sum(t["flagged"] for t in those) / sum(t["images"] for t in those), 5
            ),
            "inside": sum(t["inside"] for t in those),
            "galleries": len(those),
        }
    result["drawn"] = {
        "pictures": len(drawn),
        "faces": rows[0]["drawn"]["faces"],
        "called_drawn": sum(int(faces_of(examined[name]).drawn.sum()) for name in drawn),
        "taken_for_people": sum(row["drawn"]["taken_for_people"] for row in rows),
    }
    result["photographs_called_drawn"] = sum(
        int(faces_of(examined[f"faces/{photo.file}"]).drawn.sum()) for photo in photos
    )
    result["by_quality"] = by_quality(rows, photos, examined)
    return result


def by_identity(rows: Sequence[Row], key: str, less: str | None = None) -> Row:
    """Return a miss rate, or a difference of two, with its interval: people resampled."""
    people = sorted({name for row in rows for name in row["mated"]})
    place = {name: number for number, name in enumerate(people)}
    missed, searched = np.zeros(len(people)), np.zeros(len(people))
    for row in rows:
        where = [place[name] for name in row["mated"]]
        values = np.array(row[key], np.float64)
        if less:
            values -= np.array(row[less], np.float64)
        np.add.at(missed, where, values)
        np.add.at(searched, where, 1)
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(people), size=(RESAMPLES, len(people)))
    rates = missed[drawn].sum(axis=1) / searched[drawn].sum(axis=1)
    return {
        "mean": round(float(missed.sum() / searched.sum()), 4),
        "interval_95": [round(float(q), 4) for q in np.quantile(rates, (0.025, 0.975))],
    }


def by_quality(
    rows: Sequence[Row], photos: Sequence[Photo], examined: Mapping[str, Examined]
) -> Row:
    """Return the miss rate at FPIR 1 % by thirds of what can be measured of a face.

    The data says nothing of age, sex or origin. How bright the face is depends on the light at
    least as much as on the skin.
    """
    mated = [p for p in photos if p.use == "query"]
    missed: dict[str, list[bool]] = {}
    for row in rows:
        inside = set(row["mated"])
        asked = [p.file for p in mated if p.identity in inside]
        for file, miss in zip(asked, row[f"product {FPIRS[0]}"], strict=True):
            missed.setdefault(file, []).append(miss)
    values: dict[str, list[tuple[float, list[bool]]]] = {
        "brightness": [],
        "frontal": [],
        "sharpness": [],
    }
    for file, misses in missed.items():
        faces = faces_of(examined[f"faces/{file}"])
        row_of = central(faces)
        if row_of is None:
            continue
        values["brightness"].append((brightness(file, faces, row_of), misses))
        values["frontal"].append((float(faces.quality[row_of, 2]), misses))
        values["sharpness"].append((float(faces.quality[row_of, 3]), misses))
    return {name: thirds(pairs) for name, pairs in values.items()}


def brightness(file: str, faces: Faces, row: int) -> float:
    """Return the mean luma of the middle of a face, 0 to 255."""
    gray = cv2.imread(str(shared_data() / "faces" / file), cv2.IMREAD_GRAYSCALE)
    assert gray is not None
    height, width = gray.shape
    left, top, right, bottom = faces.boxes[row] * (width, height, width, height)
    x, y = (right - left) / 4, (bottom - top) / 4
    middle = gray[int(top + y) : int(bottom - y), int(left + x) : int(right - x)]
    return float(middle.mean())


def thirds(pairs: Sequence[tuple[float, list[bool]]]) -> list[Row]:
    """Return the miss rate of the lowest, middle and highest third."""
    ranked = sorted(pairs, key=lambda pair: pair[0])
    cuts = [round(len(ranked) * part / 3) for part in range(4)]
    return [
        {
            "from": round(ranked[first][0], 3),
            "to": round(ranked[last - 1][0], 3),
            "photographs": last - first,
            "fnir": round(float(np.mean([m for _, ms in ranked[first:last] for m in ms])), 4),
        }
        for first, last in pairwise(cuts)
    ]


def timed(model: FaceModel, photos: Sequence[Photo], count: int) -> Row:
    """Return the median milliseconds of detection and embedding, on one core.

    Of square and landscape pictures with two photographs of faces on a plain ground, and of one
    photograph.
    """
    square, landscape, small = [], [], []
    for number in range(count):
        files = [photos[number].file, photos[-1 - number].file]
        shown = [cv2.imread(str(shared_data() / "faces" / file)) for file in files]
        canvas = np.full((SIDE, SIDE, 3), 127, np.uint8)
        for place, image in enumerate(shown):
            assert image is not None
            large_one = cv2.resize(image, (400, 400), interpolation=cv2.INTER_CUBIC)
            canvas[300:700, 60 + 460 * place : 460 + 460 * place] = large_one[..., ::-1]
        square.append(milliseconds(canvas, model))
        landscape.append(milliseconds(np.ascontiguousarray(canvas[:LANDSCAPE]), model))
        small.append(milliseconds(np.ascontiguousarray(shown[0][..., ::-1]), model))
    return {
        f"{SIDE} × {LANDSCAPE} px, two faces": round(float(np.median(landscape)), 1),
        f"{SIDE} × {SIDE} px, two faces": round(float(np.median(square)), 1),
        "one photograph of 250 px": round(float(np.median(small)), 1),
    }


def milliseconds(rgb: Any, model: FaceModel) -> float:
    """Return how long the faces of a picture take, the better of two."""
    height, width = rgb.shape[:2]
    took = []
    for _ in range(2):
        started = time.perf_counter()
        find_faces(rgb, model=model, width=width, height=height)
        took.append((time.perf_counter() - started) * 1e3)
    return min(took)


def show(name: str, figures: Row) -> None:
    """Print what was measured with one model."""
    print(f"\n{name}: {figures['settings']}")
    rows = []
    for fpir in FPIRS:
        of = figures[f"fnir at fpir {fpir}"]
        low, high = of["product_by_identity"]["interval_95"]
        less = of["nearest_minus_product"]
        rows.append([
            f"FNIR at FPIR {fpir:.1%}",
            f"{of['product']['mean']:.2%} [{low:.2%}, {high:.2%}]",
            *(f"{of[way]['mean']:.2%}" for way in TEMPLATES),
            f"{less['mean']:.2%} [{less['interval_95'][0]:.2%}, {less['interval_95'][1]:.2%}]",
        ])  # fmt: skip
    print_table(["", "product", *TEMPLATES, "nearest less product"], rows)
    for promised in PROMISES:
        of = figures[f"promised {promised}"]
        print(
            f"promised {promised:g}: observed {of['observed']:.4f}, inside what was expected in "
            f"{of['inside']} of {of['galleries']} galleries"
        )
    print(f"drawn: {figures['drawn']}; photographs {figures['photographs_called_drawn']}")
    print(f"milliseconds: {figures['milliseconds']}")
    for what, parts in figures["by_quality"].items():
        rates = ", ".join(f"{part['fnir']:.2%}" for part in parts)
        print(f"FNIR by {what}, thirds from low to high: {rates}")


if __name__ == "__main__":
    main()
