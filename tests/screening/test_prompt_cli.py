"""``screening prompt``: prompts given, in files and on standard input, and what is told of them."""

import csv
import io
import json
import os
import sys

import pytest
from named_records import RECORDS, calibrate, name_null, names_index, shared_index

from reference_index import Kind, Record

NAMING, INNOCENT = "xylograph by Greg Rutkowski", "a zincograph of herons"


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    """Work in a folder of one's own, where no settings are found."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def prompt(run):
    """Return a function that runs ``screening prompt`` with the shared index."""

    def call(*arguments):
        return run("prompt", *arguments, "--index", shared_index())

    return call


def lines(text):
    """Return the screenings and the summary of a report of JSON lines."""
    *each, last = map(json.loads, text.splitlines())
    return each, last["summary"]


def has_no_prompt(*texts):
    """Tell whether no word stands in texts that only prompts have."""
    words = ("xylograph", "zincograph", "herons")
    return not [word for word in words for text in texts if word in text]


def test_a_prompt_that_names_somebody_flags(prompt):
    """Exit code 3; the table has the verdict, what names whom, and what to do."""
    code, out, err = prompt(NAMING)
    assert code == 3
    heading, row, *_ = out.splitlines()
    assert heading.split()[-1] == "PROMPT"
    assert row.startswith("needs approval")
    assert "prompt 1" in row
    assert "“Greg Rutkowski” in the prompt, as in “by ...”" in out
    assert "C2" in out
    assert has_no_prompt(out, err)


def test_a_prompt_that_names_nobody_does_not(prompt):
    """Exit code 0."""
    code, out, err = prompt(INNOCENT)
    assert code == 0
    assert out.splitlines()[1].startswith("nothing found")
    assert "1 prompt" in out
    assert has_no_prompt(out, err)


def test_prompts_and_files_are_told_in_their_order(prompt, tmp_path, monkeypatch):
    """Each called by its number, or by its file and line; all formats say the same."""
    (tmp_path / "list.txt").write_text(f"{INNOCENT}\n\n{NAMING}\n")
    (tmp_path / "list.jsonl").write_text(json.dumps({"prompt": "Rashomon at dawn"}))
    given = [NAMING, INNOCENT, "--file", "list.txt", "--file", "-", "--file", "list.jsonl"]
    expected = {
        "prompt 1": "needs_approval",
        "prompt 2": "nothing_found",
        "list.txt:1": "nothing_found",
        "list.txt:3": "needs_approval",
        "standard input:1": "blocked",
        "list.jsonl:1": "needs_approval",
    }
    reports = []
    for form in ("jsonl", "csv", "table"):
        stream = io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfQuillon Averbeck at dawn\r\n"))
        monkeypatch.setattr(sys, "stdin", stream)
        code, out, err = prompt(*given, "--format", form)
        assert code == 3
        assert has_no_prompt(out, err)
        reports.append(out)
    each, summary = lines(reports[0])
    assert {one["path"]: one["verdict"] for one in each} == expected
    assert [one["path"] for one in each] == [*expected]
    assert summary["verdicts"]["needs_approval"] == 3
    assert summary["verdicts"]["blocked"] == 1
    rows = [*csv.DictReader(io.StringIO(reports[1]))]
    assert {row["path"]: row["verdict"] for row in rows} == expected
    assert all(name in reports[2] for name in expected)


def test_the_machines_format_has_digests_and_the_words_that_name(prompt):
    """Not the prompt; the evidence says where the words stood."""
    _, out, _ = prompt(NAMING, "--lora", "dali_style.safetensors", "--candidates", "2",
                       "--format", "jsonl")  # fmt: skip
    [one], _ = lines(out)
    assert one["role"] == "input"
    assert len(one["sha256"]) == 64
    assert one["generation"]["loras"] == ["dali_style.safetensors"]
    assert one["generation"]["prompts"]["positive"][0]["characters"] == len(NAMING)
    [evidence] = one["findings"][0]["channels"]
    assert (evidence["channel"], evidence["calibration"]) == ("name", "own")
    assert "Greg Rutkowski" in evidence["transform"]
    assert {c["record_id"] for c in one["candidates"]} == {"rutkowski", "dali"}
    assert has_no_prompt(out)


def test_models_without_a_prompt(prompt):
    """They are screened alone, by their names."""
    code, out, _ = prompt("--model", "a/spiderman_v2.ckpt", "--lora", "greg_rutkowski",
                          "--format", "jsonl")  # fmt: skip
    [one], _ = lines(out)
    assert code == 3
    assert {f["record"]["id"] for f in one["findings"]} == {"spider", "rutkowski"}
    assert all("D2" in f["clauses"] for f in one["findings"])


def test_the_report_is_written_to_a_file(prompt, tmp_path):
    """Then the summary is talk."""
    code, out, err = prompt(NAMING, "--output", "report.csv", "--format", "csv")
    [row] = csv.DictReader((tmp_path / "report.csv").read_text(encoding="utf-8").splitlines())
    assert (code, out) == (3, "")
    assert row["record_id"] == "rutkowski"
    assert "1 prompt" in err


def test_settings_beside_are_honored(run, tmp_path):
    """The index and the policy of the nearest file of settings; options win."""
    (tmp_path / "screening.toml").write_text(
        f'indexes = ["{shared_index()}"]\npolicy = "copies-only"\n'
    )
    assert run("prompt", NAMING)[0] == 0
    assert run("prompt", NAMING, "--policy", "netflix-genai")[0] == 3
    rarer = ("--flag-at", "1e-200", "--note-at", "1e-200")
    assert run("prompt", NAMING, "--policy", "netflix-genai", *rarer)[0] == 0


def test_an_index_without_names_is_not_enough(run, tmp_path):
    """Exit code 4: nothing was looked at."""
    cleared = Record(id="c", kind=Kind.CLEARED, title="Rashomon")
    code, out, _ = run("prompt", NAMING, "--index", names_index(tmp_path / "c.index", [cleared]))
    assert code == 4
    assert "insufficient" in out


def test_figures_of_other_settings_are_an_error(run, tmp_path):
    """Exit code 1, and how to mend it."""
    index = names_index(tmp_path / "old.index", RECORDS[:1])
    calibrate(index, name_null(settings="matching 0"))
    code, out, err = run("prompt", NAMING, "--index", index)
    assert (code, out) == (1, "")
    assert "calibrate" in err
    assert has_no_prompt(err)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param([], 2, "no prompt: write it as PROMPT", id="nothing"),
        pytest.param(["--file", "none.txt"], 1, "none.txt: cannot be read", id="no file"),
        pytest.param(["--file", "."], 1, ".: cannot be read", id="folder"),
        pytest.param(["--file", "empty.txt"], 1, "no prompt in it", id="empty file"),
        pytest.param(["--file", "bytes.txt"], 1, "line 2 is not UTF-8", id="other bytes"),
        pytest.param(["--file", "mixed.jsonl"], 1, "line 2 is not JSON", id="mixed"),
        pytest.param(["a", "--format", "html"], 2, "'html'", id="format"),
        pytest.param(["a", "--candidates", "-1"], 2, "-1", id="candidates"),
        pytest.param(["a", "--role", "final"], 2, "No such option", id="role"),
        pytest.param(["a", "--workers", "1"], 2, "No such option", id="workers"),
        pytest.param(["a", "--policy", "none"], 1, "none", id="policy"),
    ],
)
def test_errors(prompt, tmp_path, arguments, code, words):
    """What is wrong and where, on standard error, without a word of a prompt."""
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "bytes.txt").write_bytes(b"xylograph\nherons \xff\n")
    (tmp_path / "mixed.jsonl").write_text('{"prompt": "xylograph"}\nherons\n')
    told, out, err = prompt(*arguments)
    assert (told, out) == (code, "")
    assert words in err
    assert has_no_prompt(err)


def test_no_index_is_an_error(run):
    """Which says how one is made."""
    code, _, err = run("prompt", NAMING)
    assert code == 2
    assert "no reference index" in err
    assert has_no_prompt(err)


@pytest.mark.skipif(os.name == "nt", reason="arguments are text there")
def test_arguments_that_are_no_text(prompt):
    """Bytes that no encoding has come as lone surrogates, and are screened."""
    assert prompt(os.fsdecode(b"\xff") + " Greg Rutkowski")[0] == 3
