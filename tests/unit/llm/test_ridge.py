"""Answers for what was left out are those of a machine that never saw it."""

import numpy as np
import pytest

from llm.ridge import Matrix, Places, solved

RIDGE = 0.2
FIRST = 10
PHRASES, TRIGGERS = 30, 5


def phrases() -> tuple[Matrix, Matrix, Places]:
    """Return how near phrases are to one another, what is wanted, and their triggers."""
    targets = np.repeat(np.arange(TRIGGERS), PHRASES // TRIGGERS)
    points = np.random.default_rng(1).normal(size=(PHRASES, 4)) + targets[:, None]
    distances = np.square(points[:, None] - points).sum(axis=2)
    wanted = (targets[:, None] == np.arange(TRIGGERS)).astype(np.float32)
    return np.exp(-distances / 4).astype(np.float32), wanted, targets


def answers_without(hidden: Places, asked: Places) -> Matrix:
    """Train anew without some phrases, and ask for others."""
    near, wanted, _ = phrases()
    kept = np.setdiff1d(np.arange(PHRASES), hidden)
    system = near[np.ix_(kept, kept)] + RIDGE * np.eye(len(kept), dtype=np.float32)
    found: Matrix = near[np.ix_(asked, kept)] @ np.linalg.solve(system, wanted[kept])
    return found


@pytest.mark.parametrize("trigger", [2, 4])
def test_what_is_left_out_is_answered_as_by_a_machine_that_never_saw_it(trigger: int) -> None:
    near, wanted, targets = phrases()
    machine = solved(near.copy(order="F"), wanted, RIDGE, FIRST)
    group = np.flatnonzero(targets == trigger)
    answers = machine.left_out(group, wanted[group])
    assert np.allclose(answers.without_group, answers_without(group, group), atol=1e-3)
    for row, place in enumerate(group):
        alone = answers_without(np.array([place]), np.array([place]))
        assert np.allclose(answers.without_itself[row], alone[0], atol=1e-3)
