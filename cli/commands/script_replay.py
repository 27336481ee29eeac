"""`troupe scripts replay`: a stored conversation led again, offline."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, plain, say, show_card, show_json
from cli.running import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.conversations.replaying import Replayed


def add_to(app: typer.Typer) -> None:
    """Add the command to `troupe scripts`."""
    app.command(epilog="Example: troupe scripts replay 7")(replay)


def replay(
    conversation: Annotated[
        int, typer.Argument(help="The number from `troupe conversations list`.")
    ],
    as_json: AsJson = False,
) -> None:
    """Lead a conversation again with its versions and seeds; ends with 1 where it says another."""
    from orchestrator.ids import ConversationId

    found = run(lambda service: service.conversations.replay(ConversationId(conversation)))
    different = sum(bool(one.differences) for one in found)
    if as_json:
        show_json([plain(one) for one in found])
    else:
        for one in found:
            say(f"\nTurn {one.record.number}")
            show_card(one, pairs_of(one), as_json=False)
        compared = sum(one.is_script for one in found)
        say(f"\n{compared} of {len(found)} turns were led by a script; {different} differ now")
    if different:
        raise typer.Exit(1)


def pairs_of(one: "Replayed") -> "Iterator[tuple[str, object]]":
    """Lay a turn out for people."""
    turn = one.record.turn
    yield "They wrote", turn.asked
    yield "Script", one.record.script
    if not one.is_script:
        yield "Not led by a script", turn.reason
        return
    yield "The script says", "\n".join(one.says) or "nothing"
    if turn.says != turn.written:
        yield "It was said as", "\n".join(turn.says)
    yield "Different", "\n".join(one.differences)
