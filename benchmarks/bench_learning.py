"""How long the selector takes to learn many triggers, and to judge one message.

    python -m benchmarks.bench_learning [FOLDER] [--triggers N] [--phrases N]

FOLDER holds banking77_train.csv and banking77_test.csv (PolyAI, CC BY 4.0); its intents are dealt
out until there are enough triggers. Without it phrases are made up of syllables. Learnt are these
and the background: by words alone, which serve first, then by meaning too. `encode` is what turning
the phrases into vectors takes, once for each phrase; `meaning` is learning from vectors that are
known. `bench_judge` measures the same in the process beside a node. What is called cpu is processor
time, which a busy machine does not lengthen.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

from llm.evaluation import read_examples
from llm.lessons import background_phrases
from llm.meaning import Meanings
from llm.selector import NOTHING, Selector
from orchestrator.ids import ScriptVersionId
from orchestrator.ports.writing import PublishedScript
from personas.scripts.model import Script

TRIGGERS_IN_A_SCRIPT = 10
T = TypeVar("T")

SYLLABLES = [first + second for first in "bdgklmnprst" for second in "aeiou"]


def made_up(triggers: int, phrases: int) -> list[list[str]]:
    """Make phrases up: each trigger has a vocabulary of its own beside one that all share."""
    dice = random.Random(1)  # noqa: S311 - the same phrases each time

    def word() -> str:
        return "".join(dice.choices(SYLLABLES, k=dice.randint(2, 4)))

    shared = [word() for _ in range(600)]
    own = [[word() for _ in range(25)] for _ in range(triggers)]
    return [
        [" ".join(dice.choices(mine, k=4) + dice.choices(shared, k=7)) for _ in range(phrases)]
        for mine in own
    ]


def from_folder(folder: Path, triggers: int, phrases: int) -> list[list[str]]:
    """Deal the intents out, each phrase with a number where there are too few."""
    by_intent: dict[str, list[str]] = {}
    for name in ("banking77_train.csv", "banking77_test.csv"):
        for one in read_examples(folder / name):
            by_intent.setdefault(one.category, []).append(one.text)
    halves = [texts[half::2] for texts in by_intent.values() for half in range(2)]
    return [filled(texts, phrases) for texts in islice(halves, triggers)]


def filled(texts: list[str], phrases: int) -> list[str]:
    """Return so many phrases; those beyond the known ones differ by a number."""
    more = [f"{texts[at % len(texts)]} {at}" for at in range(max(0, phrases - len(texts)))]
    return (texts + more)[:phrases]


def scripts_of(phrases: list[list[str]], response: str) -> list[PublishedScript]:
    """Put the triggers into scripts; the first one says `response`."""
    groups = [
        phrases[at : at + TRIGGERS_IN_A_SCRIPT]
        for at in range(0, len(phrases), TRIGGERS_IN_A_SCRIPT)
    ]
    scripts = [
        Script.model_validate(
            {
                "key": f"script-{number}",
                "kind": "comment",
                "name": "Learnt",
                "language": "en",
                "triggers": [
                    {
                        "key": f"trigger-{number}-{place}",
                        "examples": list(dict.fromkeys(examples)),
                        "responses": ["What came of it?"],
                    }
                    for place, examples in enumerate(group)
                ],
            }
        )
        for number, group in enumerate(groups)
    ]
    first = scripts[0].triggers[0]
    changed = first.model_copy(update={"examples": (*first.examples, response)})
    scripts[0] = scripts[0].model_copy(update={"triggers": (changed, *scripts[0].triggers[1:])})
    return [
        PublishedScript(ScriptVersionId(number), one)
        for number, one in enumerate(scripts, len(response))
    ]


def timed(do: Callable[[], T]) -> tuple[T, dict[str, float]]:
    """Do something; returns the seconds and the processor seconds that it took besides."""
    begun, spent = time.perf_counter(), time.process_time()
    done = do()
    wall, cpu = time.perf_counter() - begun, time.process_time() - spent
    return done, {"wall": round(wall, 2), "cpu": round(cpu, 2)}


def judging_time(selector: Selector, asked: Sequence[str]) -> float:
    """Return the processor milliseconds that one message takes."""
    begun = time.process_time()
    for text in asked:
        selector.choose(text)
    return round((time.process_time() - begun) * 1000 / len(asked), 2)


def main(folder: Path | None, triggers: int, phrases: int) -> None:
    """Let the selector learn by words alone, then by meaning too; then judge message by message."""
    groups = (
        made_up(triggers, phrases) if folder is None else from_folder(folder, triggers, phrases)
    )
    strangers = background_phrases("en")
    texts = [*(text for group in groups for text in group), *strangers]
    targets = [number for number, group in enumerate(groups) for _ in group]
    targets += [NOTHING] * len(strangers)
    asked = [f"{group[0]}!" for group in groups]
    with tempfile.TemporaryDirectory() as models:
        meanings = Meanings(Path(models))
    words, words_time = timed(lambda: Selector(texts, targets))
    _, encode_time = timed(lambda: meanings.vectors(texts))
    whole, meaning_time = timed(lambda: Selector(texts, targets, meanings))
    figures = {
        "benchmark": "learning",
        "triggers": len(groups),
        "phrases": len(texts),
        "words_seconds": words_time,
        "encode_seconds": encode_time,
        "meaning_seconds": meaning_time,
        "words_cpu_ms_per_message": judging_time(words, asked),
        "meaning_cpu_ms_per_message": judging_time(whole, asked),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--triggers", type=int, default=150)
    parser.add_argument("--phrases", type=int, default=100)
    wanted = parser.parse_args()
    main(wanted.folder, wanted.triggers, wanted.phrases)
