"""Marked-up text: what a bot writes in HTML or MarkdownV2 becomes text and entities."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

from simulator.bot_api.errors import BotApiError, bad_request
from simulator.world.messages import Entity, EntityKind

TAGS = {
    "b": EntityKind.BOLD,
    "strong": EntityKind.BOLD,
    "i": EntityKind.ITALIC,
    "em": EntityKind.ITALIC,
    "u": EntityKind.UNDERLINE,
    "ins": EntityKind.UNDERLINE,
    "s": EntityKind.STRIKE,
    "strike": EntityKind.STRIKE,
    "del": EntityKind.STRIKE,
    "tg-spoiler": EntityKind.SPOILER,
    "code": EntityKind.CODE,
    "pre": EntityKind.PRE,
    "blockquote": EntityKind.BLOCKQUOTE,
}
TRANSPARENT = frozenset({"tg-emoji"})


@dataclass(frozen=True, slots=True)
class Formatted:
    """Text with its marked stretches."""

    text: str
    entities: tuple[Entity, ...] = ()


def unparsable(reason: str) -> BotApiError:
    """Refuse text whose markup is broken."""
    return bad_request(f"can't parse entities: {reason}")


def units(text: str) -> int:
    """Measure text in UTF-16 units, as entities do."""
    return len(text.encode("utf-16-le")) // 2


def link_entity(address: str, offset: int, length: int) -> Entity:
    """Mark a link; one to tg://user?id=… mentions a person."""
    parts = urlsplit(address)
    if parts.scheme == "tg" and parts.netloc == "user":
        person = parse_qs(parts.query).get("id", [""])[0]
        return Entity(EntityKind.MENTION_NAME, offset, length, person)
    return Entity(EntityKind.TEXT_URL, offset, length, address)


@dataclass(slots=True)
class Opened:
    """A mark that has begun and not yet ended."""

    mark: str
    offset: int
    kind: EntityKind | None
    detail: str = ""


@dataclass(slots=True)
class Sheet:
    """Text as it grows, and the marks upon it."""

    parts: list[str] = field(default_factory=list)
    length: int = 0
    open: list[Opened] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)

    def write(self, text: str) -> None:
        """Add text."""
        self.parts.append(text)
        self.length += units(text)

    def begin(self, mark: str, kind: EntityKind | None, detail: str = "") -> None:
        """Begin a stretch."""
        self.open.append(Opened(mark, self.length, kind, detail))

    def end(self) -> Opened:
        """End the stretch that began last; an empty one leaves no trace."""
        opened = self.open.pop()
        length = self.length - opened.offset
        if length and opened.kind is EntityKind.TEXT_URL:
            self.entities.append(link_entity(opened.detail, opened.offset, length))
        elif length and opened.kind is not None:
            self.entities.append(Entity(opened.kind, opened.offset, length, opened.detail))
        return opened

    def finish(self) -> Formatted:
        """Give the text, entities in order, outer ones first."""
        ordered = sorted(self.entities, key=lambda e: (e.offset, -e.length))
        return Formatted("".join(self.parts), tuple(ordered))


class HtmlReader(HTMLParser):
    """Reads the few tags that Telegram knows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sheet = Sheet()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a stretch, or refuse the tag."""
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.sheet.begin(tag, EntityKind.TEXT_URL, given.get("href", ""))
        elif tag == "span" and given.get("class") == "tg-spoiler":
            self.sheet.begin(tag, EntityKind.SPOILER)
        elif tag == "code" and self.inside_pre(given.get("class", "")):
            self.sheet.begin(tag, None)
        elif tag in TAGS or tag in TRANSPARENT:
            self.sheet.begin(tag, TAGS.get(tag))
        else:
            raise unparsable(f'Unsupported start tag "{tag}" at byte offset {self.offset}')

    def inside_pre(self, style: str) -> bool:
        """Take the language of a code block from the tag within it."""
        top = self.sheet.open[-1] if self.sheet.open else None
        if top is None or top.kind is not EntityKind.PRE or top.offset != self.sheet.length:
            return False
        top.detail = style.removeprefix("language-")
        return True

    def handle_endtag(self, tag: str) -> None:
        """End the stretch, which must be the one that began last."""
        if not self.sheet.open or self.sheet.open[-1].mark != tag:
            raise unparsable(f'Unexpected end tag "{tag}" at byte offset {self.offset}')
        self.sheet.end()

    def handle_data(self, data: str) -> None:
        """Add what stands between tags."""
        self.sheet.write(data)


def read_html(text: str) -> Formatted:
    """Read HTML; raises `BotApiError` for what Telegram would not take."""
    reader = HtmlReader()
    reader.feed(text)
    reader.close()
    if reader.sheet.open:
        mark = reader.sheet.open[-1].mark
        raise unparsable(f'Can\'t find end tag corresponding to start tag "{mark}"')
    return reader.sheet.finish()
