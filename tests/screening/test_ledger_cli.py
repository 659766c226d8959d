"""``screening ledger``: verify, export, checkpoint."""

import json
import sqlite3

import pytest

from screening.approvals import Checkpoint, EntryKind, Store


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return where a store with three letters is, in the folder that commands are run in."""
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "board.store"
    with Store.open(place, create=True) as store:
        write(store)
    return place


def write(store):
    """Put three letters on record."""
    for number in range(3):
        store.append(
            EntryKind.LETTER, body={"number": number}, particulars={"title": f"Löwe {number}"}
        )


def alter(place, statement):
    """Change a store from outside."""
    connection = sqlite3.connect(place)
    with connection:
        assert connection.execute(statement).rowcount == 1
    connection.close()


@pytest.mark.smoke
def test_a_whole_ledger_is_said_to_be_whole(place, run):
    """One sentence, exit code 0."""
    code, out, _ = run("ledger", "verify", "--store", place)
    assert (code, out) == (0, f"{place}: the ledger is whole\n")


def test_every_problem_is_a_line(place, run):
    """Each is named by its entry, then one sentence says how many; exit code 3."""
    alter(place, "UPDATE screening_entries SET body = '{}' WHERE seq = 1")
    alter(place, "DELETE FROM screening_entries WHERE seq = 2")
    code, out, _ = run("ledger", "verify", "--store", place)
    *problems, sentence = out.splitlines()
    assert code == 3
    assert problems[0].startswith("entry 1 (letter, 20")
    assert problems[0].endswith("): body is not what was hashed")
    assert problems[1] == "entry 2 is missing"
    assert problems[2].endswith("belong to no entry")
    assert sentence == f"{place}: 3 problems: the ledger is not as it was written"


def test_a_ledger_cut_short_is_told_by_the_checkpoint_of_before(place, run, tmp_path):
    """Without it nothing can be seen."""
    witness = tmp_path / "witness.json"
    assert run("ledger", "checkpoint", "--store", place, "--output", witness)[0] == 0
    assert Checkpoint.read(witness).seq == 3
    for table, which in (("entries", "seq"), ("particulars", "rowid")):
        alter(place, f"DELETE FROM screening_{table} WHERE {which} = 3")
    assert run("ledger", "verify", "--store", place)[0] == 0
    code, out, _ = run("ledger", "verify", "--store", place, "--checkpoint", witness)
    assert code == 3
    assert out.startswith("entry 3 is missing at the end: the checkpoint of 20")


def test_without_the_key_file_it_says_what_was_not_checked(place, run):
    """Exit code 4: nothing was found, but not all could be looked at."""
    place.with_name("board.store.key").unlink()
    code, out, _ = run("ledger", "verify", "--store", place)
    assert code == 4
    assert "was not checked" in out
    assert out.endswith("not all of it could be checked\n")


def test_an_export_holds_particulars_only_where_asked(place, run, tmp_path):
    """It is verified without its store, and a changed byte of it is told."""
    code, out, _ = run("ledger", "export", "--store", place)
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line.get("body") for line in lines] == [*({"number": n} for n in range(3)), None]
    assert "we 1" not in out
    file = tmp_path / "out.jsonl"
    run("ledger", "export", "--store", place, "--with-particulars", "--output", file)
    assert json.loads(file.read_text().splitlines()[1])["content"] == {"title": "Löwe 1"}
    place.unlink()
    code, out, _ = run("ledger", "verify", "--export", file)
    assert (code, out) == (0, f"{file}: the ledger is whole\n")
    file.write_text(file.read_text().replace("we 1", "we 2"))
    code, out, _ = run("ledger", "verify", "--export", file)
    assert code == 3
    assert "not those that were signed" in out


def test_the_store_is_not_overwritten_by_what_is_said_of_it(place, run):
    """Neither it nor its key file is taken for an output."""
    for file in (place, place.with_name("board.store.key")):
        before = file.read_bytes()
        for command in ("export", "checkpoint"):
            code, _, err = run("ledger", command, "--store", place, "--output", file)
            assert code == 1
            assert "name another file" in err
        assert file.read_bytes() == before


def test_the_store_of_the_production_is_taken_without_an_option(place, run, tmp_path):
    """screening.toml of the folder names it; an option wins."""
    (tmp_path / "screening.toml").write_text('store = "board.store"\n')
    assert run("ledger", "verify")[:2] == (0, f"{place}: the ledger is whole\n")
    assert run("ledger", "verify", "--store", "none")[0] == 1


@pytest.mark.parametrize("command", ["verify", "export", "checkpoint"])
def test_a_store_that_is_not_named_or_not_there_is_an_error(place, run, tmp_path, command):
    """Exit code 1, with what to do; nothing is made."""
    code, _, err = run("ledger", command)
    assert code == 1
    assert "--store" in err
    code, _, err = run("ledger", command, "--store", "none")
    assert code == 1
    assert "screening submit" in err
    assert not (tmp_path / "none").exists()


def test_a_checkpoint_that_is_none_is_an_error(place, run, tmp_path):
    """Exit code 1: nothing is said of the ledger."""
    (tmp_path / "c").write_text("{}")
    code, out, err = run("ledger", "verify", "--store", place, "--checkpoint", tmp_path / "c")
    assert (code, out) == (1, "")
    assert "is no checkpoint" in err
