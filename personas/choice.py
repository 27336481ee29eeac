"""Which persona speaks under a post, if any."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from personas.dice import roll
from personas.language import Language, language_of
from personas.persona import Persona
from personas.silence import Silence, SilenceReason
from personas.texts import mentions_phrase, plain, stems, told_phrase

NEAR_ENOUGH = 0.5
"""A persona with half the interest of the most interested one may take its turn."""


@dataclass(frozen=True, slots=True)
class PostView:
    """What the choice looks at; `seed` decides between equals."""

    text: str
    seed: int


@dataclass(frozen=True, slots=True)
class Player:
    """A persona that an account could speak as; `key` tells the caller which account."""

    key: int
    persona: Persona
    last_spoke: datetime | None = None


def choose(post: PostView, cast: Sequence[Player]) -> Player | Silence:
    """Return who speaks: of those with enough interest, the one silent for longest."""
    if not cast:
        return Silence(SilenceReason.NO_ACCOUNT, "No account is free to speak in this channel.")
    found = stems(plain(post.text))
    if not found:
        return Silence(SilenceReason.EMPTY_POST, "The post has no words to answer.")
    language = language_of(post.text)
    speakers = [player for player in cast if language in player.persona.languages]
    if not speakers:
        return language_silence(language)
    interests = {player.key: interest(player.persona, found) for player in speakers}
    willing = [player for player in speakers if follows(player.persona, interests[player.key])]
    if not willing:
        return Silence(
            SilenceReason.NO_PERSONA_FOLLOWS_TOPIC, "The post has none of the personas' interests."
        )
    allowed = [player for player in willing if forbidden_topic(player.persona, found) is None]
    if not allowed:
        topic = forbidden_topic(willing[0].persona, found) or ""
        return Silence(SilenceReason.FORBIDDEN_TOPIC, f"The post touches “{told_phrase(topic)}”.")
    most = max(interests[player.key] for player in allowed)
    keen = [player for player in allowed if interests[player.key] >= NEAR_ENOUGH * most]
    return min(keen, key=lambda player: (*silent_since(player), roll(post.seed, str(player.key))))


def language_silence(language: Language | None) -> Silence:
    """Say which language nobody speaks."""
    told = f"written in “{language}”" if language else "in no language that we can tell"
    return Silence(SilenceReason.LANGUAGE_NOT_SPOKEN, f"The post is {told}.")


def forbidden_topic(persona: Persona, found: tuple[str, ...]) -> str | None:
    """Return the first topic in the post that the persona does not speak of."""
    topics = persona.forbidden_topics
    return next((topic for topic in topics if mentions_phrase(found, topic)), None)


def interest(persona: Persona, found: tuple[str, ...]) -> int:
    """Return how many of the persona's interests the post has."""
    return sum(mentions_phrase(found, topic) for topic in persona.interests)


def follows(persona: Persona, interests: int) -> bool:
    """Whether a post with so many of its interests is the persona's to answer."""
    return interests > 0 or not persona.interests


def silent_since(player: Player) -> tuple[bool, float]:
    """Sort key: who never spoke comes first, then who spoke longest ago."""
    if player.last_spoke is None:
        return (False, 0.0)
    return (True, player.last_spoke.timestamp())
