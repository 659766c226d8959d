import hashlib
import os
import socket
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path

import pytest
from hostile import encoded, scenes

from screening.errors import PathMissingError, ScreeningError, UnreadError
from screening.images import Limits, load, walk
from screening.images.formats import HEAD_BYTES

NOBODY = 65534


def listing(root):
    """Return what is seen below root: relative path to None or the reason."""
    return {os.path.relpath(seen.path, root): seen.skip and seen.skip.reason for seen in walk(root)}


def make(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


@pytest.mark.smoke
def test_files_come_in_path_order(tmp_path):
    """Folders stand where their name does, and names are compared as bytes."""
    make(tmp_path, "b/2.png", "b/10.png", "a.png", "B.png", "b.png", "c/d/e.png", "é.png")
    expected = ["B.png", "a.png", "b/10.png", "b/2.png", "b.png", "c/d/e.png", "é.png"]
    assert list(listing(tmp_path)) == expected


def test_order_is_that_of_path_components(tmp_path):
    """A folder's files are not torn apart by a name that sorts between."""
    make(tmp_path, "a/x", "a-b", "a.c/x", "a/y/z")
    seen = [os.fsencode(name).split(b"/") for name in listing(tmp_path)]
    assert seen == sorted(seen)


def test_the_root_stays_as_it_was_given(tmp_path, monkeypatch):
    """Paths are the root joined with what lies below, relative or not."""
    make(tmp_path, "board/a.png")
    monkeypatch.chdir(tmp_path)
    assert [seen.path for seen in walk("board")] == ["board/a.png"]
    assert [seen.path for seen in walk("board/a.png")] == ["board/a.png"]


def test_every_file_is_looked_at_whatever_its_name_and_folder(tmp_path):
    """A dot hides nothing, and what a sidecar is its bytes say."""
    names = (".DS_Store", ".a.png", ".git/a.png", "._a.png", "Thumbs.db", "__MACOSX/b.png")
    make(tmp_path, *names, "a.XMP", "c/.d/e.png")
    expected = sorted((*names, "a.XMP", "c/.d/e.png"), key=lambda name: name.split("/"))
    assert listing(tmp_path) == dict.fromkeys(expected)
    assert list(listing(tmp_path)) == expected


def test_a_folder_named_like_an_image_is_entered(tmp_path):
    """A name does not make a folder a file."""
    make(tmp_path, "x.png/y.png")
    assert listing(tmp_path) == {"x.png/y.png": None}


def test_links_are_followed_to_files_inside_only(tmp_path):
    """Every other link is listed with the reason."""
    root = tmp_path / "root"
    make(root, "a/b.png", ".h/c.png")
    make(tmp_path, "out/d.png", "rootling/e.png")
    for name, target in {
        "1 file": "a/b.png",
        "2 folder": "a",
        "3 out": "../out/d.png",
        "4 out": "../out",
        "5 dangling": "nothing",
        "6 loop": "6 loop",
        "7 up": "..",
        "8 self": ".",
        "9 hidden": ".h",
        "beside": "../rootling/e.png",
    }.items():
        (root / name).symlink_to(target)
    found = listing(root)
    loop = found.pop("6 loop")
    assert loop.startswith("link that cannot be followed")
    assert found == {
        ".h/c.png": None,
        "1 file": None,
        "2 folder": "link to a folder that is listed at its own place",
        "3 out": "link leads out of the folder",
        "4 out": "link leads out of the folder",
        "5 dangling": "link to nothing",
        "7 up": "link leads out of the folder",
        "8 self": "link to a folder that is listed at its own place",
        "9 hidden": "link to a folder that is listed at its own place",
        "a/b.png": None,
        "beside": "link leads out of the folder",
    }
    unread = {
        os.path.relpath(seen.path, root) for seen in walk(root) if seen.skip and seen.skip.unread
    }
    assert unread == {"3 out", "4 out", "5 dangling", "6 loop", "7 up", "beside"}


def test_the_root_may_be_a_link(tmp_path):
    """Whoever names a link means what it leads to."""
    make(tmp_path, "real/a.png")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").symlink_to("real/a.png")
    assert listing(tmp_path / "link") == {"a.png": None}
    assert [seen.skip for seen in walk(tmp_path / "file")] == [None]


def test_pipes_and_sockets_are_unread_and_never_opened(tmp_path, monkeypatch):
    """Neither the walk nor a read waits for a writer."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.png")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.png")
        expected = dict.fromkeys(("pipe.png", "socket.png"), "not a regular file")
        assert listing(".") == expected
        assert [seen.skip.reason for seen in walk("pipe.png")] == ["not a regular file"]
        assert all(seen.skip.unread for seen in walk("."))
        for name in expected:
            with pytest.raises(UnreadError):
                load(name)


@pytest.mark.parametrize("question", ["is_symlink", "is_dir", "is_file"])
def test_an_entry_that_cannot_be_asked_what_it_is_is_unread(tmp_path, monkeypatch, question):
    """The walk goes on behind it."""

    class Failing:
        def __init__(self, entry):
            self.name, self.path, self._entry = entry.name, entry.path, entry

        def __getattr__(self, name):
            return self._fail if (name, self.name) == (question, "b.png") else self._of(name)

        def _fail(self, **_):
            raise PermissionError(13, "Permission denied")

        def _of(self, name):
            return getattr(self._entry, name)

    @contextmanager
    def scandir(folder):
        with real(folder) as entries:
            yield [Failing(entry) for entry in entries]

    real = os.scandir
    make(tmp_path, "a.png", "b.png", "c.png")
    monkeypatch.setattr(os, "scandir", scandir)
    found = list(walk(tmp_path))
    monkeypatch.undo()
    assert [seen.skip and seen.skip.reason for seen in found] == [None, "permission denied", None]
    assert found[1].skip.unread


def test_a_root_that_does_not_exist_is_an_error(tmp_path):
    """Nothing to screen is no empty result."""
    with pytest.raises(PathMissingError, match=r"nothing to screen at .*gone"):
        list(walk(tmp_path / "gone"))
    assert issubclass(PathMissingError, ScreeningError)


def test_names_that_are_not_utf8_are_walked_and_read(tmp_path):
    """Bytes of a name survive the way through a string."""
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    data = encoded(scenes(1)[0], "PNG")
    path.write_bytes(data)
    (seen,) = walk(tmp_path)
    assert os.fsencode(seen.path) == os.fsencode(path)
    assert load(seen.path).data == data


def test_deep_folders_do_not_exhaust_the_stack(tmp_path, monkeypatch):
    """A path longer than the system takes ends in a reason."""
    monkeypatch.chdir(tmp_path)
    for _ in range(30):
        Path("d" * 200).mkdir()
        os.chdir("d" * 200)
    found = list(walk(tmp_path))
    assert len(found) == 1
    assert found[0].skip.unread
    os.chdir(tmp_path)


def test_what_cannot_be_opened_is_unread(tmp_path):
    """A folder and a file without permission are told, by a user who is not root."""
    if os.getuid() != 0:
        pytest.skip("needs root, to become a user for whom permissions count")
    root = tmp_path / "root"
    make(root, "closed/a.png", "b.png")
    code = f"""
        import os
        from screening.images import load, walk
        from screening.errors import UnreadError
        os.chdir({str(root)!r})
        os.chmod("closed", 0)
        os.chmod("b.png", 0)
        os.setuid({NOBODY})
        for seen in walk("."):
            print(seen.path, seen.skip)
        try:
            load("b.png")
        except UnreadError as error:
            print(error.reason)
    """
    for folder in (root, *root.parents):
        if folder.stat().st_mode & 0o005 != 0o005 and folder.is_relative_to("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o005)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    (root / "closed").chmod(0o700)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "./b.png None",
        "./closed Skip(reason='folder cannot be listed: permission denied', unread=True)",
        "permission denied",
    ]


def test_an_image_is_read_whole_with_its_digest(tmp_path):
    """Type, bytes and sha256 of an image come together."""
    data = encoded(scenes(1)[0], "PNG")
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    loaded = load(path)
    assert loaded.type.format == "PNG"
    assert loaded.data == data
    assert loaded.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(("name", "unread"), [("a.txt", False), ("a.mkv", True), ("a.png", True)])
def test_of_anything_else_only_the_head_is_read(tmp_path, name, unread):
    """A file that is no image may be larger than the limit, and its bytes are not kept."""
    path = tmp_path / name
    path.write_bytes(bytes(3 * HEAD_BYTES))
    loaded = load(path, limits=Limits(max_bytes=10))
    assert loaded.data is None
    assert loaded.sha256 is None
    assert loaded.type.skip.unread == unread


@pytest.mark.parametrize(("spare", "fits"), [(0, True), (-1, False)])
def test_the_size_of_an_image_is_checked_before_it_is_read(tmp_path, spare, fits):
    """A file of exactly the limit is read, one byte more is unread."""
    data = encoded(scenes(1)[0], "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(data)
    limits = Limits(max_bytes=len(data) + spare)
    if fits:
        assert load(path, limits=limits).data == data
    else:
        with pytest.raises(UnreadError, match="too large"):
            load(path, limits=limits)


@pytest.mark.parametrize(
    ("name", "reason"), [("gone.png", "no such file"), ("folder.png", "is a directory")]
)
def test_what_is_no_file_is_unread(tmp_path, name, reason):
    """A path that vanished since the walk, or is a folder, has a reason."""
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(UnreadError, match=reason):
        load(tmp_path / name)


def test_an_empty_file_named_like_an_image_is_unread(tmp_path):
    """Zero bytes are a reason of their own."""
    path = tmp_path / "a.jpg"
    path.touch()
    assert load(path).type.skip.reason == "empty file"


def test_a_folder_of_many_names_is_walked(tmp_path):
    """Every one of ten thousand names comes out, in order."""
    for number in range(10_000):
        os.mknod(tmp_path / f"{number:05}.png")
    names = [Path(seen.path).name for seen in walk(tmp_path)]
    assert names == [f"{number:05}.png" for number in range(10_000)]
