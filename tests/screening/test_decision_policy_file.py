"""Policies as files: what a rule selects, what wins, and what is refused on which line."""

from dataclasses import replace

import pytest
from click.testing import CliRunner
from decisions import RAN, evidence, finding, person

from reference_index import Kind
from screening.cli.policy import policy_group
from screening.decision import NETFLIX_GENAI, Policy, Role, Verdict, decide, judge
from screening.decision.policy_file import policy_from, policy_named, policy_names, read_policy
from screening.decision.rules import Rule
from screening.errors import InputInvalidError, PolicyError

HEAD = 'name = "mine"\nflag_at = 1e-3\nnote_at = 1e-2\nrequired = ["hash"]\n'
"""Four lines, so that the first rule begins on line 5."""


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a policy and gives its path."""

    def call(text: str, *, head: str = HEAD):
        (tmp_path / "mine.toml").write_text(head + text, encoding="utf-8")
        return tmp_path / "mine.toml"

    return call


def test_the_thresholds_that_come_with_the_package():
    """Both policies have them, and require the channels that need no download."""
    assert policy_names() == ("copies-only", "netflix-genai")
    for name in policy_names():
        policy = policy_named(name)
        assert (policy.name, policy.flag_at, policy.note_at) == (name, 1e-3, 1e-2)
        assert policy.required == ("hash", "local")
        assert policy.title
    assert Policy(name="mine", flag_at=1e-3, note_at=1e-2, required=()).rules == NETFLIX_GENAI.rules


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (finding("hash"), Verdict.NEEDS_APPROVAL),
        (finding("local", kind=Kind.KEY_ELEMENT), Verdict.NEEDS_APPROVAL),
        (finding("local", kind=Kind.TEMPORARY), Verdict.NOTE),
        (finding("embedding:clip"), Verdict.NOTHING_FOUND),
        (finding("concept:clip"), Verdict.NOTHING_FOUND),
        (finding(evidence("embedding:clip"), evidence("hash", 5e-3)), Verdict.NOTE),
        (finding(evidence("embedding:clip"), evidence("hash", 1e-3)), Verdict.NEEDS_APPROVAL),
        (person("talent", "face"), Verdict.NOTHING_FOUND),
        (person("talent", "hash"), Verdict.NOTHING_FOUND),
    ],
)
def test_copies_only(found, expected):
    """Works, key elements and temporary material by hash and local alone; people not at all."""
    assert judge(found, policy=policy_named("copies-only")).verdict is expected


def test_the_last_rule_that_says_something_wins(write):
    """Each effect for itself; what no rule speaks of needs approval."""
    policy = read_policy(
        write(
            '[[rule]]\nkind = "work"\nclauses = ["P1"]\nwhy = "first"\n'
            '[[rule]]\nkind = ["work", "key-element"]\nrole = "input"\nwhy = "second"\n'
            'verdict = "blocked"\n'
        )
    )
    usual, fed = (judge(finding(), policy=policy, role=role) for role in (Role.UNKNOWN, Role.INPUT))
    assert (usual.verdict, usual.clauses, usual.why) == (Verdict.NEEDS_APPROVAL, ("P1",), "first")
    assert (fed.verdict, fed.clauses, fed.why) == (Verdict.BLOCKED, ("P1",), "second")
    other = judge(finding(kind=Kind.TEMPORARY), policy=policy)
    assert (other.verdict, other.clauses, other.why) == (Verdict.NEEDS_APPROVAL, ("G3",), "")


@pytest.mark.parametrize(
    ("channel", "false_alarms", "expected"),
    [
        ("local", 1e-5, Verdict.NEEDS_APPROVAL),
        ("local", 1.01e-5, Verdict.NOTE),
        ("local", 0.5, Verdict.NOTE),
        ("local", 0.51, Verdict.NOTHING_FOUND),
        ("hash", 1e-3, Verdict.NEEDS_APPROVAL),
        ("hash", 1e-2, Verdict.NOTE),
        ("hash", 1.01e-2, Verdict.NOTHING_FOUND),
    ],
)
def test_thresholds_of_a_channel_hold_for_it_alone(write, channel, false_alarms, expected):
    """Other channels keep those of the policy; a search looks as far as any rule tells."""
    policy = read_policy(write('[[rule]]\nchannel = "local"\nflag_at = 1e-5\nnote_at = 0.5\n'))
    assert policy.tell_at == 0.5
    assert judge(finding(evidence(channel, false_alarms)), policy=policy).verdict is expected


def test_zero_is_never(write):
    """Not by a raw score either."""
    policy = read_policy(write('[[rule]]\nkind = "work"\nflag_at = 0\nnote_at = 0\n'))
    expert = replace(policy, raw_scores={"hash": 1.0})
    for one in (policy, expert):
        assert judge(finding(evidence("hash", 1e-300)), policy=one).verdict is Verdict.NOTHING_FOUND
    assert decide([finding(kind=Kind.KEY_ELEMENT)], RAN, policy=expert).verdict is not None


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("color = 1\n", 5, "unknown key 'color', expected one of name, flag_at"),
        ("title = 3\n", 5, "title is 3, expected text"),
        ("rule = 3\n", 5, "rule is 3, expected tables"),
        ("[raw_scores]\nlocal = 9\nsmell = 1\n", 7, "raw_scores: there is no channel 'smell'"),
        ("[[rule]]\n", 5, "the rule says nothing: give it one of flag_at"),
        ('[[rule]]\nkind = "toy"\nwhy = ""\n', 6, "kind is 'toy', expected one of work, person"),
        ('[[rule]]\nkind = []\nwhy = ""\n', 6, r"kind is \[\], expected a word or a list"),
        ('[[rule]]\nkind = 3\nwhy = ""\n', 6, "kind is 3, expected a word or a list of words"),
        ('[[rule]]\nwhy = ""\nsize = 3\n', 7, "size is no key of a rule, expected some of kind"),
        ('[[rule]]\nverdict = "clear"\n', 6, "verdict is 'clear', expected one of nothing_found"),
        ('[[rule]]\nverdict = "nothing_found"\n', 6, "what is not to be told has flag_at = 0"),
        ('[[rule]]\nclauses = "P9"\n', 6, "clauses: there is no clause 'P9', expected some of G1"),
        ("[[rule]]\nwhy = 3\n", 6, "why is 3, expected text"),
        ('[[rule]]\nstage = "soon"\nwhy = ""\n', 6, "stage is 'soon', expected one of ideation"),
        ('[[rule]]\nrole = "unknown"\nwhy = ""\n', 6, "never apply, unknown counts as generated"),
        ('[[rule]]\nkind = "cleared"\nwhy = ""\n', 6, "never apply, cleared records count nowhere"),
        (
            '[[rule]]\nkind = "work"\nstatus = "minor"\nwhy = ""\n',
            7,
            "status: the rule can never apply to work, only a person",
        ),
        (
            '[[rule]]\nchannel = "face"\nkind = "work"\nwhy = ""\n',
            6,
            "channel: the rule can never apply to work, only a person",
        ),
        ('[[rule]]\nchannel = "smell"\nwhy = ""\n', 6, "channel: there is no channel 'smell'"),
        ("[[rule]]\nflag_at = -1\n", 6, "flag_at is -1, expected false alarms per image, or 0"),
        ("[[rule]]\nnote_at = true\n", 6, "note_at is True, expected false alarms"),
        ("[[rule]]\n\nflag_at = 0.1\n", 5, r"rule 1 \(line 5\): flag_at is 0.1, above note_at"),
        ("[[rule]]\nnote_at = 0\n", 5, r"rule 1 \(line 5\): flag_at is 0.001, above note_at, 0"),
        (
            (
                '[[rule]]\nkind = ["work", "person"]\nwhy = ""\n'
                '[[rule]]\nkind = ["person", "work"]\nverdict = "note"\n'
            ),
            5,
            r"rule 1 \(line 5\) and rule 2 \(line 8\) have the same selectors: make them one",
        ),
        (
            (
                '[[rule]]\nstatus = "minor"\nverdict = "blocked"\n'
                '[[rule]]\nkind = "person"\nverdict = "note"\n'
            ),
            5,
            r"rule 1 \(line 5\) has no effect, rule 2 \(line 8\) always wins over it: put it after",
        ),
        (
            (
                '[[rule]]\nchannel = "embedding:clip"\nflag_at = 0\n'
                '[[rule]]\nchannel = "embedding"\nflag_at = 1e-4\n'
            ),
            5,
            r"rule 1 \(line 5\) has no effect, rule 2 \(line 8\)",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(write, text, line, message):
    """The error names the file and the line, and what was expected."""
    file = write(text)
    with pytest.raises(PolicyError, match=message) as raised:
        read_policy(file)
    assert str(raised.value).startswith(f"{file}: ")
    assert f"(line {line})" in str(raised.value)


@pytest.mark.parametrize(
    ("head", "line", "message"),
    [
        (HEAD.replace("1e-3", "0.1"), 2, "flag_at is 0.1, above note_at, 0.01"),
        (HEAD.replace("1e-2", "'rare'"), 3, "note_at is 'rare', expected false alarms"),
        (HEAD.replace('["hash"]', '[\n  "smell",\n]'), 4, "required: there is no channel 'smell'"),
        (HEAD.replace('["hash"]', "3"), 4, "required is 3, expected a word or a list of words"),
        (HEAD.replace("mine", "netflix-genai"), 1, "comes with the package: give yours a name"),
        (HEAD.replace("flag_at = 1e-3\n", ""), 1, "flag_at is missing, expected name, flag_at"),
        (HEAD.replace('"mine"', "1979-05-27"), 1, "name is datetime.date"),
        ("name = \n", 1, "is no TOML"),
    ],
)
def test_the_head_of_a_policy_is_checked_too(write, head, line, message):
    """With the line of the key, where it begins."""
    with pytest.raises(PolicyError, match=message) as raised:
        read_policy(write("", head=head))
    assert f"line {line}" in str(raised.value)


def test_rules_that_differ_in_one_selector_stand_side_by_side(write):
    """A broader rule before a narrower one, and one that says less, are no contradiction."""
    text = (
        '[[rule]]\nkind = "person"\nverdict = "note"\nwhy = "all"\n'
        '[[rule]]\nkind = "person"\nstatus = "minor"\nverdict = "blocked"\n'
        '[[rule]]\nrole = "reference"\nverdict = "note"\n'
    )
    policy = read_policy(write(text))
    assert [rule.effects for rule in policy.rules] == [
        {"verdict", "why"},
        {"verdict"},
        {"verdict"},
    ]


def test_a_policy_may_be_a_name_a_file_or_a_value(write, tmp_path):
    """A text with a slash or an ending is a file, relative to a folder."""
    file = write("")
    expected = read_policy(file)
    assert policy_from(str(file)) == policy_from(file) == expected
    assert policy_from("mine.toml", folder=tmp_path) == expected
    assert policy_from(expected) is expected
    assert policy_from("copies-only") is policy_named("copies-only")
    with pytest.raises(PolicyError, match=r"none\.toml: cannot be read"):
        policy_from("none.toml", folder=tmp_path)


def test_from_python_a_rule_checks_itself():
    """Words are of their types, and a contradiction is told without lines."""
    with pytest.raises(InputInvalidError, match=r"kind is \('work',\), expected some of work"):
        Rule(kind=("work",), why="")
    twice = (Rule(kind=(Kind.WORK,), why="a"), Rule(kind=(Kind.WORK,), why="b"))
    with pytest.raises(InputInvalidError, match="rule 1 and rule 2 have the same selectors"):
        replace(NETFLIX_GENAI, rules=twice)


def test_a_policy_is_printed_to_begin_from(tmp_path):
    """What ``policy show`` prints is that policy, and one's own under another name."""
    for name in (None, "copies-only"):
        shown = CliRunner().invoke(policy_group, ["show", *([name] if name else [])])
        assert shown.exit_code == 0
        file = tmp_path / "own.toml"
        text = shown.output.replace(f'name = "{name or "netflix-genai"}"', 'name = "own"')
        file.write_text(text, encoding="utf-8")
        assert read_policy(file) == replace(policy_named(name or "netflix-genai"), name="own")
    listed = CliRunner().invoke(policy_group, ["list"])
    assert listed.output.split() == list(policy_names())
    with pytest.raises(PolicyError, match="no policy named 'x'"):
        CliRunner().invoke(policy_group, ["show", "x"], catch_exceptions=False)
