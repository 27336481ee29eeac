"""Every number of the desk that an operator may set, with what holds when nobody did."""

from dataclasses import dataclass
from datetime import timedelta

from support.assignment import Assignment


@dataclass(frozen=True, slots=True)
class DeskTerms:
    """The numbers; times are durations."""

    reopen: timedelta = timedelta(hours=24)
    """How long after its end a ticket is opened again rather than a new one."""
    several_tickets: bool = False
    """Whether an operator may have several tickets in work, one of them current."""
    assignment: Assignment = Assignment.BY_HAND
    most_tickets: int = 5
    """How many open tickets an operator is given without asking; one where several are not."""
    idle_warning: timedelta = timedelta(hours=24)
    """How long after our last answer a silent client is told that the ticket will be closed."""
    idle_close: timedelta = timedelta(hours=2)
    """How long after that warning it is."""
    client_messages_a_minute: int = 30
    """How much of one client's is taken in a minute."""

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work."""
        if min(self.reopen, self.idle_warning, self.idle_close) < timedelta():
            raise ValueError("times of the desk cannot be negative")
        if not 1 <= self.most_tickets <= 1000:
            raise ValueError("most_tickets must lie between 1 and 1000")
        if not 1 <= self.client_messages_a_minute <= 600:
            raise ValueError("client_messages_a_minute must lie between 1 and 600")

    @property
    def most(self) -> int:
        """Return how many tickets an operator may be given."""
        return self.most_tickets if self.several_tickets else 1
