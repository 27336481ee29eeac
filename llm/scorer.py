"""How well scripts fit a post, judged on this machine and within about a millisecond.

Each trigger is learnt against all others and against a background of phrases that nobody should
answer, so that a trigger's margin does not depend on how many others there are. A fit needs two
things: the best trigger's margin, and its lead over the next one. Texts on which two triggers
agree about equally well are mostly texts that neither knows.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt
from sklearn.svm import LinearSVC

from llm.features import Features
from llm.passages import passages
from llm.readings import Fit
from personas.language import LANGUAGES, Language, language_of
from personas.scripts.model import Script

Margins = npt.NDArray[np.float64]

SOFTNESS = 0.5
"""The support vector machine's C: small data wants wide margins."""
LATER_SENTENCE = 0.2
"""What a sentence's margin loses with each one before it."""
NO_TRIGGER = -1.0
"""The margin of a trigger that has nothing in common with the text."""

MARGIN_AT_THE_LIMIT, LEAD_AT_THE_LIMIT = -0.3, 0.3
FIT_AT_THE_LIMIT = 1.0
"""Log-odds of a fit for that margin and that lead: 0.73, just above the default limit."""
PER_MARGIN, PER_LEAD, PER_DOUBT = 4.0, 1.5, 6.0
SURE_ABOVE_BACKGROUND = 0.5
"""A margin that is less than this above the headline's background margin is in doubt."""


@dataclass(frozen=True, slots=True)
class Label:
    """What an example phrase stands for; nothing at all for the background."""

    script: int
    trigger: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """Phrases of one language with what they stand for: the place of a label, or -1."""

    phrases: tuple[str, ...]
    targets: tuple[int, ...]
    labels: tuple[Label, ...]


BACKGROUND = -1


class LocalScorer:
    """Knows some scripts; building one takes a moment, so do it off the event loop."""

    def __init__(self, scripts: Sequence[Script]) -> None:
        self.judges: Mapping[Language, Judge] = {
            language: Judge(lesson)
            for language in LANGUAGES
            if (lesson := lesson_of(scripts, language)).labels
        }

    def score(self, text: str) -> Fit | None:
        """Return the best trigger for the text, or None when there is none in its language."""
        language = language_of(text)
        judge = self.judges.get(language) if language else None
        parts = passages(text)
        return judge.best(parts) if judge and parts else None


class Judge:
    """Tells the triggers of one language apart, and all of them from the rest of the world."""

    def __init__(self, lesson: Lesson) -> None:
        self.labels = lesson.labels
        self.features = Features(lesson.phrases)
        machine = LinearSVC(C=SOFTNESS, class_weight="balanced", random_state=0)
        machine.fit(self.features.rows(lesson.phrases), lesson.targets)
        self.weights, self.offsets = machine.coef_.T, machine.intercept_

    def best(self, parts: Sequence[str]) -> Fit:
        """Return the best trigger for a text's passages."""
        background, margins = self.margins(parts)
        weighed = margins - LATER_SENTENCE * np.arange(len(parts))[:, None]
        part, column = (int(at) for at in np.unravel_index(weighed.argmax(), weighed.shape))
        others = np.delete(margins[part], column)
        runner_up = max(NO_TRIGGER, float(others.max(initial=NO_TRIGGER)))
        lead = float(margins[part, column]) - runner_up
        score = fit_of(float(weighed[part, column]), lead, float(background[0]))
        label = self.labels[column]
        return Fit(label.script, label.trigger, score, parts[part])

    def margins(self, parts: Sequence[str]) -> tuple[Margins, Margins]:
        """Return the background's margins and the triggers', one row for each passage."""
        decided = self.features.rows(parts) @ self.weights + self.offsets
        if decided.shape[1] == 1:  # one trigger alone: its margin is the background's turned round
            decided = np.hstack([-decided, decided])
        return decided[:, 0], decided[:, 1:]


def fit_of(margin: float, lead: float, background: float) -> float:
    """Turn margins into a fit of 0 to 1; it rises with margin and lead, falls with background."""
    odds = FIT_AT_THE_LIMIT
    odds += PER_MARGIN * (margin - MARGIN_AT_THE_LIMIT)
    odds += PER_LEAD * (min(lead, 1.0) - LEAD_AT_THE_LIMIT)
    odds -= PER_DOUBT * max(0.0, SURE_ABOVE_BACKGROUND - (margin - background))
    return 1 / (1 + math.exp(-odds))


def lesson_of(scripts: Sequence[Script], language: Language) -> Lesson:
    """Gather the example phrases of one language, the counterexamples and the background."""
    labels: list[Label] = []
    phrases: list[str] = []
    targets: list[int] = []
    for place, script in enumerate(scripts):
        if script.language != language:
            continue
        for trigger in script.triggers:
            phrases += trigger.examples
            targets += [len(labels)] * len(trigger.examples)
            labels.append(Label(place, trigger.key))
        phrases += script.counterexamples
        targets += [BACKGROUND] * len(script.counterexamples)
    background = background_phrases(language)
    return Lesson(
        phrases=(*phrases, *background),
        targets=(*targets, *[BACKGROUND] * len(background)),
        labels=tuple(labels),
    )


def background_phrases(language: Language) -> tuple[str, ...]:
    """Return the phrases that no script should answer unless it says so itself."""
    content = files("llm").joinpath("background.json").read_text(encoding="utf-8")
    return tuple(json.loads(content)[language])
