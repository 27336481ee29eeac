"""Which language a text is in, told by its letters and its small words."""

import re
from typing import Literal

from personas.texts import BARE_LINK, plain, words
from personas.wordlists import word_set

Language = Literal["ru", "en"]
LANGUAGES: tuple[Language, ...] = ("ru", "en")

RUSSIAN = re.compile(r"[а-яё]", re.IGNORECASE)
CYRILLIC_OF_OTHERS = re.compile(r"[іїєґўјљњћђџқғұһәөү]", re.IGNORECASE)
LATIN = re.compile(r"[a-z]", re.IGNORECASE)
OTHER_LETTER = re.compile(r"[^\W\d_a-zа-яё]", re.IGNORECASE)

RUSSIAN_FROM = 0.3
"""A Russian text may be full of English terms; an English one hardly ever quotes Cyrillic."""
OTHERS_BELOW = 0.1
LONG_WITHOUT_SMALL_WORDS = 10
"""A headline may do without small words, ten words in a row do not."""

ENGLISH_WORDS = word_set(
    "the of and to in is that for it on with as are this be by was at from or an not have has "
    "how why what when which can you your we our they their its about into new more than a i"
)
FOREIGN_WORDS = word_set(
    "wir uns ich sie wegen einer auch aber bei nach oder der das und ist nicht ein eine mit von "
    "zu den dem auf für wie warum "
    "le la les des du et est une un pour dans que qui pas sur avec "
    "el los las de y en por con para una del se como "
    "il di che è per non una con sono gli della o e os da em um uma não"
)


def language_of(text: str) -> Language | None:
    """Return `ru`, `en`, or None when there are too few letters or another language's."""
    bare = BARE_LINK.sub(" ", plain(text))
    russian, latin = len(RUSSIAN.findall(bare)), len(LATIN.findall(bare))
    others = len(OTHER_LETTER.findall(bare))
    letters = russian + latin + others
    if letters < 3 or others > OTHERS_BELOW * letters:
        return None
    if russian >= RUSSIAN_FROM * letters:
        return None if is_other_cyrillic(bare, russian) else "ru"
    return "en" if latin > letters / 2 and is_english(bare) else None


def is_other_cyrillic(text: str, russian: int) -> bool:
    """Whether letters that Russian lacks are more than a quoted name."""
    return len(CYRILLIC_OF_OTHERS.findall(text)) > max(2, 0.02 * russian)


def is_english(text: str) -> bool:
    """Whether English small words are there, and no fewer than those of its neighbours."""
    found = words(text)
    english = sum(word in ENGLISH_WORDS for word in found)
    foreign = sum(word in FOREIGN_WORDS - ENGLISH_WORDS for word in found)
    return english >= foreign and (english > 0 or len(found) < LONG_WITHOUT_SMALL_WORDS)
