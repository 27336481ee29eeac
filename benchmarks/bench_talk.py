"""How well what speaks in conversations and comments tells the demo's triggers and strangers apart.

    python -m benchmarks.bench_talk

All scripts of the demo are learnt together, a third of their phrases held out in turn (three draws,
seeds 0 to 2); strangers are the background and small talk, held out alike. `right` is the part of
phrases that were given their trigger with a fit above 0.7, `wrong` the part given another one,
`strangers` the part of strangers that nothing was said to.
"""

import json
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.documents import read_scripts
from llm.interpreter import taught
from llm.lessons import Label
from llm.meaning import Meanings
from llm.script_selector import KNOWN_BY_MEANING, TalkLesson, talk_lesson, teach
from llm.selector import Senses
from orchestrator.ids import ScriptVersionId
from orchestrator.ports.writing import PublishedScript
from personas.language import LANGUAGES
from personas.strategy import SCRIPT_FITS_ABOVE

FOLDERS = tuple(Path("cli/demo_data") / name for name in ("scripts", "conversations", "groups"))
DRAWS = 3

Rows = Sequence[tuple[str, int]]
Ask = Callable[[str], tuple[int, float]]


@dataclass(slots=True)
class Counts:
    """What came of the phrases that were held out."""

    asked: int = 0
    right: int = 0
    wrong: int = 0
    strangers: int = 0
    kept_silent: int = 0

    def count(self, wanted: int, given: int, fit: float, known: int) -> None:
        """Count one phrase."""
        speaks = fit > SCRIPT_FITS_ABOVE
        if wanted >= known:
            self.strangers += 1
            self.kept_silent += not speaks
            return
        self.asked += 1
        self.right += speaks and given == wanted
        self.wrong += speaks and given != wanted

    def figures(self) -> dict[str, float]:
        """Return fractions."""
        return {
            "right": round(self.right / self.asked, 3),
            "wrong": round(self.wrong / self.asked, 3),
            "strangers": round(self.kept_silent / self.strangers, 3),
        }


def by_selector(rows: Rows, known: int, senses: Senses | None) -> Ask:
    """Learn as what speaks does."""
    phrases, targets = zip(*rows, strict=True)
    labels = tuple(Label(0, str(number)) for number in range(known))
    learnt = teach(TalkLesson(phrases, targets, labels), senses, None)

    def ask(text: str) -> tuple[int, float]:
        fit = learnt.read([text]).fit
        return int(fit.trigger), fit.score

    return ask


def measure(lesson: TalkLesson, senses: Senses | None) -> dict[str, dict[str, float]]:
    """Hold a third out, three times; whatever is an intent counts as a stranger."""
    rows = list(zip(lesson.phrases, lesson.targets, strict=True))
    known = len(lesson.labels)
    counts: dict[str, Counts] = {}
    for draw in range(DRAWS):
        shuffled = random.Random(draw).sample(rows, len(rows))  # noqa: S311 - the same each time
        held, learnt = (
            shuffled[draw::DRAWS],
            [row for place, row in enumerate(shuffled) if place % DRAWS != draw],
        )
        ways = {"words": by_selector(learnt, known, None)}
        if senses is not None:
            ways["meaning"] = by_selector(learnt, known, senses)
        for name, ask in ways.items():
            for text, wanted in held:
                counts.setdefault(name, Counts()).count(wanted, *ask(text), known)
    return {name: one.figures() for name, one in counts.items()}


def main() -> None:
    """Measure each language."""
    scripts = [
        taught(PublishedScript(ScriptVersionId(1), script)).script
        for folder in FOLDERS
        for script in read_scripts(folder)
    ]
    with tempfile.TemporaryDirectory() as models:
        senses = Meanings(Path(models))
    for language in LANGUAGES:
        lesson = talk_lesson(scripts, language)
        told = measure(lesson, senses if language == KNOWN_BY_MEANING else None)
        print(json.dumps({"benchmark": "talk", "language": language, **told}))


if __name__ == "__main__":
    main()
