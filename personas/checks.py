"""What words must pass before anybody hears them, whoever wrote them."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from personas.language import Language, language_of
from personas.texts import (
    WORD,
    host_of,
    is_emoji,
    links_in,
    mentions_in,
    mentions_phrase,
    similarity,
    stems,
    words,
)

SAME_FROM = 0.6
"""Two texts this alike say the same thing twice."""
MARKS_ON_A_LETTER = 2
"""More combining marks than this on one letter are no language, but zalgo."""
LOOKS_EMPTY = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f\u180e")
"""Characters that are letters or symbols by their category and show nothing."""
HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

PLACEHOLDER_LEFT = re.compile(r"\{\{?\s*[\w.]+\s*\}?\}|\[[A-ZА-Я_]{3,}\]|<[A-Z_]{3,}>")
LATIN_LETTER = re.compile(r"[a-z]", re.IGNORECASE)
CYRILLIC_LETTER = re.compile(r"[а-яё]", re.IGNORECASE)

HUMAN_CLAIMS = (
    "я человек",
    "я живой человек",
    "я настоящий человек",
    "я не бот",
    "я не робот",
    "я не машина",
    "я не программа",
    "не бот",
    "I am human",
    "I am a human",
    "I'm human",
    "I'm a human",
    "I am a real person",
    "I'm a real person",
    "not a bot",
    "not a robot",
    "not a machine",
    "not an AI",
)
"""Nobody of ours says so: the charter names every account for what it is."""


class ObjectionCode(StrEnum):
    """Kinds of things that keep words from being said."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    HIDDEN_CHARACTERS = "hidden_characters"
    STACKED_MARKS = "stacked_marks"
    MIXED_ALPHABETS = "mixed_alphabets"
    UNRESOLVED_PLACEHOLDER = "unresolved_placeholder"
    WRONG_LANGUAGE = "wrong_language"
    LINK = "link"
    MENTION = "mention"
    FORBIDDEN_TOPIC = "forbidden_topic"
    FORBIDDEN_CLAIM = "forbidden_claim"
    CLAIMS_TO_BE_HUMAN = "claims_to_be_human"
    SAID_BEFORE = "said_before"
    PROMPT_LEAK = "prompt_leak"
    DISGUISED = "disguised"
    UNSCRIPTED_CLAIM = "unscripted_claim"
    ECHO = "echo"
    OFF_SCRIPT = "off_script"


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason not to say the words; `sentence` tells it to a person."""

    code: ObjectionCode
    sentence: str


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What words are held against. Without more, no link and no mention is allowed."""

    language: Language | None = None
    """The post's language; None: any."""
    recent: tuple[str, ...] = ()
    """What was said in the same place lately."""
    limit: int = 600
    """Characters, counted as Telegram counts: in UTF-16 units."""
    allowed_hosts: frozenset[str] = frozenset()
    allowed_mentions: frozenset[str] = frozenset()
    forbidden_topics: tuple[str, ...] = ()
    forbidden_claims: tuple[str, ...] = ()


def check(text: str, context: CheckContext) -> tuple[Objection, ...]:
    """Return every objection to the words; none means that they may be said."""
    return tuple(objections(text, context))


def objections(text: str, context: CheckContext) -> Iterator[Objection]:
    """Yield the objections, the plainest first."""
    yield from length_objections(text, context.limit)
    yield from character_objections(text)
    yield from language_objections(text, context.language)
    yield from address_objections(text, context)
    yield from content_objections(text, context)
    if any(similarity(text, earlier) >= SAME_FROM for earlier in context.recent):
        yield Objection(ObjectionCode.SAID_BEFORE, "Nearly the same was said here lately.")


def length_objections(text: str, limit: int) -> Iterator[Objection]:
    """Object to nothing at all, and to too much."""
    if not words(text):
        yield Objection(ObjectionCode.EMPTY, "There are no words in it.")
    length = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if length > limit:
        yield Objection(ObjectionCode.TOO_LONG, f"It has {length} characters; {limit} are allowed.")


def character_objections(text: str) -> Iterator[Objection]:
    """Object to what a reader cannot see, or what pretends to be another letter."""
    hidden = next((mark for at, mark in enumerate(text) if is_hidden(text, at)), None)
    if hidden is not None:
        name = f"U+{ord(hidden):04X}"
        yield Objection(
            ObjectionCode.HIDDEN_CHARACTERS, f"It holds the invisible character {name}."
        )
    if has_stacked_marks(text):
        yield Objection(ObjectionCode.STACKED_MARKS, "It piles marks upon a letter.")
    mixed = next((word for word in WORD.findall(text) if is_mixed(word)), None)
    if mixed is not None:
        sentence = f"The word “{mixed}” mixes Latin and Cyrillic letters."
        yield Objection(ObjectionCode.MIXED_ALPHABETS, sentence)


def is_hidden(text: str, at: int) -> bool:
    """Whether the character shows nothing; a joiner inside a picture is part of it."""
    mark = text[at]
    if mark == "\n":
        return False
    if mark == "\u200d":
        return not (0 < at < len(text) - 1 and is_emoji(text[at - 1]) and is_emoji(text[at + 1]))
    return mark in LOOKS_EMPTY or unicodedata.category(mark) in HIDDEN_CATEGORIES


def has_stacked_marks(text: str) -> bool:
    """Whether more marks stand on one letter than any spelling needs."""
    run = 0
    for mark in unicodedata.normalize("NFC", text):
        run = run + 1 if unicodedata.category(mark) in {"Mn", "Me"} else 0
        if run > MARKS_ON_A_LETTER:
            return True
    return False


def is_mixed(word: str) -> bool:
    """Whether one part of the word has letters of both alphabets."""
    parts = re.split(r"[-'’\d]", word)
    return any(LATIN_LETTER.search(part) and CYRILLIC_LETTER.search(part) for part in parts)


def language_objections(text: str, language: Language | None) -> Iterator[Objection]:
    """Object to words in another language than the post's."""
    found = language_of(text)
    if language is not None and found != language:
        told = f"“{found}”" if found else "another language"
        sentence = f"It is in {told}, and the post is in “{language}”."
        yield Objection(ObjectionCode.WRONG_LANGUAGE, sentence)


def address_objections(text: str, context: CheckContext) -> Iterator[Objection]:
    """Object to links and mentions that nobody allowed."""
    for link in links_in(text):
        if host_of(link) not in context.allowed_hosts:
            yield Objection(ObjectionCode.LINK, f"The link “{link[:60]}” is not on the allow list.")
    for name in mentions_in(text):
        if name not in context.allowed_mentions:
            yield Objection(ObjectionCode.MENTION, f"The mention @{name} is not on the allow list.")


def content_objections(text: str, context: CheckContext) -> Iterator[Objection]:
    """Object to gaps left in the text, and to what must not be said."""
    if gap := PLACEHOLDER_LEFT.search(text):
        sentence = f"“{gap.group()}” was never filled in."
        yield Objection(ObjectionCode.UNRESOLVED_PLACEHOLDER, sentence)
    found = stems(text)
    for code, phrases in (
        (ObjectionCode.CLAIMS_TO_BE_HUMAN, HUMAN_CLAIMS),
        (ObjectionCode.FORBIDDEN_TOPIC, context.forbidden_topics),
        (ObjectionCode.FORBIDDEN_CLAIM, context.forbidden_claims),
    ):
        phrase = next((phrase for phrase in phrases if mentions_phrase(found, phrase)), None)
        if phrase is not None:
            yield Objection(code, f"It says “{phrase}”, which must not be said.")
