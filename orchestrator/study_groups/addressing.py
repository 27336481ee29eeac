"""Whom a member of a study group speaks to: pure."""

from collections.abc import Iterator, Sequence

from orchestrator.ids import AccountId
from orchestrator.ports.study_groups import Seat
from personas.texts import mentions_in, mentions_phrase, stems


def addressed(seats: Sequence[Seat], text: str, replied_to: AccountId | None) -> Seat | None:
    """Return the account that is meant: by a reply, by its @name, or by its name; or None.

    Where several are named, the first of them in the order of the cast is meant.
    """
    by_reply = next((seat for seat in seats if seat.account == replied_to), None)
    if by_reply is not None:
        return by_reply
    said, mentions = stems(text), mentions_in(text)
    return next(meant(seats, said, mentions), None)


def meant(
    seats: Sequence[Seat], said: tuple[str, ...], mentions: tuple[str, ...]
) -> Iterator[Seat]:
    """Yield the accounts that a text names, by @name first."""
    for seat in seats:
        if seat.username is not None and seat.username.lower() in mentions:
            yield seat
    for seat in seats:
        if any(mentions_phrase(said, name) for name in names_of(seat)):
            yield seat


def names_of(seat: Seat) -> tuple[str, ...]:
    """Return the names by which people call an account."""
    named = (seat.shown, seat.persona.name if seat.persona is not None else "")
    return tuple(name for name in dict.fromkeys(named) if name)
