"""What a model's words are held against: they are a stranger's until they passed.

A model may have obeyed the post. So its words are measured by what the script says: what a script
has may be said; whatever else came from the post, the prompt or nowhere is objected to.
`personas.checks` looks at every text; this looks at a model's alone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice

from llm.guard_words import (
    ABOUT_ITSELF,
    COMMANDS,
    NUMBER_WORDS,
    ONLY_A_SCRIPT_SAYS,
    SMALL_WORDS,
    SPELLED_LINK,
)
from personas.checks import CheckContext, Objection, ObjectionCode, check
from personas.language import Language, language_of
from personas.persona import NEGATIONS
from personas.strategy import Strategy
from personas.texts import (
    host_of,
    links_in,
    mentions_in,
    mentions_phrase,
    normalise,
    stem,
    stems,
    words,
)

FROM_SCRIPT = 0.7
"""The share of a scripted line's content words that must be the response's own."""
SENTENCE_FROM_SCRIPT = 0.5
"""The same of each of its sentences: nothing may be added behind the script's words."""
KEPT_OF_SCRIPT = 0.5
"""The share of the response's content words that a scripted line must keep."""
ON_SUBJECT = 0.2
"""The share of free talk's content words that must be about what the scripts are about."""
COPIED_WORDS = 4
COPIED_LETTERS = 14
LEAKED_WORDS = 5
LONGEST_WORD = 30
LONGEST_FREE = 400
"""Characters of free talk: a sentence or two."""
SAME_STATEMENT = 0.6
"""A sentence with so much of a response's words says the same, or its opposite."""

TURNED_ROUND = "It says no where the script does not, or the other way round."
SENTENCE = re.compile(r"[^.!?…\n;]+")
NUMBER = re.compile(r"\d+")
NAME = re.compile(r"(?<![.!?…\n«\"“(])(?<!^)\s[«\"“(]?([A-ZА-ЯЁ][\w-]+)")
CAPITALS = re.compile(r"\b[A-ZА-ЯЁ][A-ZА-ЯЁ\d_-]{2,}\b")
CODED = re.compile(r"(?=[A-Za-z0-9+/_-]*\d)(?=[A-Za-z0-9+/_-]*[A-Z])[A-Za-z0-9+/_-]{12,}={0,2}")
SPACED = re.compile(r"(?:(?<!\w)[^\W\d_](?!\w)[\s.*_-]+){4,}[^\W\d_](?!\w)")
STYLED = re.compile(r"[\U0001d400-\U0001d7ff\u2460-\u24ff\uff21-\uff5a\U0001f130-\U0001f189]")


@dataclass(frozen=True)
class Suspicion:
    """What a model saw and was allowed, and so what may show that it obeyed somebody else."""

    post: str
    strategy: Strategy
    responses: tuple[str, ...]
    """The trigger's, as the persona would say them."""
    subject: str
    """All that the scripts and the persona are about, for free talk."""
    private: str
    """What the model was told and nobody else may hear."""
    boundary: str
    language: Language | None
    recent: tuple[str, ...] = ()
    limit: int = 600
    forbidden_topics: tuple[str, ...] = ()
    forbidden_claims: tuple[str, ...] = ()
    disclosure: str = ""
    """What names the machine; a response that holds it must go on holding it."""

    @cached_property
    def own(self) -> str:
        """Everything that may be said because a script says it."""
        return "\n".join(self.responses)

    @cached_property
    def own_stems(self) -> tuple[str, ...]:
        """Its stems, in order."""
        return stems(self.own)

    @cached_property
    def post_stems(self) -> tuple[str, ...]:
        """The post's stems, in order."""
        return stems(self.post)


def suspect(text: str, seen: Suspicion) -> tuple[Objection, ...]:
    """Return every objection to a model's words; none means that they may go on."""
    return (*check(text, context_of(seen)), *islice(objections(text, seen), 8))


def context_of(seen: Suspicion) -> CheckContext:
    """Allow the links and mentions of the script, and no others."""
    return CheckContext(
        language=seen.language,
        recent=seen.recent,
        limit=seen.limit,
        allowed_hosts=frozenset(map(host_of, links_in(seen.own))),
        allowed_mentions=frozenset(mentions_in(seen.own)),
        forbidden_topics=seen.forbidden_topics,
        forbidden_claims=seen.forbidden_claims,
    )


def objections(text: str, seen: Suspicion) -> Iterator[Objection]:
    """Yield what shows that the words are not the script's."""
    yield from leak_objections(text, seen)
    yield from disguise_objections(text)
    yield from tongue_objections(text, seen)
    yield from claim_objections(text, seen)
    yield from obedience_objections(text, seen)
    if seen.strategy is Strategy.SCRIPT_80:
        yield from script_objections(text, seen)
    else:
        yield from subject_objections(text, seen)


def leak_objections(text: str, seen: Suspicion) -> Iterator[Objection]:
    """Object to what only the prompt can have taught."""
    flat = normalise(text).lower()
    number = seen.boundary.rpartition("-")[2].lower()
    if "fence-" in flat or (number and number in flat):
        yield Objection(ObjectionCode.PROMPT_LEAK, "It holds the fence of the prompt.")
    told = runs(stems(seen.private), LEAKED_WORDS) - runs(seen.own_stems, LEAKED_WORDS)
    if told & runs(stems(text), LEAKED_WORDS):
        yield Objection(ObjectionCode.PROMPT_LEAK, "It repeats what the model was told.")
    phrase = new_phrase(text, ABOUT_ITSELF, seen)
    if phrase is not None:
        yield Objection(ObjectionCode.PROMPT_LEAK, f"It speaks of the model itself: “{phrase}”.")


def disguise_objections(text: str) -> Iterator[Objection]:
    """Object to words that are made to slip past: spelled, coded, in letters of another kind."""
    flat = normalise(text)
    disguised = (
        SPACED.search(flat)
        or CODED.search(flat)
        or STYLED.search(text)
        or SPELLED_LINK.search(flat)
        or next((word for word in flat.split() if len(word) > LONGEST_WORD), None)
    )
    if disguised:
        yield Objection(ObjectionCode.DISGUISED, "It holds something spelled out or coded.")


def tongue_objections(text: str, seen: Suspicion) -> Iterator[Objection]:
    """Object to a single sentence in another language, however long the rest is."""
    for sentence in SENTENCE.findall(text):
        found = language_of(sentence)
        if found is not None and seen.language is not None and found != seen.language:
            said = f"One of its sentences is in “{found}”."
            yield Objection(ObjectionCode.WRONG_LANGUAGE, said)
            return


def claim_objections(text: str, seen: Suspicion) -> Iterator[Objection]:
    """Object to figures, names and promises that the script does not have."""
    figures = figures_in(text) - figures_in(seen.own)
    if figures:
        told = ", ".join(sorted(figures))[:60]
        yield Objection(ObjectionCode.UNSCRIPTED_CLAIM, f"No script has the figure {told}.")
    phrase = new_phrase(text, ONLY_A_SCRIPT_SAYS, seen)
    if phrase is not None:
        sentence = f"Only a script may say “{phrase}”."
        yield Objection(ObjectionCode.UNSCRIPTED_CLAIM, sentence)
    known = frozenset(stems(f"{seen.own}\n{seen.subject}"))
    named = {stem(word) for word in words(" ".join(NAME.findall(text) + CAPITALS.findall(text)))}
    strange = {name for name in named - known if len(name) > 1}
    if strange:
        sentence = f"No script has the name “{min(strange)}”."
        yield Objection(ObjectionCode.UNSCRIPTED_CLAIM, sentence)


def figures_in(text: str) -> frozenset[str]:
    """Return the numbers in the text, in digits and in words."""
    spelled = (word for word in words(text) if word in NUMBER_WORDS)
    return frozenset((*NUMBER.findall(normalise(text)), *spelled))


def obedience_objections(text: str, seen: Suspicion) -> Iterator[Objection]:
    """Object to what the post dictated."""
    own = runs(seen.own_stems, COPIED_WORDS)
    if runs(stems(text), COPIED_WORDS) & runs(seen.post_stems, COPIED_WORDS) - own:
        yield Objection(ObjectionCode.ECHO, "It repeats the post word for word.")
    elif echoes_letters(text, seen):
        yield Objection(ObjectionCode.ECHO, "It repeats the post letter by letter.")
    elif any(is_echo(sentence, seen) for sentence in SENTENCE.findall(text)):
        yield Objection(ObjectionCode.ECHO, "One of its sentences is the post's own words.")
    dictated = frozenset(dictated_words(seen.post)) - frozenset(seen.own_stems)
    obeyed = dictated & frozenset(content(text))
    if obeyed:
        sentence = f"The post told somebody to say “{min(obeyed)}”."
        yield Objection(ObjectionCode.ECHO, sentence)


def is_echo(sentence: str, seen: Suspicion) -> bool:
    """Whether the whole sentence is made of the post's words and not of the script's."""
    found = content(sentence)
    new = [word for word in found if word not in seen.own_stems]
    return bool(new) and all(word in seen.post_stems for word in found)


def echoes_letters(text: str, seen: Suspicion) -> bool:
    """Whether a run of the post's letters is in it, also backwards or with other gaps."""
    found, post = letters(text), letters(seen.post)
    own = letter_runs(letters(seen.own))
    posted = letter_runs(post) - own
    return any(posted & letter_runs(way) for way in (found, found[::-1]))


def dictated_words(post: str) -> Iterator[str]:
    """Yield the content words of sentences that give orders, and those after them in quotes."""
    for sentence in SENTENCE.findall(post):
        if any(says(sentence, command) for command in COMMANDS):
            yield from content(sentence)
    for word in CAPITALS.findall(post):
        yield from content(word)


def script_objections(text: str, seen: Suspicion) -> Iterator[Objection]:
    """Object to a scripted line that is not its response any more."""
    found = content(text)
    best = max(seen.responses, key=lambda response: kinship(found, content(response)), default="")
    response = content(best)
    if share(found, response) < FROM_SCRIPT or share(response, found) < KEPT_OF_SCRIPT:
        yield Objection(ObjectionCode.OFF_SCRIPT, "It is too far from the script's response.")
    own = frozenset(seen.own_stems)
    added = (content(sentence) for sentence in SENTENCE.findall(text))
    if any(words_of and share(words_of, own) < SENTENCE_FROM_SCRIPT for words_of in added):
        yield Objection(ObjectionCode.OFF_SCRIPT, "One of its sentences is not the script's.")
    if seen.disclosure and seen.disclosure in best and seen.disclosure not in text:
        yield Objection(ObjectionCode.OFF_SCRIPT, "It drops the script's disclosure.")
    if negations(text) != negations(best):
        yield Objection(ObjectionCode.OFF_SCRIPT, TURNED_ROUND)


def subject_objections(text: str, seen: Suspicion) -> Iterator[Objection]:
    """Object to free talk about something else, and to all free talk under a post with orders.

    What follows no script cannot be measured by one: where a post gives orders, nobody could tell
    whether they were obeyed.
    """
    command = next((command for command in COMMANDS if says(seen.post, command)), None)
    if command is not None:
        sentence = f"The post may be giving orders (“{command}”); free talk does not answer it."
        yield Objection(ObjectionCode.ECHO, sentence)
    if share(content(text), content(seen.subject)) < ON_SUBJECT:
        yield Objection(ObjectionCode.OFF_SCRIPT, "It is not about the script's subject.")
    if len(text) > LONGEST_FREE:
        yield Objection(ObjectionCode.TOO_LONG, f"Free talk has at most {LONGEST_FREE} characters.")
    if any(turns_round(sentence, seen) for sentence in SENTENCE.findall(text)):
        yield Objection(ObjectionCode.OFF_SCRIPT, TURNED_ROUND)


def turns_round(sentence: str, seen: Suspicion) -> bool:
    """Whether the sentence says a response's words with another number of negations."""
    found = content(sentence)
    return any(
        share(found, content(said)) >= SAME_STATEMENT and negations(sentence) != negations(said)
        for said in SENTENCE.findall(seen.own)
    )


def new_phrase(text: str, phrases: Iterable[str], seen: Suspicion) -> str | None:
    """Return the first of the phrases that is in the text and in no response of the script."""
    return next(
        (phrase for phrase in phrases if says(text, phrase) and not says(seen.own, phrase)), None
    )


def says(text: str, phrase: str) -> bool:
    """Whether the phrase is in the text, by stems or, before a star, by the words as written."""
    return any(mentions_phrase(found, phrase) for found in both_ways(text))


@lru_cache(maxsize=256)
def both_ways(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the stems and the words: one text is asked for many phrases."""
    return stems(text), words(text)


def content(text: str) -> tuple[str, ...]:
    """Return the stems that carry meaning, in order."""
    return tuple(found for found in stems(text) if found not in SMALL_WORDS)


def share(part: Sequence[str], whole: Iterable[str]) -> float:
    """Return how much of the one is in the other, 0 to 1; of nothing, nothing."""
    known = frozenset(whole)
    return sum(word in known for word in part) / len(part) if part else 0.0


def kinship(one: Sequence[str], other: Sequence[str]) -> float:
    """Return how much two texts have in common, both ways."""
    return share(one, other) + share(other, one)


def negations(text: str) -> int:
    """Count the words that turn a statement round."""
    return sum(word in NEGATIONS for word in words(text))


def runs(found: Sequence[str], size: int) -> frozenset[tuple[str, ...]]:
    """Return all runs of so many words."""
    return frozenset(tuple(found[at : at + size]) for at in range(len(found) - size + 1))


def letters(text: str) -> str:
    """Return the letters and digits alone, lower case."""
    return "".join(words(text)).replace("-", "").replace("'", "").replace("’", "")


def letter_runs(text: str) -> frozenset[str]:
    """Return all runs of letters that are long enough to be a copy."""
    return frozenset(text[at : at + COPIED_LETTERS] for at in range(len(text) - COPIED_LETTERS + 1))
