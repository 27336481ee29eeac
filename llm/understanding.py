"""What a message means, by its words and its sense together, and whether it means anything known.

Kernel ridge regression chooses: its kernel adds up how near phrases are in sense and in words. How
sure it may be is learnt: each phrase is judged as if it had not been learnt from, and once more as
if its whole trigger were unknown, which makes a stranger of it. Logistic regression on the score,
its lead, the nearest phrases, the words that the trigger lacks, and the squares of all these tells
the two apart. Known strangers are used besides, where there are some.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from llm.coverage import Coverage, Vocabulary
from llm.meaning import Vectors
from llm.ridge import Matrix, Places, Ridge, Scores, solved
from llm.wording import Wording, common_and_rare

NOTHING = -1
"""The target of a phrase that no trigger fits."""
MOST_PHRASES = 16_000
"""So many are learnt from; memory grows with their square, time with their cube."""
COMPARED = 45_000_000
"""Pairs of phrases from which is learnt how sure to be: all phrases if they are few, else those of
some triggers, each beside all others."""
DIRECTIONS = 256
"""Of sense, those in which the phrases differ most; the others say nothing more."""
NEARNESS = 3.0
"""How quickly the kernel of sense falls with distance: exp(2 * NEARNESS * (cosine - 1))."""
WORDS_SHARE = 0.4
RIDGE = 0.15
AT_ONCE = 1000
"""Phrases that are compared with all others at once."""
KIN = (1, 3, 10)
UNLIKE = -1.0
"""How near a phrase is that does not count."""
SOFTNESS = 1.0
"""The logistic regression's C."""
CURVED = 0.1
"""How large squares are beside what they are the squares of: of few phrases little is believed."""
FAR = 4.0
"""Standard deviations; a sign farther from its mean says nothing more."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Points:
    """Texts as they are compared: one row for each."""

    sense: Matrix
    words: sparse.csr_matrix
    said: sparse.csr_matrix
    lengths: Scores

    def at(self, places: Places | slice) -> "Points":
        """Return some of them."""
        return Points(
            self.sense[places], self.words[places], self.said[places], self.lengths[places]
        )


@dataclass(frozen=True, slots=True)
class Nearness:
    """How near texts are to phrases and to the middle of each trigger; one row for each text."""

    sense: Matrix
    words: Matrix
    middles: Matrix
    coverage: Coverage
    lengths: Scores


@dataclass(frozen=True, slots=True)
class Phrases:
    """What is learnt from: points with the numbers of their triggers, NOTHING for none."""

    points: Points
    targets: Places
    middles: Matrix
    by_word: sparse.csr_matrix
    """One row for each word, one column for each phrase."""
    vocabulary: Vocabulary

    def near(self, asked: Points) -> Nearness:
        """Compare texts with the phrases."""
        return Nearness(
            asked.sense @ self.points.sense.T,
            (asked.words @ self.by_word).toarray(),
            asked.sense @ self.middles.T,
            self.vocabulary.coverage(asked.said),
            asked.lengths,
        )


def kernel(sense: Matrix, words: Matrix) -> Matrix:
    """Turn cosines into what the machine sees."""
    seen = sense - np.float32(1)
    seen *= np.float32(2 * NEARNESS)
    np.exp(seen, out=seen)
    seen += np.float32(WORDS_SHARE) * words
    return seen


class Understanding:
    """Knows triggers by their phrases; building one takes a moment."""

    def __init__(self, texts: Sequence[str], rows: Vectors, targets: Places, labels: int) -> None:
        """Learn phrases with their vectors and the numbers of their triggers, or NOTHING."""
        order, first = learning_order(targets)
        texts, rows, targets = [texts[place] for place in order], rows[order], targets[order]
        self.labels = labels
        self.wording = Wording(texts)
        vocabulary = Vocabulary(texts, targets, labels)
        self.directions = directions(rows)
        points = Points(self.sense(rows), self.wording.learnt, vocabulary.learnt, lengths(texts))
        between = middles(points.sense, targets, labels)
        self.phrases = Phrases(points, targets, between, points.words.T.tocsr(), vocabulary)
        wanted = (targets[:, None] == np.arange(labels)).astype(np.float32)
        machine = solved(system_of(points), wanted, RIDGE, first)
        self.weights = machine.weights
        self.sureness, self.held_out = Trial(self, machine, wanted).held()

    def sense(self, rows: Vectors) -> Matrix:
        """Return what is compared of vectors."""
        return to_length_one(rows @ self.directions)

    def points(self, texts: Sequence[str], rows: Vectors) -> Points:
        """Return texts with their vectors as they are compared."""
        said = self.phrases.vocabulary.rows(texts)
        return Points(self.sense(rows), self.wording.rows(texts), said, lengths(texts))

    def judge(self, texts: Sequence[str], rows: Vectors) -> tuple[Scores, Scores]:
        """Return each trigger's score, one row for each text, and how sure the best one is."""
        scores: list[Scores] = [np.zeros((0, self.labels))]
        sure: list[Scores] = [np.zeros(0)]
        for begin in range(0, len(texts), AT_ONCE):
            part = slice(begin, begin + AT_ONCE)
            near = self.phrases.near(self.points(texts[part], rows[part]))
            seen = kernel(near.sense, near.words)
            scores.append(seen @ self.weights - near.coverage.penalties())
            sure.append(self.sureness.of(self.signs(scores[-1], near)))
        return np.vstack(scores), np.concatenate(sure)

    def signs(self, scores: Scores, near: Nearness) -> Scores:
        """Return what speaks for the best trigger of each row; the first one is its score."""
        chosen = scores.argmax(axis=1)
        of_chosen = self.phrases.targets == chosen[:, None]
        strangers = self.phrases.targets == NOTHING
        columns: list[npt.NDArray[np.floating]] = [*best_and_lead(scores)]
        for cosines in (near.sense, near.words):
            kin = np.where(strangers, np.float32(UNLIKE), cosines) if strangers.any() else cosines
            nearest = most(kin, max(KIN))
            columns += [nearest[:, :many].mean(axis=1) for many in KIN]
            columns.append(np.where(of_chosen, cosines, np.float32(UNLIKE)).max(axis=1))
            voters = cosines >= nearest[:, -1:]
            columns.append((voters & of_chosen).sum(axis=1) / voters.sum(axis=1))
            if strangers.any():
                columns.append(cosines[:, strangers].max(axis=1))
        columns += [near.middles[np.arange(len(chosen)), chosen], near.lengths]
        columns += near.coverage.of(chosen)
        return np.column_stack(columns).astype(np.float64)


def lengths(texts: Sequence[str]) -> Scores:
    """Return how long texts are."""
    return np.array([np.log1p(len(text.split())) for text in texts])


def system_of(points: Points) -> Matrix:
    """Compare all phrases with one another; only the lower triangle is filled."""
    many = len(points.lengths)
    system = np.zeros((many, many), np.float32, order="F")
    common, rare = common_and_rare(points.words)
    for begin in range(0, many, AT_ONCE):
        end = min(many, begin + AT_ONCE)
        sense = points.sense[begin:end] @ points.sense[:end].T
        words = common[begin:end] @ common[:end].T
        words += (rare[begin:end] @ rare[:end].T).toarray()
        system[begin:end, :end] = kernel(sense, words)
    return system


def learning_order(targets: Places) -> tuple[Places, int]:
    """Order phrases at random, those of examined triggers last; returns where these begin."""
    shuffled = np.random.default_rng(0).permutation(len(targets))[:MOST_PHRASES]
    examined, most = np.zeros(len(shuffled), bool), COMPARED // max(1, len(shuffled))
    for target in dict.fromkeys([NOTHING, *targets[shuffled].tolist()]):
        group = targets[shuffled] == target
        room = most // 2 if target == NOTHING else most - examined.sum()
        if group.sum() > room and (examined.any() or target == NOTHING):
            continue
        examined |= group
    return np.concatenate([shuffled[~examined], shuffled[examined]]), int((~examined).sum())


def directions(rows: Vectors) -> Vectors:
    """Return the directions in which phrases differ most, one in each column."""
    _, found = np.linalg.eigh((rows.T @ rows).astype(np.float64))
    return found[:, -DIRECTIONS:].astype(np.float32)


def to_length_one(rows: Matrix) -> Matrix:
    """Scale rows to length 1; what is nothing stays nothing."""
    scaled: Matrix = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return scaled


def middles(rows: Matrix, targets: Places, labels: int) -> Matrix:
    """Return the direction of each trigger's mean."""
    return to_length_one(np.stack([rows[targets == label].sum(axis=0) for label in range(labels)]))


def best_and_lead(scores: Scores) -> tuple[Scores, Scores]:
    """Return the best score of each row, and its lead over the next one."""
    if scores.shape[1] == 1:
        return scores[:, 0], scores[:, 0]
    second, best = np.partition(scores, -2, axis=1)[:, -2:].T
    return best, best - second


def most(cosines: Matrix, many: int) -> Matrix:
    """Return the greatest cosines of each row, the greatest first."""
    many = min(many, cosines.shape[1])
    found: Matrix = np.sort(np.partition(cosines, -many, axis=1)[:, -many:], axis=1)[:, ::-1]
    return found


@dataclass(frozen=True, slots=True)
class Sureness:
    """The log-odds that a choice is right, by what speaks for it."""

    middle: Scores
    spread: Scores
    weights: Scores
    """First those of the signs, then those of their squares."""
    offset: float

    def of(self, signs: Scores) -> Scores:
        """Return the log-odds for each row of signs."""
        odds: Scores = with_squares(signs, self.middle, self.spread) @ self.weights + self.offset
        return odds


def learnt_sureness(signs: Scores, right: Flags) -> Sureness:
    """Learn it from choices that were right and others that were not."""
    middle, spread = signs.mean(axis=0), np.maximum(signs.std(axis=0), 1e-6)
    if right.all() or not right.any():
        return Sureness(middle, spread, np.eye(2 * signs.shape[1])[0], 0.0)
    machine = LogisticRegression(C=SOFTNESS, max_iter=300)
    machine.fit(with_squares(signs, middle, spread), right)
    return Sureness(middle, spread, machine.coef_[0], float(machine.intercept_[0]))


def with_squares(signs: Scores, middle: Scores, spread: Scores) -> Scores:
    """Measure signs from their means in standard deviations; returns their squares besides."""
    far = np.clip((signs - middle) / spread, -FAR, FAR)
    return np.hstack([far, CURVED * np.square(far)])


@dataclass(frozen=True, slots=True)
class Trial:
    """Judges phrases that were learnt from as if they had not been."""

    of: Understanding
    machine: Ridge
    wanted: Matrix

    def held(self) -> tuple[Sureness, Scores]:
        """Learn how sure to be; returns the log-odds of what was rightly understood besides."""
        signs: list[Scores] = []
        right: list[Flags] = []
        targets = self.of.phrases.targets
        for target in np.unique(targets[self.machine.first :]).tolist():
            group = np.flatnonzero(targets == target)
            for one, hits in self.judged(group, target):
                signs.append(one)
                right.append(hits)
        found, hits = np.vstack(signs), np.concatenate(right)
        sureness = learnt_sureness(found, hits)
        return sureness, sureness.of(found[hits])

    def judged(self, group: Places, target: int) -> Iterator[tuple[Scores, Flags]]:
        """Yield signs and hits without each phrase itself, then without the trigger."""
        answers = self.machine.left_out(group, self.wanted[group])
        points = self.of.phrases.points.at(group)
        near = self.of.phrases.near(points)
        itself = np.arange(near.sense.shape[1]) == group[:, None]
        hidden = without(near, itself, near.coverage.without_themselves(target))
        alone = answers.without_itself - hidden.coverage.penalties()
        if target != NOTHING:
            hidden.middles[:, target] = to_the_others(points.sense)
        yield self.of.signs(alone, hidden), alone.argmax(axis=1) == target
        if target == NOTHING or self.of.labels == 1:
            return
        unknown = near.coverage.without_trigger(target)
        hidden = without(near, self.of.phrases.targets == target, unknown)
        strangers = answers.without_group - unknown.penalties()
        strangers[:, target] = hidden.middles[:, target] = UNLIKE
        yield self.of.signs(strangers, hidden), np.zeros(len(group), bool)


def without(near: Nearness, hidden: Flags, coverage: Coverage) -> Nearness:
    """Return the same as if some phrases were not known."""
    return Nearness(
        np.where(hidden, np.float32(UNLIKE), near.sense),
        np.where(hidden, np.float32(UNLIKE), near.words),
        near.middles.copy(),
        coverage,
        near.lengths,
    )


def to_the_others(rows: Matrix) -> Scores:
    """Return how near each row is to the middle of the others."""
    others = to_length_one(rows.sum(axis=0) - rows)
    near: Scores = (rows * others).sum(axis=1)
    return near
