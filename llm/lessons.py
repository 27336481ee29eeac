"""What there is to learn: the phrases of scripts, and those that no script should answer."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from personas.language import Language
from personas.scripts.model import Script

BACKGROUND = -1
"""The target of a phrase that no trigger fits."""


@dataclass(frozen=True, slots=True)
class Label:
    """What an example phrase stands for; nothing at all for the background."""

    script: int
    trigger: str


@dataclass(frozen=True, slots=True)
class ScriptLesson:
    """Phrases of one language with what they stand for: the place of a label, or -1."""

    phrases: tuple[str, ...]
    targets: tuple[int, ...]
    labels: tuple[Label, ...]


def lesson_of(scripts: Sequence[Script], language: Language) -> ScriptLesson:
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
    return ScriptLesson(
        phrases=(*phrases, *background),
        targets=(*targets, *[BACKGROUND] * len(background)),
        labels=tuple(labels),
    )


def background_phrases(language: Language) -> tuple[str, ...]:
    """Return the phrases that no script should answer unless it says so itself."""
    content = files("llm").joinpath("background.json").read_text(encoding="utf-8")
    return tuple(json.loads(content)[language])
