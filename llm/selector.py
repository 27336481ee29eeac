"""Which trigger a message means, if any: learnt from example phrases, judged on this machine.

With the encoder of `llm.meaning` the selector judges words and sense together
(`llm.understanding`). Without it, and in other languages than English, words judge alone: a linear
support vector machine over stems and runs of letters, one against all, so that a message which no
trigger knows scores low everywhere. How low is too low is learnt from phrases that were held out.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from sklearn.svm import LinearSVC

from llm.meaning import Vectors
from llm.understanding import NOTHING, Understanding
from llm.wording import Wording
from personas.strategy import SCRIPT_FITS_ABOVE

Scores = npt.NDArray[np.float64]
Targets = npt.NDArray[np.int64]

__all__ = ["NOTHING", "Selector"]

SOFTNESS = 1.0
"""The support vector machine's C."""
LEAD_WEIGHT = 0.5
"""What the lead over the next trigger adds to the confidence."""
LOST = 0.015
"""The part of messages that a trigger fits which may be taken for fitting none."""
HELD_OUT = 0.05
FEW = 2000
"""Up to so many phrases, each is held out once; above, a twentieth of them is."""
FOLDS = 5


class Senses(Protocol):
    """Turns texts into vectors of length 1."""

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The trigger that suits a message best."""

    target: int
    fit: float
    """0 to 1; above 0.7 the trigger fits."""
    confidence: float


class Words:
    """Knows words, pairs of words and runs of letters."""

    def __init__(self, texts: Sequence[str], targets: Targets) -> None:
        self.wording = Wording(texts)
        machine = LinearSVC(C=SOFTNESS, tol=1e-2, random_state=0)
        machine.fit(self.wording.learnt, targets)
        self.weights, self.offsets = machine.coef_.T, machine.intercept_
        self.columns = machine.classes_

    def scores(self, texts: Sequence[str], targets: int) -> Scores:
        """Return each trigger's margin, one row for each text."""
        decided = self.wording.rows(texts) @ self.weights + self.offsets
        if decided.shape[1] == 1:  # two classes share one margin
            decided = np.hstack([-decided, decided])
        result = np.full((len(texts), targets), -1.0)
        known = self.columns != NOTHING
        result[:, self.columns[known]] = decided[:, known]
        return result


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Each trigger's score, one row for each text, and how sure the best one is."""

    scores: Scores
    confidences: Scores


@dataclass(frozen=True, slots=True)
class WordJudge:
    """The judge of words."""

    words: Words
    labels: int

    def verdicts(self, texts: Sequence[str]) -> Verdicts:
        """Judge each text."""
        scores = self.words.scores(texts, self.labels)
        return Verdicts(scores, confidences(scores))


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Phrases with the numbers of their triggers, NOTHING for those of none."""

    texts: Sequence[str]
    targets: Targets
    labels: int

    def part(self, places: Targets) -> "LabelledTexts":
        """Return the phrases at some places."""
        return LabelledTexts(
            [self.texts[place] for place in places], self.targets[places], self.labels
        )

    def taught(self, words: Words | None = None) -> WordJudge:
        """Train the judge, unless it is trained already."""
        return WordJudge(words or Words(self.texts, self.targets), self.labels)


@dataclass(frozen=True, slots=True)
class Limit:
    """Where a fit of 0.7 lies, and how quickly it changes there."""

    confidence: float
    spread: float

    def fit(self, confidence: float) -> float:
        """Turn a confidence into a fit of 0 to 1."""
        at_the_limit = math.log(SCRIPT_FITS_ABOVE / (1 - SCRIPT_FITS_ABOVE))
        odds = at_the_limit + (confidence - self.confidence) / self.spread
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))


class Judge(Protocol):
    """Tells triggers apart."""

    def verdicts(self, texts: Sequence[str]) -> Verdicts:
        """Judge each text."""


@dataclass(frozen=True, slots=True)
class Understood:
    """Words and sense judged together, and whoever turns texts into vectors."""

    understanding: Understanding
    senses: Senses

    def verdicts(self, texts: Sequence[str]) -> Verdicts:
        """Judge each text."""
        return Verdicts(*self.understanding.judge(texts, self.senses.vectors(texts)))


class Selector:
    """Says which of some triggers a message means; training takes a moment, so off the loop."""

    def __init__(
        self, texts: Sequence[str], targets: Sequence[int], senses: Senses | None = None
    ) -> None:
        """Learn from phrases with the numbers of their triggers, NOTHING for those of none."""
        wanted = np.asarray(targets, dtype=np.int64)
        labels = int(wanted.max(initial=NOTHING)) + 1
        if labels < 1 or len(set(targets)) < 2:
            raise ValueError("a selector tells at least two kinds of phrases apart")
        self.judge: Judge
        if senses is None:
            lesson = LabelledTexts(texts, wanted, labels)
            self.limit, words = examine(lesson)
            self.judge = lesson.taught(words)
        else:
            known = Understanding(texts, senses.vectors(texts), wanted, labels)
            self.limit = limit_above(known.held_out)
            self.judge = Understood(known, senses)

    def choose(self, text: str) -> Choice:
        """Return the trigger that suits a message best, with how well."""
        return self.choose_all([text])[0]

    def choose_all(self, texts: Sequence[str]) -> list[Choice]:
        """Choose for many messages at once."""
        verdicts = self.judge.verdicts(texts)
        pairs = zip(verdicts.scores, verdicts.confidences.tolist(), strict=True)
        return [self.choice(row, sure) for row, sure in pairs]

    def choice(self, row: Scores, confidence: float) -> Choice:
        """Read one message's verdict."""
        return Choice(int(row.argmax()), self.limit.fit(confidence), confidence)


def confidences(scores: Scores) -> Scores:
    """Return how sure each row is of its best trigger, by the scores alone."""
    if scores.shape[1] == 1:
        return scores[:, 0]
    second, best = np.sort(scores, axis=1)[:, -2:].T
    sure: Scores = best + LEAD_WEIGHT * (best - second)
    return sure


def examine(lesson: LabelledTexts) -> tuple[Limit, Words | None]:
    """Find the confidence below which at most LOST of rightly understood phrases lie.

    With many phrases the judge of words, the slower one, is kept as it was examined.
    """
    found: list[float] = []
    judge: WordJudge | None = None
    for taught, asked in splits(lesson.targets):
        judge = lesson.part(taught).taught()
        verdicts = judge.verdicts([lesson.texts[place] for place in asked])
        right = verdicts.scores.argmax(axis=1) == lesson.targets[asked]
        found += verdicts.confidences[right].tolist()
    if judge is None:
        return limit_above(np.zeros(0)), None
    return limit_above(np.array(found)), judge.words if len(lesson.targets) > FEW else None


def limit_above(found: Scores) -> Limit:
    """Put the limit where it costs at most LOST of what was rightly understood, this surely."""
    if not len(found):
        return Limit(confidence=0.0, spread=0.25)
    return Limit(float(np.quantile(found, LOST)), max(0.05, float(np.std(found)) / 2))


def splits(targets: Targets) -> list[tuple[Targets, Targets]]:
    """Deal the phrases of each trigger out: which are learnt from, and which are asked for."""
    few = len(targets) <= FEW
    parts = FOLDS if few else round(1 / HELD_OUT)
    dealt = np.zeros(len(targets), dtype=np.int64)
    shuffler = np.random.default_rng(0)
    for target in np.unique(targets):
        mine = shuffler.permutation(np.flatnonzero(targets == target))
        dealt[mine] = np.arange(len(mine)) % parts
    rounds = range(parts if few else 1)
    every = [(np.flatnonzero(dealt != part), np.flatnonzero(dealt == part)) for part in rounds]
    return [
        (taught, asked) for taught, asked in every if len(asked) and len(set(targets[taught])) > 1
    ]
