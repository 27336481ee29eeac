"""The gate for what is said in private: nothing but answers, to people who want them (rule 3)."""

from dataclasses import dataclass

from orchestrator.ids import TelegramId
from orchestrator.outbox.gate import (
    ANSWERING_STATES,
    GateTerms,
    RowFacts,
    Verdict,
    is_held,
    judge_account,
    judge_row,
)
from orchestrator.ports.answers import Hours


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFacts(RowFacts):
    """Everything that the gate looks at for one direct message, read under one set of locks.

    That it answers an incoming message of its own conversation needs no look: the database holds
    no other.
    """

    person: TelegramId
    opted_out: bool
    conversation_state: str
    held_by: str | None
    """Who answers instead of the script."""
    by_operator: bool
    approved_by: str
    parting: bool
    parts_out: int
    """Other messages of ours that answer the same one, and were or may have been said."""
    hours: Hours | None


def judge_answer(facts: AnswerFacts, terms: GateTerms) -> Verdict:
    """Say whether the answer may go out now; the first rule that forbids it names the reason."""
    return (
        judge_row(facts)
        or judge_account(facts, terms, ANSWERING_STATES)
        or judge_person(facts)
        or judge_conversation(facts)
        or judge_hour(facts, terms)
        or Verdict.WELCOME
    )


def judge_person(facts: AnswerFacts) -> Verdict | None:
    """Look at the person: do they want to hear of us, and does it go to them."""
    if facts.opted_out:
        return Verdict.OPTED_OUT
    return Verdict.NO_INBOUND if facts.peer != facts.person else None


def judge_conversation(facts: AnswerFacts) -> Verdict | None:
    """Look at who answers in the conversation, if anybody still does."""
    match facts.conversation_state:
        case "closed" if not facts.parting:
            return Verdict.CONVERSATION_CLOSED
        case "paused" if not facts.by_operator:
            return Verdict.CONVERSATION_PAUSED
        case "handed_over" if not (facts.parting or is_holders(facts)):
            return Verdict.HANDED_OVER
        case _:
            return None


def is_holders(facts: AnswerFacts) -> bool:
    """Tell whether the person who answers instead of the script lets this go."""
    return facts.by_operator and facts.held_by in {None, facts.approved_by}


def judge_hour(facts: AnswerFacts, terms: GateTerms) -> Verdict | None:
    """Look at how much was answered already, at Telegram's own waits, and at the clock."""
    if facts.parts_out >= terms.answer_parts:
        return Verdict.TOO_MANY_PARTS
    if is_held(facts):
        return Verdict.HELD
    hours = facts.hours
    is_open = hours is None or hours.window.holds(facts.now, hours.zone)
    return None if is_open else Verdict.OUTSIDE_WINDOW
