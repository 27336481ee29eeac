"""What a post is, in a few words: its main idea, keywords, tone and kind. Made once, then kept.

Without a model it is extracted by rules: nothing is said that the post does not say itself.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from personas.language import Language, language_of
from personas.texts import EMOJI_PARTS, is_emoji, plain, stem, words
from personas.wordlists import word_set

LONGEST_IDEA = 200
KEYWORDS = 8
SHORTEST_KEYWORD = 4
LOUD = 2
"""So many exclamation marks or pictures make a post lively."""
LIST_FROM = 3
"""So many entries of a list make a digest."""

SENTENCE_END = re.compile(r"(?<=[.!?…])[»”\")]*\s+")
ENTRY = re.compile(r"^\s*(?:[-–—•*▪●○◆➖]|\d+[.)])\s+\S", re.MULTILINE)
PRICE = re.compile(r"(?:\d[\d\s]*\s?(?:₽|руб\b|€|\$|usd\b|eur\b)|[$€]\s?\d)", re.IGNORECASE)
CLOCK = re.compile(r"\b(?:[01]?\d|2[0-3]):[0-5]\d\b")
SMALL_WORDS = word_set(
    "который которая которые которого которых этот эта это эти этого этой того тоже также очень "
    "более менее самый самая самые когда чтобы если почему потому после перед между через можно "
    "нужно будет были было быть есть даже лишь только уже ещё еще свой свои своих своей всех всего "
    "наш наша наши нашей ваш ваша ваши год года году лет один одна одного например однако именно "
    "about after also because been before being between could does from have into just like more "
    "most much only other over some such than that their them then there these they this those "
    "through under very were what when where which while will with would your"
)
OFFERS = word_set("скидка скидки акция распродажа купить промокод sale discount offer buy promo")
EVENTS = word_set(
    "вебинар лекция встреча конференция эфир трансляция регистрация приглашаем "
    "webinar lecture meetup conference stream livestream register join"
)
MINE = word_set("я мне меня мой моя мои мною i my me myself")


class ContentType(StrEnum):
    """What kind of post it is."""

    NEWS = "news"
    QUESTION = "question"
    STORY = "story"
    """Somebody tells of themselves."""
    EVENT = "event"
    OFFER = "offer"
    DIGEST = "digest"
    OTHER = "other"


class PostTone(StrEnum):
    """How a post sounds, as far as marks tell."""

    NEUTRAL = "neutral"
    LIVELY = "lively"
    ASKING = "asking"


class SummarySource(StrEnum):
    """Who made a summary."""

    LOCAL = "local"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class PostSummary:
    """A post in a few words; a model may name a tone of its own."""

    main_idea: str
    keywords: tuple[str, ...]
    tone: str
    content_type: ContentType
    language: Language | None
    source: SummarySource


def summarise(text: str) -> PostSummary:
    """Extract a summary from a post; the same text gives the same summary."""
    bare = plain(text)
    return PostSummary(
        main_idea=main_idea_of(bare),
        keywords=keywords_of(bare),
        tone=tone_of(bare),
        content_type=content_type_of(text),
        language=language_of(text),
        source=SummarySource.LOCAL,
    )


def main_idea_of(bare: str) -> str:
    """Return the headline, or the first sentence that has words."""
    lines = [" ".join(line.split()) for line in bare.splitlines()]
    first = next((line for line in lines if len(words(line)) > 1), next(iter(lines), ""))
    sentence = SENTENCE_END.split(first, maxsplit=1)[0].strip()
    if len(sentence) <= LONGEST_IDEA:
        return sentence
    return sentence[: LONGEST_IDEA - 1].rsplit(" ", 1)[0] + "…"


def keywords_of(bare: str) -> tuple[str, ...]:
    """Return the words that come most often, by stem, in the form in which they came first."""
    found = [word for word in words(bare) if is_telling(word)]
    counts = Counter(stem(word) for word in found)
    forms: dict[str, str] = {}
    for word in found:
        forms.setdefault(stem(word), word)
    # Equals stand in the order of the text: what a post begins with, it is about.
    return tuple(forms[one] for one, _ in counts.most_common(KEYWORDS))


def is_telling(word: str) -> bool:
    """Whether a word may say what a post is about."""
    return len(word) >= SHORTEST_KEYWORD and not word.isdigit() and word not in SMALL_WORDS


def tone_of(bare: str) -> PostTone:
    """Tell the tone by marks alone."""
    pictures = sum(is_emoji(mark) and mark not in EMOJI_PARTS for mark in bare)
    if bare.count("!") + pictures >= LOUD:
        return PostTone.LIVELY
    return PostTone.ASKING if bare.rstrip().endswith("?") else PostTone.NEUTRAL


def content_type_of(text: str) -> ContentType:
    """Tell the kind by the plainest sign that there is."""
    return next(signs_of(text), ContentType.NEWS)


def signs_of(text: str) -> Iterator[ContentType]:
    """Yield each kind of which the post has a sign, the plainest first."""
    bare = plain(text).rstrip()
    found = words(bare)
    known = set(found)
    if not found:
        yield ContentType.OTHER
    if len(ENTRY.findall(text)) >= LIST_FROM:
        yield ContentType.DIGEST
    if known & OFFERS and PRICE.search(text):
        yield ContentType.OFFER
    if known & EVENTS and CLOCK.search(text):
        yield ContentType.EVENT
    if bare.endswith("?"):
        yield ContentType.QUESTION
    if sum(word in MINE for word in found) * 20 >= len(found):
        yield ContentType.STORY
