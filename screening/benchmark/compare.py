"""Two runs side by side, and whether one may be held against the other at all."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from screening.benchmark.errors import BenchmarkError
from screening.benchmark.result import KIND, SCHEMA, BenchmarkRun

# What must be the same, where it stands in run.json, and what is said where it is not.
_SAME = (
    ("index", "uuid", "another index"),
    ("index", "next_id", "the index has gained references"),
    ("index", "references", "the index has other numbers of references"),
    ("index", "settings", "other settings of the channels"),
    ("sample", "background", "another background"),
    ("sample", "positives", "other positives"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure before and now; None where a run does not have it."""

    channel: str
    name: str
    promised: float | None
    before: float | None
    now: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """An earlier run beside a later one.

    reasons: why the two cannot be compared, in words; none where they can.
    """

    before: str
    reasons: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def comparable(self) -> bool:
        """Whether differences are those of the program and nothing else."""
        return not self.reasons


def read_run(file: Path) -> Mapping[str, Any]:
    """Return what a run.json says. Raises BenchmarkError for anything else."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if (data["kind"], data["schema"]) != (KIND, SCHEMA):
            raise BenchmarkError(
                f"{file}: is {data['kind']!r} of schema {data['schema']!r}, expected {KIND} of "
                f"schema {SCHEMA}: run the earlier benchmark again with this version"
            )
        for part, key, _ in _SAME:
            data[part][key]
        _check_numbers(data["seed"])
        _check_texts(data["created"])
        for one in data["measures"]:
            _check_texts(one["channel"], one["name"])
            _check_numbers(one["promised"], one["value"])
            _check_promise(one["promised"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise BenchmarkError(
            f"{file}: cannot be read as an earlier run ({error}); give the run.json that an "
            "earlier benchmark wrote"
        ) from error
    return dict(data)


def _check_texts(*values: object) -> None:
    for value in values:
        if not isinstance(value, str) or not value.isprintable():
            raise ValueError(f"{value!r} is no text")


def _check_numbers(*values: object) -> None:
    for value in values:
        if value is not None and (not isinstance(value, int | float) or not math.isfinite(value)):
            raise ValueError(f"{value!r} is no finite number")


def _check_promise(promised: float | None) -> None:
    if promised is not None and promised <= 0:
        raise ValueError(f"{promised!r} is no promise")


def compare(before: Mapping[str, Any], now: BenchmarkRun) -> Comparison:
    """Return the figures of an earlier run, as ``read_run`` gives it, beside those of this one."""
    current = json.loads(now.to_json())
    reasons = [said for part, key, said in _SAME if before[part][key] != current[part][key]]
    if before["seed"] != current["seed"]:
        reasons.append(f"another seed ({before['seed']}, now {current['seed']}), so other halves")
    old, new = (
        {(one["channel"], one["name"], one["promised"]): one["value"] for one in run["measures"]}
        for run in (before, current)
    )
    return Comparison(
        before=str(before["created"]),
        reasons=tuple(reasons),
        differences=tuple(
            Difference(
                channel=channel,
                name=name,
                promised=promised,
                before=old.get((channel, name, promised)),
                now=new.get((channel, name, promised)),
            )
            for channel, name, promised in dict.fromkeys((*new, *old))
        ),
    )
