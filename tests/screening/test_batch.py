import os
import signal
from pathlib import Path

import pytest
from pictures import textured
from PIL import Image

from screening import worker
from screening.batch import examine_files
from screening.examine import Examined, examine
from screening.images import Limits, Seen, walk

CHILDREN = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")


def outcome(examined: Examined) -> tuple:
    """Return what was found, without the time it took."""
    codes = [f.hashes.codes.tobytes() for f in examined.fingerprints]
    return examined.path, examined.sha256, examined.unread, examined.passed_over, codes


def everything(files, **options) -> list[Examined]:
    limits = options.pop("limits", Limits())
    return [one for batch in examine_files(files, limits=limits, **options) for one in batch]


@pytest.fixture
def board(tmp_path: Path) -> Path:
    for number in range(40):
        textured(number, 80, 60).save(tmp_path / f"{number:02d}.png")
    (tmp_path / "10.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    (tmp_path / "notes.txt").write_text("not an image")
    return tmp_path


def slow_picture(path: Path) -> None:
    """Save a picture that takes a large part of a second to decode."""
    Image.new("L", (12_000, 12_000)).save(path, compress_level=1)


@pytest.mark.parametrize("workers", [0, 1, 2, 5])
def test_answers_come_in_order_whatever_the_workers(board, workers):
    """Every file comes back once, in path order, with what one process alone would say of it."""
    files = list(walk(board))
    expected = [outcome(examine(seen, Limits())) for seen in files]
    assert [outcome(one) for one in everything(files, workers=workers)] == expected
    assert len(expected) == 41


@pytest.mark.parametrize("workers", [2, 3, 4])
def test_a_slow_file_holds_up_no_other_and_loses_none(tmp_path, workers):
    """While the first file takes its time the queue fills; every file comes back all the same."""
    slow_picture(tmp_path / "000.png")
    for number in range(1, 400):
        (tmp_path / f"{number:03d}.txt").write_text("quick")
    found = everything(walk(tmp_path), workers=workers)
    assert [Path(one.path).name[:3] for one in found] == [f"{n:03d}" for n in range(400)]
    assert found[0].unread is None
    assert {one.passed_over for one in found[1:]} == {"not an image"}


def test_a_process_that_is_stopped_is_given_up(board, monkeypatch):
    """A worker that neither answers nor ends is replaced, and its file comes back."""
    monkeypatch.setattr("screening.batch._GRACE_SECONDS", 0.2)
    files, found = list(walk(board)), []
    for batch in examine_files(files, limits=Limits(max_seconds=0.5), workers=1):
        if not found:
            os.kill(int(CHILDREN.read_text().split()[0]), signal.SIGSTOP)
        found.extend(batch)
    assert [one.path for one in found] == [seen.path for seen in files]


def test_nothing_in_the_current_folder_is_run(board, monkeypatch):
    """A board that holds Python files is a board all the same."""
    (board / "numpy.py").write_text("open('was-run', 'w').close()")
    monkeypatch.chdir(board)
    assert len(everything(walk("."), workers=1)) == 42
    assert not (board / "was-run").exists()


def test_a_negative_number_of_workers_is_refused(board):
    """It does not mean that nothing is screened."""
    with pytest.raises(ValueError, match="workers is -1"):
        everything(walk(board), workers=-1)


def test_nothing_in_nothing_out():
    """No files, no answers, and the processes end."""
    assert everything([], workers=2) == []


def test_a_file_that_outlasts_its_time_is_unread_and_the_others_are_not(tmp_path):
    """The process that hangs on a file is ended; the file says so and the batch goes on."""
    for number in range(6):
        textured(number, 80, 60).save(tmp_path / f"{number}.png")
    slow_picture(tmp_path / "3.png")
    found = everything(walk(tmp_path), workers=2, limits=Limits(max_seconds=0.1))
    assert [one.unread for one in found] == [
        None,
        None,
        None,
        "took longer than 0.1 s (the limit of one file)",
        None,
        None,
    ]


def test_processes_that_are_killed_lose_no_file(board):
    """Workers killed between answers are replaced; every file comes back, at worst as unread."""
    files = list(walk(board))
    expected = {one.path: outcome(one) for one in everything(files, workers=0)}
    found, kills = [], 0
    for batch in examine_files(files, limits=Limits(), workers=2):
        found.extend(batch)
        if kills < 3:
            kills += 1
            os.kill(int(CHILDREN.read_text().split()[0]), signal.SIGKILL)
    assert kills == 3
    assert [one.path for one in found] == [seen.path for seen in files]
    for one in found:
        assert outcome(one) == expected[one.path] or one.unread == "decoder crashed (status -9)"


def test_closing_early_ends_the_processes(board):
    """A consumer that stops leaves no process behind."""
    before = set(CHILDREN.read_text().split())
    batches = examine_files(walk(board), limits=Limits(), workers=2)
    next(batches)
    assert len(set(CHILDREN.read_text().split()) - before) == 2
    batches.close()
    assert set(CHILDREN.read_text().split()) == before


def test_a_worker_ends_when_its_parent_is_gone():
    """The process does not outlive the other end of its pipe."""
    ours, theirs = os.pipe()
    os.close(theirs)
    child = os.fork()
    if child == 0:
        try:
            worker.main(ours)
        except (EOFError, OSError):
            os._exit(0)
        os._exit(1)
    os.close(ours)
    assert os.waitpid(child, 0)[1] == 0


def test_memory_is_bounded_by_jobs_not_by_files(tmp_path):
    """However many files there are, only a few are taken ahead of the one handed on."""
    textured(0, 16, 12).save(tmp_path / "one.png")
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield Seen(path=str(tmp_path / "one.png"))

    batches = examine_files(endless(), limits=Limits(), workers=2)
    given = 0
    while given < 2_500:
        given += len(next(batches))
        assert taken - given <= (2 * 4 + 1) * 128
    batches.close()
