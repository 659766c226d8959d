"""How surprising names are in a text, in bits: as titles, and as names of people.

A phrase stands somewhere by chance as ordinary words that belong together, or, which is rarer, as
words that have nothing to do with each other. Of a person's name no word belongs to another.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from screening.names.lexicon import LANGUAGES, Floats, commonness

FURTHER_WORD, FURTHER_MOST = 0.06, 0.2
"""How much of its bits each further word of ordinary ones adds to the most surprising, for each
word of the phrase, and at most."""

FURTHER_NAME = 0.8
"""How much a further word adds that is a name, of its bits as a word of a text."""

NAME_GAP = (2.0, 6.0)
"""How many bits rarer in ordinary use than at all a word begins to be a name, and is one."""

WORD_BITS, WORDS_MOST = 1.0, 2
"""What each further word is worth besides, up to so many."""

Halves = npt.NDArray[np.float16]


def surprise_of(
    words: Sequence[str], rows: npt.NDArray[np.int32], counts: npt.NDArray[np.uint16]
) -> tuple[Halves, Halves, Halves]:
    """Return how surprising names are, as titles and as those of people, and at most with capitals.

    rows: places among words, for one name after the other. counts: how many words each has. The
    answers are by the language of the text: (n, LANGUAGES) float16. The last, (n,), is of single
    words, which also somebody else's name is written with a capital; infinite for others.
    """
    common = commonness(words)
    titles = np.empty((len(counts), len(LANGUAGES)), np.float16)
    people = np.empty_like(titles)
    for column in range(len(LANGUAGES) if len(counts) else 0):
        ordinary, alone = common.ordinary[rows, column], common.alone[rows, column]
        titles[:, column], people[:, column] = _phrases(
            common.written[rows], ordinary, alone, counts.astype(np.intp)
        )
    starts = np.concatenate([[0], np.cumsum(counts.astype(np.intp))])[:-1]
    single = counts == 1
    most = np.full(len(counts), np.inf, np.float16)
    most[single] = common.as_name[rows[starts[single]]]
    return titles, people, most


def _phrases(
    written: Floats, ordinary: Floats, alone: Floats, counts: npt.NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Return how surprising phrases of so many words each are, as titles and as names of people."""
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    first, last = NAME_GAP
    named = np.clip((ordinary - written - first) / (last - first), 0.0, 1.0)
    strongest = np.maximum.reduceat(ordinary, starts)
    is_strongest = ordinary == np.repeat(strongest, counts)
    share = np.repeat(np.minimum(FURTHER_WORD * counts, FURTHER_MOST), counts)
    found = []
    for part in (named, np.ones_like(named)):
        adds = part * FURTHER_NAME * written + (1.0 - part) * share * ordinary
        top = np.maximum.reduceat(np.where(is_strongest, adds, 0.0), starts)
        phrase = strongest - top + np.add.reduceat(adds, starts)
        phrase += WORD_BITS * np.minimum(counts - 1, WORDS_MOST)
        phrase = np.minimum(phrase, np.add.reduceat(written, starts))
        found.append(np.where(counts == 1, np.maximum.reduceat(alone, starts), phrase))
    return found[0], found[1]
