"""Where the weights are, and what there is to say of those that an index needs."""

from pathlib import Path

import click

from reference_index import ReferenceIndex
from screening.cli.progress import say
from screening.people import face_check

models_option = click.option(
    "--models", type=click.Path(path_type=Path, file_okay=False),
    help="Folder of weights.  [default: that of screening.toml, of SCREENING_MODELS, or of the "
         "user's data]",
)  # fmt: skip


def say_of_faces(index: Path, models: Path | None) -> None:
    """Tell where faces cannot be looked for as the people of an index need it, or only weakly."""
    with ReferenceIndex.open(index) as opened:
        for remark in face_check([opened], models=models).remarks:
            say(remark)
