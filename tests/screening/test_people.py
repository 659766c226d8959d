"""People enrolled from photographs, by whatever weights are here."""

import hashlib
from collections import Counter
from datetime import date, timedelta
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest
from people import DLIB, model_in, outcomes, pair, people_index, photographs, portrait
from pictures import textured
from PIL import Image, ImageFilter, ImageOps

from reference_index import IndexFormatError, Kind, Record, ReferenceIndex
from screening.enrollment import Enrolled, Outcome, Source, enroll, folder_sources, records_sources
from screening.errors import ModelMissingError
from screening.images import Seen
from screening.signals.faces import find_faces

TODAY = date.today()  # noqa: DTZ011  the day where we are
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photographs of one person."""
    place = tmp_path / "people" / "Someone"
    place.mkdir(parents=True)
    portrait().save(place / "a.png")
    portrait().crop((40, 20, 480, 520)).resize((330, 375)).save(place / "b.jpg")
    return tmp_path / "people"


def enrolled(index: Path, sources, **options) -> list[Enrolled]:
    told: list[Enrolled] = []
    enroll(index, sources, workers=0, report=told.append, **options)
    return told


def people(folder: Path):
    return folder_sources(folder, kind=Kind.PERSON)


def from_file(folder: Path, rows: str):
    (folder / "records.csv").write_text(f"id,kind,title,images,retain_until\n{rows}")
    return records_sources(folder / "records.csv", folder=folder, kind=Kind.WORK)


def state(index: Path) -> dict[str, str]:
    files = [file for file in index.rglob("*") if file.is_file()]
    return {str(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def faces_of(image: Image.Image, weights: Path):
    pixels = np.asarray(image)
    return find_faces(pixels, model=model_in(weights), width=image.width, height=image.height)


def test_a_photograph_is_enrolled_on_every_channel(tmp_path, folder, weights):
    """Face, hash and local features are kept, and an altered copy comes closest to the person."""
    index = tmp_path / "i.index"
    told = enrolled(index, people(folder))
    assert outcomes(told) == {"ENROLLED": 2}
    faces = faces_of(ImageOps.mirror(portrait()).resize((300, 350)), weights)
    with ReferenceIndex.open(index) as opened:
        assert {name: opened.references(name) for name in opened.channels} == {
            "embedding:copies-v1": 0,
            "face": 2,
            "hash": 2,
            "local": 2,
        }
        assert opened.settings["face"] == model_in(weights).settings == faces.settings
        (near,) = opened.search_faces(faces.vectors, k=1)
        assert (near[0].record_id, near[0].score > 0.9) == (told[0].record_id, True)


def test_enrolling_people_again_changes_no_byte(tmp_path, folder, weights):
    """Photographs and refused ones alike are told again, and nothing is written."""
    textured(1).save(folder / "Someone" / "nobody.png")
    enrolled(tmp_path / "i.index", people(folder))
    before = state(tmp_path / "i.index")
    assert outcomes(enrolled(tmp_path / "i.index", people(folder))) == {"ALREADY": 2, "NO_FACE": 1}
    assert state(tmp_path / "i.index") == before


def test_what_does_not_show_one_face_is_told_and_not_enrolled(tmp_path, folder, weights):
    """No face, several, one too poor: each named with the reason; nothing of them is kept."""
    place = folder / "Someone"
    textured(1).save(place / "nobody.png")
    pair().save(place / "pair.png")
    portrait().filter(ImageFilter.GaussianBlur(14)).save(place / "soft.png")
    told = {Path(one.path).name: one for one in enrolled(tmp_path / "i.index", people(folder))}
    soft = Outcome.NO_FACE if model_in(weights).id == DLIB else Outcome.POOR_FACE
    assert {name: one.outcome for name, one in told.items()} == {
        "a.png": Outcome.ENROLLED,
        "b.jpg": Outcome.ENROLLED,
        "nobody.png": Outcome.NO_FACE,
        "pair.png": Outcome.SEVERAL_FACES,
        "soft.png": soft,
    }
    boxes = told["pair.png"].reason.split("followed by ")[1].split(" or ")
    assert len(boxes) == 2
    assert all(box.startswith("#") and len(box.split(",")) == 4 for box in boxes)
    if soft is Outcome.POOR_FACE:
        assert told["soft.png"].reason == "the largest is 178 px wide"
    with ReferenceIndex.open(tmp_path / "i.index") as opened:
        assert opened.image_count == 2


def test_a_box_names_one_of_several_faces(tmp_path, folder, weights):
    """The boxes that the refusal tells are understood, each as the face that it is about."""
    pair().save(folder / "pair.png")
    told = enrolled(tmp_path / "none.index", from_file(folder, "p,person,Someone,pair.png,\n"))
    (reason,) = [one.reason for one in told if one.outcome is Outcome.SEVERAL_FACES]
    boxes = reason.split("followed by ")[1].split(" or ")
    rows = "".join(f'p{n},person,Title {n},"pair.png{box}",\n' for n, box in enumerate(boxes))
    told = enrolled(tmp_path / "i.index", from_file(folder, rows))
    assert [one.outcome for one in told if one.record_id] == [Outcome.ENROLLED] * 2
    faces = faces_of(pair(), weights)
    with ReferenceIndex.open(tmp_path / "i.index") as opened:
        found = opened.search_faces(faces.vectors, k=1)
        assert [near[0].record_id for near in found] == ["p0", "p1"]
        assert [near[0].score for near in found] == pytest.approx([1, 1], abs=1e-5)


def test_a_box_without_a_face_in_it_is_told(tmp_path, folder, weights):
    """It is not taken for whatever face there is; a file of the literal name has no box."""
    portrait().save(folder / "a#0,0.9,0.1,1", format="PNG")
    rows = 'p,person,Someone,"Someone/a.png#0,0.9,0.1,1;a#0,0.9,0.1,1",\n'
    told = enrolled(tmp_path / "i.index", from_file(folder, rows))
    assert [(one.outcome, one.reason) for one in told if one.record_id] == [
        (Outcome.NO_FACE, "none overlaps the box"),
        (Outcome.ENROLLED, None),
    ]


def test_doubtful_photographs_are_enrolled_when_told_so(tmp_path, folder, weights):
    """Of several faces the largest is taken; where there is none nothing is."""
    pair().save(folder / "Someone" / "pair.png")
    textured(1).save(folder / "Someone" / "nobody.png")
    told = enrolled(tmp_path / "i.index", people(folder), keep_doubtful=True)
    assert outcomes(told) == {"ENROLLED": 3, "NO_FACE": 1}
    largest = faces_of(pair(), weights).vectors[:1]
    with ReferenceIndex.open(tmp_path / "i.index") as opened:
        assert opened.references("face") == 3
        assert opened.search_faces(largest, k=1)[0][0].score > 0.95


def test_works_and_people_of_one_file_go_into_one_index(tmp_path, folder, weights):
    """Only of people are faces kept; of a work that shows somebody none is."""
    portrait().rotate(2).save(folder / "poster.png")
    rows = "w,work,Poster,poster.png,\np,person,Someone,Someone/*,\n"
    told = enrolled(tmp_path / "i.index", from_file(folder, rows))
    assert outcomes(told) == {"ENROLLED": 3}
    with ReferenceIndex.open(tmp_path / "i.index") as opened:
        assert [opened.references(name) for name in ("face", "hash")] == [2, 3]


def test_weights_that_are_missing_are_told_before_anything_is_written(tmp_path, folder, weights):
    """The error names what is wanted; a person's row last in the file stops the works before it."""
    textured(1).save(folder / "work.png")
    rows = "w,work,Work,work.png,\np,person,Someone,Someone/*,\n"
    with pytest.raises(ModelMissingError, match="sface-2021dec"):
        enrolled(tmp_path / "i.index", from_file(folder, rows), face_model="sface-2021dec")
    assert not (tmp_path / "i.index").exists()


def test_an_index_keeps_to_the_weights_of_its_faces(tmp_path, folder, weights):
    """They are taken without being named; others are refused, and missing ones are an error."""
    index = tmp_path / "i.index"
    enrolled(index, people(folder), face_model=model_in(weights).id)
    portrait().rotate(3).save(folder / "Someone" / "c.png")
    assert outcomes(enrolled(index, people(folder))) == {"ALREADY": 2, "ENROLLED": 1}
    if model_in(weights).id != DLIB:
        with pytest.raises(IndexFormatError, match=f"not by {DLIB}"):
            enrolled(index, people(folder), face_model=DLIB)
    people_index(tmp_path / "other.index", {"p": {}})
    with pytest.raises(ModelMissingError, match="somebody's"):
        enrolled(tmp_path / "other.index", people(folder))


def test_a_person_who_is_to_be_held_no_longer_is_not_enrolled(tmp_path, folder, weights):
    """The last day is one on which they are; nothing of the others is put into the index."""
    index = tmp_path / "i.index"
    rows = f"p,person,Someone,Someone/*,{YESTERDAY}\nq,person,Other,Someone/*,{TODAY}\n"
    told = enrolled(index, from_file(folder, rows))
    assert Counter((one.record_id, one.outcome) for one in told if one.record_id) == {
        ("p", Outcome.EXPIRED): 2,
        ("q", Outcome.ENROLLED): 2,
    }
    assert f"retain_until is {YESTERDAY}" in {one.reason for one in told}
    with ReferenceIndex.open(index) as opened:
        assert [record.id for record in opened.records()] == ["q"]


def test_an_earlier_date_removes_whom_the_index_holds(tmp_path, folder, weights):
    """By whatever date the index would have held them; done again nothing is left to remove."""
    index = tmp_path / "i.index"
    rows = f"p,person,Someone,Someone/*,{{}}\nq,person,Other,Someone/*,{TODAY}\n"
    enrolled(index, from_file(folder, rows.format(TODAY)))
    said: list[str] = []
    for expected in ([f"{index}: people whose retention date has passed were removed: 1"], []):
        said.clear()
        told = enrolled(index, from_file(folder, rows.format(YESTERDAY)), remark=said.append)
        assert [one.outcome for one in told if one.record_id == "p"] == [Outcome.EXPIRED] * 2
        assert [line for line in said if "retention" in line] == expected
        with ReferenceIndex.open(index) as opened:
            assert [record.id for record in opened.records()] == ["q"]
            assert opened.references("face") == 2


def test_faces_go_with_a_person_who_becomes_something_else(tmp_path, folder, weights):
    """The photographs stay as those of a work, which no face is compared with."""
    index = tmp_path / "i.index"
    for kind, faces in (("person", 2), ("work", 0), ("cleared", 0)):
        told = enrolled(index, from_file(folder, f"p,{kind},Someone,Someone/*,\n"))
        expected = "ALREADY" if kind == "cleared" else "ENROLLED"
        assert [one.outcome.name for one in told if one.record_id] == [expected] * 2
        with ReferenceIndex.open(index) as opened:
            assert [opened.references(name) for name in ("face", "hash")] == [faces, 2]
            assert opened.person_count == min(faces, 1)


def test_enrolling_removes_whom_the_index_is_to_hold_no_longer(tmp_path):
    """Whatever is enrolled, it says how many went; those held until today stay."""
    index = people_index(
        tmp_path / "i.index",
        {"p": {"retain_until": YESTERDAY}, "q": {"retain_until": TODAY}},
    )
    textured(1).save(tmp_path / "work.png")
    said: list[str] = []
    for expected in ([f"{index}: people whose retention date has passed were removed: 1"], []):
        said.clear()
        enrolled(index, folder_sources(tmp_path / "work.png", kind=Kind.WORK), remark=said.append)
        assert said == expected
    with ReferenceIndex.open(index) as opened:
        assert (opened.expired, opened.references("face")) == (0, 1)
        assert {record.id for record in opened.records()} > {"q"}


def test_a_photograph_enrolled_without_its_face_is_told(tmp_path, folder, weights):
    """As by a version that had no faces: the person would not be found, and nobody would know."""
    as_work = folder_sources(folder, kind=Kind.WORK)
    (source,) = as_work
    person = next(people(folder)).record
    enrolled(tmp_path / "i.index", [Source(record=Record(id=person.id, kind=Kind.WORK, title="x"),
                                           files=source.files)])  # fmt: skip
    assert outcomes(enrolled(tmp_path / "i.index", people(folder))) == {"WITHOUT_FACE": 2}


@pytest.mark.shared
def test_a_photograph_of_someone_else_is_not_enrolled(tmp_path, weights, measuring_data):
    """Among those of one person it is told; of two that disagree both are, but not when kept."""
    least = model_in(weights).strangers[1]
    people_of_two = photographs(measuring_data)["enrol"].values()
    sure: list[list[Path]] = []
    for files in islice(people_of_two, 7):
        first, second = (faces_of(Image.open(file).convert("RGB"), weights) for file in files)
        if len(first) == len(second) == 1 and first.vectors[0] @ second.vectors[0] > least:
            sure.append(files)

    def source(*files: Path) -> Source:
        record = Record(id="p", kind=Kind.PERSON, title="P")
        return Source(record=record, files=tuple(Seen(path=str(file)) for file in files))

    assert len(sure) >= 3
    for number, ((mine, other), (stranger, _)) in enumerate(islice(pairwise(sure), 2)):
        index, fresh = tmp_path / f"{number}.index", tmp_path / f"{number}.fresh.index"
        for files, expected in (
            ((mine, other, stranger), ["ENROLLED", "ENROLLED", "OTHER_FACE"]),
            ((mine, stranger), ["ALREADY", "OTHER_FACE"]),
            ((stranger,), ["OTHER_FACE"]),
        ):
            told = enrolled(index, [source(*files)])
            assert [one.outcome.name for one in told] == expected
        two = [source(mine, stranger)]
        assert outcomes(enrolled(fresh, two)) == {"OTHER_FACE": 2}
        assert outcomes(enrolled(fresh, two, keep_doubtful=True)) == {"ENROLLED": 2}
