"""The desk's own texts, from the files beside this one, and what may be put in their place."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from support.languages import Language
from support.texts.filling import variables_of

Texts = Mapping[str, Mapping[str, str]]
"""By key, then by language."""

TELEGRAM_LENGTH = 4096


@cache
def our_texts() -> Texts:
    """Read every text; raises ValueError for a key in two files."""
    texts: dict[str, Mapping[str, str]] = {}
    for file in sorted(files("support.texts").iterdir(), key=lambda one: one.name):
        if file.name.endswith(".json"):
            found: dict[str, Mapping[str, str]] = json.loads(file.read_text(encoding="utf-8"))
            twice = texts.keys() & found.keys()
            if twice:
                raise ValueError(f"{file.name} repeats {', '.join(sorted(twice))}")
            texts.update(found)
    return texts


def problem_with(key: str, language: Language, text: str | None) -> str | None:
    """Say why a text cannot stand in place of ours; None when it can, or brings ours back."""
    ours = our_texts().get(key)
    if ours is None:
        return f"There is no text {key}"
    if text is None:
        return None
    if not text.strip() or len(text) > TELEGRAM_LENGTH:
        return f"A text needs 1 to {TELEGRAM_LENGTH} characters"
    unknown = variables_of(text) - variables_of(ours[language])
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in sorted(variables_of(ours[language])))
        return f"Text {key} has no {{{min(unknown)}}}" + (f": it may hold {known}" if known else "")
    return None
