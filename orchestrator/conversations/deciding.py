"""From what a message is about to what is said, stored and handed over: pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from orchestrator.conversations.terms import TalkTerms
from orchestrator.ids import ScriptVersionId
from orchestrator.journeys.diagnosis import direct_turn
from orchestrator.ports.answers import Hours
from orchestrator.ports.conversations import (
    Arrival,
    Conclusion,
    ConversationState,
    NewHandoff,
    NewTurn,
    Standing,
    TurnKind,
)
from orchestrator.ports.interpreting import Opinion
from orchestrator.ports.writing import PublishedScript
from personas.checks import CheckContext, Objection, ObjectionCode, check
from personas.dice import pick
from personas.persona import Persona
from personas.scripts.conditions import Value
from personas.scripts.model import Script
from personas.scripts.parts import TELEGRAM_TEXT_LIMIT
from personas.scripts.runner import Incoming, Progress, Turn, advance, fill_in, unfilled
from personas.scripts.steps import Outcome
from personas.scripts.variables import VariableType
from personas.strategy import Strategy
from personas.texts import host_of, links_in, mentions_in
from personas.voice import speak

STATE_AFTER = {
    Outcome.WAITING: ConversationState.OPEN,
    Outcome.CLOSED: ConversationState.CLOSED,
    Outcome.HANDOFF: ConversationState.HANDED_OVER,
    Outcome.STOPPED: ConversationState.CLOSED,
}
NOT_OF_SCRIPTS = frozenset({ObjectionCode.SAID_BEFORE, ObjectionCode.WRONG_LANGUAGE})
"""A script may ask the same thing twice."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The moment of a decision, and where it finds the conversation."""

    standing: Standing
    asked: str
    arrival: Arrival
    progress: Progress
    """As it was carried over to the version that the turn is made on."""
    persona: Persona
    now: datetime
    terms: TalkTerms
    among: tuple[ScriptVersionId, ...] = ()
    """The versions that may lead it on."""

    @property
    def seed(self) -> int:
        """A number that is the same whenever the same turn is decided again."""
        return seed_of(self.standing)

    def turn(self, kind: TurnKind, reason: str) -> NewTurn:
        """Begin the record of this turn."""
        waiting = self.standing.unanswered
        return NewTurn(
            kind=kind,
            asked=self.asked,
            first=waiting[0].id,
            last=waiting[-1].id,
            arrival=self.arrival,
            reason=reason,
            seed=self.seed,
            judged_among=self.among,
        )


def seed_of(standing: Standing) -> int:
    """Draw other variants in every turn, and the same ones whenever it is decided again."""
    return standing.id * 1_000_003 + standing.turns + 1


def decide(setting: Setting, opinion: Opinion) -> Conclusion:
    """Speak the script where it fits; elsewhere talk freely, if that is allowed, or hand over."""
    published = opinion.published
    if opinion.strategy is Strategy.SCRIPT_80 and published is not None:
        return follow_script(setting, opinion, published)
    if opinion.needs_no_answer:
        return let_be(setting, opinion)
    suggestion = "\n\n".join(opinion.words)
    if not suggestion:
        return hand_over(setting, opinion, NewHandoff(f"no script fits: {opinion.reason}"))
    if not may_talk_freely(setting, published):
        why = f"free talk needs a person's leave: {opinion.reason}"
        return hand_over(setting, opinion, NewHandoff(why, suggestion=suggestion))
    if published is not None and setting.progress.turns >= published.script.limits.turns:
        why = f"more than {published.script.limits.turns} turns"
        return hand_over(setting, opinion, NewHandoff(why, suggestion=suggestion))
    return talk_freely(setting, opinion)


def may_talk_freely(setting: Setting, published: PublishedScript | None) -> bool:
    """Whether a model may speak without a person: as the script says, else as the settings do."""
    said = None if published is None else published.script.free_talk
    return setting.terms.free_talk if said is None else said


def leave_of(published: PublishedScript | None) -> str:
    """Name what lets a model speak without a person."""
    if published is not None and published.script.free_talk is not None:
        return f"free_talk of the script {published.script.key}"
    return "the setting conversations.free_talk"


def let_be(setting: Setting, opinion: Opinion) -> Conclusion:
    """Say nothing to a thanks or a farewell; the next message begins a conversation."""
    record = explained(setting.turn(TurnKind.SILENT, opinion.reason), opinion)
    conclusion = conclude(setting, record, Progress(), ConversationState.CLOSED)
    return replace(conclusion, reopens=True, closed_reason=opinion.reason)


def follow_script(setting: Setting, opinion: Opinion, published: PublishedScript) -> Conclusion:
    """Take the script's next turn, in the persona's voice or in the model's tone."""
    script = published.script
    heard = Incoming(setting.asked, opinion.heard, opinion.slots)
    turn = advance(script, setting.progress, heard, setting.seed)
    says = opinion.words
    if len(says) != len(turn.says):
        says = tuple(speak(text, setting.persona, setting.seed) for text in turn.says)
    objections = objections_to(says, script, turn.progress.slots)
    if objections:
        told = " ".join(objection.sentence for objection in objections)
        return hand_over(setting, opinion, NewHandoff(f"the script's words were refused: {told}"))
    # Both say the same where a rule of the script's was heard.
    why = "; ".join(dict.fromkeys((turn.reason, opinion.reason)))
    record = explained(setting.turn(TurnKind.SCRIPT, why), opinion)
    record = replace(
        record,
        kind=TurnKind.SCRIPT if says else TurnKind.SILENT,
        written=turn.says,
        says=says,
        step=turn.progress.step,
        outcome=turn.progress.outcome,
    )
    return after_script(setting, record, turn, script)


def after_script(setting: Setting, record: NewTurn, turn: Turn, script: Script) -> Conclusion:
    """Put together what follows from the script's turn."""
    outcome = turn.progress.outcome
    conclusion = conclude(setting, record, turn.progress, STATE_AFTER[outcome])
    if record.version is not None:
        diagnosed = direct_turn(setting.standing.id, record.version, script, turn.progress)
        conclusion = replace(conclusion, diagnosed=diagnosed)
    if outcome is Outcome.HANDOFF:
        note = script.handoff.note if script.handoff else ""
        return replace(conclusion, handoff=NewHandoff(turn.reason, note))
    if outcome is Outcome.CLOSED:
        return replace(conclusion, reopens=True, closed_reason="the script came to its end")
    if outcome is Outcome.STOPPED:
        return replace(conclusion, closed_reason=turn.reason)
    return conclusion


def talk_freely(setting: Setting, opinion: Opinion) -> Conclusion:
    """Say a model's own words for one turn; the script waits where it was."""
    says = disclosed(setting, opinion)
    record = explained(setting.turn(TurnKind.FREE, opinion.reason), opinion)
    record = replace(
        record,
        says=says,
        step=setting.progress.step,
        outcome=Outcome.WAITING,
        approved_by=leave_of(opinion.published),
    )
    return conclude(setting, record, counted(setting.progress), ConversationState.OPEN)


def disclosed(setting: Setting, opinion: Opinion) -> tuple[str, ...]:
    """Begin the very first answer with the disclosure, as a script would."""
    first, *others = opinion.words
    script = None if opinion.published is None else opinion.published.script
    if setting.progress.turns == 0 and script is not None and script.disclosure:
        first = f"{script.disclosure}\n\n{first}"
    return (first, *others)


def counted(progress: Progress) -> Progress:
    """Count a turn that the script did not take."""
    return progress.model_copy(update={"turns": progress.turns + 1})


def hand_over(setting: Setting, opinion: Opinion, handoff: NewHandoff) -> Conclusion:
    """Ask for a person, and say so where the conversation's script has words for it."""
    script = None if opinion.published is None else opinion.published.script
    led = script if setting.standing.version is not None else None
    says = () if led is None else words_of_handoff(led, setting)
    note = led.handoff.note if led is not None and led.handoff is not None else ""
    record = explained(setting.turn(TurnKind.SILENT, handoff.reason), opinion)
    record = replace(
        record,
        kind=TurnKind.SCRIPT if says else TurnKind.SILENT,
        says=says,
        step=setting.progress.step,
        outcome=Outcome.WAITING,
        strategy=Strategy.FREE_20,
    )
    conclusion = conclude(setting, record, counted(setting.progress), ConversationState.HANDED_OVER)
    return replace(conclusion, handoff=replace(handoff, note=note))


def words_of_handoff(script: Script, setting: Setting) -> tuple[str, ...]:
    """Return what the script says when a person takes over."""
    if script.handoff is None:
        return ()
    slots = setting.progress.slots
    ready = [text for text in script.handoff.say if not unfilled(text, slots)]
    if not ready:
        return ()
    said = fill_in(pick(ready, setting.seed, "handoff"), slots)
    says = (speak(said, setting.persona, setting.seed),)
    return () if objections_to(says, script, slots) else says


def conclude(
    setting: Setting, record: NewTurn, progress: Progress, state: ConversationState
) -> Conclusion:
    """Add when the words leave."""
    typing = timedelta(0)
    if record.says:
        typing = setting.terms.typing(record.says[0], setting.standing.waiting)
    led = setting.arrival is not Arrival.BEGAN or record.strategy is Strategy.SCRIPT_80
    return Conclusion(
        turn=record,
        version=record.version or setting.standing.version if led else None,
        progress=progress,
        state=state,
        due_at=setting.now + typing,
        expires_at=setting.now + setting.terms.answer_lasts,
        apart=max(
            (setting.terms.typing(text, setting.standing.waiting) for text in record.says[1:]),
            default=timedelta(0),
        ),
        typing=typing > timedelta(0),
        hours=Hours(*setting.terms.hours(setting.standing.zone)),
    )


def explained(record: NewTurn, opinion: Opinion) -> NewTurn:
    """Add what the opinion tells."""
    return replace(
        record,
        version=None if opinion.published is None else opinion.published.version_id,
        heard=opinion.heard,
        found=opinion.slots,
        strategy=opinion.strategy,
        source=opinion.source,
        judge=opinion.judge,
        fit=opinion.fit,
        trigger=opinion.heard or None,
        intent=opinion.intent,
        emotion=opinion.emotion,
        model=opinion.model,
        prompt_hash=opinion.prompt_hash,
        cost_usd=opinion.cost_usd,
    )


def objections_to(
    says: tuple[str, ...], script: Script, slots: Mapping[str, Value]
) -> tuple[Objection, ...]:
    """Hold words against everything that holds for a script's words too.

    An address that the script asked for may be said back; nothing else of a person's is a link.
    """
    own = "\n".join((*texts_of(script), *addresses_in(script, slots)))
    context = CheckContext(
        limit=TELEGRAM_TEXT_LIMIT,
        allowed_hosts=frozenset(map(host_of, links_in(own))),
        allowed_mentions=frozenset(mentions_in(own)),
        forbidden_claims=script.forbidden_claims,
    )
    found = (objection for text in says for objection in check(text, context))
    return tuple(one for one in found if one.code not in NOT_OF_SCRIPTS)


def addresses_in(script: Script, slots: Mapping[str, Value]) -> tuple[str, ...]:
    """Return the mail addresses that a person was asked for and gave."""
    asked = (one.key for one in script.variables if one.type is VariableType.EMAIL)
    return tuple(str(slots[key]) for key in asked if key in slots)


def texts_of(script: Script) -> tuple[str, ...]:
    """Return everything that the script may say in a conversation."""
    steps = (text for step in script.steps for text in step.say)
    refusals = (text for step in script.steps if step.collect for text in step.collect.refusals)
    answers = (text for objection in script.objections for text in objection.say)
    ends = (text for rule in script.stop for text in rule.say)
    others = (part.say for part in (script.fallback, script.handoff) if part is not None)
    asides = (text for say in others for text in say)
    return (script.disclosure or "", *steps, *refusals, *answers, *ends, *asides)
