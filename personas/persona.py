"""Who speaks: a character with a voice, interests, and a sentence that names its masters."""

import unicodedata
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic import field_validator as validates

from personas.language import Language
from personas.texts import words
from personas.wordlists import word_set

BIO_LIMIT = 70
"""Telegram's limit for a bio, counted as Telegram counts: in UTF-16 units."""

NEGATIONS = word_set("не ни нет без not no never none without")

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
Topic = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=80)]
Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


def as_list(value: object) -> object:
    """Let one text stand where a list of texts is meant."""
    return [value] if isinstance(value, str) else value


class Tone(StrEnum):
    """How a persona sounds. Spoken without a model, a tone only takes away, it never adds."""

    RESERVED = "reserved"
    """No exclamation marks, no emoji."""
    PLAIN = "plain"
    """No emoji, one exclamation mark at a time."""
    WARM = "warm"
    """As the script has it."""
    LIVELY = "lively"
    """As the script has it."""


class Persona(BaseModel):
    """A character of the organisation; an account borrows it, and says so in its bio."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Key
    name: Title
    style: Note = ""
    tone: Tone = Tone.PLAIN
    interests: tuple[Topic, ...] = Field(default=(), max_length=300)
    """Words and phrases; a post that has one of them is of interest. None: everything is."""
    vocabulary: dict[Word, Annotated[tuple[Word, ...], BeforeValidator(as_list)]] = Field(
        default_factory=dict, max_length=200
    )
    """What the persona says instead of a word; with several choices they take turns."""
    languages: tuple[Language, ...] = Field(default=("ru", "en"), min_length=1)
    examples: tuple[Phrase, ...] = Field(default=(), max_length=50)
    """Lines that show the voice to a model."""
    forbidden_topics: tuple[Topic, ...] = Field(default=(), max_length=300)
    disclosure: str
    """Stands in the account's bio: whom it speaks for, and that a machine helps it write."""

    @validates("disclosure")
    @classmethod
    def fits_a_bio(cls, text: str) -> str:
        """Refuse what Telegram would refuse, or what would disclose nothing."""
        text = unicodedata.normalize("NFC", text).strip()
        if not words(text):
            raise ValueError("a disclosure needs words: whom the account speaks for")
        length = len(text.encode("utf-16-le")) // 2
        if length > BIO_LIMIT:
            raise ValueError(f"has {length} characters; Telegram's bio holds {BIO_LIMIT}")
        if any(unicodedata.category(mark) in {"Cc", "Cf", "Cs", "Co"} for mark in text):
            raise ValueError("must be one line without control or invisible characters")
        return text

    @validates("vocabulary")
    @classmethod
    def keeps_the_facts(cls, vocabulary: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """Refuse substitutions that could turn a statement round or change a figure."""
        for word, choices in vocabulary.items():
            if not choices:
                raise ValueError(f"“{word}” has nothing to be replaced with")
            for text in (word, *choices):
                if NEGATIONS & set(words(text)) or any(mark.isdigit() for mark in text):
                    raise ValueError(
                        f"“{text}” has a negation or a figure, which must stay as written"
                    )
        return vocabulary
