"""How long the local scorer takes to learn many triggers, and to judge one message.

    python -m benchmarks.bench_scorer [FOLDER] [--triggers N] [--phrases N] [--selector]

FOLDER holds banking77_train.csv and banking77_test.csv (PolyAI, CC BY 4.0); its intents are dealt
out until there are enough triggers. Without it phrases are made up of syllables. Learning goes on
in a thread, as in a node, while the event loop ticks every few milliseconds: `worst_tick_ms` is by
how much the loop was ever late. `again_seconds` is learning after one of the scripts changed. What
is called cpu is processor time, which a busy machine does not lengthen.

With `--selector` the class that `troupe selector evaluate` measures learns the same phrases and the
background instead: by words, then by meaning too. `encode` is what turning the phrases into vectors
takes, once for each phrase; `meaning` is learning from vectors that are known, words included.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from llm.evaluation import read_examples
from llm.meaning import Meanings
from llm.schooling import School, in_thread
from llm.scorer import LocalScorer, background_phrases
from llm.selector import NOTHING, Selector
from orchestrator.ids import ScriptVersionId
from orchestrator.ports.writing import PublishedScript
from personas.scripts.model import Script

TRIGGERS_IN_A_SCRIPT = 10
TICK = 0.005
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


@dataclass(frozen=True, slots=True)
class Learning:
    """What it took to learn."""

    seconds: float
    cpu: float
    late: float
    """The loop's worst delay, in milliseconds."""


async def learn(school: School[LocalScorer], scripts: list[PublishedScript]) -> Learning:
    """Learn in a thread."""
    begun, cpu, worst = time.perf_counter(), time.process_time(), 0.0
    training = school.training_for(scripts)
    while not training.task.done():
        before = time.perf_counter()
        await asyncio.sleep(TICK)
        worst = max(worst, time.perf_counter() - before - TICK)
    training.task.result()
    spent = time.process_time() - cpu
    return Learning(time.perf_counter() - begun, spent, worst * 1000)


async def main(folder: Path | None, triggers: int, phrases: int) -> None:
    """Learn twice, then judge message after message."""
    texts = made_up(triggers, phrases) if folder is None else from_folder(folder, triggers, phrases)
    school = School(in_thread(LocalScorer))
    first = await learn(school, scripts_of(texts, "How may I help you today?"))
    changed = scripts_of(texts, "Who else could help me today?")
    again = await learn(school, changed)
    scorer = await school.scorer_for(changed)
    asked = [one[0] for one in texts]
    begun = time.process_time()
    for text in asked:
        scorer.score(text)
    each = (time.process_time() - begun) * 1000 / len(asked)
    figures = {
        "benchmark": "scorer",
        "triggers": len(texts),
        "phrases": sum(map(len, texts)),
        "seconds": round(first.seconds, 2),
        "cpu_seconds": round(first.cpu, 2),
        "again_seconds": round(again.seconds, 2),
        "again_cpu_seconds": round(again.cpu, 2),
        "worst_tick_ms": round(max(first.late, again.late), 1),
        "cpu_ms_per_message": round(each, 3),
    }
    print(json.dumps(figures))


def processor_time(do: Callable[[], object]) -> float:
    """Return the processor seconds that something takes."""
    begun = time.process_time()
    do()
    return round(time.process_time() - begun, 2)


def measure_selector(folder: Path | None, triggers: int, phrases: int) -> None:
    """Let the selector learn by words alone, then by meaning too."""
    groups = (
        made_up(triggers, phrases) if folder is None else from_folder(folder, triggers, phrases)
    )
    strangers = background_phrases("en")
    texts = [*(text for group in groups for text in group), *strangers]
    targets = [number for number, group in enumerate(groups) for _ in group]
    targets += [NOTHING] * len(strangers)
    with tempfile.TemporaryDirectory() as models:
        meanings = Meanings(Path(models))
    figures = {
        "benchmark": "selector",
        "triggers": len(groups),
        "phrases": len(texts),
        "words_cpu_seconds": processor_time(lambda: Selector(texts, targets)),
        "encode_cpu_seconds": processor_time(lambda: meanings.vectors(texts)),
        "meaning_cpu_seconds": processor_time(lambda: Selector(texts, targets, meanings)),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--triggers", type=int, default=150)
    parser.add_argument("--phrases", type=int, default=100)
    parser.add_argument("--selector", action="store_true")
    wanted = parser.parse_args()
    if wanted.selector:
        measure_selector(wanted.folder, wanted.triggers, wanted.phrases)
    else:
        asyncio.run(main(wanted.folder, wanted.triggers, wanted.phrases))
