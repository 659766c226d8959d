import json
import os
import re
import shlex
import sys
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest
from people import portrait
from pictures import composed
from PIL import Image, ImageOps

from screening.cli import main
from screening.config import read_config
from screening.decision import NETFLIX_GENAI
from screening.demo import SITTERS
from screening.enrollment.sources import COLUMNS
from screening.images import Limits
from screening.matching.findings import FaceSeen, NameSeen

README = Path(__file__).parents[2] / "README.md"
pytestmark = pytest.mark.skipif(not README.exists(), reason="runs in a checkout, not on a wheel")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def studio(tmp_path, monkeypatch):
    """A folder with works, a board, a background and pairs, as the README supposes it."""
    for name in ("works", "board", "unrelated", "ours", "finals", "refs"):
        (tmp_path / name).mkdir()
    composed(1).save(tmp_path / "works" / "Harbor.png")
    for seed in range(3, 6):
        composed(seed).save(tmp_path / "works" / f"Pier {seed}.png")
    for seed in range(10, 60):
        composed(seed, 150, 100).save(tmp_path / "unrelated" / f"{seed}.png")
    rows = ("board/harbor.png,Harbor", "works/Pier 3.png,Pier 3")
    (tmp_path / "pairs.csv").write_text("\n".join(("query,record", *rows)))
    ImageOps.mirror(composed(1)).save(tmp_path / "board" / "harbor.png")
    composed(2).save(tmp_path / "board" / "other.png")
    composed(7).save(tmp_path / "board" / "deck.png")
    composed(7).save(tmp_path / "ours" / "mizzen.png")
    records = "id,kind,title,images\nmizzen,key-element,The Mizzen,mizzen.png\n"
    (tmp_path / "ours" / "records.csv").write_text(records)
    composed(2).save(tmp_path / "finals" / "poster.png")
    composed(8).save(tmp_path / "refs" / "fog.png")
    (tmp_path / "prompts.txt").write_text("a pier at dusk, film grain\nfog over a gray sea\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cast(studio, monkeypatch):
    """The studio with photographs of people, and the README's table of the crew."""
    pytest.importorskip("dlib")
    monkeypatch.setenv("SCREENING_MODELS", str(studio / "weights"))
    ada = portrait()
    if (file := SITTERS[1].portrait) is None:
        pytest.skip("the portrait is absent: scikit-image is not installed")
    with Image.open(file) as image:
        bea = image.convert("RGB")
    for name in ("people/Somebody", "crew/ada"):
        (studio / name).mkdir(parents=True)
    ada.save(studio / "people" / "Somebody" / "1.png")
    ada.save(studio / "crew" / "ada" / "1.jpg")
    bea.save(studio / "crew" / "bea.jpg")
    party = Image.new("RGB", (1000, 600), "gray")
    party.paste(ada.resize((430, 504)), (0, 0))
    party.paste(bea.resize((500, 500)), (440, 20))
    party.save(studio / "crew" / "wrap_party.jpg")
    (table,) = blocks("csv")
    year = date.today().year + 1  # noqa: DTZ011
    (studio / "crew" / "crew.csv").write_text(table.replace("2031", str(year)))
    return studio


def run(command: str, monkeypatch) -> int:
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    with pytest.raises(SystemExit) as ending:
        main()
    return int(ending.value.code or 0)


def test_every_command_and_the_python_examples_work(cast, monkeypatch, capsys):
    """What the README says to type does what it says; nothing answers where a hub should."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    commands = [
        line.removeprefix("$ ")
        for block in blocks("console")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]
    assert len(commands) >= 16
    codes = {
        "screening scan": 3,
        "screening prompt": 3,
        "screening usage check": 3,
        "screening deliverables": 3,
        "screening models pull": 1,
    }
    for command in commands:
        expected = (code for start, code in codes.items() if command.startswith(start))
        assert run(command, monkeypatch) == next(expected, 0)
    capsys.readouterr()
    example, drawing = blocks("python")
    names = {"__name__": "__main__"}
    exec(compile(example, "README", "exec"), names)
    names["screener"].close()
    said = capsys.readouterr().out
    assert said.startswith("needs_approval complete\nHarbor ")
    assert f"board{os.sep}other.png nothing_found None" in said
    exec(compile(drawing, "README", "exec"), names)
    assert min(names["drawing"].size) > 200


def test_the_configuration_example_is_understood(studio, monkeypatch):
    """The keys of the README are the keys there are."""
    (block,) = blocks("toml")
    (studio / "screening.toml").write_text(block)
    config = read_config(studio / "screening.toml")
    assert config.production == "Halyard"
    assert len(config.indexes) == 2
    assert config.limits == Limits()
    assert config.required == NETFLIX_GENAI.required


def test_the_json_example_has_the_fields_of_the_report(studio, monkeypatch, capsys):
    """Field names in the README are those that a scan writes."""
    run("screening enroll works.index works", monkeypatch)
    capsys.readouterr()
    run("screening scan board/harbor.png --index works.index --format jsonl", monkeypatch)
    actual = json.loads(capsys.readouterr().out.splitlines()[0])
    (block,) = blocks("json")
    documented = json.loads(block)
    assert documented.keys() == actual.keys()
    assert documented["findings"][0].keys() == actual["findings"][0].keys()
    assert documented["findings"][0]["record"].keys() == actual["findings"][0]["record"].keys()
    assert documented["channels"] == actual["channels"]
    said, found = (
        {evidence["channel"]: evidence.keys() for evidence in line["findings"][0]["channels"]}
        for line in (documented, actual)
    )
    assert said == found


def test_the_columns_of_a_records_file_are_those_there_are():
    """The README has every column, in the order that the program has them."""
    paragraph = README.read_text(encoding="utf-8").partition("## Records")[2]
    told = re.findall(r"`(\w+(?:,\w+)+)`", paragraph)[:2]
    assert tuple(",".join(told).split(",")) == COLUMNS


def test_the_readme_names_what_json_says_of_a_name():
    """Every field of the words that a report has is explained."""
    (told,) = re.findall(
        r"`named` is that of(.*?)`inliers`", README.read_text(encoding="utf-8"), re.DOTALL
    )
    assert re.findall(r"`(\w+)`", told) == [field.name for field in fields(NameSeen)]


def test_the_readme_names_what_json_says_of_a_face():
    """Every field of a face that a report has is explained."""
    (told,) = re.findall(
        r"`face` that of(.*?)In `channels`", README.read_text(encoding="utf-8"), re.DOTALL
    )
    assert set(re.findall(r"`(\w+)`", told)) == {field.name for field in fields(FaceSeen)}
