"""Where the weights are, and what there is to say of those that an index needs."""

from pathlib import Path

import click

from reference_index import ReferenceIndex
from screening.cli.progress import say
from screening.weights import weights_for

models_option = click.option(
    "--models", type=click.Path(path_type=Path, file_okay=False),
    help="Folder of weights.  [default: that of screening.toml, of SCREENING_MODELS, or of the "
         "user's data]",
)  # fmt: skip

runtime_option = click.option(
    "--runtime", default="onnx", show_default=True, type=click.Choice(("onnx", "torch")),
    help="What runs the weights that look at whole pictures; torch uses a GPU, if there is one.",
)  # fmt: skip


def say_of_weights(index: Path, models: Path | None) -> None:
    """Tell where pictures cannot be looked at with the weights that an index needs."""
    with ReferenceIndex.open(index) as opened:
        for remark in weights_for([opened], folder=models).remarks:
            say(remark)
