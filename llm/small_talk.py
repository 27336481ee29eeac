"""What people write that no script is about: greetings, thanks, farewells, and their own lives."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from importlib.resources import files

from personas.language import LANGUAGES, Language, language_of
from personas.texts import stems

CLAUSE_END = re.compile(r"[\s,.!?…;:)(—–-]*[,.!?…;:)(\n—–][\s,.!?…;:)(—–-]*")

Phrases = Mapping[str, Sequence[str]]


class Intent(StrEnum):
    """Small talk that can be answered, or needs no answer."""

    GREETING = "greeting"
    THANKS = "thanks"
    FAREWELL = "farewell"


CHATTER = "chatter"
"""Small talk that is nobody's business but a person's."""


@cache
def small_talk(language: Language) -> Phrases:
    """Return messages that no script is about, by what they are."""
    content = files("llm").joinpath("small_talk.json").read_text(encoding="utf-8")
    talk: Phrases = json.loads(content)[language]
    return talk


@cache
def known_talk() -> Mapping[tuple[str, ...], tuple[Language, str]]:
    """Return what each phrase of small talk is, by its stems."""
    return {
        stems(text): (language, kind)
        for language in LANGUAGES
        for kind, texts in small_talk(language).items()
        for text in texts
    }


def language_heard(text: str) -> Language | None:
    """Return the language of a text, also of a greeting that is too short to tell otherwise."""
    found = known_talk().get(stems(text))
    return language_of(text) or (found[0] if found else None)


def without_salutation(text: str) -> str:
    """Return what follows the greeting that a text begins with; all of it where nothing does."""
    rest = "".join(after_salutation(text)).strip()
    return rest or text


def after_salutation(text: str) -> Iterator[str]:
    """Yield the clauses from the first one on that is no greeting, as they are."""
    begun, start = False, 0
    for end in (*(found.end() for found in CLAUSE_END.finditer(text)), len(text)):
        clause, start = text[start:end], end
        kind = known_talk().get(stems(clause), (None, CHATTER))[1]
        begun = begun or kind != Intent.GREETING
        if begun:
            yield clause
