"""What a trial came to: Troupe's books held against what arrived in Telegram's world."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.population import Row
from tests.chaos.telegram import Evidence


@dataclass(frozen=True, slots=True)
class Verdict:
    """The figures of the last line."""

    sent: int
    """Messages that arrived."""
    doubled: int
    """Messages in the world beyond the first of each row, or that no row explains."""
    lost: int
    """Rows that did not arrive, or of which Troupe does not know that they did, or where."""
    double_held: int
    """Sessions that were used from two addresses at once."""
    recovered: int
    """Messages of which an attempt had no known outcome, and that arrived once and are proved."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled or held twice."""
        return not (self.doubled or self.lost or self.double_held)

    def line(self) -> str:
        """Write the last line."""
        return (
            f"sent={self.sent} doubled={self.doubled} lost={self.lost} "
            f"double_held={self.double_held} recovered={self.recovered}"
        )


def sum_of(*verdicts: Verdict) -> Verdict:
    """Add trials up."""
    return Verdict(
        sent=sum(each.sent for each in verdicts),
        doubled=sum(each.doubled for each in verdicts),
        lost=sum(each.lost for each in verdicts),
        double_held=sum(each.double_held for each in verdicts),
        recovered=sum(each.recovered for each in verdicts),
    )


def judge(rows: Sequence[Row], evidence: Evidence) -> Verdict:
    """Hold the books against the world."""
    known = {row.id for row in rows}
    extra = sum(len(found) - 1 for found in evidence.arrived.values())
    unknown = sum(1 for row in evidence.arrived if row not in known)
    proved = [row for row in rows if is_proved(row, evidence)]
    return Verdict(
        sent=sum(1 for row in evidence.arrived if row in known),
        doubled=extra + unknown + evidence.strangers,
        lost=len(rows) - len(proved),
        double_held=evidence.double_held,
        recovered=sum(row.unsettled for row in proved),
    )


def is_proved(row: Row, evidence: Evidence) -> bool:
    """Whether the row is `sent`, and the message that it names is the one that arrived.

    Anything else counts as lost: `unknown`, `unresolved` or still `sending`, a false proof, and a
    message that is there but that Troupe believes to be anywhere else.
    """
    return row.state == "sent" and row.sent_message in evidence.arrived.get(row.id, ())


def unsettled_rows(rows: Sequence[Row], evidence: Evidence) -> list[str]:
    """Describe the rows that count as lost, for whoever has to find out why."""
    return [
        f"outbox {row.id} of account {row.account}: {row.state}, attempts {row.attempts}, "
        f"said {row.sent_message}, arrived {evidence.arrived.get(row.id, ())}: {row.error}"
        for row in rows
        if not is_proved(row, evidence)
    ]
