"""From a post to a line that waits to be said, or to a silence with its reason."""

import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from orchestrator.drafting.selection import Opening, Openings, find_openings
from orchestrator.ids import AccountId, PostRef
from orchestrator.ports.drafting import NewDraft, PostContext
from orchestrator.ports.grants import Review
from orchestrator.ports.logs import Operation, OperationKind
from orchestrator.ports.writing import Brief, Line, PublishedScript, Writer
from orchestrator.stage import Stage
from personas.checks import CheckContext, check
from personas.choice import Player, PostView, choose
from personas.language import language_of
from personas.scripts.model import ScriptKind
from personas.silence import Silence, SilenceReason
from personas.summary import summarise
from personas.texts import host_of, links_in, mentions_in

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Decider:
    """Decides about posts."""

    stage: Stage
    writer: Writer

    async def decide(self, post: PostRef) -> None:
        """Record exactly one outcome for the post: a comment, a draft for review, or a silence."""
        context = await self.stage.stores.drafting.post_context(post)
        if context is None or context.decided:
            return
        begun = self.stage.clock.monotonic()
        if context.summary is None and context.text.strip():
            context = replace(context, summary=summarise(context.text))
        outcome = await self.find_line(context)
        self.note(begun, outcome)
        if isinstance(outcome, Silence):
            log.info("silence: %s", outcome.reason)
            await self.stage.stores.drafting.record_silence(post, outcome, context.summary)
        else:
            await self.keep(context, outcome)

    async def find_line(self, context: PostContext) -> NewDraft | Silence:
        """Choose who speaks, find words, and check them."""
        if context.is_gone:
            return Silence(SilenceReason.POST_GONE, "the post was deleted")
        found = find_openings(context, self.stage.clock.now(), self.stage.tuning.comment_lasts)
        if isinstance(found, Silence):
            return found
        chosen = choose_opening(context, found)
        if isinstance(chosen, Silence):
            return chosen
        brief = await self.brief(context, chosen)
        line = await self.writer.write(brief)
        if isinstance(line, Silence):
            return line
        return check_line(brief, line) or self.draft(context, found, chosen, line)

    async def brief(self, context: PostContext, chosen: Opening) -> Brief:
        """Put together what the writer is given."""
        scripts = await self.stage.library.published(ScriptKind.COMMENT)
        return Brief(
            post_text=context.text,
            persona=chosen.turn.persona,
            scripts=allowed_scripts(scripts, chosen.turn.script_keys),
            recent=context.recent,
            seed=seed_of(context.post),
            campaign=chosen.turn.campaign,
            summary=context.summary,
        )

    def draft(self, context: PostContext, found: Openings, chosen: Opening, line: Line) -> NewDraft:
        """Put the line together with where, when and under which grant it is to be said."""
        return NewDraft(
            post=context.post,
            turn=chosen.turn,
            grant=found.grant.id,
            line=line,
            due_at=chosen.due_at,
            expires_at=context.published_at + self.stage.tuning.comment_lasts,
            summary=line.summary or context.summary,
        )

    async def keep(self, context: PostContext, draft: NewDraft) -> None:
        """Queue the draft, or hold it for a person, as the grant says."""
        drafting = self.stage.stores.drafting
        automatic = context.grant is not None and context.grant.review is Review.AUTOMATIC
        kept = await (
            drafting.queue_comment(draft) if automatic else drafting.hold_for_review(draft)
        )
        if kept is not None:
            log.info(
                "%s %d", "queued as comment" if automatic else "held for review as draft", kept
            )
        else:
            taken = Silence(SilenceReason.ALREADY_COMMENTED, "every slot under the post is taken")
            await drafting.record_silence(context.post, taken, draft.summary)

    def note(self, begun: float, outcome: NewDraft | Silence) -> None:
        """Log the decision."""
        account = None if isinstance(outcome, Silence) else outcome.turn.account
        duration = timedelta(seconds=self.stage.clock.monotonic() - begun)
        self.stage.operations.note(
            Operation(OperationKind.GENERATE_COMMENT, account, succeeded=True, duration=duration)
        )


def choose_opening(context: PostContext, found: Openings) -> Opening | Silence:
    """Let the personas' own rules choose among those who may speak."""
    by_account = {opening.turn.account: opening for opening in found.openings}
    cast = [
        Player(key=account, persona=opening.turn.persona, last_spoke=opening.turn.last_spoke)
        for account, opening in by_account.items()
    ]
    chosen = choose(PostView(text=context.text, seed=seed_of(context.post)), cast)
    return chosen if isinstance(chosen, Silence) else by_account[AccountId(chosen.key)]


def check_line(brief: Brief, line: Line) -> Silence | None:
    """Turn a line that a check objects to into a silence that says why."""
    objections = check(line.text, held_against(brief, line))
    if not objections:
        return None
    return Silence(
        SilenceReason.CHECKS_FAILED, " ".join(objection.sentence for objection in objections)
    )


def held_against(brief: Brief, line: Line) -> CheckContext:
    """Put together what a line must pass; of addresses, those of its own script are allowed."""
    spoken = (one.script for one in brief.scripts if one.version_id == line.script_version)
    script = next(spoken, None)
    context = CheckContext(
        language=language_of(brief.post_text),
        recent=brief.recent,
        forbidden_topics=brief.persona.forbidden_topics,
    )
    if script is None:
        return context
    own = [response.text for trigger in script.triggers for response in trigger.responses]
    return replace(
        context,
        limit=script.limits.length,
        allowed_hosts=frozenset(host_of(link) for text in own for link in links_in(text)),
        allowed_mentions=frozenset(name for text in own for name in mentions_in(text)),
        forbidden_claims=script.forbidden_claims,
    )


def allowed_scripts(
    scripts: tuple[PublishedScript, ...], keys: tuple[str, ...]
) -> tuple[PublishedScript, ...]:
    """Keep the scripts that the campaign names; all when it names none."""
    if not keys:
        return scripts
    return tuple(published for published in scripts if published.script.key in keys)


def seed_of(post: PostRef) -> int:
    """Return a number that is the same whenever the same post is decided again."""
    return post.channel * 1_000_003 + post.message
