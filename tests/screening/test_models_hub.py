"""``models pull`` against a stand-in for the hub: verified, resumed, converted, or refused."""

import hashlib
from dataclasses import replace

import clip_models
import pytest
from hub_server import COMMIT, Hub, serving
from onnx_files import averaging

from screening.errors import HubError, InputInvalidError, ModelStoreError
from screening.models import ModelStore, shipped_cards
from screening.models.hub import CHECKPOINTS, pull

clip_models.need_clip()

CARDS = {card.id: card for card in shipped_cards()}
REPOSITORY = "nobody/net"
"""Where the stand-in has weights for faces."""


@pytest.fixture
def hub(monkeypatch):
    with serving(Hub()) as served:
        monkeypatch.setenv("HF_ENDPOINT", served.endpoint)
        yield served


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "store")


@pytest.fixture
def tiny(tmp_path, hub):
    """Return a card of the tiny architecture, whose weights the hub has."""
    import open_clip

    named = tmp_path / "tiny-of-tests.json"
    named.write_text(clip_models.CONFIG_TEXT)
    open_clip.add_model_config(named)
    card = replace(CARDS["clip-vit-b-32"], architecture=named.stem, input_size=64, output_size=64)
    hub.files[f"{card.repository}/{CHECKPOINTS[0]}"] = clip_models.tiny_checkpoint().read_bytes()
    return card


def net_card(content: bytes):
    digest = hashlib.sha256(content).hexdigest()
    return replace(CARDS["sface-2021dec"], id="net", repository=REPOSITORY, sha256=digest,
                   bytes=len(content))  # fmt: skip


@pytest.fixture
def net(hub):
    """Return a card of weights for faces, which the hub has."""
    content = averaging(112)
    card = net_card(content)
    hub.files[f"{REPOSITORY}/{card.file}"] = content
    return card


def visible(store):
    """Return the contents of what counts in a store, by name."""
    if not store.folder.is_dir():
        return {}
    return {
        path.name: path.read_bytes()
        for path in store.folder.iterdir()
        if not path.name.startswith(".")
    }


def test_the_names_of_checkpoints_are_those_of_open_clip():
    """The better first, as open_clip tries them."""
    from open_clip.constants import HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME

    assert CHECKPOINTS == (HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME)


def test_weights_for_faces_are_fetched_and_found(store, hub, net):
    """Their bytes are those of the card; pulled again, the hub is not asked."""
    path = pull(store, net)
    assert path == store.find(net)
    asked = len(hub.asked)
    assert pull(store, net) == path
    assert len(hub.asked) == asked
    assert not [one for one in store.folder.iterdir() if one.name.startswith(".pull-net/")]


def test_a_checkpoint_is_fetched_converted_and_kept(store, hub, tiny):
    """The sha256 that the hub told is kept; nothing of the pull is left aside."""
    path = pull(store, tiny, clip_models.pictures())
    conversion = store.conversion(tiny.id)
    assert path == store.folder / conversion.record
    content = hub.files[f"{tiny.repository}/{CHECKPOINTS[0]}"]
    assert conversion.checkpoint.sha256 == hashlib.sha256(content).hexdigest()
    assert (conversion.licence, conversion.source) == (tiny.licence, tiny.source)
    assert conversion.preparation == tiny.preparation
    assert not (store.folder / f".pull-{tiny.id}").exists()
    assert store.problems() == []


def test_where_there_are_no_safetensors_the_older_file_is_taken(store, hub, tiny, tmp_path):
    """As open_clip does."""
    del hub.files[f"{tiny.repository}/{CHECKPOINTS[0]}"]
    pickled = clip_models.write_checkpoint(tmp_path, name="old.bin")
    hub.files[f"{tiny.repository}/{CHECKPOINTS[1]}"] = pickled.read_bytes()
    pull(store, tiny, clip_models.pictures())
    assert store.conversion(tiny.id).checkpoint.file.endswith(".pt")


def test_an_interrupted_pull_goes_on_where_it_was(store, hub, tiny):
    """What came first is not asked for again, and the store is as it was until all is there."""
    hub.cut_at = 13 << 20
    with pytest.raises(HubError, match="what came is kept, pull again to go on"):
        pull(store, tiny, clip_models.pictures())
    assert visible(store) == {}
    (part,) = (store.folder / f".pull-{tiny.id}").iterdir()
    kept = part.stat().st_size
    assert kept >= 10 << 20
    hub.failing = False
    hub.asked.clear()
    pull(store, tiny, clip_models.pictures())
    name = f"/{tiny.repository}/resolve/{COMMIT}/{CHECKPOINTS[0]}"
    assert [one for one in hub.asked if one[0] == "GET"] == [("GET", name, f"bytes={kept}-")]
    assert store.lacking(store.conversion(tiny.id)) == []


def test_bytes_that_were_altered_on_the_way_are_thrown_away(store, hub, tiny):
    """Their sha256 is not what the hub said; the next pull begins anew."""
    hub.digest = "0" * 64
    with pytest.raises(HubError, match="altered on the way and is thrown away"):
        pull(store, tiny, clip_models.pictures())
    assert visible(store) == {}
    assert list((store.folder / f".pull-{tiny.id}").iterdir()) == []


def test_other_weights_than_the_cards_are_not_fetched(store, hub, net):
    """Where the card knows the sha256 the hub must have that."""
    card = replace(net, sha256="0" * 64)
    with pytest.raises(HubError, match="they are other weights"):
        pull(store, card)
    assert [one for one in hub.asked if one[0] == "GET"] == []


def test_a_hub_that_says_no_digest_is_not_believed(store, hub, net):
    """What cannot be verified is not fetched."""
    hub.digest = "main"
    with pytest.raises(HubError, match="gives no sha256"):
        pull(store, net)


def test_a_repository_without_the_file_is_named(store, hub, tiny):
    """With the names that were asked for."""
    hub.files.clear()
    with pytest.raises(HubError, match=f"{tiny.repository} has no {CHECKPOINTS[0]} or"):
        pull(store, tiny, clip_models.pictures())


@pytest.mark.smoke
def test_without_a_way_to_the_hub_the_way_out_is_told(store, net, monkeypatch):
    """A bundle from a machine that has the weights."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match="screening models import BUNDLE"):
        pull(store, net)
    assert visible(store) == {}


@pytest.mark.parametrize(
    ("card_id", "way"),
    [
        ("sscd", "screening models import sscd_disc_mixup.torchscript.pt --like sscd"),
        ("arcface", "import a file like it"),
        ("dlib-resnet-v1", r"pip install 'screening\[faces\]'"),
        ("retail-0095", "screening models import FILE"),
    ],
)
def test_what_is_not_on_the_hub_says_how_to_get_it(store, hub, card_id, way):
    """And nothing is asked of the hub."""
    with pytest.raises(InputInvalidError, match=way):
        pull(store, CARDS[card_id])
    assert hub.asked == []


def test_a_full_disk_keeps_what_came_and_changes_nothing(store, hub, tiny):
    """The error names the folder; with room the pull goes on."""
    with (
        clip_models.file_limit(11 << 20),
        pytest.raises(ModelStoreError, match="nothing was changed"),
    ):
        pull(store, tiny, clip_models.pictures())
    assert visible(store) == {}
    pull(store, tiny, clip_models.pictures())
    assert store.lacking(store.conversion(tiny.id)) == []
