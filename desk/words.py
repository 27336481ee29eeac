"""What the desk says, in both languages, with what admins put in place of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from support.languages import Language
from support.ports.catalogue import CatalogueStore
from support.texts.filling import fill
from support.texts.library import our_texts


class Html(str):
    """HTML of ours, which is not escaped again."""

    __slots__ = ()


@dataclass(slots=True)
class DeskWords:
    """Fills texts with values; implements `desk.house.Words` by being called."""

    overrides: Mapping[tuple[str, Language], str] = field(default_factory=dict)

    def __call__(self, key: str, language: Language, /, **values: object) -> str:
        """Return a text with its values, escaped for HTML; raises KeyError for an unknown key."""
        text = self.overrides.get((key, language)) or our_texts()[key][language]
        return fill(text, {name: safe(value) for name, value in values.items()}, as_html=False)


def safe(value: object) -> str:
    """Escape what people wrote."""
    return value if isinstance(value, Html) else escape(str(value), quote=False)


async def make_words(catalogue: CatalogueStore) -> DeskWords:
    """Load what admins put in the place of our texts."""
    return DeskWords(await catalogue.text_overrides())
