"""Frames per second of `screening deliverables` on a film in full HD, and what it finds there.

The film is made on the spot: shots of drawings, still and zoomed, a third of them placeholders that
are in the index; H.264 at the rate of a proxy. Three things are timed: decoding by PyAV without
looking at anything, the choice of frames, and the whole check with its process of its own.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import av
import numpy as np
from _common import environment, parser, print_table, write
from PIL import Image

from screening import Screener
from screening.batch import default_workers
from screening.deliverables import FILM_LIMITS, deliverables, remember
from screening.demo import poster, scene
from screening.images import load
from screening.images.files import ClipFile
from screening.images.limits import Budget
from screening.images.video import open_clip

SIZE, RATE, SHOT_SECONDS = (1920, 1080), 24, 4
SECONDS, QUICK_SECONDS = 60, 12
BIT_RATE = 8_000_000


def main() -> None:
    """Make the film and the index, time the steps, print and write."""
    options = parser("deliverables", __doc__ or "")
    options.add_argument("--quick", action="store_true", help="a film of 12 s, one round")
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    seconds, rounds = (QUICK_SECONDS, 1) if chosen.quick else (SECONDS, chosen.rounds)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        planted = make_film(work, seconds, chosen.seed)
        remember(work / "temporary.index", work / "board", embeddings=None)
        steps = measure(work, rounds)
        found = check(work)
        frames = seconds * RATE
        speeds = {name: round(frames / float(np.median(took)), 1) for name, took in steps.items()}
        record = {
            **environment(seeds=[chosen.seed], data_sha256=None),
            "pyav": av.__version__,
            "film": {"seconds": seconds, "size": SIZE, "rate": RATE, "bit_rate": BIT_RATE},
            "threads": default_workers(),
            "frames_per_second": speeds,
            "times_real_time": round(speeds["deliverables"] / RATE, 2),
            "planted_shots": planted,
            **found,
        }
    write(chosen.output, record)
    print_table(
        ["step", "frames/s", "× real time"],
        [[name, f"{speed:.0f}", f"{speed / RATE:.1f}"] for name, speed in speeds.items()],
    )
    print(
        f"{found['shots_found']} of {planted} planted shots found, {found['wrong']} others, "
        f"{found['possible']} possible; {found['frames_looked_at']} of {frames} frames looked at"
    )


def make_film(work: Path, seconds: int, seed: int) -> int:
    """Write film.mp4 and the board of what is planted in it; return how many shots that is."""
    (work / "board").mkdir()
    rng = np.random.default_rng(seed)
    planted = 0
    with av.open(str(work / "film.mp4"), "w") as film:
        stream = film.add_stream("libx264", rate=RATE)
        stream.width, stream.height = SIZE
        stream.pix_fmt, stream.bit_rate = "yuv420p", BIT_RATE
        stream.options = {"preset": "veryfast"}
        for number in range(seconds // SHOT_SECONDS):
            picture = poster(rng, (720, 1080)) if number % 4 == 3 else scene(rng, (1280, 720))
            if number % 3 == 1:
                picture.save(work / "board" / f"{number:03d}.png")
                planted += 1
            for image in shot(picture, moves=number % 2 == 0):
                film.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(image))))
        film.mux(stream.encode())
    return planted


def shot(picture: Image.Image, *, moves: bool) -> Iterator[Image.Image]:
    """Yield the frames of a shot, which nears its middle where it moves."""
    count = SHOT_SECONDS * RATE
    if not moves:
        yield from [part_of(picture, 1.0)] * count
        return
    for step in range(count):
        yield part_of(picture, 1.0 - 0.2 * step / count)


def part_of(picture: Image.Image, part: float) -> Image.Image:
    """Return the middle of a picture at the height of the film, black beside it."""
    width, height = picture.width * part, picture.height * part
    left, top = (picture.width - width) / 2, (picture.height - height) / 2
    wide = round(SIZE[1] * picture.width / picture.height)
    box = (left, top, left + width, top + height)
    frame = Image.new("RGB", SIZE)
    frame.paste(
        picture.resize((wide, SIZE[1]), Image.Resampling.BILINEAR, box), ((SIZE[0] - wide) // 2, 0)
    )
    return frame


def measure(work: Path, rounds: int) -> dict[str, list[float]]:
    """Return the seconds that each step took, round by round."""
    took: dict[str, list[float]] = {"decoding alone": [], "choosing frames": [], "deliverables": []}
    for _ in range(rounds):
        for name, step in zip(took, (decode, choose, check), strict=True):
            started = time.perf_counter()
            step(work)
            took[name].append(time.perf_counter() - started)
    return took


def decode(work: Path) -> None:
    """Decode every frame and drop it."""
    with av.open(str(work / "film.mp4")) as film:
        stream = film.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "AUTO", default_workers()
        for _ in film.decode(stream):
            pass


def choose(work: Path) -> None:
    """Decode every frame and say which are looked at."""
    clip = load(work / "film.mp4", limits=FILM_LIMITS).data
    if not isinstance(clip, ClipFile):
        sys.exit("the film is no clip")
    with open_clip(clip, Budget(FILM_LIMITS), [], threads=default_workers()) as opened:
        for _ in opened.samples():
            pass


def check(work: Path) -> dict[str, int]:
    """Return what is found: planted shots, others, possible ones, and how many frames it took."""
    with (
        Screener.open(work / "temporary.index") as screener,
        closing(deliverables(screener, work / "film.mp4")) as results,
    ):
        one = next(results)
    shots, wrong = set(), 0
    for sighting in one.sightings:
        number = int(sighting.finding.record.title)
        begins, ends = number * SHOT_SECONDS, (number + 1) * SHOT_SECONDS
        within = begins <= (sighting.first or 0) and (sighting.last or 0) < ends
        if sighting.certain and within:
            shots.add(number)
        wrong += sighting.certain and not within
    return {
        "shots_found": len(shots),
        "wrong": wrong,
        "possible": sum(not sighting.certain for sighting in one.sightings),
        "frames_looked_at": one.looked_at,
    }


if __name__ == "__main__":
    main()
