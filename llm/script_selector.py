"""What speaks: which trigger, objection or small talk of a set of scripts a text means, if any.

Where the encoder knows the language, it is the very selector that `troupe selector evaluate`
measures, taught by triggers, small talk and known strangers. Elsewhere its judge of words speaks:
there the fit is the chance that the trigger is right, learnt from phrases that were held out by
logistic regression on the trigger's score and its leads, drawn towards weights that held for other
scripts, for a young script has few phrases.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from llm import selector
from llm.lessons import BACKGROUND, Label, ScriptLesson, lesson_of
from llm.passages import passages
from llm.readings import Fit, Reading
from llm.selector import FEW, Judge, Selector, Senses, Verdicts, WordJudge, Words, splits
from llm.small_talk import CHATTER, Intent, language_heard, small_talk, without_salutation
from personas.language import LANGUAGES, Language
from personas.scripts.model import Script
from personas.strategy import SCRIPT_FITS_ABOVE

Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

KNOWN_BY_MEANING: Language = "en"
"""The only language whose sentences the encoder understands."""
SPEAKS_FROM = 0.6
"""The chance of being right that counts as a fit of 0.7: about one in five is wrong above it."""
USUAL = (0.0, 2.0, 1.2, 1.5)
"""Log-odds of being right by words: always, by score, by lead over the next trigger and over what
nobody should answer; about what the example scripts come to."""
PULL = 1.0
"""How strongly weights are drawn there: as by about so many phrases each."""
LATER_SENTENCE = 0.8
"""Log-odds that a sentence of a post loses with each one before it."""
NO_RIVAL = -1.0
"""What a trigger that is alone leads over."""


@dataclass(frozen=True, slots=True)
class TalkLesson:
    """Phrases of one language and what each stands for: triggers, then intents, then nothing."""

    phrases: tuple[str, ...]
    targets: tuple[int, ...]
    labels: tuple[Label, ...]

    @property
    def known(self) -> int:
        """How many of the targets can be heard: the triggers and the intents."""
        return len(self.labels) + len(Intent)


Lessons = Mapping[Language, TalkLesson]


class ScriptSelector:
    """Says what texts mean; building one takes a moment, so do it off the event loop."""

    def __init__(
        self,
        lessons: Lessons,
        senses: Senses | None = None,
        by_words: "ScriptSelector | None" = None,
        name: str = "",
    ) -> None:
        """Learn lessons; one that knows them by words alone saves learning those again."""
        self.name = name
        """Of what it learnt and how; empty: it is nobody's to find again."""
        self.senses = senses
        self.taught: Mapping[Language, Taught] = {
            language: teach(
                lesson,
                senses if language == KNOWN_BY_MEANING else None,
                by_words.taught.get(language) if by_words else None,
            )
            for language, lesson in lessons.items()
        }

    def score(self, text: str) -> Fit | None:
        """Return the best trigger for a text, or None when there is none in its language."""
        reading = self.read(text)
        return None if reading is None else reading.fit

    def read(self, text: str) -> Reading | None:
        """Tell triggers and small talk apart, passage by passage."""
        language = language_heard(text)
        taught = self.taught.get(language) if language else None
        parts = passages(without_salutation(text))
        return taught.read(parts) if taught and parts else None


@dataclass(frozen=True, slots=True)
class Taught:
    """What was learnt in one language."""

    labels: tuple[Label, ...]
    judge: Judge
    weights: tuple[float, ...] | None
    """Of a judge of words; None: the judge says by itself how sure it is of its best choice."""

    @property
    def known(self) -> int:
        """How many of the judge's columns can be heard."""
        return len(self.labels) + len(Intent)

    def read(self, parts: Sequence[str]) -> Reading:
        """Read the passages of one text."""
        verdicts = self.judge.verdicts(parts)
        triggers = verdicts.scores[:, : len(self.labels)].argmax(axis=1)
        later = LATER_SENTENCE * np.arange(len(parts))
        odds = self.odds(verdicts, triggers) - later
        part = int(odds.argmax())
        label = self.labels[int(triggers[part])]
        fit = Fit(label.script, label.trigger, fit_at(float(odds[part])), parts[part])
        return self.beside(verdicts, fit)

    def beside(self, verdicts: Verdicts, fit: Fit) -> Reading:
        """Add the small talk that all of a text is."""
        first = len(self.labels)
        intents = verdicts.scores[:, first : self.known].argmax(axis=1) + first
        certain = [fit_at(one) for one in self.odds(verdicts, intents).tolist()]
        at = min(range(len(certain)), key=certain.__getitem__)
        if certain[at] <= max(SCRIPT_FITS_ABOVE, fit.score):
            return Reading(fit)
        return Reading(fit, tuple(Intent)[int(intents[at]) - first], certain[at])

    def odds(self, verdicts: Verdicts, columns: Places) -> Numbers:
        """Return the log-odds that these columns are right, one for each row."""
        if self.weights is None:
            chosen, sure = verdicts.scores.argmax(axis=1), verdicts.confidences
            return np.where(columns == chosen, sure, -np.abs(sure))
        odds: Numbers = grounds(verdicts, columns, self.known) @ np.asarray(self.weights)
        return odds


def fit_at(odds: float) -> float:
    """Turn log-odds of being right into a fit, 0.7 where a script may speak."""
    shifted = odds + log_odds(SCRIPT_FITS_ABOVE) - log_odds(SPEAKS_FROM)
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, shifted))))


def log_odds(chance: float) -> float:
    """Return the logarithm of a chance against its contrary."""
    return math.log(chance / (1 - chance))


def grounds(verdicts: Verdicts, columns: Places, known: int) -> Numbers:
    """Return what speaks for each row's column: one, score, and both leads."""
    scores, rows = verdicts.scores, np.arange(len(columns))
    own = scores[rows, columns]
    others = scores[:, :known].copy()
    others[rows, columns] = NO_RIVAL
    leads = own - others.max(axis=1), own - scores[:, known:].max(axis=1)
    return np.column_stack([np.ones(len(rows)), own, *leads])


def teach(lesson: TalkLesson, senses: Senses | None, known: Taught | None) -> Taught:
    """Train on one language, unless nothing is to be added to what is known."""
    if known is not None and senses is None:
        return known
    targets = np.asarray(lesson.targets, dtype=np.int64)
    if senses is not None:
        heard = np.where(targets < lesson.known, targets, selector.NOTHING)
        chosen = Selector(lesson.phrases, heard.tolist(), senses)
        return Taught(lesson.labels, chosen.judge, None)
    whole = selector.LabelledTexts(lesson.phrases, targets, int(targets.max()) + 1)
    weights, words = examine(whole, lesson.known)
    return Taught(lesson.labels, whole.taught(words), weights)


def examine(lesson: selector.LabelledTexts, known: int) -> tuple[tuple[float, ...], Words | None]:
    """Learn from phrases that were held out how far scores and leads can be trusted.

    With many phrases the judge is kept as it was examined.
    """
    seen: list[Numbers] = []
    right: list[npt.NDArray[np.bool_]] = []
    judge: WordJudge | None = None
    for taught, asked in splits(lesson.targets):
        judge = lesson.part(taught).taught()
        verdicts = judge.verdicts([lesson.texts[place] for place in asked])
        chosen = verdicts.scores[:, :known].argmax(axis=1)
        seen.append(grounds(verdicts, chosen, known))
        right.append(chosen == lesson.targets[asked])
    if judge is None:
        return USUAL, None
    weights = fitted(np.vstack(seen), np.concatenate(right), np.asarray(USUAL))
    return weights, judge.words if len(lesson.targets) > FEW else None


def fitted(seen: Numbers, right: npt.NDArray[np.bool_], usual: Numbers) -> tuple[float, ...]:
    """Return the weights that tell best what was right, drawn towards the usual ones."""
    signs = np.where(right, 1.0, -1.0)

    def loss(weights: Numbers) -> float:
        missed = np.logaddexp(0, -signs * (seen @ weights)).sum()
        return float(missed + PULL * np.square(weights - usual).sum())

    found = minimize(loss, usual, method="L-BFGS-B")
    return tuple(float(one) for one in found.x)


def lessons_of(scripts: Sequence[Script]) -> Lessons:
    """Gather what is to be learnt, for each language in which there is a trigger."""
    lessons = {language: talk_lesson(scripts, language) for language in LANGUAGES}
    return {language: lesson for language, lesson in lessons.items() if lesson.labels}


def talk_lesson(scripts: Sequence[Script], language: Language) -> TalkLesson:
    """Gather the phrases of one language, and what people write that is no script's business."""
    lesson: ScriptLesson = lesson_of(scripts, language)
    labels = len(lesson.labels)
    nothing = labels + len(Intent)
    targets = [nothing if one == BACKGROUND else one for one in lesson.targets]
    phrases = list(lesson.phrases)
    for place, kind in enumerate((*Intent, CHATTER)):
        own = [text for text in small_talk(language)[kind] if text not in lesson.phrases]
        phrases += own
        targets += [nothing + 1 if kind == CHATTER else labels + place] * len(own)
    return TalkLesson(tuple(phrases), tuple(targets), lesson.labels)
