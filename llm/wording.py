"""Texts as rows of numbers: which stems, pairs of stems and runs of letters stand in them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from personas.texts import stems

COMMON = 512
"""Columns in which so many texts have something that they are kept whole."""


class Wording:
    """Rows of length 1 for stems, pairs of stems and runs of letters."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.parts = (
            TfidfVectorizer(analyzer=stems_and_pairs, sublinear_tf=True, dtype=np.float32),
            TfidfVectorizer(
                analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, dtype=np.float32
            ),
        )
        self.learnt = side_by_side([part.fit_transform(texts) for part in self.parts])

    def rows(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Return one row for each text."""
        return side_by_side([part.transform(texts) for part in self.parts])


def side_by_side(parts: Sequence[sparse.csr_matrix]) -> sparse.csr_matrix:
    """Join rows of length 1 to rows of length 1."""
    return sparse.hstack(parts).tocsr() * np.float32(np.sqrt(1 / len(parts)))


def common_and_rare(rows: sparse.csr_matrix) -> tuple[npt.NDArray[np.float32], sparse.csr_matrix]:
    """Part the commonest columns, kept whole, from the others: two products take half of one."""
    order = np.argsort(np.bincount(rows.indices, minlength=rows.shape[1]), kind="stable")
    return rows[:, order[-COMMON:]].toarray(), rows[:, order[:-COMMON]]


def stems_and_pairs(text: str) -> list[str]:
    """Return the stems of the words and the pairs of neighbours: «карта» is «картой»."""
    found = stems(text)
    return [*found, *(f"{left} {right}" for left, right in pairwise(found))]
