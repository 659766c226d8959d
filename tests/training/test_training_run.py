"""The network, its loss, runs of a few steps, and what is exported."""

import dataclasses
import io
import json
import tarfile

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

from screening.models.store import read_conversion
from training import procedural, ship, train
from training.augment import normalized
from training.batches import Batches
from training.data import photographs, pool
from training.export import write_onnx
from training.finish import finished, headed, pooled, whiten
from training.loss import Pairing, contrastive, nearness
from training.network import Front, embedder, in_cells
from training.recipe import CPU, GPU
from training.run import Run

TINY = {
    "side_px": 32,
    "early": (0.3, 24),
    "store_px": 40,
    "widths": (8, 12),
    "depths": (1, 1),
    "cell_channels": 4,
    "dimensions": 16,
    "pictures": 24,
    "batch": 8,
    "steps": 6,
    "workers": 0,
    "held_out": 14,
    "bf16": False,
}
RECIPE = dataclasses.replace(CPU, **TINY)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Sums in one order only."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def pictures():
    drawn = procedural.pictures(64, side=40, seed=1)
    return pool(drawn[:40], drawn[40:], held_out=14, seed=0)


@pytest.fixture
def data(tmp_path):
    """Return a folder with an archive of small photographs, as the training pack is."""
    with tarfile.open(tmp_path / "clean_images.tar", "w") as archive:
        for number, picture in enumerate(procedural.pictures(32, side=48, seed=2)):
            coded = io.BytesIO()
            Image.fromarray(picture).save(coded, "JPEG")
            entry = tarfile.TarInfo(f"photo_{number:02}.jpg")
            entry.size = len(coded.getvalue())
            archive.addfile(entry, io.BytesIO(coded.getvalue()))
    return tmp_path


def vectors(rows, dimensions=16, seed=0):
    values = torch.randn(rows, dimensions, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(values, dim=1)


def paired(count):
    own = torch.eye(count, dtype=torch.bool)
    return Pairing(positive=own, related=own)


def loss_of(clean, attacked, pairing):
    return float(contrastive(clean, attacked, pairing, temperature=0.1))


def test_aligned_pairs_cost_less():
    """The loss is lowest where each view lies with its own picture."""
    clean = vectors(6)
    right, wrong = (loss_of(clean, clean.roll(by, 0), paired(6)) for by in (0, 1))
    assert 0.0 <= right < wrong


def test_what_a_view_shows_beside_is_no_negative():
    """A picture that shows behind another neither counts as a copy nor as a false match."""
    clean = torch.eye(4, 16)
    attacked = clean.clone()
    attacked[0] = torch.nn.functional.normalize(clean[0] + clean[1], dim=0)
    own = torch.eye(4, dtype=torch.bool)
    shown = own.clone()
    shown[0, 1] = True
    told = loss_of(clean, attacked, Pairing(positive=own, related=shown))
    untold = loss_of(clean, attacked, Pairing(positive=own, related=own))
    assert told < untold


def test_even_vectors_are_less_near():
    """The entropy term falls as pictures lie further apart."""
    crowded = torch.nn.functional.normalize(vectors(6) * 0.1 + 1.0, dim=1)
    assert float(nearness(torch.eye(6, 16))) < float(nearness(crowded))


def test_embeddings_are_of_unit_length():
    """Whatever their size and number, pictures become unit vectors."""
    network = embedder(RECIPE).eval()
    for side in (24, 40):
        output = network(torch.randn(3, 3, side, side))
        assert output.shape == (3, 16)
        assert output.norm(dim=1).detach().numpy() == pytest.approx(np.ones(3), abs=1e-5)


def test_edges_are_the_same_whatever_the_light():
    """Brighter, duller or inverted, a picture has the same edges; its evened colors only turn."""
    front = Front()
    picture = torch.from_numpy(normalized(procedural.pictures(3, side=32, seed=2)))
    colors, evened, edges = front(picture).split([3, 3, Front.channels - 6], dim=1)
    for gain, lift in ((0.5, 0.2), (2.0, -0.4), (-1.0, 0.0)):
        other = front(gain * picture + lift).split([3, 3, Front.channels - 6], dim=1)
        assert not torch.allclose(other[0], colors, atol=0.1)
        assert (other[1] - np.sign(gain) * evened).abs().max() < 0.05
        assert (other[2] - edges).abs().mean() < 0.02
    assert edges.shape == (3, 24, 8, 8)


def test_edges_are_told_apart_by_direction():
    """Stripes, upright and level, differ most in the directions across them."""
    front = Front()
    stripes = torch.sin(torch.arange(32.0)).expand(32, 32)
    upright, level = (front(one.expand(1, 3, 32, 32))[0, 6:14] for one in (stripes, stripes.T))
    assert upright.mean(dim=(1, 2)).argmax() == 0
    assert level.mean(dim=(1, 2)).argmax() == 4


@pytest.mark.parametrize("shape", [(4, 4), (6, 6), (9, 9), (3, 7), (1, 1)])
def test_cells_weigh_places_by_where_they_lie(shape):
    """Each cell's weights sum to 1, and most of them lie in its own part of the picture."""
    height, width = shape
    weights = in_cells(height, width, 3)
    assert weights.shape == (height * width, 9)
    assert weights.sum(axis=0) == pytest.approx(np.ones(9), abs=1e-5)
    x = np.tile((np.arange(width) + 0.5) / width, height)
    assert (np.diff((weights.T @ x).reshape(3, 3), axis=1) >= -1e-6).all()


def test_batches_depend_on_their_number_alone(pictures):
    """A batch is the same whenever it is asked for; a round shows every photograph once."""
    batches = Batches(pictures.train, pictures.photographs, RECIPE, 3)
    assert all(torch.equal(batches[5][key], batches[5][key]) for key in batches[5])
    photos = [int(i) for number in range(5) for i in batches[number]["ids"] if i < 26]
    assert len(photos) == len(set(photos)) == 25
    other = Batches(pictures.train, pictures.photographs, RECIPE, 4)
    assert not torch.equal(batches[0]["attacked"], other[0]["attacked"])


def test_training_lowers_the_loss(pictures):
    """Some steps on the same views bring the loss down."""
    run = Run.start(RECIPE, seed=0, device=torch.device("cpu"))
    batch = Batches(pictures.train, pictures.photographs, RECIPE, 0)[0]
    losses = [run.train(batch, progress=0.04)[0] for _ in range(25)]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_a_stopped_run_goes_on_to_the_same_state(pictures, tmp_path):
    """A run that was saved and taken up again ends with the weights of one that never stopped."""
    batches = Batches(pictures.train, pictures.photographs, RECIPE, 0)
    whole = Run.start(RECIPE, seed=0, device=torch.device("cpu"))
    for number in range(4):
        whole.train(batches[number], progress=number / 4)
    first = Run.start(RECIPE, seed=0, device=torch.device("cpu"))
    for number in range(2):
        first.train(batches[number], progress=number / 4)
    first.save(tmp_path)
    second = Run.start(RECIPE, seed=0, device=torch.device("cpu"))
    second.restore(tmp_path)
    for number in range(second.step, 4):
        second.train(batches[number], progress=number / 4)
    for one, other in ((whole.network, second.network), (whole.ema, second.ema)):
        for name, weight in one.state_dict().items():
            assert torch.equal(weight, other.state_dict()[name]), name


def test_a_checkpoint_of_another_seed_is_refused(tmp_path):
    """A run does not go on from the checkpoint of another one, and says what to do."""
    Run.start(RECIPE, seed=0, device=torch.device("cpu")).save(tmp_path)
    other = Run.start(RECIPE, seed=1, device=torch.device("cpu"))
    with pytest.raises(ValueError, match="resume with those"):
        other.restore(tmp_path)


def test_missing_photographs_are_named(tmp_path):
    """Without the archive the message says what is missing and how to point to it."""
    with pytest.raises(FileNotFoundError, match=r"clean_images\.tar.*--data"):
        photographs(tmp_path, side_px=32)


@pytest.mark.parametrize("held", [0, 5])
def test_pictures_must_be_left_on_both_sides(held):
    """Neither nothing nor everything can be held out."""
    five = np.zeros((5, 8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match="held_out is"):
        pool(five, five, held_out=held, seed=0)
    assert len(pool(five, five, held_out=4, seed=0).train) == 6


@pytest.mark.parametrize("recipe", ["cpu", "gpu"])
def test_a_recipe_runs_from_end_to_end(recipe, data, tmp_path):
    """The command trains, stops, goes on, and leaves checkpoint, log, weights and ONNX files."""
    output = tmp_path / "out"
    changes = TINY | ({"bf16": True} if recipe == "gpu" else {})
    arguments = ["--recipe", recipe, "--data", str(data), "--output", str(output)]
    for steps in (3, 5):
        changed = json.dumps(changes | {"steps": steps})
        train.main([*arguments, "--changes", changed, "--resume"])
    log = json.loads((output / "training.json").read_text(encoding="utf-8"))
    assert log["steps"] == 5
    assert len(log["sources"]["clean_images.tar"]["sha256"]) == 64
    assert log["log"][-1]["step"] == 5
    assert {path.name for path in output.iterdir()} >= {
        "checkpoint.pt",
        "final.pt",
        "finish.json",
        "fp16.onnx",
        "fp32.onnx",
        "training.json",
    }
    (tmp_path / "own").mkdir()
    figures = ship.shipped(output, data, tmp_path / "own")
    record = read_conversion(tmp_path / "own" / f"{ship.ID}.converted.json")
    assert record.image.sha256 == figures["sha256"]
    assert (record.output_size, figures["pictures"]) == (16, 14)
    assert figures["least_cosine_of_16_bits"] > 0.999
    assert (tmp_path / "own" / record.image.file).read_bytes() == (
        output / "fp16.onnx"
    ).read_bytes()


@pytest.mark.parametrize(("half", "closeness"), [(False, 0.99999), (True, 0.999)])
def test_the_exported_network_is_the_same(half, closeness, tmp_path):
    """The ONNX file gives the vectors of the network, in 16 bits nearly so, for any batch."""
    network = embedder(RECIPE)
    network.train()
    for _ in range(5):
        network(torch.randn(16, 3, 32, 32))
    network.eval()
    path = tmp_path / "network.onnx"
    write_onnx(network, path, side_px=32, half=half)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    for count in (1, 5):
        pixels = normalized(procedural.pictures(count, side=32, seed=0))
        ours = network(torch.from_numpy(pixels)).detach().numpy()
        exported = session.run(None, {"pixels": pixels})[0]
        assert exported.shape == (count, 16)
        assert (ours * exported).sum(axis=1).min() > closeness


def test_the_same_weights_give_the_same_bytes(tmp_path):
    """An export depends on the weights alone, and 16 bits take about half the room."""
    network = embedder(dataclasses.replace(RECIPE, widths=(32, 64))).eval()
    for name in ("a", "b"):
        write_onnx(network, tmp_path / name, side_px=32, half=True)
    write_onnx(network, tmp_path / "full", side_px=32, half=False)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").stat().st_size < 0.6 * (tmp_path / "full").stat().st_size


def test_whitening_makes_directions_alike(pictures):
    """Centered vectors sum to little, and whitened ones spread over more directions."""
    network = embedder(RECIPE).eval()
    inputs = pooled(network, pictures.train)
    spreads = []
    for strength in (0.0, 1.0):
        run = embedder(RECIPE).eval()
        run.load_state_dict(network.state_dict())
        whiten(run, inputs, strength=strength)
        output = inputs @ run.head.weight.detach().numpy().T + run.head.bias.detach().numpy()
        assert np.abs(output.mean(axis=0)).max() < 1e-3 * np.abs(output).max()
        widths = np.linalg.eigvalsh(np.cov(output.T))
        spreads.append(widths.sum() / widths.max())
    assert spreads[1] > 2 * spreads[0]
    assert np.linalg.norm(headed(network, inputs), axis=1) == pytest.approx(1.0, abs=1e-5)


def test_finishing_keeps_the_best_of_what_it_measures(pictures, tmp_path):
    """The side and whitening that are written are those with the best held-out figures."""
    report = finished(embedder(RECIPE), pictures, tmp_path, sides_px=(24, 32))
    scores = [row["micro_ap"] + row["recall"] for row in report["measured"]]
    chosen = report["chosen"]
    assert chosen["micro_ap"] + chosen["recall"] == pytest.approx(max(scores), abs=2e-4)
    assert len(scores) == 10


def test_recipes_give_networks_that_fit_the_wheel():
    """In 16 bits the networks of both recipes are smaller than 5 MB."""
    for recipe in (CPU, GPU):
        count = sum(weight.numel() for weight in embedder(recipe).parameters())
        assert 2 * count < 4_950_000
