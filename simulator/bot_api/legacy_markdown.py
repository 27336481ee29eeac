"""Telegram's first Markdown (https://core.telegram.org/bots/api#markdown-style)."""

from simulator.bot_api.formatting import Formatted, Sheet, units, unparsable
from simulator.world.messages import EntityKind

FENCE = "```"
MARKS = {"*": EntityKind.BOLD, "_": EntityKind.ITALIC, "`": EntityKind.CODE}
ESCAPABLE = frozenset("_*`[")


class LegacyReader:
    """Reads from left to right; marks cannot stand within one another."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.sheet = text, 0, Sheet()

    def read(self) -> Formatted:
        """Read all of it."""
        while self.at < len(self.text):
            self.step()
        return self.sheet.finish()

    def step(self) -> None:
        """Read what comes next."""
        rest = self.text[self.at :]
        if rest[0] == "\\" and rest[1:2] in ESCAPABLE:
            self.sheet.write(rest[1])
            self.at += 2
        elif rest.startswith(FENCE):
            self.read_block()
        elif rest[0] in MARKS:
            self.stretch(rest[0], MARKS[rest[0]])
        elif rest[0] == "[":
            self.read_link()
        else:
            self.sheet.write(rest[0])
            self.at += 1

    def until(self, mark: str) -> str:
        """Take what stands before a mark, and pass over both; raises where the mark is missing."""
        end = self.text.find(mark, self.at)
        if end < 0:
            where = units(self.text[: self.at])
            raise unparsable(f"Can't find end of the entity starting at byte offset {where}")
        found, self.at = self.text[self.at : end], end + len(mark)
        return found

    def stretch(self, mark: str, kind: EntityKind, detail: str = "") -> None:
        """Read a stretch between two marks."""
        self.at += len(mark)
        self.put(self.until(mark), kind, detail)

    def put(self, words: str, kind: EntityKind, detail: str) -> None:
        """Add a marked stretch."""
        self.sheet.begin(kind.value, kind, detail)
        self.sheet.write(words)
        self.sheet.end()

    def read_block(self) -> None:
        """Read a block of code, whose first line may name its language."""
        self.at += len(FENCE)
        code = self.until(FENCE)
        head, newline, rest = code.partition("\n")
        named = bool(newline) and head.isalnum()
        self.put(rest if named else code, EntityKind.PRE, head if named else "")

    def read_link(self) -> None:
        """Read a link; brackets that no address follows are brackets."""
        closed = self.text.find("]", self.at)
        if closed < 0 or not self.text.startswith("](", closed):
            self.sheet.write("[")
            self.at += 1
            return
        words = self.text[self.at + 1 : closed]
        self.at = closed + 2
        self.put(words, EntityKind.TEXT_URL, self.until(")"))


def read_legacy_markdown(text: str) -> Formatted:
    """Read the first Markdown; raises `BotApiError` for what Telegram would not take."""
    return LegacyReader(text).read()
