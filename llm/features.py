"""Numbers that stand for a text: its words and pairs of words by stem, and its runs of letters.

A word that no example has still counts for the length of a text, so that one known word among ten
unknown ones is weak evidence and not strong. Without that, everything would fit a little.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from personas.texts import stems
from personas.wordlists import word_set

LETTERS_WEIGHT = 0.7
UNKNOWN_WEIGHT = 0.5
NUMBER = "00"
PHRASES_KEPT = 50_000
"""Phrases whose stems stay in memory: of a changed script only the new ones are looked at."""
SMALL_WORDS = word_set(
    "и в во на с со по о об к из за от до для что как это этот не у а но или же бы его ее их то "
    "при мы вы он она они так все вс уже еще "
    "the a an of to in is are was and for on it its i my with that this by at from be your our we"
)


@lru_cache(maxsize=PHRASES_KEPT)
def content_words(text: str) -> tuple[str, ...]:
    """Return the stems that carry meaning, in order; all numbers look alike."""
    found = (NUMBER if word.isdigit() else word for word in stems(text))
    return tuple(word for word in found if len(word) > 1 and word not in SMALL_WORDS)


def word_features(text: str) -> list[str]:
    """Return the stems and the pairs of neighbours."""
    found = content_words(text)
    return [*found, *(f"{left} {right}" for left, right in pairwise(found))]


def letters(text: str) -> str:
    """Return the text of which runs of letters are taken."""
    return " ".join(content_words(text))


class Features:
    """Learns which words there are from a set of texts, then turns texts into rows."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.by_words = TfidfVectorizer(analyzer=word_features, sublinear_tf=True, norm=None)
        self.by_letters = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, preprocessor=letters
        )
        self.by_words.fit(texts)
        self.by_letters.fit(texts)
        self.unknown = UNKNOWN_WEIGHT * float(self.by_words.idf_.max()) ** 2

    def rows(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Return one row for each text."""
        known = self.by_words.transform(texts)
        squares = np.asarray(known.multiply(known).sum(axis=1)).ravel()
        strangers = np.array([self.strangers(text) for text in texts])
        lengths = np.sqrt(np.maximum(squares + self.unknown * strangers, 1e-9))
        by_words = sparse.diags(1 / lengths) @ known
        return sparse.hstack([by_words, self.by_letters.transform(texts) * LETTERS_WEIGHT]).tocsr()

    def strangers(self, text: str) -> int:
        """Return how many different words of the text no example has."""
        known = self.by_words.vocabulary_  # a set minus its keys would walk through all of them
        return sum(word not in known for word in set(content_words(text)))
