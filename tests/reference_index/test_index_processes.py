"""Several processes at one index, and disks that refuse."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from index_tools import COMMITTED, SETTINGS, add, content_at, content_of, make, query

from reference_index import IndexWriter, ReferenceIndex, catalog, index, storage, verify
from reference_index.errors import IndexBusyError, IndexStorageError

WRITER = """
import sys, time
from index_tools import *
path, name = sys.argv[1:]
with IndexWriter(path, settings=SETTINGS, timeout=60) as writer:
    add(writer, name, name + " image")
    print("writing", flush=True)
    sys.stdin.readline()
    time.sleep(0.2)
"""


FILLER = """
import resource, signal, sys
from test_index_processes import *
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
fill(Path(sys.argv[1]))
"""


def start(script, *arguments):
    """Start a process with the modules of this folder at hand."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (Path(__file__).parent, *sys.path)))}
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env,
    )  # fmt: skip


def test_a_second_writer_is_told_or_waits(tmp_path):
    """While one process writes, another gets IndexBusyError, or its turn if it waits."""
    path = make(tmp_path / "i")
    with start(WRITER, path, "other") as process:
        assert process.stdout.readline() == "writing\n"
        with pytest.raises(IndexBusyError, match=r"being written by another process"):
            IndexWriter(path, settings=SETTINGS, timeout=0.1)
        assert content_at(path).keys() == COMMITTED.keys()
        process.stdin.write("\n")
        process.stdin.flush()
        with IndexWriter(path, settings=SETTINGS, timeout=60) as writer:
            add(writer, "mine", "mine image")
    assert content_at(path).keys() == {*COMMITTED, "other", "mine"}
    assert verify(path) == ()


def test_writers_that_create_at_once_share_one_index(tmp_path):
    """Processes that find no index make one between them, and none loses what it added."""
    names = ["one", "two", "three"]
    processes = [start(WRITER, tmp_path / "i", name) for name in names]
    for process in processes:
        process.stdin.close()
    for process in processes:
        with process:
            assert process.wait(timeout=60) == 0
    assert content_at(tmp_path / "i").keys() == set(names)
    assert verify(tmp_path / "i") == ()


@pytest.mark.parametrize("small", [storage.SMALL_FILE_BYTES, 0], ids=["read at once", "mapped"])
def test_a_reader_keeps_what_it_opened(tmp_path, monkeypatch, small):
    """Commits, removals and compaction change nothing for a reader, even one yet to look."""
    monkeypatch.setattr(storage, "SMALL_FILE_BYTES", small)
    path = make(tmp_path / "i")
    before = content_at(path)
    with ReferenceIndex.open(path) as used, ReferenceIndex.open(path) as unused:
        content_of(used)
        with IndexWriter(path, settings=SETTINGS) as writer:
            add(writer, "c", "c0")
            writer.commit()
            assert content_of(used) == before
            writer.remove_record("a")
            writer.remove_record("p")
            writer.commit()
            assert content_of(used) == before
            writer.compact()
        assert content_of(used) == before
        assert content_of(unused) == before
    assert content_at(path).keys() == {"b", "c"}


def test_a_reader_overtaken_by_a_writer_opens_the_new_state(tmp_path, monkeypatch):
    """Segments unlinked between reading the manifest and opening them are no damage."""
    path = make(tmp_path / "i")
    opening, overtaken = index.open_segments, []

    def overtake(root, entries):
        if len(overtaken) < 3:
            overtaken.append(len(overtaken))
            make(path, {f"new {len(overtaken)}": []})
            with IndexWriter(path, settings=SETTINGS) as writer:
                writer.compact()
        return opening(root, entries)

    monkeypatch.setattr(index, "open_segments", overtake)
    assert content_at(path).keys() == {*COMMITTED, "new 1", "new 2", "new 3"}


def fill(path):
    """Try to enroll more than there is room for; the error must be the one for that."""
    with pytest.raises(IndexStorageError) as caught:
        make(path, {f"r{number}": [f"i{number}"] for number in range(400)})
    assert "last committed state is whole" in str(caught.value)


@pytest.mark.parametrize("limit", [500, 4_000, 40_000], ids=str)
def test_a_file_that_cannot_grow_leaves_the_old_state(tmp_path, limit):
    """Whichever file the disk refuses first, the error is clear and nothing is left behind."""
    path = make(tmp_path / "i")
    before, names = content_at(path), sorted(path.rglob("*"))
    with start(FILLER, path, str(limit)) as process:
        assert process.wait(timeout=60) == 0
    assert sorted(path.rglob("*")) == names
    assert content_at(path) == before
    assert verify(path) == ()


def test_a_full_disk_leaves_the_old_state(tmp_path):
    """A file system without room gives a clear error; with room the same call succeeds."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(disk)],
        check=False, capture_output=True,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        path = make(disk / "i")
        before = content_at(path)
        fill(path)
        assert verify(path) == ()
        assert content_at(path) == before
        make(path, {"c": ["c0"]})
        assert content_at(path).keys() == {*COMMITTED, "c"}
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("refused", ["fsync", "replace", "mkdir"])
def test_any_refused_operation_leaves_the_old_state(tmp_path, monkeypatch, refused):
    """A refused file operation is an IndexStorageError, after which the writer writes no more."""
    path = make(tmp_path / "i")
    before = content_at(path)

    def refuse(*args, **kwargs):
        raise OSError(30, "Read-only file system")

    def add_and_commit():
        add(writer, "c", "c0")
        writer.commit()

    writer = IndexWriter(path, settings=SETTINGS)
    with monkeypatch.context() as patch:
        patch.setattr(os, refused, refuse)
        with pytest.raises(IndexStorageError, match="Read-only"):
            add_and_commit()
    for use in (writer.commit, lambda: add(writer, "d", "d0"), lambda: writer.has("a", "00")):
        with pytest.raises(IndexStorageError, match="failed before"):
            use()
    writer.close()
    assert content_at(path) == before
    assert verify(path) == ()


def test_an_interrupted_change_is_never_committed(tmp_path, monkeypatch):
    """Ctrl-C in the midst of adding an image leaves nothing that a later commit could write."""
    path = make(tmp_path / "i")
    before = content_at(path)

    def interrupted(*args):
        raise KeyboardInterrupt

    with closing(IndexWriter(path, settings=SETTINGS)) as writer:
        monkeypatch.setattr(catalog.Catalog, "add_image", interrupted)
        with pytest.raises(KeyboardInterrupt):
            add(writer, "c", "c0")
        with pytest.raises(IndexStorageError, match="failed before"):
            writer.commit()
    assert content_at(path) == before


def test_a_writer_interrupted_after_the_switch_keeps_the_new_state(tmp_path, monkeypatch):
    """What is left over is decided by the manifest on the disk, not by how far the writer got."""
    path = make(tmp_path / "i")
    replace = os.replace

    def interrupted(*args):
        replace(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            make(path, {"c": ["c0"]})
    assert content_at(path).keys() == {*COMMITTED, "c"}
    assert verify(path) == ()
    with ReferenceIndex.open(path) as opened:
        assert opened.search_hashes(query("c0"), k=1)[0][0].record_id == "c"
