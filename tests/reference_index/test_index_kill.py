"""A writer killed at any moment leaves the old state or the new, and a whole index."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from index_tools import (
    CONCEPT,
    HASH_SETTINGS,
    SETTINGS,
    VECTOR_SETTINGS,
    add,
    add_person,
    calibrate,
    calibration_at,
    content_at,
    files_of,
    likeness,
    make,
    record,
    words,
)

from reference_index import IndexWriter, verify
from reference_index.errors import IndexMissingError

KILLER = """
import os, signal, shutil, sys
from pathlib import Path
from test_index_kill import SCENARIOS, POINTS

folder, work = Path(sys.argv[1]), SCENARIOS[sys.argv[2]]

def die_at(number):
    left = number
    def counted(function):
        def call(*args, **kwargs):
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)
        return call
    for name in POINTS:
        setattr(os, name, counted(getattr(os, name)))

number, status = 0, 1
while status:
    copy = folder / str(number)
    if (folder / "base").exists():
        shutil.copytree(folder / "base", copy)
    child = os.fork()
    if not child:
        die_at(number)
        work(copy)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status
    number += 1
print(number)
"""
POINTS = ("fsync", "replace", "unlink", "rmdir", "mkdir", "rename")


def change(path):
    """Add, remove and change records in one commit, then remove a person."""
    with IndexWriter(path, settings=SETTINGS) as writer:
        add(writer, "c", "c0", "c1")
        writer.remove_record("a")
        writer.commit()
        writer.remove_record("p")


def create(path):
    """Make a new index with a record."""
    make(path, {"a": ["a0"]})


def recalibrate(path):
    """Put another calibration in the place of the first."""
    calibrate(path, images=200)


def meet(path):
    """Enroll a person by the face, the first of the index, and remove them again."""
    with IndexWriter(path, settings=HASH_SETTINGS) as writer:
        add_person(writer, "p1", "face")
        writer.commit()
        writer.remove_record("p1")


def look(path):
    """Add, remove and change what is searched by vectors, in one commit."""
    with IndexWriter(path, settings=VECTOR_SETTINGS) as writer:
        add(writer, "c", "c0")
        writer.remove_record("a")
        writer.put_record(record("b", title="renamed"), {CONCEPT: words("renamed")})


SCENARIOS = {
    "look": look,
    "change": change,
    "create": create,
    "recalibrate": recalibrate,
    "meet": meet,
}


def killed_everywhere(folder, scenario):
    """Run a scenario killed at its first, second, … file operation; return the folders left."""
    places = (Path(__file__).parent, *sys.path)
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, places))}
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(folder), scenario],
        check=True, capture_output=True, text=True, env=env, timeout=300,
    )  # fmt: skip
    return [folder / str(number) for number in range(int(done.stdout))]


def test_a_writer_killed_while_changing_leaves_one_state_or_the_next(tmp_path):
    """Whichever file operation is the last, the index verifies, and the next writer succeeds."""
    base = make(tmp_path / "base")
    states = [content_at(base)]
    shutil.copytree(base, tmp_path / "whole")
    with IndexWriter(tmp_path / "whole", settings=SETTINGS) as writer:
        add(writer, "c", "c0", "c1")
        writer.remove_record("a")
        writer.commit()
        states.append(content_at(tmp_path / "whole"))
        writer.remove_record("p")
    states.append(content_at(tmp_path / "whole"))

    places = killed_everywhere(tmp_path, "change")

    assert len(places) > 30
    seen = [states.index(content_at(place)) for place in places]
    assert seen == sorted(seen)
    assert set(seen) == {0, 1, 2}
    for place, state in zip(places, seen, strict=True):
        assert [problem for problem in verify(place) if problem.damage] == []
        make(place, {"d": ["d0"]})
        assert content_at(place) == states[state] | {"d": ("title of d", ["d0"])}
        assert verify(place) == ()


def test_a_writer_killed_while_creating_leaves_nothing_or_an_index(tmp_path):
    """Wherever it ends, the index is missing or whole, and can be made again."""
    places = killed_everywhere(tmp_path, "create")
    assert len(places) > 8
    for place in places:
        try:
            assert content_at(place) in ({}, {"a": ("title of a", ["a0"])})
            assert [problem for problem in verify(place) if problem.damage] == []
        except IndexMissingError:
            assert not (place / "manifest.json").exists()
        make(place, {"a": ["a0"]})
        assert content_at(place) == {"a": ("title of a", ["a0"])}
        assert verify(place) == ()


def test_a_writer_killed_while_calibrating_leaves_one_calibration_or_the_other(tmp_path):
    """Wherever it ends, the index has the old calibration or the new one, whole."""
    base = make(tmp_path / "base")
    calibrate(base)
    places = killed_everywhere(tmp_path, "recalibrate")
    assert len(places) > 5
    seen = [calibration_at(place).images for place in places]
    assert seen == sorted(seen)
    assert set(seen) == {100, 200}
    for place, images in zip(places, seen, strict=True):
        assert [problem for problem in verify(place) if problem.damage] == []
        make(place, {"d": ["d0"]})
        assert calibration_at(place).images == images
        assert verify(place) == ()


def test_a_writer_killed_while_enrolling_a_person_leaves_all_or_nothing_of_them(tmp_path):
    """Wherever it ends, the index is whole, and the next writer leaves no face of nobody there."""
    base = make(tmp_path / "base", {"a": ["a0"]}, settings=HASH_SETTINGS)
    before = content_at(base)
    vector = likeness("face").tobytes()
    places = killed_everywhere(tmp_path, "meet")
    seen = [content_at(place) for place in places]
    there = [content != before for content in seen]
    assert {True, False} == set(there)
    assert seen[there.index(True)] == before | {"p1": ("title of p1", ["face"])}
    for place, content in zip(places, seen, strict=True):
        assert [problem for problem in verify(place) if problem.damage] == []
        make(place, {"d": []}, settings=HASH_SETTINGS)
        assert content_at(place) == content | {"d": ("title of d", [])}
        assert verify(place) == ()
        held = b"".join((place / file).read_bytes() for file in files_of(place))
        assert (vector in held) == ("p1" in content)


def test_a_writer_killed_while_vectors_change_leaves_one_state_or_the_next(tmp_path):
    """Whichever file operation is the last, every image and word that is there is found."""
    base = make(tmp_path / "base", {"a": ["a0"], "b": ["b0"]}, settings=VECTOR_SETTINGS)
    states = [content_at(base)]
    states.append({"b": ("renamed", ["b0"]), "c": ("title of c", ["c0"])})
    places = killed_everywhere(tmp_path, "look")
    seen = [states.index(content_at(place)) for place in places]
    assert seen == sorted(seen)
    assert set(seen) == {0, 1}
    for place, state in zip(places, seen, strict=True):
        assert [problem for problem in verify(place) if problem.damage] == []
        make(place, {"d": ["d0"]}, settings=VECTOR_SETTINGS)
        assert content_at(place) == states[state] | {"d": ("title of d", ["d0"])}
        assert verify(place) == ()


@pytest.mark.parametrize(
    "name",
    ["manifest.json.tmp", "segments/00000009-0123abcd", "calibration-0123abcd.json"],
)
def test_what_a_killed_writer_left_is_told_and_removed(tmp_path, name):
    """Leftovers are named but are no damage, and the next writer removes them; others stay."""
    path = make(tmp_path / "i")
    (path / name).mkdir() if name.startswith("segments") else (path / name).write_bytes(b"half")
    (path / "note.txt").write_text("mine")
    assert {(problem.file, problem.damage) for problem in verify(path)} == {
        (name, False),
        ("note.txt", False),
    }
    with IndexWriter(path, settings=SETTINGS):
        pass
    assert [problem.file for problem in verify(path)] == ["note.txt"]
