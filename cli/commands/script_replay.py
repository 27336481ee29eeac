"""`troupe scripts replay`: a stored conversation led again, offline."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, counted, plain, say, show_card, show_json
from cli.running import run_in_company

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cli.compose import Company
    from orchestrator.conversations.replaying import Replayed
    from orchestrator.ids import ConversationId


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

    found = run_in_company(lambda house: replay_in(house, ConversationId(conversation)))
    different = sum(bool(one.differences) for one in found)
    if as_json:
        show_json([plain(one) for one in found])
    else:
        for one in found:
            say(f"\nTurn {one.record.number}")
            show_card(one, pairs_of(one), as_json=False)
        compared = sum(one.is_script for one in found)
        judged = sum(one.opinion is not None for one in found)
        say(
            f"\n{compared} of {counted(len(found), 'turn')} {was(compared)} led by a script, "
            f"{judged} {was(judged)} judged again; {different} differ{'s' * (different == 1)} now"
        )
    if different:
        raise typer.Exit(1)


def was(number: int) -> str:
    """Return the verb for so many."""
    return "was" if number == 1 else "were"


async def replay_in(house: "Company", conversation: "ConversationId") -> "Sequence[Replayed]":
    """Lead it again, with the selectors that judged then."""
    from cli.compose import make_tutor
    from llm.rejudging import Rejudging

    rejudge = Rejudging(make_tutor(house.settings))
    return await house.service.conversations.replay(conversation, rejudge)


def pairs_of(one: "Replayed") -> "Iterator[tuple[str, object]]":
    """Lay a turn out for people, in the words of `troupe conversations explain`."""
    from orchestrator.conversations.explaining import said_and_written, speaker

    turn = one.record.turn
    yield "They wrote", turn.asked
    yield "Script", one.record.script
    if one.opinion is not None:
        yield "Judged again", f"{one.opinion.strategy}, {one.opinion.reason}"
    elif one.unjudged:
        yield "Not judged again", one.unjudged
    if not one.is_script:
        yield "Not led by a script", turn.reason
        yield "Different", "\n".join(one.differences)
        return
    yield from said_and_written(turn)
    yield "Said by", speaker(turn)
    if one.says != turn.written:
        yield "The script says now", "\n".join(one.says) or "nothing"
    yield "Different", "\n".join(one.differences)
