"""The writer that needs no model: it speaks scripts as written, in the persona's voice."""

from collections.abc import Sequence

from llm.classroom import Classroom
from llm.passages import passages
from llm.readings import Fit, Heard, Judge
from orchestrator.ports.writing import Brief, Line, PublishedScript, Source
from personas.checks import SAME_FROM
from personas.dice import shuffle
from personas.scripts.model import Response, Script
from personas.silence import Silence, SilenceReason
from personas.strategy import Strategy, strategy_for
from personas.texts import mentions_phrase, plain, similarity, stems, told_phrase
from personas.voice import speak


class ScriptWriter:
    """Implements the port Writer: what no script fits is a silence, never filler."""

    def __init__(self, judge: Judge | None = None) -> None:
        """Have that judge read posts; without one, words are learnt here."""
        self.judge = judge or Classroom()

    async def write(self, brief: Brief) -> Line | Silence:
        """Say a response of the trigger that fits the post, or say why there is none."""
        heard = await self.hear(brief)
        fit = None if heard is None else heard.fit
        if heard is None or fit is None:
            return Silence(SilenceReason.NO_SCRIPT_FITS, "No script is in the post's language.")
        published = brief.scripts[fit.script]
        found = stems(plain(brief.post_text))
        if silence := misfit(fit, published.script, found):
            return silence
        trigger = next(item for item in published.script.triggers if item.key == fit.trigger)
        responses = suitable(trigger.responses, stems(" ".join(passages(brief.post_text))))
        if not responses:
            detail = f"“{fit.trigger}” fits, but none of its responses suits this post."
            return Silence(SilenceReason.NO_SCRIPT_FITS, detail)
        text = something_new(brief, fit.trigger, responses)
        if text is None:
            detail = f"All that “{fit.trigger}” has to say to such a post was said here lately."
            return Silence(SilenceReason.NOTHING_NEW, detail)
        return Line(
            text=text,
            script_version=published.version_id,
            script_key=published.script.key,
            trigger=fit.trigger,
            fit=round(fit.score, 3),
            strategy=Strategy.SCRIPT_80,
            reason=f"“{fit.trigger}” fits “{shorten(fit.passage)}” by {fit.score:.2f}",
            source=Source.LOCAL,
            judge=heard.judge,
        )

    async def hear(self, brief: Brief) -> Heard | None:
        """Return what the post is taken for, and by whom; the first call trains a selector.

        None where there is no script to take it for.
        """
        if not brief.scripts:
            return None
        return await self.judge.read(brief.scripts, brief.post_text)

    def learn(self, scripts: Sequence[PublishedScript]) -> None:
        """Begin to train on new versions; until that is done the old selectors serve."""
        self.judge.learn(scripts)


def misfit(fit: Fit, script: Script, found: tuple[str, ...]) -> Silence | None:
    """Say why the nearest trigger does not fit after all, or None when it does."""
    for phrase in script.never_on:
        if mentions_phrase(found, phrase):
            detail = f"“{told_phrase(phrase)}” in the post rules the script {script.key} out."
            return Silence(SilenceReason.NO_SCRIPT_FITS, detail)
    if strategy_for(fit.score, script.limits.fit) is Strategy.SCRIPT_80:
        return None
    score, limit = f"{fit.score:.2f}", f"{script.limits.fit:.2f}"
    detail = f"The nearest, “{fit.trigger}” of {script.key}, fits {score} of {limit}."
    return Silence(SilenceReason.NO_SCRIPT_FITS, detail)


def suitable(responses: Sequence[Response], found: tuple[str, ...]) -> list[list[Response]]:
    """Return the responses that suit the post: those made for its very words, then the general."""
    apt = [item for item in responses if any(mentions_phrase(found, word) for word in item.when)]
    general = [item for item in responses if not item.when]
    return [group for group in (apt, general) if group]


def something_new(brief: Brief, trigger: str, groups: Sequence[Sequence[Response]]) -> str | None:
    """Return a response in the persona's voice that is unlike everything said lately."""
    for group in groups:
        for response in shuffle(group, brief.seed, trigger):
            text = speak(response.text, brief.persona, brief.seed)
            if all(similarity(text, earlier) < SAME_FROM for earlier in brief.recent):
                return text
    return None


def shorten(text: str, limit: int = 60) -> str:
    """Cut a quotation at a word."""
    if len(text) <= limit:
        return text
    return text[:limit].rsplit(" ", 1)[0] + "…"
