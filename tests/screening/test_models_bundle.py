"""Bundles: what is exported comes in whole elsewhere, and what is not whole changes nothing."""

import hashlib
import json
import shutil
import zipfile

import pytest
from clip_models import ID, file_limit, write_checkpoint
from onnx_files import averaging
from tiny_store import copy_of_tiny_store, tiny_store

from screening.errors import BundleError, InputInvalidError, ModelStoreError
from screening.models import ModelStore, card_like, shipped_cards
from screening.models.bundle import MANIFEST, is_bundle, write_bundle
from screening.models.bundle_import import read_bundle
from screening.models.conversion import conversion_text

ARCFACE = next(card for card in shipped_cards() if card.id == "arcface")


def visible(store):
    """Return the contents of what counts in a store, by name."""
    there = store.folder.iterdir() if store.folder.is_dir() else ()
    return {path.name: path.read_bytes() for path in there if not path.name.startswith(".")}


@pytest.fixture
def faces(tmp_path):
    """Return a store with one network for faces of our own, which needs no extra."""
    store = ModelStore(tmp_path / "faces")
    file = tmp_path / "net.onnx"
    file.write_bytes(averaging(112))
    store.add(file, card_like(ARCFACE, file, card_id="mine", licence="MIT", commercial_use=True))
    return store


@pytest.fixture
def bundle(faces, tmp_path):
    file = tmp_path / "weights.zip"
    write_bundle(faces, file)
    return file


@pytest.fixture
def other(tmp_path):
    return ModelStore(tmp_path / "other")


def rewritten(bundle, change, *, manifest=lambda table: table):
    """Write a bundle again, its entries as change gives them from (name, content)."""
    with zipfile.ZipFile(bundle) as archive:
        entries = [(name, archive.read(name)) for name in archive.namelist()]
    entries = [pair for name, content in entries for pair in change(name, content)]
    with zipfile.ZipFile(bundle, "w") as archive:
        for name, content in entries:
            if name == MANIFEST:
                content = json.dumps(manifest(json.loads(content))).encode()  # noqa: PLW2901
            archive.writestr(name, content)


def listed(*files):
    """Return what changes a manifest so that it lists these (name, content), too."""

    def change(table):
        table["files"] += [
            {"file": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in files
        ]
        return table

    return change


def packed(bundle, files):
    """Write a bundle of any files, by name, its manifest right."""
    table = listed(*files.items())({"format": 1, "models": [], "files": []})
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr(MANIFEST, json.dumps(table))
        for name, content in files.items():
            archive.writestr(name, content)


def test_converted_weights_come_in_as_they_were(other, tmp_path):
    """Every byte; and again changes nothing."""
    store, file = tiny_store(), tmp_path / "weights.zip"
    ids, digest = write_bundle(store, file)
    assert (ids, digest) == ((ID,), hashlib.sha256(file.read_bytes()).hexdigest())
    (first,) = read_bundle(other, file)
    assert (first.id, first.new, first.warning) == (ID, True, "")
    assert visible(other) == visible(store)
    assert other.problems() == []
    state = {path: path.stat().st_mtime_ns for path in other.folder.iterdir()}
    (again,) = read_bundle(other, file)
    assert not again.new
    assert {path: path.stat().st_mtime_ns for path in other.folder.iterdir() if path in state} == (
        state
    )


def test_the_checkpoint_may_stay_behind(other, tmp_path):
    """Only torch needs it; it is not missed."""
    file = tmp_path / "weights.zip"
    write_bundle(tiny_store(), file, [ID], checkpoints=False)
    read_bundle(other, file)
    conversion = other.conversion(ID)
    assert other.file_of(conversion.checkpoint) is None
    assert other.problems() == []


@pytest.mark.smoke
def test_weights_for_faces_come_in_with_their_card(faces, bundle, other):
    """And are found by their digest."""
    assert [(one.id, one.new) for one in read_bundle(other, bundle)] == [("mine", True)]
    assert visible(other) == visible(faces)
    assert other.find(other.card("mine"))
    assert [one.new for one in read_bundle(other, bundle)] == [False]


def test_the_same_weights_give_the_same_bytes(faces, bundle, other, tmp_path):
    """On another machine and day, too."""
    read_bundle(other, bundle)
    for path in other.folder.iterdir():
        path.touch()
    write_bundle(other, tmp_path / "again.zip", ["mine"])
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()
    assert is_bundle(bundle)
    assert not is_bundle(next(faces.folder.glob("*.onnx")))


def test_every_cut_is_told(bundle, other):
    """Wherever the file ends before its time, it is named and nothing is changed."""
    content = bundle.read_bytes()
    for size in {0, 30, len(content) // 2, len(content) - 23, len(content) - 1}:
        bundle.write_bytes(content[:size])
        with pytest.raises(BundleError, match="cut short or damaged") as error:
            read_bundle(other, bundle)
        assert str(error.value).startswith(f"{bundle}: ")
    assert visible(other) == {}


def test_every_altered_byte_of_a_file_is_told(bundle, other):
    """The error names the file; what came before it is not kept."""
    content = bundle.read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        infos = archive.infolist()
    for info in infos[1:]:
        start = info.header_offset + 30 + len(info.filename)
        for place in (start, start + info.file_size // 2, start + info.file_size - 1):
            altered = bytearray(content)
            altered[place] ^= 1
            bundle.write_bytes(altered)
            with pytest.raises(BundleError, match=f"{info.filename} is not what was exported"):
                read_bundle(other, bundle)
    assert visible(other) == {}


def same(name, content):
    return [(name, content)]


def without_weights(name, content):
    return [] if name == "mine.onnx" else [(name, content)]


def with_other_bytes(name, content):
    return [(name, b"x" * len(content) if name == "mine.onnx" else content)]


def with_one_more(name, content):
    return [(name, content), *([("more", b"x")] if name == "mine.toml" else [])]


def manifest_last(name, content):
    return [] if name == MANIFEST else [(name, content)]


def of_format_2(table):
    return table | {"format": 2}


@pytest.mark.parametrize(
    ("change", "manifest", "expected"),
    [
        (same, of_format_2, "is of format 2, expected 1"),
        (same, lambda _: [], "no bundle that this version knows"),
        (same, lambda _: {"format": 1, "files": [{"file": "x"}]}, "no bundle"),
        (same, listed(("more", b"x")), "holds other files than its manifest says ('more')"),
        (same, listed(("../x", b"x")), "expected a plain name"),
        (same, listed((".x", b"x")), "expected a plain name"),
        (same, listed(("a/b", b"x")), "expected a plain name"),
        (same, listed(("/etc/x", b"x")), "expected a plain name"),
        (with_one_more, lambda table: table, "('more')"),
        (with_one_more, listed(("more", b"x")), "more belongs to no weights in it"),
        (with_other_bytes, lambda table: table, "mine.onnx is not what was exported"),
        (without_weights, lambda table: table, "('mine.onnx')"),
        (manifest_last, lambda table: table, f"does not begin with {MANIFEST}"),
    ],
)
def test_bundles_that_are_not_as_they_say_are_refused(change, manifest, expected, bundle, other):
    """The error says what is wrong; nothing is changed, in the folder or beside it."""
    rewritten(bundle, change, manifest=manifest)
    with pytest.raises(BundleError) as error:
        read_bundle(other, bundle)
    assert expected in str(error.value)
    assert visible(other) == {}
    assert not (other.folder.parent / "x").exists()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(bundle, other):
    """For the two could be different."""
    rewritten(bundle, lambda name, content: [(name, content)] * (2 if name == "mine.onnx" else 1))
    with pytest.raises(BundleError, match=r"holds 'mine\.onnx' twice"):
        read_bundle(other, bundle)


def test_compressed_bytes_are_refused(bundle, other):
    """So that nothing can be larger than it looks."""
    with zipfile.ZipFile(bundle, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"0" * 10_000_000)
    with pytest.raises(BundleError, match="'bomb' is compressed"):
        read_bundle(other, bundle)


def test_cards_that_cannot_be_are_refused(faces, bundle, other):
    """Also one in the name of a card that ships."""
    contents = visible(faces)
    packed(bundle, {"mine.onnx": contents["mine.onnx"], "arcface.toml": contents["mine.toml"]})
    with pytest.raises(BundleError, match="arcface is here already with other weights"):
        read_bundle(other, bundle)
    packed(bundle, contents | {"mine.toml": b"title = 3"})
    with pytest.raises(BundleError, match="is missing; every card says it"):
        read_bundle(other, bundle)
    packed(bundle, {"mine.toml": contents["mine.toml"]})
    with pytest.raises(BundleError, match=r"mine.toml belongs to no weights"):
        read_bundle(other, bundle)
    assert visible(other) == {}


def test_records_that_name_what_did_not_come_are_refused(other, tmp_path):
    """Or that stand under another id."""
    store, file = tiny_store(), tmp_path / "weights.zip"
    conversion = store.conversion(ID)
    contents = visible(store)
    record = contents.pop(conversion.record)
    packed(file, contents | {f"other{conversion.record}": record})
    with pytest.raises(BundleError, match="belongs to no weights in it"):
        read_bundle(other, file)
    del contents[conversion.text.file]
    packed(file, contents | {conversion.record: record})
    with pytest.raises(BundleError, match=f"{conversion.text.file} of {ID} is not in it"):
        read_bundle(other, file)
    assert visible(other) == {}


def test_weights_that_are_here_are_not_replaced_by_others(faces, bundle, other, tmp_path):
    """Neither under an id that is taken, nor under the name of a file that is whole."""
    file = tmp_path / "mine.onnx"
    file.write_bytes(averaging(0))
    card = card_like(ARCFACE, file, card_id="mine", licence="MIT", commercial_use=True)
    other.add(file, card)
    before = visible(other)
    with pytest.raises(BundleError, match="mine is here already with other weights"):
        read_bundle(other, bundle)
    contents = visible(faces)
    packed(bundle, {"mine.onnx": contents["mine.onnx"], "yours.toml": contents["mine.toml"]})
    with pytest.raises(BundleError, match=r"mine.onnx is here already, and is another file"):
        read_bundle(other, bundle)
    assert visible(other) == before


def test_other_weights_of_a_converted_id_are_refused(tmp_path):
    """The error names the id and what to do."""
    store = copy_of_tiny_store(tmp_path / "store")
    conversion = store.conversion(ID)
    record = conversion_text(conversion).replace(conversion.checkpoint.sha256, "0" * 64)
    contents = visible(store) | {conversion.record: record.encode()}
    del contents[conversion.checkpoint.file]
    packed(tmp_path / "weights.zip", contents)
    before = visible(store)
    with pytest.raises(BundleError, match=f"{ID} is here already with other weights"):
        read_bundle(store, tmp_path / "weights.zip")
    assert visible(store) == before


def test_damaged_weights_are_mended_by_a_bundle(tmp_path):
    """What is whole is left alone."""
    store = copy_of_tiny_store(tmp_path / "store")
    write_bundle(store, tmp_path / "weights.zip")
    conversion = store.conversion(ID)
    (store.folder / conversion.image.file).write_bytes(b"damaged")
    assert store.problems()
    (said,) = read_bundle(store, tmp_path / "weights.zip")
    assert said.new
    assert store.problems() == []


def test_a_full_disk_leaves_what_was_there(bundle, other, faces, tmp_path):
    """In the store as beside the bundle."""
    with file_limit(200), pytest.raises(ModelStoreError, match="nothing was changed"):
        read_bundle(other, bundle)
    assert visible(other) == {}
    assert not [path for path in other.folder.iterdir() if path.name.endswith(".staging")]
    before = bundle.read_bytes()
    with file_limit(200), pytest.raises(BundleError, match="cannot be written"):
        write_bundle(faces, bundle)
    assert bundle.read_bytes() == before
    assert not list(tmp_path.glob(".*.partial"))


def test_what_is_not_here_or_altered_is_not_exported(faces, tmp_path):
    """Nothing is written then."""
    file = tmp_path / "b.zip"
    with pytest.raises(InputInvalidError, match="nobody is not in"):
        write_bundle(faces, file, ["nobody"])
    with pytest.raises(InputInvalidError, match="holds no weights"):
        write_bundle(ModelStore(tmp_path / "nothing"), file)
    store = copy_of_tiny_store(tmp_path / "store")
    (store.folder / store.conversion(ID).image.file).write_bytes(b"")
    with pytest.raises(BundleError, match="is missing or altered"):
        write_bundle(store, file)
    assert not file.exists()


def test_a_checkpoint_is_no_bundle(tmp_path):
    """Though a pickled one is a zip as well."""
    tiny_store()
    file = write_checkpoint(tmp_path, name="x.pt")
    assert zipfile.is_zipfile(file)
    assert not is_bundle(file)
    shutil.copy(file, tmp_path / MANIFEST)
    assert not is_bundle(tmp_path / MANIFEST)
