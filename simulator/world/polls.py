"""Who voted for what."""

from collections import defaultdict
from dataclasses import dataclass, field

from simulator.world.events import Bulletin, PollChanged
from simulator.world.media import Poll
from simulator.world.messages import Message
from simulator.world.peers import UserId
from simulator.world.people import Person
from simulator.world.refusals import Refusal


@dataclass(slots=True, eq=False)
class Ballot:
    """The votes for one poll, which nobody can give once it is `closed`."""

    votes: dict[UserId, tuple[int, ...]] = field(default_factory=dict)
    closed: bool = False

    def count(self, option: int) -> int:
        """Count the votes for one option."""
        return sum(option in chosen for chosen in self.votes.values())


class Polls:
    """The ballot of every poll."""

    def __init__(self, bulletin: Bulletin) -> None:
        self.bulletin = bulletin
        self.ballots: defaultdict[int, Ballot] = defaultdict(Ballot)

    def of(self, poll: Poll) -> Ballot:
        """Find a poll's ballot."""
        return self.ballots[poll.id]

    def vote(self, person: Person, message: Message, options: tuple[int, ...]) -> None:
        """Vote in place of an earlier vote; no options take it back."""
        poll = poll_of(message)
        ballot = self.of(poll)
        if ballot.closed:
            raise Refusal("MESSAGE_POLL_CLOSED")
        if len(options) > 1 and not poll.multiple:
            raise Refusal("OPTIONS_TOO_MUCH")
        if not all(0 <= each < len(poll.options) for each in options):
            raise Refusal("OPTION_INVALID")
        ballot.votes.pop(person.id, None)
        if options:
            ballot.votes[person.id] = options
        self.bulletin.tell(PollChanged(poll, message.author, person.id))

    def close(self, message: Message) -> Poll:
        """End the voting."""
        poll = poll_of(message)
        if self.of(poll).closed:
            raise Refusal("POLL_ALREADY_CLOSED")
        self.of(poll).closed = True
        self.bulletin.tell(PollChanged(poll, message.author))
        return poll


def poll_of(message: Message) -> Poll:
    """Find the poll of a message; raises `Refusal` where there is none."""
    if not isinstance(message.media, Poll):
        raise Refusal("MESSAGE_ID_INVALID")
    return message.media
