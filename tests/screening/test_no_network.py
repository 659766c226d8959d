"""No command but ``models pull`` touches the network: each is run with every way out watched."""

import json
import os
import subprocess
import sys

import click
import pytest
from clip_models import pictures, tiny_checkpoint, write_config
from pictures import composed
from tiny_store import copy_of_tiny_store

from screening.approvals import EntryKind, Store
from screening.cli.app import cli

WATCH = """
import os, sys

def watch(event, arguments):
    if event not in EVENTS:
        return
    if event == "socket.connect" and isinstance(arguments[1], (str, bytes)):
        return  # a socket of this machine, between its processes
    with open(os.environ["NETWORK_LOG"], "a") as log:
        log.write(f"{event} {arguments}\\n")
    raise OSError(f"the network was touched: {event} {arguments}")

EVENTS = {
    "socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
    "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo", "urllib.Request",
    "http.client.connect", "ftplib.connect", "smtplib.connect",
}
sys.addaudithook(watch)
"""
"""Is run at the start of every Python process, those of workers too."""

RUN = """
import json, os, sys

from screening.cli import main

if __name__ == "__main__":
    codes = []
    for number, command in enumerate(json.loads(sys.argv[1])):
        os.environ["NETWORK_LOG"] = f"network-{number}.log"
        sys.argv = ["screening", *command]
        try:
            main()
        except SystemExit as ending:
            codes.append(ending.code or 0)
    with open("codes.json", "w") as file:
        json.dump(codes, file)
"""

CHECKPOINT, CONFIG = "<checkpoint>", "tiny.json"
REQUEST, LETTER, CONSENT = "<request>", "<letter>", "<consent>"
COMMANDS = (
    ("models", "list"),
    ("models", "verify"),
    ("models", "export", "weights.zip"),
    ("models", "import", "weights.zip", "--models", "elsewhere"),
    ("models", "import", CHECKPOINT, "--architecture", CONFIG, "--id", "mine",
     "--licence", "MIT", "--commercial-use", "--pictures", "pictures"),
    ("enroll", "works.index", "works", "--workers", "1"),
    ("scan", "board", "--index", "works.index", "--workers", "1", "--format", "jsonl", "--output",
     "report.jsonl", "--inputs", "works"),
    ("scan", "board", "--index", "works.index", "--workers", "1", "--format", "html", "--output",
     "report.html"),
    ("prompt", "a pier at dusk by Nobody", "--lora", "nobody", "--index", "works.index"),
    ("inspect", "board/00.png"),
    ("calibrate", "works.index", "--background", "background", "--workers", "0"),
    ("benchmark", "works.index", "--background", "background", "--attacks", "works",
     "--attacks-per-image", "1", "--workers", "0", "--output", "benchmark"),
    ("index", "info", "works.index"),
    ("index", "list", "works.index"),
    ("index", "verify", "works.index"),
    ("index", "remove", "works.index", "nobody"),
    ("index", "purge", "works.index"),
    ("demo", "demo"),
    ("init", ".", "--yes", "--production", "Halyard", "--index", "works.index"),
    ("usage", "check"),
    ("usage", "record"),
    ("policy", "show"),
    ("policy", "list"),
    ("submit", "board/00.png", "--output", "requests", "--workers", "1"),
    ("dismiss", "--list"),
    ("approvals", "list"),
    ("approvals", "export", "--output", "decisions.json"),
    ("approvals", "import", "decisions.json", "--store", "other.db"),
    ("consents", "add", "--person", "ada", "--granted-by", "person", "--document", "letter.pdf",
     "--production", "Halyard", "--uses", "likeness"),
    ("consents", "list"),
    ("export", "register"),
    ("export", "binder", "--scan", "report.jsonl"),
    ("export", "consents"),
    ("export", "cues", "--scan", "report.jsonl"),
    ("remember", "board", "--index", "temporary.index", "--workers", "1"),
    ("deliverables", "board", "--index", "temporary.index", "--workers", "1"),
    ("ledger", "verify"),
    ("ledger", "export"),
    ("ledger", "checkpoint"),
    ("purge", "--expired"),
)  # fmt: skip
ANSWERS = (
    ("approvals", "sent", REQUEST),
    ("approvals", "record", "--letter", "letter.pdf", "--by", "The Contact", "--request", REQUEST,
     "--granted", "--scope", "picture"),
    ("approvals", "show", REQUEST),
    ("consents", "show", CONSENT),
    ("consents", "revoke", CONSENT),
    ("approvals", "revoke", LETTER, "--reason", "withdrawn"),
)  # fmt: skip
"""Commands about what is on record, once it is; the last about what those before it put there."""
ENDS = {0, 3, 4}
"""Exit codes of commands that did what they should."""


def leaves(command, *names):
    """Return the names of all commands."""
    if not isinstance(command, click.Group):
        return {names}
    return {leaf for name, part in command.commands.items() for leaf in leaves(part, *names, name)}


def test_every_command_is_watched():
    """All that there are, but the one that fetches weights."""
    commands = (*COMMANDS, *ANSWERS)
    watched = {leaf for leaf in leaves(cli) for command in commands if command[: len(leaf)] == leaf}
    assert leaves(cli) - watched == {("models", "pull")}


@pytest.fixture
def place(tmp_path):
    """A folder with all that the commands need, and the watch."""
    for folder, first, count in (("works", 0, 4), ("background", 500, 40), ("board", 0, 2)):
        (tmp_path / folder).mkdir()
        for number in range(count):
            composed(first + number, 200, 150).save(tmp_path / folder / f"{number:02}.png")
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.4 a letter")
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH)
    (tmp_path / "run.py").write_text(RUN)
    return tmp_path


def run(place, commands):
    """Run commands one after another; return their exit codes, and what each did of a network."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HF_", "SCREENING"))
    }
    environment |= {
        "PYTHONPATH": os.pathsep.join(
            [str(place / "watch"), *filter(None, [environment.get("PYTHONPATH")])]
        ),
        "SCREENING_MODELS": str(place / "models"),
        "HF_ENDPOINT": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        [sys.executable, "run.py", json.dumps(commands)],
        cwd=place, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    codes = json.loads((place / "codes.json").read_text())
    logs = [place / f"network-{number}.log" for number in range(len(commands))]
    return codes, [log.read_text() if log.exists() else "" for log in logs], done


def test_no_command_but_pull_touches_the_network(place):
    """With weights of every kind in use, in workers too; what fetches is seen by the same watch."""
    copy_of_tiny_store(place / "models")
    write_config(place)
    write_pictures(place / "pictures")
    checkpoint = str(tiny_checkpoint())
    commands = [
        [checkpoint if part == CHECKPOINT else part for part in command] for command in COMMANDS
    ]
    commands.append(["models", "pull", "yunet-2023mar"])
    codes, touched, done = run(place, commands)
    assert touched[:-1] == [""] * len(COMMANDS), done.stderr
    assert "127.0.0.1" in touched[-1]
    ends = dict(zip(COMMANDS, codes, strict=False))
    failed = [command for command, code in ends.items() if code not in ENDS]
    assert failed == [("index", "remove", "works.index", "nobody")], done.stderr
    assert codes[-1] == 1
    for commands in (ANSWERS[:-1], ANSWERS[-1:]):
        ids = on_record(place)
        filled = [[ids.get(part, part) for part in command] for command in commands]
        codes, touched, done = run(place, filled)
        assert (codes, touched) == ([0] * len(commands), [""] * len(commands)), done.stderr


def on_record(place):
    """Return the id of an entry of each kind that commands are about."""
    kinds = {
        REQUEST: EntryKind.REQUEST, CONSENT: EntryKind.CONSENT, LETTER: EntryKind.LETTER
    }  # fmt: skip
    with Store.open(place / "approvals.db") as store:
        return {
            name: entry.id for name, kind in kinds.items() for entry in store.entries(kinds=[kind])
        }


def write_pictures(folder):
    from PIL import Image

    folder.mkdir()
    for number, picture in enumerate(pictures(16)):
        Image.fromarray(picture).save(folder / f"{number}.png")
