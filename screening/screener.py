"""The Screener: what art tools import, and what the command line calls."""

import hashlib
import os
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
from PIL import Image

from reference_index import Kind, ReferenceIndex
from screening.batch import Examiner, examine_files
from screening.decision import (
    NETFLIX_GENAI,
    Context,
    Coverage,
    Policy,
    Role,
    decide,
    policy_from,
)
from screening.decision.consents import Consent
from screening.decision.roles import FolderRoles
from screening.decision.standings import Sighted, Standing, Standings
from screening.examine import (
    Examined,
    completed,
    examine_bytes,
    examine_file,
    examine_pixels,
)
from screening.generation import Generation, PromptKind, role_of
from screening.images import Limits, Seen, walk
from screening.inputs import Inputs
from screening.matching import (
    Matches,
    Names,
    channels_of,
    check_settings,
    match,
    match_texts,
    null_of,
)
from screening.matching.settings import NAME_CHANNEL
from screening.result import Screening
from screening.said import said_of
from screening.weights import weights_for

Roles = Mapping[str, Role | str] | Callable[[str], Role]

ImageInput = str | os.PathLike[str] | bytes | Image.Image | npt.NDArray[np.uint8]


class Screener:
    """Screens pictures against one or several reference indexes.

    Open one and keep it: opening reads and verifies the indexes, screening only searches them.
    It keeps the state of the indexes at opening; ``screen`` may be called from several threads.
    """

    def __init__(
        self,
        indexes: Sequence[ReferenceIndex],
        *,
        policy: Policy = NETFLIX_GENAI,
        limits: Limits | None = None,
        models: str | os.PathLike[str] | None = None,
        runtime: str = "onnx",
        roles: Roles | None = None,
        context: Context | None = None,
        standings: Standings | None = None,
    ) -> None:
        for index in indexes:
            check_settings(index)
            for channel in channels_of([index]):
                null_of(index, channel.name)  # refuses a calibration of other settings
        self.indexes = tuple({index.uuid: index for index in indexes}.values())
        self._names = Names(self.indexes)
        self.policy = policy
        self.limits = limits or Limits()
        self.context = context or Context()
        self._roles = FolderRoles(Path(), roles) if isinstance(roles, Mapping) else roles
        self._standings = standings
        folder = None if models is None else Path(models)
        self.weights = weights_for(self.indexes, folder=folder, runtime=runtime)

    @classmethod
    def open(
        cls,
        *indexes: str | os.PathLike[str],
        policy: str | os.PathLike[str] | Policy = "netflix-genai",
        limits: Limits | None = None,
        models: str | os.PathLike[str] | None = None,
        runtime: str = "onnx",
        roles: Roles | None = None,
        context: Context | None = None,
        standings: Standings | None = None,
    ) -> Self:
        """Open a screener on the indexes at these paths.

        policy: the name of a policy that comes with the package, a file of one's own, or a Policy.
        limits: what a file may cost. models:
        the folder of weights, by default that of SCREENING_MODELS or of the user's data; where
        those that an index was built with are missing, every screening says so. runtime: what runs
        embeddings: "onnx", or "torch", which uses a GPU and needs screening[clip]. roles: what a
        picture is, by its path, or by globs relative to the current folder, later ones win.
        context: what the pictures are for; without a day in it that of the screening. standings:
        what is on record about findings and people; nothing by default.
        Raises IndexMissingError, IndexDamagedError, IndexFormatError (all ReferenceIndexError),
        CalibrationError and PolicyError.
        """
        if not indexes:
            raise TypeError("no index given: Screener.open needs the path of at least one")
        chosen = policy_from(policy)
        with ExitStack() as undo:
            opened = [undo.enter_context(ReferenceIndex.open(path)) for path in indexes]
            screener = cls(
                opened,
                policy=chosen,
                limits=limits,
                models=models,
                runtime=runtime,
                roles=roles,
                context=context,
                standings=standings,
            )
            undo.pop_all()
        for index in opened:
            if index not in screener.indexes:
                index.close()
        return screener

    def screen(
        self,
        image: ImageInput,
        *,
        candidates: int = 0,
        role: Role | None = None,
        inputs: Iterable[str | os.PathLike[str]] = (),
    ) -> Screening:
        """Screen one picture, in this process.

        image: a path, the bytes of an image file, a PIL image, or a uint8 array (h, w, 3) in RGB.
        candidates: how many records to list whatever their score. role: what the picture is,
        whatever the roles by path say. inputs: files and folders of the pictures that were fed to
        the generator; those that its metadata names are looked for among them, and beside a path.
        A file that cannot be read is a Screening with coverage UNREAD, not an exception. Raises
        TypeError or ValueError for anything else than the above, and PathMissingError for inputs.
        """
        how = self.limits, self.weights.models
        if isinstance(image, bytes | bytearray | memoryview):
            examined = examine_bytes(bytes(image), *how)
        elif isinstance(image, str | os.PathLike):
            examined = examine_file(os.fspath(image), *how)
        elif isinstance(image, Image.Image | np.ndarray):
            examined = examine_pixels(image, *how)
        else:
            raise TypeError(
                f"got {type(image).__name__}, expected a path, the bytes of an image file, a PIL "
                "image or a uint8 array (h, w, 3) in RGB"
            )
        done = self._screenings(completed([examined], self.weights.models), candidates, role)
        with closing(Examiner(limits=self.limits, workers=0, models=self.weights.models)) as here:
            return Inputs(inputs, self._looking(here), always=True).attach(done)[0]

    def scan(
        self,
        *roots: str | os.PathLike[str],
        candidates: int = 0,
        workers: int | None = None,
        role: Role | None = None,
        inputs: Iterable[str | os.PathLike[str]] = (),
    ) -> Generator[Screening]:
        """Screen every file of folders (and single files), in path order, nothing dropped.

        Roots that lie within one another are walked once. role: what all of them are, whatever the
        roles by path say. inputs: files and folders of pictures that were fed to the generator;
        those that metadata names are looked for among them and beside what was made, and what
        names none was made of all of them. Of one that went into nothing a screening stands at the
        end. Each is screened once, in role INPUT.

        Decoding runs in worker processes, one per processor by default, so that a file that
        crashes or hangs a decoder costs only itself; ``workers=0`` stays in this process. Closing
        the iterator ends them. Raises ScreeningError where a root or an input does not exist, and
        TypeError where no root is given.
        """
        if not roots:
            raise TypeError("nothing to screen: scan needs the path of at least one file or folder")
        return self._scan(distinct_roots(roots), candidates, workers, role, tuple(inputs))

    def _scan(
        self,
        roots: Sequence[Path],
        candidates: int,
        workers: int | None,
        role: Role | None,
        given: Sequence[str | os.PathLike[str]],
    ) -> Generator[Screening]:
        files = chain.from_iterable(map(walk, roots))
        models = self.weights.models
        with closing(Examiner(limits=self.limits, workers=workers, models=models)) as examiner:
            inputs = Inputs(given, self._looking(examiner))
            for examined in examine_files(
                files, limits=self.limits, workers=workers, models=models
            ):
                yield from inputs.attach(self._screenings(examined, candidates, role))
            yield from inputs.others()

    def _looking(self, examiner: Examiner) -> Callable[[Sequence[Seen]], Iterable[Screening]]:
        """Return what screens files as inputs."""
        return lambda files: chain.from_iterable(
            self._screenings(examined, 0, Role.INPUT) for examined in examiner.examine(files)
        )

    def screen_prompt(
        self,
        prompt: str,
        *,
        models: Sequence[str] = (),
        loras: Sequence[str] = (),
        candidates: int = 0,
    ) -> Screening:
        """Screen a prompt for names of works, people and key elements, before it is used.

        models, loras: names of those that are to be used, which may be called after somebody.
        candidates: as in ``screen``. Judged as an input. The screening has no path, and as sha256
        the digest of the prompt. Raises TypeError for what is no text.
        """
        if not isinstance(prompt, str):
            raise TypeError(f"got {type(prompt).__name__}, expected the text of a prompt")
        started = time.perf_counter()
        said = Generation(
            prompts=((PromptKind.POSITIVE, prompt),) if prompt.strip() else (),
            models=tuple(models),
            loras=tuple(loras),
        )
        matches = match_texts(
            said_of(said),
            self._names,
            note_at=self.policy.tell_at,
            raw_scores=self.policy.raw_scores,
            candidates=candidates,
        )
        examined = Examined(
            path=None,
            sha256=hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest(),
            generation=said,
        )
        elapsed_ms = (time.perf_counter() - started) * 1e3
        policy = replace(self.policy, required=(NAME_CHANNEL,))
        return replace(
            self._decided(examined, matches, elapsed_ms, Role.INPUT, policy), policy=self.policy
        )

    def close(self) -> None:
        """Let go of the indexes."""
        for index in self.indexes:
            index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _screenings(
        self, examined: Sequence[Examined], candidates: int, role: Role | None
    ) -> list[Screening]:
        """Match a batch and decide on each picture of it, in order."""
        started = time.perf_counter()
        pictures = [one.fingerprints for one in examined if one.fingerprints]
        matched = iter(
            match(
                pictures,
                self.indexes,
                note_at=self.policy.tell_at,
                raw_scores=self.policy.raw_scores,
                candidates=candidates,
                known=self.weights.reports,
                names=self._names,
                said=[said_of(one.generation) for one in examined if one.fingerprints],
            )
        )
        share = (time.perf_counter() - started) * 1e3 / max(len(examined), 1)
        return [
            self._decided(one, next(matched), share, role or self._role_of(one))
            if one.fingerprints
            else _not_screened(one, self.policy, role or self._role_of(one))
            for one in examined
        ]

    def _role_of(self, examined: Examined) -> Role:
        """Return what a file is by its path, or else by what it says of how it was made."""
        path, said = examined.path, examined.generation
        role = Role.UNKNOWN if path is None or self._roles is None else self._roles(path)
        if role is Role.UNKNOWN and said is not None:
            return role_of(said) or role
        return role

    def _decided(
        self,
        examined: Examined,
        matches: Matches,
        search_ms: float,
        role: Role,
        policy: Policy | None = None,
    ) -> Screening:
        consents, standings = self._on_record(examined, matches, role)
        today = self.context.today or datetime.now().astimezone().date()
        decision = decide(
            matches.findings,
            matches.channels,
            unscreened=examined.unscreened,
            policy=policy or self.policy,
            role=role,
            context=replace(self.context, today=today),
            consents=consents,
            standings=standings,
        )
        return Screening(
            path=examined.path,
            sha256=examined.sha256,
            role=role,
            verdict=decision.verdict,
            coverage=decision.coverage,
            reason=decision.reason,
            findings=decision.findings,
            candidates=matches.candidates,
            channels=matches.channels,
            clauses=decision.clauses,
            notes=examined.notes,
            generation=examined.generation,
            policy=self.policy,
            elapsed_ms=examined.elapsed_ms + search_ms,
        )

    def _on_record(
        self, examined: Examined, matches: Matches, role: Role
    ) -> tuple[list[Consent], Mapping[str, Standing]]:
        """Return the consents of those who were found, and what stands about the findings."""
        if self._standings is None or not matches.findings:
            return [], {}
        people = [one.record.id for one in matches.findings if one.record.kind is Kind.PERSON]
        consents = [consent for id_ in people for consent in self._standings.consents(id_)]
        sighted = Sighted(
            sha256=examined.sha256,
            fingerprints=examined.fingerprints,
            findings=matches.findings,
            role=role,
        )
        return consents, self._standings.standings(sighted)


def distinct_roots(roots: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return roots in path order, without those that lie within another one."""
    places = {os.path.realpath(root): Path(root) for root in roots}
    kept: list[str] = []
    for place in sorted(places, key=lambda path: os.fsencode(path).split(os.sep.encode())):
        if not kept or os.path.commonpath([kept[-1], place]) != kept[-1]:
            kept.append(place)
    return [places[place] for place in kept]


def _not_screened(examined: Examined, policy: Policy, role: Role) -> Screening:
    """Return what is said of a file that is no image, or could not be looked at."""
    return Screening(
        path=examined.path,
        sha256=examined.sha256,
        role=role,
        verdict=None,
        coverage=Coverage.UNREAD if examined.unread else None,
        reason=examined.unread or examined.passed_over,
        channels={},
        notes=examined.notes,
        generation=examined.generation,
        policy=policy,
        elapsed_ms=examined.elapsed_ms,
    )
