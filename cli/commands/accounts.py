"""`troupe accounts`: add, sign in, look at, pause, disclose, sign out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, say, show_card, show_listing
from cli.running import actor, run

if TYPE_CHECKING:
    from orchestrator.ports.accounts import Account, EventRecord
    from orchestrator.ports.telegram import Profile
    from orchestrator.service.service import Service

app = typer.Typer(no_args_is_help=True, help="The organisation's accounts on Telegram.")

Name = Annotated[str, typer.Argument(help="The account's name here, like anna.")]


@app.command(epilog="Example: troupe accounts add anna --persona nina")
def add(
    name: Name,
    persona: Annotated[str, typer.Option(help="Key of the persona that it speaks as.")],
    phone_file: Annotated[
        Path | None,
        typer.Option(help="Read the phone number from this file, '-' for standard input."),
    ] = None,
) -> None:
    """Record an account; its phone number is asked for, and nothing is sent to Telegram yet."""
    from cli.asking import asked_phone, phone_in

    given = None if phone_file is None else phone_in(phone_file)

    async def record(service: "Service") -> None:
        await service.accounts.check_new(name, persona)
        phone = given or await asked_phone()
        await service.accounts.add(actor(), name, phone, persona)

    run(record)
    say(f"{name} is recorded; next: troupe accounts login {name}")


@app.command(epilog="Example: troupe accounts login anna")
def login(
    name: Name,
    again: Annotated[
        bool, typer.Option("--again", help="Sign in anew, though it is signed in already.")
    ] = False,
) -> None:
    """Sign the account in; the code that Telegram sends, and a two-step password, are asked for."""
    from cli.asking import TerminalAnswers

    async def sign_in(service: "Service") -> "Profile | None":
        if not again and await service.accounts.is_signed_in(name):
            return None
        return await service.accounts.login(actor(), name, TerminalAnswers())

    profile = run(sign_in)
    if profile is None:
        say(
            f"{name} is signed in already, and no code was asked for; should Telegram not know its "
            f"session any more: troupe accounts login {name} --again"
        )
        return
    say(f"{name} is signed in as {profile.first_name}; next: troupe accounts disclose {name}")


@app.command("list", epilog="Example: troupe accounts list --json")
def list_(as_json: AsJson = False) -> None:
    """List all accounts."""
    from orchestrator.lanes.disclosure import carries

    columns: list[Column[Account]] = [
        Column("Name", lambda one: one.name),
        Column("State", lambda one: one.state),
        Column("Persona", lambda one: one.persona),
        Column("Username", lambda one: one.username),
        Column("Discloses", lambda one: carries(one.bio or "", one.disclosure)),
        Column("Last used", lambda one: one.last_used_at),
        Column("Reason", lambda one: one.state_reason, wide=True),
    ]
    found = run(lambda service: service.accounts.list())
    empty = "No account yet; begin with: troupe accounts add NAME --persona KEY"
    show_listing(found, columns, as_json=as_json, empty=empty)


@app.command(epilog="Example: troupe accounts show anna")
def show(name: Name, as_json: AsJson = False) -> None:
    """Show one account."""
    found = run(lambda service: service.accounts.show(name))
    show_card(found, account_card(found), as_json=as_json)


def account_card(account: "Account") -> list[tuple[str, object]]:
    """Return what is shown of one account."""
    return [
        ("Name", account.name),
        ("State", account.state),
        ("Reason", account.state_reason),
        ("Persona", account.persona),
        ("Phone", f"…{account.phone_hint}"),
        ("Telegram id", account.telegram_id),
        ("Username", account.username),
        ("First name", account.first_name),
        ("Bio", account.bio),
        ("Must disclose", account.disclosure),
        ("Disclosed", account.disclosed_at),
        ("Last used", account.last_used_at),
        ("Messages recovered late", account.recovered_late),
        ("Added", account.created_at),
    ]


@app.command(epilog="Example: troupe accounts pause anna")
def pause(name: Name) -> None:
    """Finish what is being sent, then disconnect the account."""
    run(lambda service: service.accounts.pause(actor(), name))
    say(f"{name} is paused; troupe accounts resume {name} lets it go on")


@app.command(epilog="Example: troupe accounts resume anna")
def resume(name: Name) -> None:
    """Let a paused or limited account go on."""
    run(lambda service: service.accounts.resume(actor(), name))
    say(f"{name} is active")


@app.command(epilog="Example: troupe accounts disclose anna")
def disclose(name: Name) -> None:
    """Write the persona's disclosure into the account's public bio (charter rule 2)."""
    profile = run(lambda service: service.accounts.disclose(actor(), name))
    say(f"the bio of {name} says: {profile.bio}")


@app.command(epilog="Example: troupe accounts logout anna")
def logout(name: Name) -> None:
    """End the session on Telegram's side and forget its key."""
    run(lambda service: service.accounts.logout(actor(), name))
    say(f"{name} is signed out")


@app.command(epilog="Example: troupe accounts remove ana")
def remove(name: Name) -> None:
    """Forget an account that never signed in, such as one whose phone number was mistyped."""
    run(lambda service: service.accounts.remove(actor(), name))
    say(f"{name} is forgotten")


@app.command(epilog="Example: troupe accounts retire anna")
def retire(name: Name) -> None:
    """Sign an account out for good; what it said stays on record, and can be taken back."""
    run(lambda service: service.accounts.retire(actor(), name))
    say(f"{name} is retired; troupe accounts login {name} would bring it back")


@app.command(epilog="Example: troupe accounts events anna --limit 20")
def events(
    name: Annotated[str | None, typer.Argument(help="An account; all when left out.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show what happened to an account, newest first: logins, limits, bans, changes."""
    columns: list[Column[EventRecord]] = [
        Column("When", lambda one: one.at),
        Column("Account", lambda one: one.account),
        Column("Event", lambda one: one.kind),
        Column("Detail", lambda one: one.detail, wide=True),
    ]
    found = run(lambda service: service.accounts.events(name, limit))
    show_listing(found, columns, as_json=as_json, empty="Nothing has happened yet.")
