"""How many of a message's words a trigger's phrases know.

A message may be near in sense to phrases that lack the one word which matters: a “pending top-up”
is no “pending transfer”. The rarer a word, the more it counts; one that no phrase has counts most.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from llm.ridge import Matrix, Places, Scores
from personas.texts import stems

UNKNOWN = 0
"""The column of all words that no phrase has."""
NO_TRIGGER = -1
LACK = 0.3
"""What a trigger of endless phrases loses if it knows none of a message's words."""
MANY = 50
"""Phrases of a trigger at which half of that is taken: of few phrases words are missing anyway."""
NEVER_NONE = 1e-6
"""What the words of a text weigh at least, so that a text without words can be divided by it."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which words stand in texts and in the phrases of triggers; one column for each word."""

    said: Matrix
    """One row for each text."""
    uses: Matrix
    """In how many phrases of any trigger: one row for all texts, or one for each."""
    by_trigger: Matrix
    """In how many phrases of each trigger, which are its rows."""
    sizes: Scores
    """How many phrases each trigger has."""
    known_by: int = NO_TRIGGER
    """The trigger of which the texts are phrases themselves, and do not count."""

    def without_themselves(self, trigger: int) -> "Coverage":
        """Return the same as if each text, a phrase of this trigger, had not been learnt from."""
        if trigger == NO_TRIGGER:
            return self
        return replace(self, uses=self.uses - self.said, known_by=trigger)

    def without_trigger(self, trigger: int) -> "Coverage":
        """Return the same as if a trigger were unknown."""
        return replace(self, uses=self.uses - self.by_trigger[trigger])

    def lacks(self) -> Scores:
        """Return the share of each text's words that a trigger lacks; one column for each."""
        weights = self.weights()
        known = weights @ (self.by_trigger > 0).T
        if self.known_by != NO_TRIGGER:
            others = self.by_trigger[self.known_by] > self.said
            known[:, self.known_by] = (weights * others).sum(axis=1)
        shares: Scores = 1 - known / (weights.sum(axis=1, keepdims=True) + NEVER_NONE)
        return shares

    def penalties(self) -> Scores:
        """Return what each trigger's score loses for what it lacks."""
        usual = self.sizes.mean()
        penalties: Scores = self.lacks() * (LACK * usual / (usual + MANY))
        return penalties

    def of(self, chosen: Places) -> list[Scores]:
        """Return what the chosen triggers lack and know of the texts.

        These are the share of words that no phrase has, the rarest of them, and the share that a
        phrase has on average.
        """
        weights = self.weights()
        known = self.by_trigger[chosen] - self.said * (chosen == self.known_by)[:, None]
        missing = np.where(known > 0, 0.0, weights)
        total = weights.sum(axis=1) + NEVER_NONE
        shared = (weights * known).sum(axis=1) / self.sizes[chosen]
        return [missing.sum(axis=1) / total, missing.max(axis=1, initial=0.0), shared / total]

    def weights(self) -> Scores:
        """Return how much each word of each text counts."""
        counted: Scores = self.said * np.log((self.sizes.sum() + 1) / (self.uses + 0.5))
        return counted


class Vocabulary:
    """Knows in how many phrases of which trigger a stem stands."""

    def __init__(self, texts: Sequence[str], targets: Places, labels: int) -> None:
        """Learn phrases with the numbers of their triggers; those of none do not count."""
        known = sorted({stem for text in texts for stem in stems(text)})
        self.columns = {stem: column for column, stem in enumerate(known, UNKNOWN + 1)}
        self.learnt = self.rows(texts)
        members = (targets == np.arange(labels)[:, None]).astype(np.float32)
        self.by_trigger: Matrix = members @ self.learnt
        self.sizes = members.sum(axis=1, dtype=np.float64)

    def rows(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Return one row for each text: the stems that stand in it."""
        found = [
            [self.columns.get(stem, UNKNOWN) for stem in sorted(set(stems(text)))] for text in texts
        ]
        begins = np.cumsum([0, *map(len, found)])
        columns = np.array([column for row in found for column in row], dtype=np.int32)
        said = np.ones(len(columns), np.float32)
        return sparse.csr_matrix((said, columns, begins), (len(texts), len(self.columns) + 1))

    def coverage(self, rows: sparse.csr_matrix) -> Coverage:
        """Compare texts with the phrases of each trigger, by the words of the texts."""
        used, columns = np.unique(rows.indices, return_inverse=True)
        said = sparse.csr_matrix((rows.data, columns, rows.indptr), (rows.shape[0], len(used)))
        by_trigger = self.by_trigger[:, used]
        uses = by_trigger.sum(axis=0, keepdims=True)
        return Coverage(said.toarray(), uses, by_trigger, self.sizes)
