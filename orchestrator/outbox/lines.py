"""The gate for study groups: under a grant, in a role that a pinned notice names (rule 4)."""

from dataclasses import dataclass

from orchestrator.ids import TelegramId
from orchestrator.outbox.gate import (
    GateTerms,
    GrantFacts,
    RowFacts,
    Verdict,
    is_held,
    judge_account,
    judge_row,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts(RowFacts):
    """Everything that the gate looks at for one line in a study group."""

    grant: GrantFacts
    group: TelegramId
    group_active: bool
    has_role: bool
    notice_pinned: bool


def judge_line(facts: LineFacts, terms: GateTerms) -> Verdict:
    """Say whether the line may go out now; the first rule that forbids it names the reason."""
    return (
        judge_row(facts)
        or judge_account(facts, terms)
        or judge_group_grant(facts, terms)
        or judge_group(facts)
        or Verdict.WELCOME
    )


def judge_group_grant(facts: LineFacts, terms: GateTerms) -> Verdict | None:
    """Look at the grant: is it there, alive, proved of late, and for this group."""
    grant = facts.grant
    if grant.scope != "study_group" or grant.starts_at > facts.now:
        return Verdict.NO_GRANT
    if grant.revoked:
        return Verdict.GRANT_REVOKED
    if grant.expires_at is not None and grant.expires_at <= facts.now:
        return Verdict.GRANT_EXPIRED
    if facts.peer != facts.group or grant.linked_group != facts.group:
        return Verdict.GROUP_CHANGED
    if grant.suspended:
        return Verdict.GRANT_SUSPENDED
    fresh = facts.now < grant.verified_at + terms.verification_lasts
    return None if fresh else Verdict.GRANT_UNVERIFIED


def judge_group(facts: LineFacts) -> Verdict | None:
    """Look at the group: does it live, who is the account there, and is that said for all."""
    if not facts.group_active:
        return Verdict.GROUP_CLOSED
    if not facts.has_role:
        return Verdict.NO_ROLE
    if not facts.notice_pinned:
        return Verdict.NO_NOTICE
    return Verdict.HELD if is_held(facts) else None
