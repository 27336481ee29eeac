"""`troupe conversations`: who wrote to our accounts, what was answered and why, and taking part."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, counted, plain, say, show_card, show_json, show_listing
from cli.running import actor, run
from orchestrator.ports.conversations import ConversationState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.ports.conversations import (
        ConversationDetail,
        ConversationRow,
        Handoff,
        Said,
        Session,
    )

app = typer.Typer(no_args_is_help=True, help="People who wrote to our accounts, and our answers.")

Number = Annotated[int, typer.Argument(help="The number from `troupe conversations list`.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]


@app.command("list", epilog="Example: troupe conversations list --state handed_over")
def list_(
    state: Annotated[
        ConversationState | None, typer.Option(help="Only conversations in this state.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Only with this account of ours.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List conversations, the liveliest first."""
    columns: list[Column[ConversationRow]] = [
        Column("Id", lambda one: one.id, number=True),
        Column("State", lambda one: one.state),
        Column("Account", lambda one: one.account),
        Column("With", lambda one: one.contact),
        Column("Script", lambda one: one.script),
        Column("New", lambda one: one.unanswered, number=True),
        Column("Last", lambda one: one.last_at),
        Column("Why", lambda one: one.reason, wide=True),
    ]
    found = run(lambda service: service.conversations.list(state, account, limit))
    show_listing(found, columns, as_json=as_json, empty="Nobody wrote to any account yet.")


@app.command(epilog="Example: troupe conversations handoffs")
def handoffs(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what waits for a person, the longest waiting first."""
    columns: list[Column[Handoff]] = [
        Column("Conversation", lambda one: one.conversation, number=True),
        Column("Waits since", lambda one: one.asked_at),
        Column("Why", lambda one: one.reason, wide=True),
        Column("Note", lambda one: one.note, wide=True),
        Column("A model would say", lambda one: one.suggestion, wide=True),
    ]
    found = run(lambda service: service.conversations.handoffs(limit))
    show_listing(found, columns, as_json=as_json, empty="No conversation waits for a person.")


@app.command(epilog="Example: troupe conversations show 7")
def show(conversation: Number, as_json: AsJson = False) -> None:
    """Show a conversation: its whole history, what the script knows, and when the person came."""
    from orchestrator.ids import ConversationId

    found = run(lambda service: service.conversations.show(ConversationId(conversation)))
    show_card(found, pairs_of(found), as_json=as_json)


@app.command(epilog='Example: troupe conversations takeover 7 --reason "wants a contract"')
def takeover(conversation: Number, reason: Reason = "") -> None:
    """Answer yourself from now on; what waits to be said is cancelled."""
    from orchestrator.ids import ConversationId

    number = ConversationId(conversation)
    count = run(lambda service: service.conversations.take_over(actor(), number, reason))
    say(
        f"conversation {conversation} is yours, {cancelled(count)}: "
        f'answer with troupe conversations reply {conversation} "…"'
    )


@app.command(epilog='Example: troupe conversations reply 7 "I will call you at noon."')
def reply(
    conversation: Number,
    text: Annotated[str, typer.Argument(help="What the account says.")],
) -> None:
    """Answer the newest message of theirs; the script keeps silent from then on."""
    from orchestrator.ids import ConversationId

    number = ConversationId(conversation)
    message = run(lambda service: service.conversations.reply(number, text, actor()))
    say(f"queued as message {message}: see `troupe outbox show {message}`")


@app.command(epilog="Example: troupe conversations pause 7")
def pause(conversation: Number) -> None:
    """Let nobody answer until it is resumed; what waits to be said is cancelled."""
    from orchestrator.ids import ConversationId

    number = ConversationId(conversation)
    count = run(lambda service: service.conversations.pause(actor(), number))
    say(f"conversation {conversation} is paused, {cancelled(count)}")


@app.command(epilog="Example: troupe conversations resume 7")
def resume(conversation: Number) -> None:
    """Give it back to the script, which answers what was written meanwhile."""
    from orchestrator.ids import ConversationId

    number = ConversationId(conversation)
    waits = run(lambda service: service.conversations.resume(actor(), number))
    ending = "and what waits is answered" if waits else "nothing waits for an answer"
    say(f"conversation {conversation} is the script's again, {ending}")


@app.command(epilog='Example: troupe conversations close 7 --reason "spam"')
def close(conversation: Number, reason: Reason = "") -> None:
    """End it: nobody answers any more unless it is resumed."""
    from orchestrator.ids import ConversationId

    number = ConversationId(conversation)
    count = run(lambda service: service.conversations.close(actor(), number, reason))
    say(f"conversation {conversation} is closed, {cancelled(count)}")


@app.command(epilog="Example: troupe conversations explain 7")
def explain(conversation: Number, as_json: AsJson = False) -> None:
    """Say of each answer why it was given: script, version, strategy, fit, model, person."""
    from orchestrator.conversations.explaining import explain_turn
    from orchestrator.ids import ConversationId

    found = run(lambda service: service.conversations.explain(ConversationId(conversation)))
    if as_json:
        show_json([plain(one) for one in found])
        return
    if not found:
        say("Nothing was decided in this conversation yet.")
    for record in found:
        say(f"\nTurn {record.number}, {record.at:%Y-%m-%d %H:%M:%S %Z}")
        show_card(record, explain_turn(record), as_json=False)


def cancelled(count: int) -> str:
    """Say how much was cancelled."""
    return f"{count} waiting messages were cancelled" if count != 1 else "1 message was cancelled"


def pairs_of(found: "ConversationDetail") -> "Iterator[tuple[str, object]]":
    """Lay a conversation out for people."""
    row = found.row
    yield "Conversation", row.id
    yield "State", row.state
    yield "Why", row.reason
    yield "Answered by", found.held_by
    yield "Account", row.account
    yield "With", f"{row.contact} ({found.contact_telegram_id})"
    yield "Username", found.username
    yield "Wants no more", found.opted_out
    yield "Script", row.script
    yield "Step", row.step
    yield "Known", "\n".join(f"{name}: {value}" for name, value in found.known.items())
    yield "Unanswered", row.unanswered or None
    yield "Since", found.started_at
    yield "History", "\n".join(map(line_of, found.history))
    yield "Sessions", "\n".join(map(session_of, found.sessions))


def line_of(said: "Said") -> str:
    """Write one message of the history."""
    marks = [said.state] if said.state not in (None, "sent") else []
    marks += ["deleted"] if said.deleted_at else []
    marks += [f"was: {said.first_text}"] if said.first_text is not None else []
    marks += ["unread"] if not said.is_read and not said.ours else []
    noted = f" [{', '.join(str(mark) for mark in marks)}]" if marks else ""
    who = "→" if said.ours else "←"
    return f"{said.at:%Y-%m-%d %H:%M:%S} {who} {said.text}{noted}"


def session_of(session: "Session") -> str:
    """Write one run of activity."""
    minutes = round((session.ended_at - session.started_at).total_seconds() / 60)
    return (
        f"{session.started_at:%Y-%m-%d %H:%M}, {minutes} min, {counted(session.wrote, 'message')}"
    )
