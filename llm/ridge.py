"""Kernel ridge regression, with what it would answer had it not seen a phrase, or a whole trigger.

A machine that is solved once tells that without being trained again: what a phrase, or a group of
them, adds to its own answer can be taken out by means of the system's inverse (the leave-one-out
formula, also by blocks). The phrases for which that is asked stand last in the system, so that only
a corner of the inverse has to be worked out.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_solve, cholesky

Matrix = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Answers:
    """One row for each phrase of a group, one column for each trigger."""

    without_itself: Scores
    without_group: Scores
    """What a machine would answer that had never seen the group."""


@dataclass(frozen=True, slots=True)
class Ridge:
    """A solved machine, and the corner of its system's inverse for the last phrases."""

    weights: Matrix
    """One row for each phrase, one column for each trigger."""
    corner: Matrix
    first: int
    """The phrase at which the corner begins."""

    def left_out(self, group: Places, wanted: Matrix) -> Answers:
        """Answer for phrases of the corner, of which this was wanted."""
        inside = group - self.first
        inverse = self.corner[np.ix_(inside, inside)].astype(np.float64)
        weights = self.weights[group].astype(np.float64)
        alone = wanted - weights / np.diag(inverse)[:, None]
        return Answers(alone, wanted - np.linalg.solve(inverse, weights))


def solved(near: Matrix, wanted: Matrix, ridge: float, first: int) -> Ridge:
    """Learn what is wanted of each phrase from how near it is to each other one.

    Of `near` the lower triangle is read, and overwritten; the corner begins at phrase `first`.
    """
    near[np.diag_indices_from(near)] += np.float32(ridge)
    lower = cholesky(near, lower=True, overwrite_a=True, check_finite=False)
    weights = cho_solve((lower, True), wanted, check_finite=False)
    last = np.asfortranarray(lower[first:, first:])
    corner = cho_solve((last, True), np.eye(len(last), dtype=np.float32), check_finite=False)
    return Ridge(weights.astype(np.float32), corner, first)
