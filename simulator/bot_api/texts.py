"""The words of a call: plain, marked up, or with entities beside them."""

from typing import Any

from simulator.bot_api.errors import bad_request
from simulator.bot_api.formatting import Formatted, read_html
from simulator.bot_api.legacy_markdown import read_legacy_markdown
from simulator.bot_api.markdown import read_markdown
from simulator.bot_api.params import Params
from simulator.bot_api.show import KINDS
from simulator.world.messages import Entity, EntityKind

WORDS = {KINDS.get(kind, kind.value.lower()): kind for kind in EntityKind}


def read_words(params: Params, name: str, entities: str, mode: str = "parse_mode") -> Formatted:
    """Read a text as its mode says; raises `BotApiError` for broken markup."""
    return read_marked(params.text(name), params.text(mode), params.items(entities))


def read_marked(text: str, mode: str, entities: list[Any] | None) -> Formatted:
    """Read a text in a mode, or with entities given beside it."""
    match mode.lower():
        case "html":
            return trim(read_html(text))
        case "markdown":
            return trim(read_legacy_markdown(text))
        case "markdownv2":
            return trim(read_markdown(text))
        case "":
            return Formatted(text, tuple(read_entity(each) for each in entities or ()))
    raise bad_request("unsupported parse_mode")


def read_caption(params: Params) -> Formatted:
    """Read a caption."""
    return read_words(params, "caption", "caption_entities")


def trim(words: Formatted) -> Formatted:
    """Cut what is blank at the end, as Telegram does."""
    return Formatted(words.text.rstrip(), words.entities)


def read_entity(given: dict[str, Any]) -> Entity:
    """Read one entity; raises `BotApiError` for one that makes no sense."""
    try:
        kind = WORDS[given["type"]]
        detail = given.get("url") or given.get("language") or ""
        if kind is EntityKind.MENTION_NAME:
            detail = str(given["user"]["id"])
        return Entity(kind, int(given["offset"]), int(given["length"]), detail)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise bad_request("can't parse MessageEntity") from None
