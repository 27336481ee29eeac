"""`troupe operators`: who works at the desk."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import AsJson, Column, plain, say, show_json, show_listing
from cli.running import actor, run
from support.people import Role

if TYPE_CHECKING:
    from support.people import StaffMember, Technician

app = typer.Typer(no_args_is_help=True, help="Who works at the desk.")


@app.command(epilog="Example: troupe operators add olga --telegram-id 123456789")
def add(
    name: Annotated[str, typer.Argument(help="How they are called here, like olga.")],
    telegram_id: Annotated[
        int | None,
        typer.Option(help="Their number on Telegram; `troupe desk invite` needs none.", min=1),
    ] = None,
    role: Annotated[
        list[Role] | None, typer.Option(help="What they may do; operator when left out.")
    ] = None,
    group: Annotated[
        int | None, typer.Option(help="A technician's group, a number like -1001234567890.")
    ] = None,
) -> None:
    """Let somebody answer clients, lead, or run the desk; or record a technician with a group."""
    roles = frozenset(role or [Role.OPERATOR])
    if Role.TECHNICIAN in roles:
        add_technician(name, telegram_id, group)
        roles -= {Role.TECHNICIAN}
    if roles:
        run(lambda service: service.support.add_staff(actor(), name, telegram_id, roles))
    said = ", ".join(sorted(roles | ({Role.TECHNICIAN} & frozenset(role or ()))))
    say(f"{name} is recorded as {said}; next: have them press Start in the bot")


def add_technician(name: str, telegram_id: int | None, group: int | None) -> None:
    """Record a technician."""
    from support.ids import ChatId, TgUserId
    from support.people import NewTechnician

    new = NewTechnician(
        name,
        None if telegram_id is None else TgUserId(telegram_id),
        None if group is None else ChatId(group),
    )
    run(lambda service: service.support.put_technician(actor(), new))


@app.command("list", epilog="Example: troupe operators list")
def list_(
    role: Annotated[Role | None, typer.Option(help="Only those with this role.")] = None,
    as_json: AsJson = False,
) -> None:
    """List who works at the desk, and the technicians."""
    staff = run(lambda service: service.support.staff(role))
    wants_technicians = role in {None, Role.TECHNICIAN}
    technicians = run(lambda service: service.support.technicians()) if wants_technicians else ()
    if as_json:
        show_json({"staff": plain(tuple(staff)), "technicians": plain(tuple(technicians))})
        return
    if not staff and not technicians:
        say("Nobody works at the desk yet; begin with: troupe desk invite --role operator")
        return
    if staff:
        show_listing(staff, staff_columns(), as_json=False, empty="")
    if technicians:
        say("\nTechnicians" if staff else "Technicians")
        show_listing(technicians, technician_columns(), as_json=False, empty="")


def staff_columns() -> "list[Column[StaffMember]]":
    """Return what is shown of staff."""
    return [
        Column("Name", lambda one: one.name),
        Column("Roles", lambda one: ", ".join(sorted(one.roles))),
        Column("Telegram", lambda one: f"@{one.username}" if one.username else one.telegram_id),
        Column("Status", lambda one: one.status),
        Column("Pressed Start", lambda one: one.has_started),
        Column("Away", lambda one: one.is_away),
    ]


def technician_columns() -> "list[Column[Technician]]":
    """Return what is shown of technicians."""
    return [
        Column("Name", lambda one: one.name),
        Column("Group", lambda one: one.group),
        Column("Telegram", lambda one: one.tg_user_id),
        Column("Gets tickets", lambda one: one.is_active),
        Column("Open", lambda one: one.open_tickets, number=True),
    ]


@app.command(epilog="Example: troupe operators remove olga")
def remove(
    name: Annotated[str, typer.Argument(help="Whose roles end: a name, @username or number.")],
    technician: Annotated[
        bool, typer.Option("--technician", help="It is a technician's name.")
    ] = False,
) -> None:
    """Let somebody go; tickets that they have wait again for others."""
    if technician:
        run(lambda service: service.support.dismiss_technician(actor(), name))
        say(f"{name} gets no more tickets")
        return
    run(lambda service: service.support.remove_staff(actor(), name))
    say(f"{name} works at the desk no more; their open tickets wait again")
