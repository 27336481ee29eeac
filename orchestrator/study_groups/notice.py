"""The pinned notice of a study group: who is ours there, and that a machine helps them write."""

from typing import Final

from orchestrator.ports.study_groups import Seat, StudyGroup
from orchestrator.study_groups.bios import ROLE_WORDS
from personas.language import Language

HEADS: Final[dict[Language, str]] = {
    "ru": "Учебная группа «{title}». Здесь пишут аккаунты организации, и писать им помогает "
    "программа:",
    "en": "Study group “{title}”. These accounts of an organisation write here, and a program "
    "helps them:",
}
TAILS: Final[dict[Language, str]] = {
    "ru": "Все остальные — участники. Чтобы спросить, ответьте на сообщение аккаунта или назовите "
    "его по имени. Напишите «стоп», и они больше не будут к вам обращаться.",
    "en": "Everybody else is a member. To ask something, answer a message of theirs or name them. "
    "Write “stop” and they will not speak to you any more.",
}


def word_notice(group: StudyGroup) -> str:
    """Return how the notice must read as long as nothing about the group changes."""
    lines = (line_of(seat, group.language) for seat in group.seats())
    head = HEADS[group.language].format(title=group.title)
    return "\n".join((head, *lines, TAILS[group.language]))


def line_of(seat: Seat, language: Language) -> str:
    """Name one of our accounts, its role, and whom it speaks for."""
    named = f"{seat.shown} (@{seat.username})" if seat.username else seat.shown
    role = ROLE_WORDS[seat.role][language]
    disclosure = seat.persona.disclosure if seat.persona is not None else ""
    return f"• {named} — {role}" + (f". {disclosure}" if disclosure else "")
