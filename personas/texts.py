"""Looking at texts: words, stems, links, mentions, sameness. Knows Russian and English."""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from personas.wordlists import longest_first, word_set

WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
PHRASE_WORD = re.compile(r"[^\W_]+\*?")
SCHEME_LINK = re.compile(r"\b(?:https?|tg|ftp)://[^\s<>()\[\]\"'«»]+", re.IGNORECASE)
BARE_LINK = re.compile(
    r"(?<![\w@.-])(?:[\w](?:[\w-]*[\w])?\.)+([a-zа-я]{2,24})(?![\w-])(?:[/?#:][^\s<>()\[\]\"'«»]*)?",
    re.IGNORECASE,
)
MAIL_LINK = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
IP_LINK = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])(?::\d+)?(?:/\S*)?")
MENTION = re.compile(r"(?<![\w@])@([a-z0-9_]{4,32})\b", re.IGNORECASE)
MARKDOWN_LINK = re.compile(r"\[([^\[\]\n]*)\]\((?:[^()\s]|\([^()\s]*\))*\)")
CODE_BLOCK = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)

GENERIC_DOMAINS = word_set(
    "com net org info biz edu gov mil int pro name xyz online site shop store top club link live "
    "dev app blog cloud tech space website page wiki news media agency digital studio design art "
    "academy school run sale help chat social games game bot win bet casino fun vip one icu "
    "finance money bank credit loan crypto exchange trade market markets team work works jobs "
    "today world life group center network systems software email host press click zone"
)
CYRILLIC_DOMAINS = word_set("рф рус онлайн сайт москва дети орг ком бел укр қаз срб мкд")
NOT_DOMAINS = frozenset(["js"])
"""Endings of two letters that no country owns, as in Node.js."""

RUSSIAN_ENDINGS = longest_first(
    "иями ями ами ией иям ием иях ях ах ам ям ов ев ей ой ом ем ий ый ие ые ое ее ая яя "
    "ую юю его ого ему ому ими ыми их ых им ым ию ью ия ья и ы а я о е у ю ь й "
    "ость ости остью остей ение ения ением ений ениям ениями "
    "ется ются ится ятся лась лось лись лся ться тся "
    "ать ять еть ить ыть уть ает яет еет ит ют ут ат ят ал ял ел ил ала яла ела ила "
    "али яли ели или ало яло ело ило ешь ишь ете ите "
    "анный енный нный анная енная анные енные анных енных анной енной "
    "вший вшие вшая вших ющий ющая ющие ющих ящий ящая ящие ящих ший шие ших "
    "овал овала овали ировал ировала ировали ировать"
)
ENGLISH_ENDINGS = longest_first("ations ation ings ing ies ied ed es ly s")
EMOJI = (("☀", "➿"), ("⬅", "⭕"), ("🇦", "🇿"), ("🌀", "🫿"))
EMOJI_PARTS = frozenset("\u200d\ufe0f\u20e3")
"""Joiner, picture sign and key cap."""
CYRILLIC = re.compile(r"[а-яё]")


def normalise(text: str) -> str:
    """Return the text in composed form, invisible characters dropped, spaces made single."""
    composed = " ".join(unicodedata.normalize("NFKC", text).split())
    if composed.isprintable():
        return composed
    visible = "".join(mark for mark in composed if unicodedata.category(mark) != "Cf")
    return " ".join(visible.split())


def plain(text: str) -> str:
    """Return a post's words alone: no markup, code, links or mentions; lines are kept."""
    text = CODE_BLOCK.sub(" ", text)
    text = MARKDOWN_LINK.sub(r"\1", text)
    for pattern in (SCHEME_LINK, MENTION):
        text = pattern.sub(" ", text)
    return re.sub(r"[*_~`#]+", " ", text)


def words(text: str) -> tuple[str, ...]:
    """Return the words in lower case, ё written as е."""
    return tuple(WORD.findall(normalise(text).lower().replace("ё", "е")))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return the part of a lower-case word that its forms share, roughly.

    Two endings may go: «астрономы» must meet «астроном», which looks like «домом».
    """
    endings = ENGLISH_ENDINGS
    if CYRILLIC.search(word):
        word, endings = word.removesuffix("ся").removesuffix("сь"), RUSSIAN_ENDINGS
    return without_ending(without_ending(word, endings, 3), endings, 4)


def without_ending(word: str, endings: tuple[str, ...], shortest: int) -> str:
    """Cut the longest known ending that leaves a stem."""
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= shortest:
            return word[: -len(ending)]
    return word


def stems(text: str) -> tuple[str, ...]:
    """Return the stems of the words, in order; parts of hyphened words count on their own."""
    parts = (part for word in words(text) for part in re.split(r"[-'’]", word))
    return tuple(stem(part) for part in parts if part)


def mentions_phrase(text_stems: tuple[str, ...], phrase: str) -> bool:
    """Whether the words of the phrase stand side by side, in order, in the text's stems.

    A word of the phrase that ends with * stands for all words that begin so.
    """
    wanted = phrase_stems(phrase)
    if not wanted:
        return False
    size = len(wanted)
    return any(
        all(map(matches, wanted, text_stems[at : at + size]))
        for at in places_of(wanted[0], text_stems)
        if at + size <= len(text_stems)
    )


def places_of(wanted: str, text_stems: tuple[str, ...]) -> list[int]:
    """Return where a phrase that begins with this word could stand."""
    if not wanted.endswith("*") and wanted not in text_stems:  # by far the commonest case
        return []
    return [at for at, found in enumerate(text_stems) if matches(wanted, found)]


@lru_cache(maxsize=4096)
def phrase_stems(phrase: str) -> tuple[str, ...]:
    """Return the stems of a phrase, words with a star kept as they are."""
    flat = normalise(phrase).lower().replace("ё", "е")
    return tuple(
        found if found.endswith("*") else stem(found) for found in PHRASE_WORD.findall(flat)
    )


def told_phrase(phrase: str) -> str:
    """Write a phrase as people read it: what may follow a beginning is left open by an ellipsis."""
    return phrase.replace("*", "…")


def matches(wanted: str, found: str) -> bool:
    """Whether a stem of a text is the wanted one, or begins as a wanted one with a star does."""
    return found.startswith(wanted[:-1]) if wanted.endswith("*") else found == wanted


def links_in(text: str) -> tuple[str, ...]:
    """Return what Telegram would turn into a link, lower case, in order."""
    flat = unicodedata.normalize("NFKC", text).replace("。", ".").replace("․", ".").lower()
    found = [(hit.start(), hit.group()) for hit in SCHEME_LINK.finditer(flat)]
    rest = SCHEME_LINK.sub(lambda hit: " " * len(hit.group()), flat)
    for pattern in (IP_LINK, MAIL_LINK):
        found += [(hit.start(), hit.group()) for hit in pattern.finditer(rest)]
    found += [
        (hit.start(), hit.group()) for hit in BARE_LINK.finditer(rest) if is_domain(hit.group(1))
    ]
    return tuple(link for _, link in sorted(found))


def is_domain(ending: str) -> bool:
    """Whether a name that ends so is a link: a country's two letters, or a known domain."""
    if ending in NOT_DOMAINS:
        return False
    if ending.isascii():
        return len(ending) == 2 or ending in GENERIC_DOMAINS
    return ending in CYRILLIC_DOMAINS


def host_of(link: str) -> str:
    """Return the host that a link leads to, without `www.`, port and sign-in part."""
    rest = link.split("://", 1)[-1]
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    return authority.rsplit("@", 1)[-1].split(":", 1)[0].removeprefix("www.")


def mentions_in(text: str) -> tuple[str, ...]:
    """Return the @names in the text, lower case, without the sign."""
    flat = unicodedata.normalize("NFKC", text)
    return tuple(name.lower() for name in MENTION.findall(flat))


def similarity(one: str, other: str) -> float:
    """Return how alike two texts are, 0 to 1, by shared words, word pairs and letter runs.

    It is symmetric, and 1 for texts that differ in case, spaces or punctuation alone.
    """
    by_words = dice(word_shingles(one), word_shingles(other))
    by_letters = dice(letter_shingles(one), letter_shingles(other))
    return max(by_words, by_letters)


def word_shingles(text: str) -> frozenset[str]:
    """Return stems and pairs of neighbouring stems."""
    found = stems(text)
    return frozenset(found) | frozenset(f"{left} {right}" for left, right in pairwise(found))


def letter_shingles(text: str, size: int = 5) -> frozenset[str]:
    """Return all runs of letters, words joined by one space."""
    flat = " ".join(words(text))
    return frozenset(flat[at : at + size] for at in range(max(1, len(flat) - size + 1)))


def dice(one: frozenset[str], other: frozenset[str]) -> float:
    """Return twice the shared part over the sum of both (Dice's coefficient)."""
    if not one or not other:
        return 1.0 if one == other else 0.0
    return 2 * len(one & other) / (len(one) + len(other))


def is_emoji(mark: str) -> bool:
    """Whether the character is a picture, or only ever part of one; °, № and © are none."""
    return mark in EMOJI_PARTS or any(first <= mark <= last for first, last in EMOJI)


def without_emoji(text: str) -> str:
    """Return the text without pictures; what stood on both sides of one does not join."""
    if not any(is_emoji(mark) for mark in text):
        return text
    bare = "".join(" " if is_emoji(mark) else mark for mark in text)
    single = re.sub(r" {2,}", " ", bare)
    return re.sub(r" +(?=[,.!?;:…\n]|$)|(?<=\n) ", "", single).strip()
