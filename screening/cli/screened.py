"""A screener opened from the command line: by its options, settings and what is on record."""

import math
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import click

from reference_index.errors import UnknownRecordError
from reference_index.fingerprint import HashCodes
from screening.approvals import Store
from screening.approvals.decisions import Decisions
from screening.approvals.desk import Desk
from screening.approvals.errors import StoreMissingError
from screening.approvals.pictures import Found, hashes_of
from screening.cli.ledger import open_named
from screening.cli.options import Options
from screening.cli.progress import bar, counted, say
from screening.config import FILE_NAME, Config, find_config
from screening.decision import (
    NETFLIX_GENAI,
    Context,
    Judged,
    Policy,
    Role,
    Stage,
    policy_from,
)
from screening.decision.consents import Consent
from screening.decision.standings import Sighted, Standing
from screening.errors import ConfigError, InputInvalidError
from screening.matching import ChannelState, channels_of
from screening.matching.settings import MODEL_NAME_CHANNEL, NAME_CHANNEL
from screening.production import Declared, declared, find_declaration
from screening.report.calibrations import IndexCalibration
from screening.report.summary import Summary
from screening.report.words import HIGHEST, path_in_words, path_of, printable
from screening.result import Screening
from screening.screener import Screener, distinct_roots
from screening.signals import SETTINGS
from screening.toml_lines import line_of


class OnRecord:
    """Standings by a desk that is set later; without one nothing is on record.

    hashes: where ``keep`` says so, those of the pictures that were asked about, by sha256.
    """

    def __init__(self, *, keep: bool) -> None:
        self.desk: Desk | None = None
        self.hashes: dict[str, Mapping[int, HashCodes]] = {}
        self._keep = keep

    def standings(self, picture: Sighted) -> Mapping[str, Standing]:
        """Return what the desk says of a picture."""
        if self._keep and picture.sha256 is not None:
            self.hashes[picture.sha256] = hashes_of(picture)
        return self.desk.standings(picture) if self.desk else {}

    def consents(self, record_id: str) -> Sequence[Consent]:
        """Return what the desk says of a person."""
        return self.desk.consents(record_id) if self.desk else ()

    def found(self, screening: Screening, finding: Judged) -> Found:
        """Return what a decision about a finding keeps of it."""
        assert screening.sha256 is not None
        hashes = self.hashes[screening.sha256]
        return Found.of(screening.sha256, hashes, finding, path_of(screening))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A screener and what it goes by. indexes: as they were named. declared: of the use."""

    screener: Screener
    indexes: tuple[Path, ...]
    declared: Declared
    on_record: OnRecord

    @property
    def decisions(self) -> Decisions:
        """What was decided, where a store is open."""
        assert self.on_record.desk is not None
        return self.on_record.desk.decisions

    def summary(self, *, pictures: bool = True) -> Summary:
        """Return a summary of nothing yet; pictures: whether of these, or of prompts."""
        return Summary(
            policy=self.screener.policy,
            indexes=tuple(map(str, self.indexes)),
            calibrations=tuple(
                IndexCalibration.of(one, pictures=pictures) for one in self.screener.indexes
            ),
            declared=self.declared,
            noun="picture" if pictures else "prompt",
        )


@contextmanager
def opened_screener(
    options: Options,
    start: Path,
    *,
    records: Sequence[str] = (),
    deciding: bool = False,
    pictures: bool = True,
) -> Iterator[Opened]:
    """Open a screener by options and the nearest screening.toml, and tell what it lacks.

    start: where the pictures are. records: ids that an index must hold. deciding: whether decisions
    are to be put on record: then a store must be named, and is made where it is not there. Else
    one is honored where it is there. pictures: whether what pictures lack is told. Raises
    ConfigError, InputInvalidError, StoreError and what
    ``Screener.open`` does.
    """
    config = find_config(start)
    policy = _policy(config, options)
    said = declared(options.declaration or find_declaration(start))
    context = _context(config, said, options.stage)
    chosen = _indexes(options.indexes or config.indexes, start)
    if not options.indexes:
        say(f"{config.file}: comparing with {', '.join(map(str, chosen))}")
    named, on_record = options.store or config.store, OnRecord(keep=deciding)
    with ExitStack() as stack:
        screener = stack.enter_context(
            Screener.open(
                *chosen,
                policy=policy,
                limits=config.limits,
                models=options.models or config.models,
                runtime=options.runtime,
                roles=config.role_of,
                context=context,
                standings=on_record,
            )
        )
        _check_raw_scores(policy, screener)
        _check_records(records, screener)
        if deciding:
            store = stack.enter_context(open_named(named, options.key, create=True))
            on_record.desk = Desk(store, context=context)
        elif named and (there := _store_there(named, options)):
            on_record.desk = Desk(stack.enter_context(there), context=context)
        if pictures:
            _say_gaps(screener)
        yield Opened(screener=screener, indexes=chosen, declared=said, on_record=on_record)


def screenings(opened: Opened, options: Options, paths: Sequence[Path]) -> Generator[Screening]:
    """Yield what is said of every file, with a bar, and tell of those not looked at enough."""
    results = opened.screener.scan(*paths, workers=options.workers, role=options.role_of_all)
    with closing(results), bar(total=counted(distinct_roots(paths))) as advance:
        for screening in results:
            advance()
            if screening.unfinished:
                say(f"{printable(path_of(screening))}: {printable(screening.reason or '')}")
            yield screening


def own_findings(screening: Screening, records: Collection[str] = ()) -> list[Judged]:
    """Return the findings of a picture itself, of some records if told; tell of what else shows.

    What is found in an input is decided on that.
    """
    wanted = [one for one in screening.findings if not records or one.record.id in records]
    own = [one for one in wanted if not one.input]
    for one in wanted if not own else ():
        name, shown = path_of(screening), path_in_words(one.input)
        say(
            printable(
                f"{name}: only its input shows “{one.record.title}”: give {shown} instead, with "
                f"--role {Role.INPUT}"
            )
        )
    return own


def _store_there(named: str | Path, options: Options) -> Store | None:
    """Return the store to be honored; one that settings name may still have to be made."""
    try:
        return Store.open(named, key=options.key)
    except StoreMissingError:
        if options.store:
            raise
        say(f"{named}: nothing is on record yet")
        return None


def _check_records(records: Sequence[str], screener: Screener) -> None:
    """Raise InputInvalidError for an id that no index has a record of."""
    for id_ in records:
        for index in screener.indexes:
            with suppress(UnknownRecordError):
                index.record(id_)
                break
        else:
            raise InputInvalidError(
                f"there is no record {id_!r} in {', '.join(str(i.path) for i in screener.indexes)}:"
                " 'screening index list' names those there are"
            )


def _context(config: Config, said: Declared, stage: str | None) -> Context:
    """Return what findings are judged by: of the file, and as declared; the option wins.

    Not to know the stage escalates the declaration, not every picture.
    """
    context, file = config.context, said.declaration
    if file and file.production and context.production and file.production != context.production:
        raise ConfigError(
            f"{config.file}: production is {context.production!r}, and {file.production!r} is "
            "declared: consents and approvals hold for one of them, so make them the same"
        )
    if stage is None and file and str(file.stage) in {*map(str, Stage)}:
        stage = str(file.stage)
    named = context.production or (file.production if file else "")
    return replace(context, production=named, stage=Stage(stage) if stage else Stage.IDEATION)


def _policy(config: Config, given: Options) -> Policy:
    """Return the policy of that name or file with the thresholds of the file, options first."""
    options = {"flag_at": given.flag_at, "note_at": given.note_at}
    thresholds = {**config.thresholds, **{k: v for k, v in options.items() if v is not None}}
    scores = _scores(given.raw_scores)
    thresholds["raw_scores"] = config.thresholds.get("raw_scores", {}) | scores
    named = policy_from(given.policy) if given.policy else config.policy or NETFLIX_GENAI
    basis = named.required if config.required is None else config.required
    thresholds["required"] = tuple(dict.fromkeys((*basis, *given.required)))
    try:
        policy = replace(named, **thresholds)
    except InputInvalidError as error:
        raise click.UsageError(str(error)) from error
    for channel, score in policy.raw_scores.items():
        if score > HIGHEST.get(channel, math.inf):
            said = (
                f"raw_scores: {channel} is {score:g}, which no picture can reach, expected at most "
                f"{HIGHEST[channel]:g}"
            )
            if channel in scores:
                raise click.UsageError(said)
            assert config.file is not None
            text = config.file.read_text(encoding="utf-8-sig")
            line = line_of(text, "thresholds", "raw_scores", channel)
            raise ConfigError(f"{config.file}: [thresholds] {said} (line {line})")
    return policy


def _check_raw_scores(policy: Policy, screener: Screener) -> None:
    """Refuse a raw score for a model that no index was built with: it would never be reached."""
    known = [channel.name for channel in channels_of(screener.indexes)]
    known += [NAME_CHANNEL, MODEL_NAME_CHANNEL]
    for channel in policy.raw_scores:
        if channel not in known:
            raise InputInvalidError(
                f"raw_scores: no index was built with {channel}, expected one of {', '.join(known)}"
            )


def _scores(given: Sequence[str]) -> dict[str, float]:
    """Return a score for each channel from CHANNEL=SCORE."""
    scores: dict[str, float] = {}
    for text in given:
        channel, _, score = text.partition("=")
        if channel in scores:
            raise click.UsageError(
                f"--raw-score is given twice for {channel}, expected one score for each channel"
            )
        try:
            scores[channel] = float(score)
        except ValueError as error:
            raise click.UsageError(
                f"--raw-score is {text!r}, expected CHANNEL=SCORE, as in hash=200"
            ) from error
    return scores


def _say_gaps(screener: Screener) -> None:
    """Tell once what indexes and weights lack; every screening tells it too."""
    for index in screener.indexes:
        for channel in sorted(SETTINGS.keys() - set(index.channels)):
            say(
                f"{index.path}: built without the {channel} channel; enroll its works again into "
                "a new index"
            )
        if index.expired:
            say(
                f"{index.path}: people who are looked for no longer, since their retention date "
                f"has passed: {index.expired}; take them out: screening index purge {index.path}"
            )
    for remark in screener.weights.remarks:
        say(remark)
    without = (
        r for r in screener.weights.reports.values() if r.state is ChannelState.NO_REFERENCES
    )
    for report in dict.fromkeys(without):
        say(f"{report.reason}: {report.mend}")


def _indexes(found: tuple[Path, ...], start: Path) -> tuple[Path, ...]:
    """Return the indexes to compare with; none is a usage error that says how to get one."""
    if not found:
        raise click.UsageError(
            f"no reference index: give --index INDEX, or name it in a {FILE_NAME} at or above "
            f"{start} (made with: screening enroll INDEX FOLDER)"
        )
    return found
