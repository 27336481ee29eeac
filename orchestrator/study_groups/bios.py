"""What an account is called in its bio and in notices (charter rules 2 and 4)."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from orchestrator.errors import BadInput
from orchestrator.ports.answers import GroupRole
from orchestrator.ports.study_groups import HeldRole
from personas.language import Language
from personas.persona import BIO_LIMIT
from personas.scripts.parts import telegram_length

ROLE_WORDS: Final[dict[GroupRole, dict[Language, str]]] = {
    GroupRole.HOST: {"ru": "ведущий", "en": "host"},
    GroupRole.PRACTICE_PARTNER: {"ru": "партнёр по практике", "en": "practice partner"},
}
"""What a role is called, in each of our languages."""

BETWEEN: Final = " · "


def bio_for(disclosure: str, held: Sequence[HeldRole]) -> str:
    """Return the whole bio: whom the account speaks for, and what it is in groups.

    Raises BadInput when Telegram would not hold it.
    """
    bio = BETWEEN.join((disclosure, *dict.fromkeys(words_of(held))))
    length = telegram_length(bio)
    if length > BIO_LIMIT:
        raise BadInput(
            f"the bio “{bio}” would have {length} characters and Telegram holds {BIO_LIMIT}: "
            "shorten the persona's disclosure first"
        )
    return bio


def words_of(held: Iterable[HeldRole]) -> Iterable[str]:
    """Yield what the roles are called; one word for a role is enough, whatever the language."""
    first: dict[GroupRole, Language] = {}
    for one in held:
        first.setdefault(one.role, one.language)
    return (ROLE_WORDS[role][language] for role, language in first.items())


def roles_named(bio: str) -> frozenset[GroupRole]:
    """Return the roles that a bio names as words of their own, in any of our languages."""
    said = folded(bio)
    return frozenset(
        role
        for role, words in ROLE_WORDS.items()
        if any(f" {folded(word).strip()} " in said for word in words.values())
    )


def folded(text: str) -> str:
    """Fold what people do not see as a difference, words set apart by single spaces."""
    flat = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    letters = (mark if mark.isalnum() else " " for mark in flat)
    return f" {' '.join(''.join(letters).split())} "
