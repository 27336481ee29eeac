"""Telegram's MarkdownV2 (https://core.telegram.org/bots/api#markdownv2-style)."""

from simulator.bot_api.formatting import Formatted, Sheet, unparsable
from simulator.world.messages import EntityKind

MARKS = {
    "__": EntityKind.UNDERLINE,
    "||": EntityKind.SPOILER,
    "*": EntityKind.BOLD,
    "_": EntityKind.ITALIC,
    "~": EntityKind.STRIKE,
}
RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
QUOTE = "quote"
LINK = "["


class MarkdownReader:
    """Reads from left to right, one mark or one character at a time."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.sheet = text, 0, Sheet()

    def read(self) -> Formatted:
        """Read all of it."""
        while self.at < len(self.text):
            self.step()
        if self.sheet.open and self.sheet.open[-1].mark == QUOTE:
            self.sheet.end()
        if self.sheet.open:
            mark = self.sheet.open[-1].mark
            raise unparsable(f"Can't find end of the entity that begins with '{mark}'")
        return self.sheet.finish()

    def step(self) -> None:
        """Read what comes next."""
        if self.sees("```"):
            self.read_code("```", EntityKind.PRE)
        elif self.sees("`"):
            self.read_code("`", EntityKind.CODE)
        elif self.sees("[") or self.sees("!["):
            self.at += 2 if self.sees("!") else 1
            self.sheet.begin(LINK, EntityKind.TEXT_URL)
        elif self.sees("]") and self.inside(LINK):
            self.end_link()
        elif self.sees(">") and self.text[self.at - 1 : self.at] in {"", "\n"}:
            self.begin_quote()
        elif not self.read_mark():
            self.read_character()

    def sees(self, what: str) -> bool:
        """Tell whether that comes next."""
        return self.text.startswith(what, self.at)

    def inside(self, mark: str) -> bool:
        """Tell whether that mark was begun last."""
        return bool(self.sheet.open) and self.sheet.open[-1].mark == mark

    def read_mark(self) -> bool:
        """Begin or end a stretch; say whether there was a mark."""
        mark = next((m for m in MARKS if self.sees(m)), None)
        if mark is None:
            return False
        self.at += len(mark)
        if self.inside(mark):
            self.sheet.end()
        elif any(each.mark == mark for each in self.sheet.open):
            raise unparsable(f"Can't find end of the entity that begins with '{mark}'")
        else:
            self.sheet.begin(mark, MARKS[mark])
        return True

    def read_character(self) -> None:
        """Add one character, escaped or harmless; the end of a line ends a quotation."""
        escaped = self.sees("\\") and self.at + 1 < len(self.text)
        self.at += escaped
        character = self.text[self.at]
        if not escaped and character in RESERVED:
            raise unparsable(
                f"Character '{character}' is reserved and must be escaped with the preceding '\\'"
            )
        self.at += 1
        if character == "\n" and self.inside(QUOTE) and not self.sees(">"):
            self.sheet.end()
        self.sheet.write(character)
        if character == "\n" and self.inside(QUOTE):
            self.at += 1

    def begin_quote(self) -> None:
        """Begin a quotation."""
        self.at += 1
        self.sheet.begin(QUOTE, EntityKind.BLOCKQUOTE)

    def read_code(self, fence: str, kind: EntityKind) -> None:
        """Read code, in which no other mark has a meaning."""
        self.at += len(fence)
        end = self.text.find(fence, self.at)
        if end < 0:
            raise unparsable(f"Can't find end of the entity that begins with '{fence}'")
        code, language = self.text[self.at : end], ""
        head, newline, rest = code.partition("\n")
        if kind is EntityKind.PRE and newline and not head.strip(" ").count(" "):
            language, code = head, rest
        self.sheet.begin(fence, kind, language)
        self.sheet.write(code.replace("\\`", "`").replace("\\\\", "\\"))
        self.sheet.end()
        self.at = end + len(fence)

    def end_link(self) -> None:
        """End a link's words and read its address."""
        end = self.text.find(")", self.at)
        if not self.sees("](") or end < 0:
            raise unparsable("Can't find the address of a link")
        self.sheet.open[-1].detail = self.text[self.at + 2 : end].replace("\\", "")
        self.sheet.end()
        self.at = end + 1


def read_markdown(text: str) -> Formatted:
    """Read MarkdownV2; raises `BotApiError` for what Telegram would not take."""
    return MarkdownReader(text).read()
