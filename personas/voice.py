"""A scripted response, spoken in a persona's voice: other words, the same statement."""

import re

from personas.dice import pick
from personas.persona import Persona, Tone
from personas.scripts.parts import PLACEHOLDER
from personas.texts import SCHEME_LINK, without_emoji

EXCLAMATIONS = re.compile(r"!+")


def speak(template: str, persona: Persona, seed: int) -> str:
    """Fill the placeholders and say the text in the persona's words and tone.

    The same arguments give the same text. Words are swapped by the persona's vocabulary and marks
    are toned down; nothing is added. A placeholder that is not known stays, for the checks to see.
    """
    text = fill(say_in_own_words(template, persona, seed), persona)
    return tone_down(text, persona.tone)


def fill(template: str, persona: Persona) -> str:
    """Put the persona's own data in place of the placeholders."""
    values = {"persona": persona.name, "disclosure": persona.disclosure}
    return PLACEHOLDER.sub(lambda hit: values.get(hit.group(1), hit.group()), template)


def say_in_own_words(text: str, persona: Persona, seed: int) -> str:
    """Swap words by the vocabulary, outside of links and placeholders, in one pass."""
    if not persona.vocabulary:
        return text
    by_word = {word.lower(): choices for word, choices in persona.vocabulary.items()}
    known = "|".join(re.escape(word) for word in sorted(by_word, key=len, reverse=True))
    untouched = f"{SCHEME_LINK.pattern}|{PLACEHOLDER.pattern}"
    pattern = re.compile(rf"{untouched}|(?<!\w)(?P<word>{known})(?!\w)", re.IGNORECASE)

    def swap(hit: re.Match[str]) -> str:
        word = hit.group("word")
        if word is None:
            return hit.group()
        choices = by_word[word.lower()]
        return in_case_of(word, pick(choices, seed, f"vocabulary:{word.lower()}"))

    return pattern.sub(swap, text)


def in_case_of(model: str, word: str) -> str:
    """Write the word with a capital where the replaced one had it."""
    if len(model) > 1 and model.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if model[:1].isupper() else word


def tone_down(text: str, tone: Tone) -> str:
    """Take away the marks that do not suit the tone."""
    if tone in {Tone.WARM, Tone.LIVELY}:
        return text
    text = without_emoji(text)
    return EXCLAMATIONS.sub("." if tone is Tone.RESERVED else "!", text)
