"""Files of prompts: plain lines, JSON lines, and what is wrong with others."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening import prompt_files
from screening.errors import InputInvalidError
from screening.prompt_files import read_prompts


def read(data):
    """Return line and text of each prompt of a file with these bytes, or this text."""
    data = data.encode() if isinstance(data, str) else data
    return [(one.line, one.text) for one in read_prompts(io.BytesIO(data), name="list")]


@pytest.mark.parametrize(
    ("data", "prompts"),
    [
        pytest.param("a hat\na cat\n", [(1, "a hat"), (2, "a cat")], id="lines"),
        pytest.param("a hat", [(1, "a hat")], id="no line end"),
        pytest.param("\n\n a hat \n\t\n", [(3, "a hat")], id="empty lines"),
        pytest.param("a hat\r\na cat\r\n", [(1, "a hat"), (2, "a cat")], id="CRLF"),
        pytest.param(b"\xef\xbb\xbfa hat\n", [(1, "a hat")], id="byte order mark"),
        pytest.param("a\u2028b\x0bc\u0085d\n", [(1, "a\u2028b\x0bc\u0085d")], id="other line ends"),
        pytest.param("a\rhat\n", [(1, "a\rhat")], id="CR alone"),
        pytest.param("羅生門\n", [(1, "羅生門")], id="Han"),
        pytest.param("", [], id="empty"),
        pytest.param("\n \n", [], id="blank"),
        pytest.param(b"\xef\xbb\xbf", [], id="mark alone"),
        pytest.param('{"prompt": "a hat"}\n{"text": "a cat"}', [(1, "a hat"), (2, "a cat")],
                     id="objects"),
        pytest.param('\n{"prompt": "a hat", "text": "b", "seed": 7}\r\n\n', [(2, "a hat")],
                     id="prompt before text"),
        pytest.param('"a hat"\n"a \\u7f85"\n', [(1, "a hat"), (2, "a 羅")], id="texts"),
        pytest.param(b'\xef\xbb\xbf{"prompt": "a hat"}', [(1, "a hat")], id="object after a mark"),
        pytest.param('{"prompt": "a\\nhat"}', [(1, "a\nhat")], id="line end inside"),
        pytest.param('{"prompt": ""}', [(1, "")], id="empty prompt"),
        pytest.param('a hat\n{"prompt": "x"}', [(1, "a hat"), (2, '{"prompt": "x"}')],
                     id="braces later"),
        pytest.param("{a hat|a cat}\nb", [(1, "{a hat|a cat}"), (2, "b")], id="wildcards"),
        pytest.param('"Heat", a still\nb', [(1, '"Heat", a still'), (2, "b")], id="quotes"),
        pytest.param('{"seed": 7}\nb', [(1, '{"seed": 7}'), (2, "b")], id="no prompt in it"),
        pytest.param("7\n[1]\nnull", [(1, "7"), (2, "[1]"), (3, "null")], id="other JSON"),
    ],
)  # fmt: skip
def test_prompts(tmp_path, data, prompts):
    """Each line that says something, by its number; the same of a path and of a stream."""
    assert read(data) == prompts
    file = tmp_path / "list.txt"
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    assert [(one.line, one.text) for one in read_prompts(file)] == prompts


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        pytest.param(b"a hat\nsecret \xff\n", 2, "is not UTF-8", id="no UTF-8"),
        pytest.param("secret".encode("utf-16"), 1, "is not UTF-8", id="UTF-16"),
        pytest.param('{"prompt": "a"}\n\nsecret', 3, "is not JSON with a text", id="plain later"),
        pytest.param('{"prompt": "a"}\n{"prompt": 7}', 2, "is not JSON", id="no text"),
        pytest.param('{"prompt": "a"}\n{"secret": "b"}', 2, "'prompt' or 'text'", id="other key"),
        pytest.param('"a"\n{"prompt": null, "text": "b"}', 2, "is not JSON", id="null"),
        pytest.param('"a"\n' + "[" * 100_000, 2, "is not JSON", id="nested"),
        pytest.param("a\n" + "secret" * 200_000, 2, "expected at most 1,048,576", id="long line"),
    ],
)
def test_what_is_wrong_is_told_by_its_line(data, line, words):
    """With the name of the file, and without a word of the prompt."""
    with pytest.raises(InputInvalidError, match=words) as error:
        read(data)
    assert f"list: line {line} " in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(("length", "fits"), [(prompt_files.MAX_LINE, True),
                                              (prompt_files.MAX_LINE + 1, False)])  # fmt: skip
def test_the_longest_line(length, fits):
    """A prompt has so many characters at most."""
    if fits:
        assert len(read("a" * length)[0][1]) == length
    else:
        with pytest.raises(InputInvalidError, match="line 1 has"):
            read("a" * length)


def test_the_largest_file(monkeypatch):
    """More bytes than that are not read."""
    monkeypatch.setattr(prompt_files, "MAX_BYTES", 1 << 20)
    assert len(read("abc\n" * (1 << 18))) == 1 << 18
    with pytest.raises(InputInvalidError, match=r"list: more than 1 MiB, .* split it"):
        read("abc\n" * (1 << 18) + "\n")


def test_a_file_that_is_not_there(tmp_path):
    """Is an error of the system, which names it; a folder is one too."""
    with pytest.raises(FileNotFoundError, match=r"none\.txt"):
        read_prompts(tmp_path / "none.txt")
    with pytest.raises(OSError, match=str(tmp_path)):
        read_prompts(tmp_path)


def test_a_path_names_itself(tmp_path):
    """Where no other name is given."""
    file = tmp_path / "list.txt"
    file.write_bytes(b"\xff")
    with pytest.raises(InputInvalidError, match=r"list\.txt: line 1 is not UTF-8"):
        read_prompts(file)


@given(st.lists(st.text(min_size=1), min_size=1))
def test_json_lines_hold_any_text(texts):
    """Round trip, whatever the prompts are."""
    lines = "\n".join(json.dumps({"prompt": text}) for text in texts)
    assert read(lines) == [*enumerate(texts, start=1)]


@given(st.binary(max_size=200))
def test_any_bytes_are_prompts_or_refused(data):
    """And nothing else happens."""
    try:
        lines = [line for line, _ in read(data)]
    except InputInvalidError:
        return
    assert lines == sorted(set(lines))
