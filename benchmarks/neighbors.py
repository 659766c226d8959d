"""A contact sheet of what the embedder takes for alike: attacked copies and their nearest pictures.

Two columns of rows: a copy under one attack, then the five references that score highest by the
product's embedding channel, the true one framed in green. The sheet shows pictures of the measuring
data, so it goes where --output-image says, never into the checkout; the record has figures only.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _common import ROOT, digest, environment, load, parser, pictures, print_table, write
from _methods import Product
from _timing import Clock
from PIL import Image, ImageDraw, ImageOps

from screening.evaluation.attacks import ATTACKS, RgbImage
from screening.evaluation.protocols import Query, Sizes, copy_protocol
from screening.models import ModelStore
from screening.signals.embeddings import choose

SHOWN = (
    "mirror", "quarter_turn", "crop", "perspective", "hue", "duotone", "invert", "blur",
    "posterize", "halftone", "pencil_sketch", "stylize", "oil_paint", "screenshot", "collage",
    "blend",
)  # fmt: skip
NEAREST = 5
COLUMNS = 2
TILE_PX, LINE_PX, EDGE_PX = 132, 16, 4
PAPER, INK, FRAME = "white", "black", (0, 160, 60)

Row = dict[str, Any]


def ranked(query: Query, image: RgbImage, product: Product) -> Row:
    """Return the nearest references of a query, and where the true one is among all."""
    scores = product.scores(product.by_embedding, image)
    order = np.argsort(-scores, kind="stable")
    true = query.reference
    assert true is not None  # only copies are asked for
    return {
        "attack": query.attack.name,
        "rank": int(np.flatnonzero(order == true)[0]) + 1,
        "score": round(float(scores[true]), 3),
        "best_other": round(float(scores[order[order != true][0]]), 3),
        "nearest": [(int(place), round(float(scores[place]), 3)) for place in order[:NEAREST]],
        "true": true,
    }


def sheet(
    rows: Sequence[Row], images: Sequence[RgbImage], references: Sequence[str]
) -> Image.Image:
    """Return the contact sheet: row i shows image i and what is nearest to it."""
    deep = -(-len(rows) // COLUMNS)
    wide = (NEAREST + 1) * TILE_PX + 3 * LINE_PX
    paper = Image.new("RGB", (COLUMNS * wide, deep * (TILE_PX + 2 * LINE_PX)), PAPER)
    for number, (row, image) in enumerate(zip(rows, images, strict=True)):
        left, top = number // deep * wide, number % deep * (TILE_PX + 2 * LINE_PX)
        own = f"{row['attack']}: {row['rank']}. {row['score']:.2f}"
        tile(paper, (left, top), image, own, framed=False)
        for place, (reference, score) in enumerate(row["nearest"]):
            x = left + (place + 1) * TILE_PX + LINE_PX
            framed = reference == row["true"]
            tile(paper, (x, top), load(references[reference]), f"{score:.2f}", framed=framed)
    return paper


def tile(
    paper: Image.Image, at: tuple[int, int], image: RgbImage, text: str, *, framed: bool
) -> None:
    """Draw one picture with a line below it."""
    x, y = at
    side = TILE_PX - 2 * EDGE_PX
    small = ImageOps.contain(Image.fromarray(image), (side, side))
    small = ImageOps.expand(small, EDGE_PX, FRAME if framed else PAPER)
    paper.paste(small, (x + (TILE_PX - small.width) // 2, y + (TILE_PX - small.height) // 2))
    ImageDraw.Draw(paper).text((x + EDGE_PX, y + TILE_PX), text, fill=INK)


def main() -> None:
    """Run the benchmark."""
    options = parser("neighbors", __doc__ or "")
    options.add_argument("--output-image", type=Path, required=True, help="PNG file to write")
    options.add_argument("--model", default="copies-v1", help="of pictures (default copies-v1)")
    options.add_argument("--models", type=Path, help="folder of weights (default: your own)")
    options.add_argument("--references", type=int, default=400, help="how many (default 400)")
    given = options.parse_args()
    if given.output_image.resolve().is_relative_to(ROOT):
        sys.exit(
            f"--output-image is {given.output_image}, inside the checkout: name a file outside of "
            f"it, since the sheet shows pictures that are not to be passed on"
        )
    model = choose(ModelStore(given.models) if given.models else ModelStore(), given.model)
    names = [*pictures("photos"), *pictures("art")]
    sizes = Sizes(references=given.references, positives=1, distractors=0)
    protocol = copy_protocol(names, seed=given.seed, sizes=sizes)
    attacks = {attack.name: attack for attack in ATTACKS}
    queries = [protocol.attack_queries(attacks[name], 1)[0] for name in SHOWN]
    images = [query.image(load) for query in queries]
    with tempfile.TemporaryDirectory() as folder:
        product = Product(Path(folder) / "works.index", Clock(), model)
        product.index(load(name) for name in protocol.references)
        rows = [ranked(*asked, product) for asked in zip(queries, images, strict=True)]
    given.output_image.parent.mkdir(parents=True, exist_ok=True)
    sheet(rows, images, protocol.references).save(given.output_image)
    about = environment(seeds=[given.seed], data_sha256=digest(names))
    figures = [{key: row[key] for key in ("attack", "rank", "score", "best_other")} for row in rows]
    write(
        given.output,
        {**about, "model": model.settings, "references": given.references, "attacks": figures},
    )
    print_table(
        ["attack", "rank of the true one", "its score", "best other"],
        [[of["attack"], str(of["rank"]), f"{of['score']:.2f}", f"{of['best_other']:.2f}"]
         for of in figures],
    )  # fmt: skip


if __name__ == "__main__":
    main()
