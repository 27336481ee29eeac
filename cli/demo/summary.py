"""What came of a demo, in numbers."""

from dataclasses import asdict, dataclass

from cli.demo.theatre import Theatre
from orchestrator.ports.logs import Tally


@dataclass(frozen=True, slots=True)
class Summary:
    """The one JSON object of `troupe demo --once --json`."""

    posts_published: int
    posts_seen: int
    comments_sent: int
    comments: dict[str, int]
    silences: dict[str, int]
    undecided: int
    duplicates: int
    seconds: float
    first_comment_seconds: float | None
    accounts: int
    unknown_methods: dict[str, int]
    injected: dict[str, int]
    ticket: dict[str, object]

    @property
    def is_whole(self) -> bool:
        """Whether every post was decided, nothing said twice, and the ticket came to its end."""
        decided = sum(self.comments.values()) + sum(self.silences.values())
        is_decided = self.undecided == 0 and decided >= self.posts_published
        return self.duplicates == 0 and is_decided and bool(self.ticket["is_over"])

    def as_json(self) -> dict[str, object]:
        """Return the fields as plain values."""
        return asdict(self)


def summarise(
    theatre: Theatre,
    tally: Tally,
    *,
    accounts: int,
    seconds: float,
    first: float | None,
    injected: dict[str, int],
    ticket: dict[str, object],
) -> Summary:
    """Put together what our own records say with what stands in the world."""
    return Summary(
        posts_published=len(theatre.published),
        posts_seen=tally.posts_seen,
        comments_sent=theatre.comments(),
        comments=tally.comments,
        silences=tally.silences,
        undecided=tally.undecided,
        duplicates=theatre.duplicates(),
        seconds=round(seconds, 2),
        first_comment_seconds=None if first is None else round(first, 2),
        accounts=accounts,
        unknown_methods=dict(theatre.server.methods.unknown),
        injected=injected,
        ticket=ticket,
    )
