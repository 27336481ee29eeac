"""The languages that the desk speaks."""

from enum import StrEnum


class Language(StrEnum):
    """What clients see and operators read."""

    RU = "ru"
    EN = "en"


RUSSIAN_READERS = frozenset({"ru", "be", "uk", "kk", "ky", "uz", "tg", "hy"})
"""Telegram's codes whose speakers are greeted in Russian until they choose."""


def language_of(code: str | None, default: Language = Language.RU) -> Language:
    """Choose a language by the code that Telegram gives of somebody's app ("ru-RU", "en")."""
    if not code:
        return default
    short = code.lower().replace("_", "-").partition("-")[0]
    return Language.RU if short in RUSSIAN_READERS else Language.EN
