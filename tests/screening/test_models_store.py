"""The model store: files known by their digest, imported whole or not at all."""

import hashlib
import resource
from dataclasses import replace

import numpy as np
import pytest
from onnx_files import averaging

from screening.errors import InputInvalidError, ModelBrokenError, ModelCardError, ModelStoreError
from screening.models import ModelStore, Network, card_like, default_folder, shipped_cards

ARCFACE = next(card for card in shipped_cards() if card.id == "arcface")


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "store")


@pytest.fixture
def file(tmp_path):
    """A network as it may have been downloaded."""
    path = tmp_path / "Some Network.onnx"
    path.write_bytes(averaging(112))
    return path


def like_arcface(file, **changes):
    terms = {"card_id": "mine", "licence": "MIT", "commercial_use": True} | changes
    return card_like(ARCFACE, file, **terms)


def test_the_folder_is_named_by_the_environment_else_the_users_own(tmp_path, monkeypatch):
    """SCREENING_MODELS wins over the place among the user's data."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("SCREENING_MODELS", str(tmp_path / "named"))
    assert ModelStore().folder == tmp_path / "named"
    monkeypatch.delenv("SCREENING_MODELS")
    assert default_folder().name == "models"
    assert default_folder().parent.name == "screening"


def test_a_store_that_is_not_there_is_empty(store):
    """Nothing has to be made before one can look."""
    assert store.cards() == shipped_cards()
    assert {store.find(card) for card in store.cards() if not card.package} == {None}
    assert store.brought() == ()
    assert store.problems() == []
    assert not store.folder.exists()


@pytest.mark.smoke
def test_imported_weights_are_found_by_their_digest_whatever_their_name(store, file):
    """What add has copied is there with its card, also under another name."""
    card = like_arcface(file)
    copy = store.add(file, card)
    assert (store.find(card), store.card("mine"), store.card_for(file)) == (copy, card, card)
    renamed = copy.rename(store.folder / "another name")
    assert store.find(card) == renamed
    assert store.problems() == []


def test_the_card_of_imported_weights_is_that_of_its_kind_but_for_what_is_its_own(file):
    """Preparation is taken over; size, digest, terms and output are those of the file."""
    card = like_arcface(file, licence="CC BY-NC 4.0", commercial_use=False)
    content = file.read_bytes()
    expected = replace(
        ARCFACE,
        id="mine",
        title="Some Network",
        file="mine.onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        licence="CC BY-NC 4.0",
        commercial_use=False,
        source="imported as one like arcface",
        output_size=3,
    )
    assert card == expected
    assert "forbids commercial use" in card.warning


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is not a network that ONNX Runtime can load"),
        (b"not a network" * 99, "is not a network that ONNX Runtime can load"),
        (averaging(112, op="NoSuchOperator"), "is not a network that ONNX Runtime can load"),
        (averaging(128), "takes crops of 128 px, expected 112 px"),
        (averaging(112, inputs=2), "expected one input (n, 3, side, side)"),
    ],
)
def test_files_that_are_no_such_network_are_refused(content, expected, file):
    """The trial says why, and names the file."""
    file.write_bytes(content)
    with pytest.raises(ModelBrokenError) as error:
        like_arcface(file)
    assert str(error.value).startswith(f"{file}: ")
    assert expected in str(error.value)


@pytest.mark.parametrize("batch", [0, 1])
def test_a_batch_gives_a_vector_for_each_picture(batch, file):
    """Also of networks that take one picture at a time; any size of crop will do where it may."""
    file.write_bytes(averaging(0, batch=batch))
    pictures = np.random.default_rng(0).random((5, 3, 7, 7)).astype(np.float32)
    given = Network(file).run(pictures)
    assert given.shape == (5, 3)
    np.testing.assert_allclose(given, pictures.mean(axis=(2, 3)), rtol=1e-5)
    assert like_arcface(file).output_size == 3


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"card_id": "Mine"}, "id is 'Mine'"),
        ({"card_id": "../mine"}, "id is '../mine'"),
        ({"card_id": ""}, "id is ''"),
        ({"licence": " "}, "licence is empty"),
    ],
)
def test_ids_and_licences_that_cannot_be_one_are_refused(changes, expected, file):
    """An id becomes a file name, and no weights go without a licence."""
    with pytest.raises(InputInvalidError, match=expected):
        like_arcface(file, **changes)


def test_only_embedders_by_onnx_can_be_imported_like(file):
    """A detector's card says nothing of how an embedder's pixels are prepared."""
    detector = shipped_cards()[0]
    with pytest.raises(InputInvalidError, match="expected a face-embedding card by onnx"):
        card_like(detector, file, card_id="mine", licence="MIT", commercial_use=True)


def test_other_bytes_than_the_cards_are_not_taken(store, file):
    """A file that changed since its trial is refused, and leaves no trace."""
    card = like_arcface(file)
    file.write_bytes(averaging(112, batch=1))
    with pytest.raises(ModelBrokenError, match="get the file again"):
        store.add(file, card)
    assert not store.folder.exists()


def test_a_full_disk_leaves_nothing_half(store, file):
    """Neither weights nor card nor a part of either; what was there stays."""
    file.write_bytes(averaging(112))
    first = like_arcface(file)
    store.add(file, first)
    before = {path.name: path.read_bytes() for path in store.folder.iterdir()}
    second = like_arcface(file, card_id="other")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, hard))  # the weights fit, the card does not
    try:
        with pytest.raises(ModelStoreError, match="nothing was changed"):
            store.add(file, second)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(file.read_bytes()) < 300
    assert {path.name: path.read_bytes() for path in store.folder.iterdir()} == before


def test_adding_twice_changes_nothing(store, file):
    """The copy that is there is handed back."""
    card = like_arcface(file)
    first = store.add(file, card)
    state = first.stat()
    assert store.add(file, card) == first
    assert first.stat() == state


def test_problems_are_told_one_by_one(store, file):
    """Damaged and missing weights and cards that cannot be read are all named."""
    card = like_arcface(file)
    copy = store.add(file, card)
    copy.write_bytes(copy.read_bytes()[:-1] + b"\0")
    assert store.find(card) is None
    (problem,) = store.problems()
    assert problem.startswith(f"{copy}: is not what mine was")
    copy.unlink()
    (problem,) = store.problems()
    assert problem.startswith(f"{copy}: is missing")
    (store.folder / "mine.toml").write_text("title = 3")
    (problem,) = store.problems()
    assert problem.startswith(f"{store.folder / 'mine.toml'}: ")
    with pytest.raises(ModelCardError):
        store.cards()


def test_a_shipped_name_is_not_to_be_had(store, file):
    """A card of one's own cannot stand in for one that ships."""
    store.add(file, like_arcface(file))
    (store.folder / "mine.toml").rename(store.folder / "arcface.toml")
    with pytest.raises(ModelCardError, match="a card that ships has this name"):
        store.cards()


def test_packaged_weights_are_found_and_the_file_of_68_points_is_not_touched(store):
    """Of face_recognition_models none but the two files of the cards is handed out."""
    pytest.importorskip("dlib", reason="the extra [faces] is not installed")
    packaged = [store.find(card) for card in store.cards() if card.package]
    assert [path.name for path in packaged] == [
        "shape_predictor_5_face_landmarks.dat",
        "dlib_face_recognition_resnet_model_v1.dat",
    ]
