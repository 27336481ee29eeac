"""How a bot presents itself besides its commands, and the pictures of people."""

from simulator.bot_api.call import Call, Handler, Methods
from simulator.bot_api.errors import bad_request

methods = Methods()
TEXTS = {
    "Description": ("description", 512),
    "ShortDescription": ("short_description", 120),
    "Name": ("name", 64),
}
MENU_BUTTONS = frozenset({"commands", "default", "web_app"})
EVERYBODY = "everybody"


def keeps_text(field: str, longest: int) -> Handler:
    """Make the handler that keeps a text for the people of a language."""

    async def keep(call: Call) -> object:
        text = call.params.text(field)
        if len(text) > longest:
            raise bad_request(f"{field} is too long")
        call.room.texts[field, call.params.text("language_code")] = text
        return True

    return keep


def shows_text(field: str) -> Handler:
    """Make the handler that shows a text, the one for everybody where a language has none."""

    async def show(call: Call) -> object:
        usual = call.room.texts.get((field, ""), call.bot.name if field == "name" else "")
        return {field: call.room.texts.get((field, call.params.text("language_code"))) or usual}

    return show


for suffix, (field, longest) in TEXTS.items():
    methods.handles(f"setMy{suffix}")(keeps_text(field, longest))
    methods.handles(f"getMy{suffix}")(shows_text(field))


@methods.handles("setChatMenuButton")
async def set_menu_button(call: Call) -> object:
    """Say what stands beside the field in which people write."""
    button = call.params.mapping("menu_button") or {"type": "default"}
    if button.get("type") not in MENU_BUTTONS:
        raise bad_request("can't parse menu button: unsupported type")
    call.room.menu_buttons[call.params.text("chat_id", EVERYBODY)] = button
    return True


@methods.handles("getChatMenuButton")
async def get_menu_button(call: Call) -> object:
    """Show what stands beside the field in which somebody writes."""
    kept = call.room.menu_buttons
    usual = kept.get(EVERYBODY, {"type": "commands"})
    return kept.get(call.params.text("chat_id", EVERYBODY), usual)


@methods.handles("getUserProfilePhotos")
async def get_profile_photos(call: Call) -> object:
    """Show somebody's pictures, of which nobody here has any."""
    call.person()
    call.params.number("offset")
    call.params.number("limit")
    return {"total_count": 0, "photos": []}
