"""Who the bot is, and the commands that it offers."""

import json

from simulator.bot_api.call import Call, Methods
from simulator.bot_api.errors import bad_request
from simulator.bot_api.show import show_user
from simulator.world.bots import Command

methods = Methods()


@methods.handles("getMe")
async def get_me(call: Call) -> object:
    """Show the bot itself."""
    return show_user(call.bot) | {
        "can_join_groups": True,
        "can_read_all_group_messages": call.bot.id in call.world.bots.all_ears,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def scope_of(call: Call) -> str:
    """Name for whom a list of commands is meant; nothing means everybody."""
    scope = call.params.mapping("scope") or {}
    usual = scope.get("type", "default") == "default"
    named = "" if usual else json.dumps(scope, sort_keys=True)
    return named + call.params.text("language_code")


def read_command(given: object) -> Command:
    """Read one command."""
    if not isinstance(given, dict) or not given.get("description"):
        raise bad_request("command description must be non-empty")
    return Command(str(given.get("command", "")).removeprefix("/"), str(given["description"]))


@methods.handles("setMyCommands")
async def set_my_commands(call: Call) -> object:
    """Offer commands to those in a scope."""
    commands = tuple(read_command(each) for each in call.params.items("commands") or ())
    keep(call, commands)
    return True


@methods.handles("deleteMyCommands")
async def delete_my_commands(call: Call) -> object:
    """Offer no commands in a scope."""
    keep(call, ())
    return True


def keep(call: Call, commands: tuple[Command, ...]) -> None:
    """Keep a list: the one for everybody is known on every wire."""
    if scope := scope_of(call):
        call.room.commands[scope] = commands
    else:
        call.world.bots.set_commands(call.bot, commands)


@methods.handles("getMyCommands")
async def get_my_commands(call: Call) -> object:
    """List the commands of a scope."""
    scope, bots = scope_of(call), call.world.bots
    known = call.room.commands.get(scope, ()) if scope else bots.commands_of(call.bot)
    return [{"command": each.name, "description": each.description} for each in known]
